//! The open link of a survey, with which everyone may submit a response.

mod issue;

pub use issue::issue;
