//! Results of surveys and their publication.

mod exact;
mod message;
mod publish;
mod read;
mod watch;

pub use exact::{ReadExact, list_readings};
pub use publish::Publish;
pub use read::{get, list};
pub use watch::watch;
