//! League tables: the subjects of a cohort, ranked by a metric in a period.

mod cursor;
mod feed;
mod page;
mod read;
mod watch;

pub use feed::Feeds;
pub use read::{get, list};
pub use watch::{Update, watch};
