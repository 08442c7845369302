//! What the platform's runner does: figures that are recomputed from several rows, and what is done to reports and
//! consultations when its time has come.

pub mod due_reports;
pub mod erasures;
pub mod performance;
pub mod recount;
