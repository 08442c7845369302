//! Entries (usulan) of innovations in rounds, from the draft of the unit to the competition.

mod eligibility;
mod enter;
mod message;
mod read;
mod review;
mod update;

pub use enter::Enter;
pub use read::{get, list, list_stuck};
pub use review::Review;
pub use update::Update;
