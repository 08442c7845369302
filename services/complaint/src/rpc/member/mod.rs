//! Members of the teams that answer consultations.

mod create;
mod message;
mod read;
mod update;

pub use create::Create;
pub use read::list;
pub use update::Update;
