//! Evidence (bukti dukung) of assessments: links, and files that are sent and read as streams.

mod attach;
mod message;
mod read;
mod receive;

pub use attach::attach;
pub use read::{list, read};
