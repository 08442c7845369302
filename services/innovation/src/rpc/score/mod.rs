//! Scores that evaluators give to entries, and recusals.

mod give;
mod message;
mod read;
mod recuse;

pub use give::Give;
pub use read::list;
pub use recuse::Recuse;
