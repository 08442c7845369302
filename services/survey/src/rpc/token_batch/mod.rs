//! Batches of single-use tokens, each for one response.

mod issue;
mod message;
mod read;
mod revoke;

pub use issue::issue;
pub use read::list;
pub use revoke::Revoke;
