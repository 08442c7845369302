//! Desks: how a unit can be reached with complaints, and what it did with what it heard.

mod message;
mod read;
mod record;
mod save;
mod update;

pub use read::get;
pub use record::Record;
pub use update::Update;
