//! What is stored of single respondents: reading it, erasing their texts, and the log of both.

mod erase;
mod keys;
mod log;
mod message;
mod read;

pub use erase::Erase;
pub use keys::keys;
pub use log::list;
pub use read::Read;
