//! What every service of Prima stands on. No business word in it.
//!
//! A service is a [`service::Spec`]: the [`service::Host`] connects its [`db`], its [`bus`] and its server, hands it a
//! [`service::Context`], and runs it until it is asked to stop. An operation that changes state is a [`command`], whose
//! fields are checked with [`request`] and whose states go through the [`outbox`] to the bus; [`consume`] brings other
//! services' states back, and [`derived`] recomputes what follows from several rows.

pub mod bus;
pub mod caller;
pub mod clock;
pub mod command;
pub mod config;
pub mod consume;
pub mod db;
pub mod derived;
pub mod disclosure;
pub mod document;
pub mod etag;
pub mod failpoint;
pub mod failure;
pub mod grpc;
pub mod id;
pub mod lifecycle;
pub mod near;
pub mod number;
pub mod objects;
pub mod outbox;
pub mod page;
pub mod request;
pub mod request_id;
pub mod schema;
pub mod search;
pub mod service;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod token;
pub mod trace;
pub mod vault;
pub mod words;
