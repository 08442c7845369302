//! Suites of the platform on real servers: the bus, the outbox and its relay, workers, followers.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod bus;
mod follower;
mod outbox;
mod servers;
mod takeover;
mod worker;
mod world;
