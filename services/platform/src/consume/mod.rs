//! Consumers of events: workers write a database, followers keep state in memory.

mod compare;
mod dead_letter;
mod follower;
mod mirror;
mod worker;

pub use dead_letter::{DeadLetter, dead_letters, dead_letters_retry};
pub use follower::{Follower, Freshness, Projection, Stale};
pub use mirror::{Feed, Mirror};
pub use worker::{Handler, HandlerError, Worker};

/// Which states a consumer wants from which service.
#[derive(Debug, Clone)]
pub struct Source {
    /// Service that owns the stream.
    pub service: String,
    /// Subject filters.
    pub filters: Vec<String>,
}

impl Source {
    /// The subjects of `service` that match `filters`.
    pub fn new(service: &str, filters: &[&str]) -> Self {
        Self {
            service: service.to_owned(),
            filters: filters.iter().map(|f| (*f).to_owned()).collect(),
        }
    }
}
