//! The platform that every service of Prima is built on. It contains no rule of the field.
//!
//! A service is described by a [`service::Spec`]: the [`service::Host`] connects its [`db`], its [`bus`] and its
//! server, passes it a [`service::Context`], and runs it until it is asked to stop. An operation that changes state is
//! a [`command`]: its fields are checked with [`request`], and the states that it changes are published through the
//! [`outbox`]. [`consume`] receives the states of other services, and [`derived`] recomputes figures that depend on
//! several rows.

pub mod access;
pub mod audit;
pub mod audit_service;
pub mod bus;
pub mod caller;
mod certificates;
pub mod clock;
pub mod command;
pub mod config;
pub mod consume;
pub mod db;
pub mod derived;
pub mod digest_key;
pub mod disclosure;
pub mod document;
pub mod etag;
pub mod failpoint;
pub mod failure;
pub mod grpc;
pub mod health;
pub mod id;
pub mod jws;
pub mod key_store;
pub mod lease;
pub mod lifecycle;
pub mod near_duplicate;
pub mod number;
pub mod objects;
pub mod outbox;
pub mod page;
pub mod private_file;
pub mod query;
pub mod rate;
pub mod request;
pub mod request_id;
pub mod rotation;
pub mod schema;
pub mod search;
pub mod sections;
pub mod service;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tlog;
pub mod token;
pub mod trace;
pub mod uncounted;
pub mod unicode;
pub mod vault;
pub mod words;
