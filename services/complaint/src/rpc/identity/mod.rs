//! Identities of reporters and askers (data pribadi): reading them, the log of readings, and erasure.

mod erase;
mod find;
mod keys;
mod message;
mod read;
mod readings;

pub use erase::Erase;
pub use find::Find;
pub use keys::keys;
pub use read::Read;
pub use readings::readings;
