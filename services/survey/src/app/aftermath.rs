//! What comes after a survey: the facts that its result and its event carry, and the lock of a survey that has ended.

use std::collections::HashMap;

use prima_platform::{
    clock::{from_micros, to_proto},
    db::Txn,
    failure::{Failure, Kind},
};
use prima_proto::{event::v1 as event, name, survey::v1 as pb};
use sea_orm::DbErr;

use super::{App, close_survey::close, result::Facts};
use crate::{
    domain::{period::jakarta_day, publication::Medium, survey::State},
    store::{
        publication::{Aftermath, FollowUp, Published, aftermath_get},
        survey::{Stored, survey_get, survey_lock_in_txn},
    },
};

/// What is known of the results of these surveys beside their figures. Only a survey that was closed has any, so that
/// nothing is read for the others.
pub async fn facts<'a>(
    txn: &Txn,
    surveys: impl IntoIterator<Item = &'a Stored>,
) -> Result<HashMap<i64, Facts>, DbErr> {
    let closed = surveys.into_iter().filter(|s| s.survey.closed_at.is_some());
    let ids: Vec<i64> = closed.map(|s| s.id).collect();
    let all = aftermath_get(txn, &ids).await?;
    Ok(all.into_iter().map(|(id, known)| (id, told(&known))).collect())
}

/// The facts of one survey as an answer and an event tell them.
fn told(known: &Aftermath) -> Facts {
    let media = known.published.iter().flat_map(|p| &p.publication.media);
    Facts {
        publication: known.published.as_ref().map(publication),
        media: media
            .map(|m| event::SurveyMediumState {
                kind: m.kind.clone(),
                link: m.link.clone(),
                electronic: m.electronic(),
            })
            .collect(),
        follow_ups: known
            .follow_ups
            .iter()
            .map(|f| event::SurveyFollowUpState {
                id: f.id.clone(),
                element: f.plan.element.clone(),
                quarter: f.plan.quarter.clone(),
                create_date: jakarta_day(from_micros(f.created_at)).to_string(),
                done_date: f.done.as_ref().map(|d| d.date.to_string()).unwrap_or_default(),
            })
            .collect(),
    }
}

/// A publication for a caller.
pub fn publication(stored: &Published) -> pb::Publication {
    let medium = |m: &Medium| pb::Medium {
        kind: m.kind.clone(),
        link: m.link.clone(),
        description: m.description.clone(),
    };
    pb::Publication {
        publish_date: stored.publication.date.to_string(),
        media: stored.publication.media.iter().map(medium).collect(),
        media_kinds: i32::try_from(stored.publication.kinds()).unwrap_or(i32::MAX),
        update_time: Some(to_proto(from_micros(stored.updated_at))),
    }
}

/// An action of the plan of `survey` for a caller.
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
        etag: stored.etag.to_string(),
        create_time: Some(to_proto(from_micros(stored.created_at))),
    }
}

/// Closes a survey whose closing time has come, as would happen within a second: only what is marked as closed may be
/// published and planned for, so that no intake that began before can come after it.
pub(super) async fn close_when_due(app: &App, name: &name::Survey) -> Result<(), Failure> {
    let stored = survey_get(app.context.db.reader(), &name.to_string()).await?;
    let now = app.context.clock.now();
    let due = |s: &Stored| s.survey.closed_at.is_none() && s.survey.state(now) == State::Closed;
    if stored.as_ref().is_some_and(due) {
        close(app, name, "", true).await?;
    }
    Ok(())
}

/// Locks a survey by taking its next version.
pub(super) async fn lock(app: &App, txn: &Txn, name: &name::Survey) -> Result<Option<Stored>, Failure> {
    Ok(survey_lock_in_txn(txn, &name.to_string(), app.now_millis()).await?)
}

/// That the survey has not been closed.
pub(super) fn open() -> Failure {
    Failure::new(
        Kind::Precondition,
        "SURVEY_OPEN",
        "the survey is not closed yet",
        "Survei belum ditutup",
    )
}
