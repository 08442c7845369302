//! Converts actions of follow-up plans to messages.

use prima_platform::{
    clock::{from_micros, to_proto},
    etag,
};
use prima_proto::{name, survey::v1 as pb};

use crate::store::follow_up::FollowUp;

/// An action of the plan of `survey` as its message.
pub fn follow_up(survey: &name::Survey, stored: &FollowUp) -> pb::FollowUp {
    let done = stored.done.as_ref();
    pb::FollowUp {
        name: name::FollowUp {
            survey: survey.clone(),
            follow_up: stored.id.clone(),
        }
        .to_string(),
        element: stored.plan.element.clone(),
        program: stored.plan.program.clone(),
        quarter: stored.plan.quarter.clone(),
        responsible: stored.plan.responsible.clone(),
        done_date: done.map(|d| d.date.to_string()).unwrap_or_default(),
        evidence: done.map(|d| d.evidence.clone()).unwrap_or_default(),
        note: done.map(|d| d.note.clone()).unwrap_or_default(),
        etag: etag::of(stored.etag),
        create_time: Some(to_proto(from_micros(stored.created_at))),
    }
}
