//! The open link of a survey, with which anybody may hand a response in.

mod issue;

pub use issue::issue;
