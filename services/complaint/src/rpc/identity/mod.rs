//! Identities of those who report and ask (data pribadi): who reads them, and their erasure.

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
