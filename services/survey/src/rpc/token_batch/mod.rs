//! Batches of tokens, with each of which one response may come in.

mod issue;
mod message;
mod read;
mod revoke;

pub use issue::issue;
pub use read::list;
pub use revoke::Revoke;
