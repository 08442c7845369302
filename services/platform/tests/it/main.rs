//! Suites of the platform on real servers: the bus, the outbox and its relay, workers, followers, search.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should fail there"
)]

mod bus;
mod follower;
mod objects;
mod outbox;
mod search;
mod servers;
mod takeover;
mod worker;
mod world;
