//! Suites of the platform on real servers: the bus, the outbox and its relay, commands, workers, followers, search; its
//! listener, and the shipped configuration of servers.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should fail there"
)]

mod audit;
mod begin;
mod bus;
mod command;
mod connect;
mod derived;
mod follower;
mod half_open;
mod limits;
mod objects;
mod outbox;
mod owner;
mod rights;
mod roles;
mod search;
mod servers;
mod statement;
mod storage;
mod takeover;
mod tls;
mod verified;
mod worker;
mod worker_repair;
mod world;
