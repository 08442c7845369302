//! Records a result that was published before this system computed it; it counts as the subject's score.

use std::collections::BTreeSet;

use prima_platform::{
    caller::{Caller, Role},
    clock::{from_micros, micros, to_proto},
    db::Txn,
    failure::{Failure, Kind},
    outbox::{self, State},
    request_id,
};
use prima_proto::{name, survey::v1 as pb};

use super::{App, unit_scores};
use crate::{
    domain::recorded::{Result as Published, Subject},
    events::render,
    store::{
        agency_score::{AgencyPeriod, agencies_mark, agency_score_lock_in_txn},
        recorded::{Recorded, recorded_insert_in_txn, recorded_latest},
        survey::surveys_of,
        unit_score::{UnitPeriod, unit_scores_lock_in_txn},
    },
};

const METHOD: &str = "survey.RecordResult";

/// What is asked for, checked.
pub struct RecordResult {
    /// Client-made id of the request.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
    /// Who it is about.
    pub subject: Subject,
    /// The result.
    pub result: Published,
}

/// Keeps a result and returns it. Fails when the unit has a survey of its own in the period, and when a result is
/// recorded there already and no reason is given to replace it.
pub async fn record_result(
    app: &App,
    caller: &Caller,
    command: RecordResult,
) -> Result<pb::RecordedResult, Failure> {
    let (subject, result) = (&command.subject, command.result);
    caller.require(&[Role::Operator], subject.agency())?;
    let txn = app.context.db.begin().await?;
    lock(app, &txn, subject, &result.period).await?;
    let (id, digest) = (&command.request_id, &command.digest);
    if let Some(first) = request_id::find::<pb::RecordedResult>(&txn, METHOD, caller, id, digest).await? {
        return Ok(first);
    }
    let computed = computed(&txn, subject, &result.period).await?;
    if let Some(survey) = computed {
        return Err(computed_exists(&survey));
    }
    let before = recorded_latest(&txn, subject.agency(), subject.unit(), &result.period).await?;
    if before.is_some() && result.reason.is_empty() {
        return Err(recorded_before(&result.subject.to_string(), &result.period));
    }
    let new = Recorded {
        agency: subject.agency().to_owned(),
        unit: subject.unit().to_owned(),
        number: before.as_ref().map_or(1, |b| b.number.saturating_add(1)),
        period: result.period,
        instrument: result.instrument,
        value: result.index,
        category: result.category,
        respondents: result.respondents,
        elements: result.elements,
        source: result.source,
        roll_up: result.roll_up,
        recorded_at: micros(app.context.clock.now()),
        actor: caller.subject().to_owned(),
        // The first replaces nothing.
        reason: before.map(|_| result.reason).unwrap_or_default(),
        replaced: false,
    };
    recorded_insert_in_txn(&txn, &new).await?;
    outbox::stage(&txn, &scores(app, &txn, subject, &new.period).await?).await?;
    let answer = recorded(&new);
    request_id::keep(&txn, METHOD, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    app.committed();
    Ok(answer)
}

fn unit_key(unit: &name::Unit, period: &str) -> BTreeSet<UnitPeriod> {
    BTreeSet::from([(unit.clone(), period.to_owned())])
}

/// Locks the score that the result becomes: whoever creates a survey of the unit and period takes the same lock.
async fn lock(app: &App, txn: &Txn, subject: &Subject, period: &str) -> Result<(), Failure> {
    match subject {
        Subject::Unit(unit) => {
            unit_scores_lock_in_txn(txn, &unit_key(unit, period), app.now_millis()).await?;
        }
        Subject::Agency(agency) => {
            let key = AgencyPeriod {
                agency: agency.agency.clone(),
                period: period.to_owned(),
            };
            // The mark comes first, as where agencies are computed.
            agencies_mark(txn, &BTreeSet::from([key.clone()])).await?;
            agency_score_lock_in_txn(txn, &key, app.now_millis()).await?;
        }
    }
    Ok(())
}

/// A survey that computes the unit's score of the period.
async fn computed(txn: &Txn, subject: &Subject, period: &str) -> Result<Option<String>, Failure> {
    let Subject::Unit(unit) = subject else {
        return Ok(None);
    };
    let surveys = surveys_of(txn, &unit_key(unit, period)).await?;
    let computes = surveys.iter().find(|s| s.survey.metric() == Some(render::METRIC));
    Ok(computes.map(|s| s.survey.name.to_string()))
}

/// The states of the scores that follow at once; an agency's is computed from its mark.
async fn scores(app: &App, txn: &Txn, subject: &Subject, period: &str) -> Result<Vec<State>, Failure> {
    match subject {
        Subject::Unit(unit) => {
            Ok(unit_scores::recompute(txn, &unit_key(unit, period), app.now_millis()).await?)
        }
        Subject::Agency(_) => Ok(Vec::new()),
    }
}

fn recorded_before(subject: &str, period: &str) -> Failure {
    Failure::new(
        Kind::AlreadyExists,
        "ALREADY_EXISTS",
        format!("a result of {subject} for {period} is recorded already; a reason is needed to replace it"),
        format!("hasil {subject} untuk {period} sudah tercatat; untuk menggantinya isi alasan"),
    )
}

fn computed_exists(survey: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "COMPUTED_RESULT_EXISTS",
        format!("{survey} computes the result of this unit and period"),
        format!("hasil unit dan periode ini dihitung dari {survey}"),
    )
}

/// That a survey can't compute what is recorded.
pub(super) fn recorded_exists(unit: &name::Unit, period: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "RECORDED_RESULT_EXISTS",
        format!("the result of {unit} for {period} is recorded from an earlier publication"),
        format!("hasil {unit} untuk {period} sudah dicatat dari publikasi terdahulu"),
    )
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
