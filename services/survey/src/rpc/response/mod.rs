//! Responses: submitted singly or as a stream, and voided.

mod item;
mod message;
mod read;
mod signed;
mod submit;
mod void;

pub use read::list_voids;
pub use submit::{submit, submit_many};
pub use void::Void;
