//! Identities of reporters and askers (data pribadi): reading and correcting them, the log of that, erasure, and what is stored.

mod correct;
mod erase;
mod find;
mod held;
mod keys;
mod message;
mod read;
mod readings;

pub use correct::Correct;
pub use erase::Erase;
pub use find::Find;
pub use held::held;
pub use keys::keys;
pub use read::Read;
pub use readings::readings;
