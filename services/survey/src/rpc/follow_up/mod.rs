//! Follow-up plans (rencana tindak lanjut): planned actions on elements of a closed survey.

mod complete;
mod create;
mod message;
mod read;

pub use complete::Complete;
pub use create::Create;
pub use read::list;
