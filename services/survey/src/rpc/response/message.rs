//! Converts voids, and what is stored about responses, to messages.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::{name, survey::v1 as pb};

use super::selection::flag;
use crate::store::{selection::Selected, void::Model as Void};

/// When and how a response came, as its message.
pub fn stored(survey: &name::Survey, row: &Selected) -> pb::StoredResponse {
    pb::StoredResponse {
        name: format!("{survey}/responses/{}", row.response_id),
        accept_time: Some(to_proto(from_micros(row.accepted_at))),
        submit_time: Some(to_proto(from_micros(row.submitted_at))),
        source: row.source.clone(),
        import_id: row.import_id.clone().unwrap_or_default(),
        flags: row.flags().map(|one| flag(one).into()).collect(),
        quarantine: row.quarantine.unwrap_or_default().max(0),
    }
}

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
