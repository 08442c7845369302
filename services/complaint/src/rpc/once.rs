//! What tells a repeat of a request.

use prima_platform::{command::Once, failure::Violation, request};
use prost::Message;

/// Of a request of `method`: the whole message, its id too. Take it before the message is taken apart.
pub fn parse(method: &'static str, request_id: &str, message: &impl Message) -> Result<Once, Violation> {
    let id = request::id("request_id", request_id.to_owned())?;
    Ok(Once::new(method, &id, message))
}
