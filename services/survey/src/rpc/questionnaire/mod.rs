//! The form of a survey, for the devices of citizens: a view of its own, with what a form needs and nothing else.

mod message;
mod permit;
mod read;

pub use read::get;
