//! Surveys and their definitions.

mod close;
mod create;
mod message;
mod read;
mod reopen;
mod update;

pub use close::Close;
pub use create::Create;
pub use read::{get, list, list_changes};
pub use reopen::Reopen;
pub use update::Update;
