//! Attachments (lampiran), which are uploaded and downloaded as streams.

mod incoming;
mod read;
mod seal;
mod upload;

pub use read::read;
pub use upload::upload;
