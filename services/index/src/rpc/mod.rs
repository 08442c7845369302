//! One folder for each noun, with one file for each operation that changes state. Nouns do not import each other.
//!
//! The idempotency digest of a request is that of its message as received, and the stored response has no envelope,
//! because earlier releases stored them so.

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
pub mod uncounted;

use prima_platform::{
    command::IdempotencyKey,
    request::{self, Faults},
};

/// The idempotency key of a message of `method`; a malformed id becomes a fault.
fn once(
    method: &'static str,
    id: &str,
    message: &impl prost::Message,
    faults: &mut Faults,
) -> Option<IdempotencyKey> {
    let id = faults.take(request::id("request_id", id.to_owned()));
    id.map(|id| IdempotencyKey::new(method, &id, message))
}
