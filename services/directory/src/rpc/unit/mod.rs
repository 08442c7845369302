//! Units (unit penyelenggara pelayanan publik) and the unit types.

mod change;
mod close;
mod create;
mod message;
mod read;
mod update;

pub use close::Close;
pub use create::Create;
pub use read::{get, list, list_types};
pub use update::Update;
