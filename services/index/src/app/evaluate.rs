//! Stores levels and objections, and recomputes what follows from them.

use prima_platform::{
    caller::Caller,
    clock::micros,
    failure::{Failure, Kind},
    request_id,
};
use prima_proto::{index::v1 as pb, name};

use super::{
    App, cycles,
    recompute::{recompute, stored},
};
use crate::{
    domain::cycle::Stage,
    grpc::assessments,
    store::{
        assessment::assessment_save_in_txn,
        level::{
            Evaluation, Objection, SelfLevel, evaluations_save_in_txn, objection_decide_in_txn,
            objection_insert_in_txn, objections, self_levels_save_in_txn,
        },
    },
};

const SELF_ASSESS: &str = "index.SubmitSelfAssessment";
const EVALUATE: &str = "index.SubmitEvaluation";
const OBJECT: &str = "index.FileObjection";

/// A request with an id, its body digested.
#[derive(Debug, Clone)]
pub struct Request {
    /// Client-made id.
    pub id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
    /// The assessment.
    pub name: name::Assessment,
}

/// Stores levels that a unit gives itself; they explain, and count nowhere.
pub async fn self_assess(
    app: &App,
    caller: &Caller,
    request: &Request,
    levels: &[SelfLevel],
) -> Result<pb::Assessment, Failure> {
    let txn = app.context.db.begin().await?;
    let (id, digest) = (&request.id, &request.digest);
    if let Some(first) = request_id::find::<pb::Assessment>(&txn, SELF_ASSESS, caller, id, digest).await? {
        return Ok(first);
    }
    let mut locked = cycles::lock(app, &txn, &request.name, Some(Stage::SelfAssessment)).await?;
    let now = micros(app.context.clock.now());
    self_levels_save_in_txn(&txn, locked.cycle.id, &request.name.unit, levels, now).await?;
    locked.row.updated_at = now;
    assessment_save_in_txn(&txn, &locked.row).await?;
    let answer = assessments::whole(&txn, &locked.cycle, &locked.instrument, &locked.row).await?;
    request_id::keep(&txn, SELF_ASSESS, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    Ok(answer)
}

/// Stores what the caller, an evaluator, gives: key, level and note of each indicator.
pub async fn evaluate(
    app: &App,
    caller: &Caller,
    request: &Request,
    given: &[(String, i64, String)],
) -> Result<pb::Assessment, Failure> {
    let txn = app.context.db.begin().await?;
    let (id, digest) = (&request.id, &request.digest);
    if let Some(first) = request_id::find::<pb::Assessment>(&txn, EVALUATE, caller, id, digest).await? {
        return Ok(first);
    }
    let mut locked = [cycles::lock(app, &txn, &request.name, Some(Stage::Evaluation)).await?];
    let now = micros(app.context.clock.now());
    let rows: Vec<Evaluation> = given
        .iter()
        .map(|(indicator, level, note)| Evaluation {
            indicator: indicator.clone(),
            evaluator: caller.subject().to_owned(),
            level: *level,
            note: note.clone(),
            updated_at: now,
        })
        .collect();
    let [one] = &mut locked;
    evaluations_save_in_txn(&txn, one.cycle.id, &request.name.unit, &rows).await?;
    one.row.updated_at = now;
    assessment_save_in_txn(&txn, &one.row).await?;
    recompute(app, &txn, &mut locked, false).await?;
    let [one] = &locked;
    let answer = assessments::whole(&txn, &one.cycle, &one.instrument, &one.row).await?;
    request_id::keep(&txn, EVALUATE, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    app.context.outbox.committed();
    Ok(answer)
}

/// Files an objection to the level of one indicator.
pub async fn object(
    app: &App,
    caller: &Caller,
    request: &Request,
    indicator: &str,
    reason: &str,
) -> Result<pb::Objection, Failure> {
    let txn = app.context.db.begin().await?;
    let (id, digest) = (&request.id, &request.digest);
    if let Some(first) = request_id::find::<pb::Objection>(&txn, OBJECT, caller, id, digest).await? {
        return Ok(first);
    }
    let mut locked = cycles::lock(app, &txn, &request.name, Some(Stage::Objection)).await?;
    if !stored(&locked.row)?.levels.contains_key(indicator) {
        return Err(Failure::new(
            Kind::Precondition,
            "NO_LEVEL",
            format!("{indicator} has no level yet"),
            format!("{indicator} belum memiliki tingkat"),
        ));
    }
    let (cycle_id, unit) = (locked.cycle.id, &request.name.unit);
    let before = objections(&txn, cycle_id, unit).await?;
    if before
        .iter()
        .any(|o| o.indicator == indicator && o.decided_at.is_none())
    {
        return Err(Failure::already_exists(&format!(
            "an open objection to {indicator}"
        )));
    }
    let now = micros(app.context.clock.now());
    let objection = Objection {
        number: before.last().map_or(0, |o| o.number) + 1,
        indicator: indicator.to_owned(),
        reason: reason.to_owned(),
        actor: caller.subject().to_owned(),
        created_at: now,
        granted: 0,
        level: None,
        decision: String::new(),
        decider: String::new(),
        decided_at: None,
    };
    objection_insert_in_txn(&txn, cycle_id, unit, &objection).await?;
    locked.row.updated_at = now;
    assessment_save_in_txn(&txn, &locked.row).await?;
    let answer = assessments::objection(&objection);
    request_id::keep(&txn, OBJECT, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    Ok(answer)
}

/// Decides an objection, once: with the level that counts from then on, or none when it is rejected. The same decision
/// again is the first one repeated.
pub async fn decide(
    app: &App,
    caller: &Caller,
    name: &name::Assessment,
    number: i64,
    level: Option<i64>,
    decision: &str,
) -> Result<pb::Objection, Failure> {
    let txn = app.context.db.begin().await?;
    let mut locked = [cycles::lock(app, &txn, name, None).await?];
    let [one] = &mut locked;
    let mut all = objections(&txn, one.cycle.id, &name.unit).await?.into_iter();
    let found = all.find(|o| o.number == number);
    let mut objection = found.ok_or_else(|| Failure::not_found(&format!("objection {number} of {name}")))?;
    if objection.decided_at.is_some() {
        if (objection.level, objection.decision.as_str()) == (level, decision) {
            return Ok(assessments::objection(&objection));
        }
        return Err(Failure::new(
            Kind::Precondition,
            "OBJECTION_DECIDED",
            format!("objection {number} is decided"),
            format!("sanggah nomor {number} sudah diputuskan"),
        ));
    }
    let now = micros(app.context.clock.now());
    objection.granted = i64::from(level.is_some());
    objection.level = level;
    decision.clone_into(&mut objection.decision);
    caller.subject().clone_into(&mut objection.decider);
    objection.decided_at = Some(now);
    objection_decide_in_txn(&txn, one.cycle.id, &name.unit, &objection).await?;
    one.row.updated_at = now;
    assessment_save_in_txn(&txn, &one.row).await?;
    recompute(app, &txn, &mut locked, false).await?;
    txn.commit().await?;
    app.context.outbox.committed();
    Ok(assessments::objection(&objection))
}
