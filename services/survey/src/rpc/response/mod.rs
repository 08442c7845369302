//! Responses: submitted singly or as a stream, listed by a selection, and voided.

mod item;
mod message;
mod read;
mod selection;
mod signed;
mod submit;
mod void;

pub use read::{list, list_voids};
pub use submit::{submit, submit_many};
pub use void::Void;
