//! Idempotency keys of requests.

use prima_platform::{command::IdempotencyKey, failure::Violation, request};
use prost::Message;

/// The idempotency key of a request of `method`. It covers the whole message, so it must be made before the message is
/// taken apart.
pub fn parse(
    method: &'static str,
    request_id: &str,
    message: &impl Message,
) -> Result<IdempotencyKey, Violation> {
    let id = request::id("request_id", request_id.to_owned())?;
    Ok(IdempotencyKey::new(method, &id, message))
}
