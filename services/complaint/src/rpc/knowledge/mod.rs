//! The knowledge base: answered questions that agencies have rewritten for the public.

mod message;
mod publish;
mod read;
mod withdraw;

pub use publish::Publish;
pub use read::{get, search};
pub use withdraw::Withdraw;
