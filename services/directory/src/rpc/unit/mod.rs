//! Units (unit penyelenggara pelayanan publik), and the types that they are of.

mod close;
mod create;
mod message;
mod read;
mod update;

pub use close::Close;
pub use create::Create;
pub use read::{get, list, list_types};
pub use update::Update;
