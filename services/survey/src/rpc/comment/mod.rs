//! Suggestions and criticism that respondents wrote.

mod read;

pub use read::list;
