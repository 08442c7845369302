//! Service standards (standar pelayanan) of public services.

mod message;
mod publish;
mod read;

pub use publish::Publish;
pub use read::get;
