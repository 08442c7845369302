//! Opens cycles, enrolls units in them, settles them.

use std::{collections::BTreeSet, sync::Arc};

use prima_platform::{
    caller::{Caller, Role},
    clock::{from_micros, micros},
    db::Txn,
    failure::{Failure, Kind},
    request_id,
};
use prima_proto::{index::v1 as pb, name};

use super::{
    App,
    recompute::{self, Locked, names, recompute},
};
use crate::{
    domain::cycle::{Cycle, Refusal, Scheme, Stage},
    grpc::assessments,
    store::{
        assessment::{
            Row, assessment_insert_in_txn, assessment_lock_in_txn, assessments_of, unit_mark_in_txn,
        },
        cycle::{
            cycle_finalize_in_txn, cycle_get, cycle_insert_in_txn, cycle_lock_in_txn, cycle_share_in_txn,
        },
        external::external_get,
        level::objections_open,
    },
};

const OPEN: &str = "index.OpenCycle";
const ENROLL: &str = "index.EnrollUnit";

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (reason, english, indonesian) = match refusal {
            Refusal::Final => (
                "CYCLE_FINAL",
                "the cycle is settled".to_owned(),
                "siklus sudah final".to_owned(),
            ),
            Refusal::Closed(stage, None) => (
                "WINDOW_CLOSED",
                format!("the cycle has no {}", stage.as_str()),
                format!("siklus ini tidak memiliki masa {}", stage.title()),
            ),
            Refusal::Closed(stage, Some(window)) => {
                let [open, close] = [window.open, window.close].map(|at| from_micros(at).to_rfc3339());
                (
                    "WINDOW_CLOSED",
                    format!("the {} is from {open} to {close}", stage.as_str()),
                    format!("masa {} adalah {open} sampai {close}", stage.title()),
                )
            }
        };
        Failure::new(Kind::Precondition, reason, english, indonesian)
    }
}

/// `Ok` when the caller runs this cycle: the national admin, or the admin of the agency whose cycle it is.
pub fn require_admin(caller: &Caller, scheme: Scheme, agency: &str) -> Result<(), Failure> {
    match scheme {
        Scheme::Mandiri => caller.require(&[Role::Admin], agency),
        Scheme::Nasional | Scheme::Khusus => caller.require(&[Role::Admin], "*"),
    }
}

/// The cycle of this name, or `NOT_FOUND`.
pub fn found(cycle: Option<Cycle>, name: &name::Cycle) -> Result<Cycle, Failure> {
    cycle.ok_or_else(|| Failure::not_found(&name.to_string()))
}

/// Begins a change of an assessment: the cycle shared and open (for `stage`), the row locked.
pub async fn lock(
    app: &App,
    txn: &Txn,
    name: &name::Assessment,
    stage: Option<Stage>,
) -> Result<Locked, Failure> {
    let now = app.context.clock.now();
    let cycle = found(cycle_share_in_txn(txn, &name.cycle.cycle).await?, &name.cycle)?;
    match stage {
        Some(stage) => cycle.check(stage, micros(now))?,
        None => cycle.check_open()?,
    }
    let row = assessment_lock_in_txn(txn, cycle.id, &name.unit, now.timestamp_millis()).await?;
    Ok(Locked {
        instrument: recompute::instrument(txn, &cycle).await?,
        cycle: Arc::new(cycle),
        row: row.ok_or_else(|| Failure::not_found(&name.to_string()))?,
    })
}

