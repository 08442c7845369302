//! One folder for each noun, and in it one file for each operation that changes state. Nouns don't know each other.
//!
//! Of a request with an id, the digest is that of its message as it came, and the answer is kept without its envelope:
//! so releases before have kept them.

pub mod action;
pub mod assessment;
mod band;
pub mod cycle;
pub mod evidence;
pub mod external;
pub mod index;
pub mod instrument;
mod submission;
pub mod suggestion;
mod target;

use prima_platform::{
    command::Once,
    request::{self, Faults},
};

/// What tells a repeat of a message of `method`; a fault of its id is noted.
fn once(method: &'static str, id: &str, message: &impl prost::Message, faults: &mut Faults) -> Option<Once> {
    let id = faults.take(request::id("request_id", id.to_owned()));
    id.map(|id| Once::new(method, &id, message))
}
