//! Consumers of events: workers write to a database, followers keep states in memory.

mod compare;
mod dead_letter;
mod follower;
mod mirror;
mod received;
mod worker;

pub use dead_letter::{DeadLetter, dead_letters, dead_letters_retry};
pub use follower::{Follower, Freshness, Position, Projection, Saved, Stale};
pub use mirror::{Feed, Mirror};
pub use received::Received;
pub use worker::{Handler, HandlerError, Worker};

/// The states of one service that a consumer receives.
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
