//! Action plans: planned and completed improvements of indicators. A plan can still be changed after the cycle is
//! settled.

mod complete;
mod create;
mod message;
mod read;

pub use complete::Complete;
pub use create::Create;
pub use read::list;
