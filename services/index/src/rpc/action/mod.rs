//! Action plans: improvements of indicators that are planned and done. A plan outlives its cycle: it can be changed after
//! the cycle is settled.

mod complete;
mod create;
mod message;
mod read;

pub use complete::Complete;
pub use create::Create;
pub use read::list;
