//! Public services (jenis layanan) of units. They are part of the unit's event and change only under the unit's lock.

mod create;
mod message;
mod read;
mod update;

pub use create::Create;
pub use read::{get, list};
pub use update::Update;
