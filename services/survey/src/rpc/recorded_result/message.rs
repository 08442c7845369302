//! Converts recorded results from and to messages.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::survey::v1 as pb;

use crate::{domain::recorded::Result as Published, store::recorded::Recorded};

/// An unchecked result from its message.
pub fn unchecked(given: pb::RecordedResult) -> Published {
    Published {
        subject: given.subject,
        period: given.period,
        instrument: given.instrument,
        index: given.index,
        category: given.category,
        respondents: given.respondents,
        elements: given.elements.into_iter().collect(),
        source: given.source,
        roll_up: given.roll_up,
        reason: given.reason,
    }
}

/// A recorded result as its message.
pub fn recorded(stored: &Recorded) -> pb::RecordedResult {
    let result = stored.result.clone();
    pb::RecordedResult {
        subject: result.subject,
        period: result.period,
        instrument: result.instrument,
        index: result.index,
        category: result.category,
        respondents: result.respondents,
        elements: result.elements.into_iter().collect(),
        source: result.source,
        roll_up: result.roll_up,
        record_time: Some(to_proto(from_micros(stored.recorded_at))),
        actor: stored.actor.clone(),
        reason: result.reason,
        replaced: stored.replaced,
    }
}
