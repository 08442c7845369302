//! Units (unit penyelenggara pelayanan publik).

mod change;
mod close;
mod create;
mod kind;
mod message;
mod read;
mod update;

pub use close::Close;
pub use create::Create;
pub use read::{get, list};
pub use update::Update;
