//! Converts voids to messages.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::survey::v1 as pb;

use crate::store::void::Model as Void;

/// A void as its message.
pub fn void(void: &Void) -> pb::VoidEntry {
    pb::VoidEntry {
        number: void.number,
        void_time: Some(to_proto(from_micros(void.voided_at))),
        actor: void.actor.clone(),
        reason: void.reason.clone(),
        import_id: void.import_id.clone(),
        responses: void.responses,
    }
}
