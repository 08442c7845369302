//! Facts: what everybody may read of units and public services, as views of their own. They contain what the unit has made
//! public and nothing else that is stored.

mod message;
mod read;

pub use read::{list_services, service, unit};
