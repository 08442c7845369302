//! Agencies (instansi).

mod create;
mod message;
mod province;
mod read;
mod update;

pub use create::Create;
pub use read::{get, list};
pub use update::Update;
