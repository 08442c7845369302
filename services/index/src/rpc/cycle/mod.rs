//! Cycles of evaluation.

mod finalize;
mod message;
mod open;
mod read;
mod update;

pub use finalize::Finalize;
pub use open::Open;
pub use read::{get, list};
pub use update::Update;
