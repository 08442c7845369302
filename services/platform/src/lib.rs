//! What every service of Prima stands on. No business word in it.
//!
//! A service is a [`service::Spec`]: the [`service::Host`] connects its [`db`], its [`bus`] and its server, hands it a
//! [`service::Context`], and runs it until it is asked to stop. State changes go through [`outbox`] to the bus;
//! [`consume`] brings other services' states back.

pub mod bus;
pub mod caller;
pub mod clock;
pub mod config;
pub mod consume;
pub mod db;
pub mod document;
pub mod failpoint;
pub mod failure;
pub mod faults;
pub mod grpc;
pub mod id;
pub mod lifecycle;
pub mod near;
pub mod number;
pub mod objects;
pub mod outbox;
pub mod page;
pub mod request_id;
pub mod search;
pub mod service;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod token;
pub mod trace;
pub mod vault;
pub mod words;
