//! Recorded results from messages and to messages.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::{name, survey::v1 as pb};

use crate::{domain::recorded::Result as Published, store::recorded::Recorded};

/// A result as a caller describes it.
pub fn given(given: pb::RecordedResult) -> Published {
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

/// A recorded result for a caller.
pub fn recorded(stored: &Recorded) -> pb::RecordedResult {
    let agency = name::Agency {
        agency: stored.agency.clone(),
    };
    let subject = if stored.unit.is_empty() {
        agency.to_string()
    } else {
        format!("{agency}/units/{}", stored.unit)
    };
    pb::RecordedResult {
        subject,
        period: stored.period.clone(),
        instrument: stored.instrument.clone(),
        index: stored.value.clone(),
        category: stored.category.clone(),
        respondents: stored.respondents,
        elements: stored.elements.clone().into_iter().collect(),
        source: stored.source.clone(),
        roll_up: stored.roll_up.clone(),
        record_time: Some(to_proto(from_micros(stored.recorded_at))),
        actor: stored.actor.clone(),
        reason: stored.reason.clone(),
        replaced: stored.replaced,
    }
}
