//! What a process reads of a revocation.

use prima_proto::event::v1::RevocationState;
use prost::Message;

/// The time until which tokens were issued that are refused, unix seconds, the inner `None` for tokens of any time; the outer one
/// when the payload is malformed.
pub fn issued_until(payload: &[u8]) -> Option<Option<i64>> {
    let state = RevocationState::decode(payload).ok()?;
    Some(state.issued_until.map(|until| until.seconds))
}
