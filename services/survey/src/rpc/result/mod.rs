//! Results of surveys and their publication.

mod message;
mod publish;
mod read;
mod watch;

pub use publish::Publish;
pub use read::{get, list};
pub use watch::watch;
