//! Service charters (maklumat pelayanan) of units.

mod message;
mod publish;
mod read;

pub use publish::Publish;
pub use read::get;
