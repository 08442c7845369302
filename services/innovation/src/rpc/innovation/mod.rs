//! Innovations (inovasi pelayanan publik): the registry and the public catalogue.

mod catalogue;
mod message;
mod near;
mod read;
mod register;
mod update;

pub use catalogue::{get_catalogue_entry, search_catalogue};
pub use read::{get, list, list_revisions};
pub use register::Register;
pub use update::Update;
