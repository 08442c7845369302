//! Results of units and agencies in a period, and their change from another period.

mod figures;
mod message;
mod read;

pub use read::{get_agency, get_unit};
