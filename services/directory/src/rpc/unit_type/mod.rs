//! Unit types (jenis unit): the built-in ones, and those that agencies define.

mod create;
mod delete;
mod message;
mod read;
mod update;

pub use create::Create;
pub use delete::Delete;
pub use read::{get, list};
pub use update::Update;
