//! Working hours of agencies.

mod message;
mod read;
mod update;

pub use read::get;
pub use update::Update;
