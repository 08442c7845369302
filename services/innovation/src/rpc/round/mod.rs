//! Competition rounds (KIPP), and the announcement of their results.

mod advance;
mod announce;
mod announcement;
mod message;
mod open;
mod read;

pub use advance::Advance;
pub use announce::Announce;
pub use open::Open;
pub use read::{get, get_announcement, list};
