//! Results of surveys, and that they were made public.

mod message;
mod publish;
mod read;
mod watch;

pub use publish::Publish;
pub use read::{get, list};
pub use watch::watch;
