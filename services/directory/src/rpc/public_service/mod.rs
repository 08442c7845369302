//! Public services (jenis layanan) of units. They are part of the unit's state, and change under its lock.

mod create;
mod message;
mod read;
mod update;

pub use create::Create;
pub use read::{get, list};
pub use update::Update;