/// Stores a new cycle, whose fields are checked.
pub async fn open(
    app: &App,
    caller: &Caller,
    id: &str,
    digest: &[u8],
    mut cycle: Cycle,
) -> Result<pb::Cycle, Failure> {
    let txn = app.context.db.begin().await?;
    if let Some(first) = request_id::find::<pb::Cycle>(&txn, OPEN, caller, id, digest).await? {
        return Ok(first);
    }
    let now = app.context.clock.now();
    cycle.created_at = micros(now);
    cycle.etag = now.timestamp_millis();
    if cycle_insert_in_txn(&txn, &cycle).await?.is_none() {
        // Perhaps the same request won the race: then its answer is there now.
        if let Some(first) = request_id::find::<pb::Cycle>(&txn, OPEN, caller, id, digest).await? {
            return Ok(first);
        }
        let name = format!("cycles/{}", cycle.cycle);
        if cycle_get(&txn, &cycle.cycle).await?.is_some() {
            return Err(Failure::already_exists(&name));
        }
        let whose = format!("{} {} {}", cycle.scheme.as_str(), cycle.year, cycle.agency);
        return Err(Failure::already_exists(&format!("cycle {}", whose.trim_end())));
    }
    let answer = assessments::cycle(&cycle);
    request_id::keep(&txn, OPEN, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    Ok(answer)
}

/// Makes a unit a lokus of a cycle.
pub async fn enroll(
    app: &App,
    caller: &Caller,
    id: &str,
    digest: &[u8],
    name: &name::Assessment,
    form: &str,
) -> Result<pb::Assessment, Failure> {
    let txn = app.context.db.begin().await?;
    if let Some(first) = request_id::find::<pb::Assessment>(&txn, ENROLL, caller, id, digest).await? {
        return Ok(first);
    }
    // Nothing is told of the unit between its first index and the moment from which marks find it.
    unit_mark_in_txn(&txn, &name.unit).await?;
    let cycle = found(cycle_share_in_txn(&txn, &name.cycle.cycle).await?, &name.cycle)?;
    cycle.check_open()?;
    for unit in [name.unit.unit.as_str(), ""] {
        let (metric, agency) = (cycle.scheme.metric(), &name.unit.agency);
        if external_get(&txn, metric, agency, unit, &cycle.year)
            .await?
            .is_some()
        {
            return Err(recorded(name, metric, &cycle.year));
        }
    }
    let now = app.context.clock.now();
    let row = Row {
        cycle_id: cycle.id,
        agency: name.unit.agency.clone(),
        unit: name.unit.unit.clone(),
        form: form.to_owned(),
        version: now.timestamp_millis(),
        exact: None,
        inputs: String::new(),
        published: 0,
        updated_at: micros(now),
    };
    if !assessment_insert_in_txn(&txn, &row).await? {
        let first = request_id::find::<pb::Assessment>(&txn, ENROLL, caller, id, digest).await?;
        return first.ok_or_else(|| Failure::already_exists(&name.to_string()));
    }
    let mut locked = [Locked {
        instrument: recompute::instrument(&txn, &cycle).await?,
        cycle: Arc::new(cycle),
        row,
    }];
    recompute(app, &txn, &mut locked, false).await?;
    let [locked] = locked;
    let answer = assessments::whole(&txn, &locked.cycle, &locked.instrument, &locked.row).await?;
    request_id::keep(&txn, ENROLL, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    app.context.outbox.committed();
    recompute::marked(app);
    Ok(answer)
}

/// Settles every index of a cycle.
pub async fn finalize(
    app: &App,
    caller: &Caller,
    name: &name::Cycle,
    etag: &str,
    allow_incomplete: bool,
) -> Result<pb::FinalizeCycleResponse, Failure> {
    caller.known()?;
    let txn = app.context.db.begin().await?;
    let mut cycle = found(cycle_lock_in_txn(&txn, &name.cycle).await?, name)?;
    require_admin(caller, cycle.scheme, &cycle.agency)?;
    cycle.check_open()?;
    if !etag.is_empty() && etag != cycle.etag.to_string() {
        return Err(Failure::stale_etag(&name.to_string()));
    }
    let open: BTreeSet<name::Unit> = objections_open(&txn, cycle.id).await?.into_iter().collect();
    if !open.is_empty() {
        let open = names(&cycle, &open);
        return Err(Failure::new(
            Kind::Precondition,
            "OBJECTIONS_OPEN",
            format!("objections are not decided yet: {open}"),
            format!("masih ada sanggah yang belum diputuskan: {open}"),
        ));
    }
    let now = app.context.clock.now();
    cycle.final_at = Some(micros(now));
    cycle.etag = app.context.clock.next_version(cycle.etag);
    let instrument = recompute::instrument(&txn, &cycle).await?;
    let cycle = Arc::new(cycle);
    let mut locked = Vec::new();
    for row in assessments_of(&txn, cycle.id, "").await? {
        let row = assessment_lock_in_txn(&txn, cycle.id, &row.unit_name(), now.timestamp_millis()).await?;
        locked.extend(row.map(|row| Locked {
            cycle: cycle.clone(),
            instrument: instrument.clone(),
            row,
        }));
    }
    recompute(app, &txn, &mut locked, true).await?;
    let missing = locked.iter().filter(|l| l.row.exact.is_none());
    let incomplete: BTreeSet<name::Unit> = missing.map(|l| l.row.unit_name()).collect();
    if !incomplete.is_empty() && !allow_incomplete {
        let units = names(&cycle, &incomplete);
        return Err(Failure::new(
            Kind::Precondition,
            "CYCLE_INCOMPLETE",
            format!("units have no index yet: {units}"),
            format!("unit berikut belum memiliki indeks: {units}"),
        ));
    }
    cycle_finalize_in_txn(&txn, &cycle).await?;
    txn.commit().await?;
    app.context.outbox.committed();
    let name = |unit: &name::Unit| format!("cycles/{}/{unit}", cycle.cycle);
    Ok(pb::FinalizeCycleResponse {
        cycle: Some(assessments::cycle(&cycle)),
        incomplete: incomplete.iter().map(name).collect(),
    })
}

fn recorded(name: &name::Assessment, metric: &str, year: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "RECORDED_INDEX_EXISTS",
        format!(
            "{metric} of {year} is recorded already for {} or its agency",
            name.unit
        ),
        format!(
            "{metric} tahun {year} untuk {} atau instansinya sudah dicatat dari terbitan",
            name.unit
        ),
    )
}
