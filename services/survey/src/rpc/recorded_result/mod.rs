//! Results that were published before this system computed them.

mod message;
mod read;
mod record;

pub use read::list;
pub use record::Record;
