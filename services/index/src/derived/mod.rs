//! Figures that are recomputed from several rows: the index of a unit in a cycle, and with it that of its agency.

mod inputs;
mod unit_index;

pub use inputs::{collect_inputs, evaluation_date, facts_of};
pub use unit_index::{Assessed, Extent, UnitIndexes, index, recompute_in_txn};
