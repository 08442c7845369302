//! The knowledge base: answered questions in words of their own, for everybody.

mod message;
mod publish;
mod read;
mod withdraw;

pub use publish::Publish;
pub use read::{get, search};
pub use withdraw::Withdraw;
