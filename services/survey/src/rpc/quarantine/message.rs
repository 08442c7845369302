//! Converts quarantines to messages.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, to_proto},
    etag,
};
use prima_proto::{name, survey::v1 as pb};

use crate::{
    domain::{burst::Pattern, flags},
    store::quarantine::{ACCEPTED, Model, OPEN, VOIDED},
};

/// A quarantine of a survey as its message.
pub fn quarantine(survey: &name::Survey, stored: &Model) -> pb::Quarantine {
    let pattern = Pattern::parse(&stored.pattern);
    let label = pattern.zip(flags::rule());
    let time = |millis: i64| DateTime::<Utc>::from_timestamp_millis(millis).map(to_proto);
    pb::Quarantine {
        name: name::Quarantine {
            survey: survey.clone(),
            quarantine: stored.number.to_string(),
        }
        .to_string(),
        kind: match pattern {
            None => pb::QuarantineKind::Unspecified,
            Some(Pattern::Rate) => pb::QuarantineKind::Rate,
            Some(Pattern::Device) => pb::QuarantineKind::Device,
            Some(Pattern::Answers) => pb::QuarantineKind::Pattern,
            Some(Pattern::Source) => pb::QuarantineKind::Source,
        }
        .into(),
        kind_display_name: label
            .map(|(pattern, rule)| pattern.limit(&rule.quarantine).label.clone())
            .unwrap_or_default(),
        first_accept_time: time(stored.first_at),
        last_accept_time: time(stored.last_at),
        responses: stored.responses,
        state: match stored.state {
            OPEN => pb::QuarantineState::Open,
            ACCEPTED => pb::QuarantineState::Accepted,
            VOIDED => pb::QuarantineState::Voided,
            _ => pb::QuarantineState::Unspecified,
        }
        .into(),
        decide_time: stored.decided_at.map(|at| to_proto(from_micros(at))),
        actor: stored.actor.clone(),
        reason: stored.reason.clone(),
        etag: etag::of(stored.etag),
    }
}
