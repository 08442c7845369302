//! Surveys and their definitions.

mod close;
mod create;
mod message;
mod read;
mod update;

pub use close::Close;
pub use create::Create;
pub use read::{get, list};
pub use update::Update;
