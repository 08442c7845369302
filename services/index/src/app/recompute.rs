//! Computes the index of a unit anew whenever an input changed, and that of its agency, in the transaction that
//! changed it.
//!
//! Locks are taken in this order: the mark of the unit, the cycle (shared), the assessment, the agency's index.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use chrono::NaiveDate;
use prima_platform::{
    clock::micros,
    db::Txn,
    failure::Failure,
    number,
    outbox::{self, State},
};
use prima_proto::{event::v1::SurveyResultState, name};
use prost::Message;
use sea_orm::{ConnectionTrait, DbErr};
use tokio_util::sync::CancellationToken;

use super::{App, instruments, suggestions};
use crate::{
    domain::{
        cycle::Cycle,
        f03::{self, Survey},
        instrument::Instrument,
        level::{F03, Inputs, Origin, counted},
        score::{self, Index},
    },
    events::render,
    store::{
        assessment::{
            Row, agency_index_lock_in_txn, agency_index_save_in_txn, assessment_lock_in_txn,
            assessment_save_in_txn, assessments_exact, unit_mark_in_txn, unit_unmark_in_txn, units_marked,
        },
        cycle::cycles_share_of_unit_in_txn,
        fact::fact_list,
        level::{evaluations, objections},
    },
};

const EVERY: Duration = Duration::from_secs(1);
const PAGE: i64 = 500;

/// An assessment whose row is locked, its cycle shared.
#[derive(Debug, Clone)]
pub struct Locked {
    /// The cycle.
    pub cycle: Arc<Cycle>,
    /// Its instrument.
    pub instrument: Arc<Instrument>,
    /// The row, with the version that this transaction took.
    pub row: Row,
}

/// Marks every assessment of `unit` in a cycle that is not final for recomputation, in the transaction that changed
/// what it is computed from.
pub async fn mark(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    unit_mark_in_txn(txn, unit).await
}

/// After the commit of a mark: wakes whoever recomputes.
pub fn marked(app: &App) {
    app.marks.notify_one();
}

/// Recomputes marked units until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = round(&app).await {
            tracing::warn!(%error, "indexes: trying again");
        }
        // Woken by marks of this process; looks now and then for those of other replicas.
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.marks.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Recomputes every unit that is marked.
pub async fn round(app: &App) -> Result<(), Failure> {
    loop {
        let units = units_marked(app.context.db.reader(), PAGE).await?;
        for unit in &units {
            of_unit(app, unit).await?;
        }
        if i64::try_from(units.len()).unwrap_or(0) < PAGE {
            return Ok(());
        }
    }
}

async fn of_unit(app: &App, unit: &name::Unit) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    if !unit_unmark_in_txn(&txn, unit).await? {
        return Ok(());
    }
    // Read after the mark is taken, and so after whoever set it has committed.
    let cycles = cycles_share_of_unit_in_txn(&txn, &unit.agency, &unit.unit).await?;
    let now = app.context.clock.now().timestamp_millis();
    let mut locked = Vec::with_capacity(cycles.len());
    for cycle in cycles {
        if let Some(row) = assessment_lock_in_txn(&txn, cycle.id, unit, now).await? {
            locked.push(Locked {
                instrument: instrument(&txn, &cycle).await?,
                cycle: Arc::new(cycle),
                row,
            });
        }
    }
    recompute(app, &txn, &mut locked, false).await?;
    txn.commit().await?;
    app.context.outbox.committed();
    Ok(())
}

/// The instrument of a cycle; it was there when the cycle was opened, and none is ever removed.
pub async fn instrument(conn: &impl ConnectionTrait, cycle: &Cycle) -> Result<Arc<Instrument>, Failure> {
    let found = instruments::find(conn, &cycle.instrument).await?;
    let missing = || Failure::internal(format!("instrument {} is gone", cycle.instrument));
    Ok(Arc::new(found.ok_or_else(missing)?.instrument))
}

/// What the index of an assessment was computed from.
pub fn stored(row: &Row) -> Result<Inputs, Failure> {
    serde_json::from_str(&row.inputs).map_err(Failure::internal)
}

/// The closed surveys of F-03 of a unit's form in the year of a cycle, with the cycle's roll-up.
async fn f03(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    instrument: &Instrument,
    row: &Row,
) -> Result<Option<F03>, Failure> {
    let Some(form) = instrument.forms.as_ref().and_then(|f| f.get(&row.form)) else {
        return Ok(None);
    };
    let (asked, within) = (format!("f03-{}-", row.form), format!("{}-", cycle.year));
    let mut surveys = Vec::new();
    let told = fact_list(conn, &row.unit_name()).await?;
    for fact in told.iter().filter(|f| f.service == "survey") {
        let state = SurveyResultState::decode(fact.payload.as_slice()).map_err(Failure::internal)?;
        if state.instrument.starts_with(&asked)
            && (state.period == cycle.year || state.period.starts_with(&within))
            && state.closed_at.is_some()
            && state.weight_variant == cycle.settings.roll_up
        {
            let elements = state.elements.into_iter();
            surveys.push(Survey {
                name: state.name,
                version: fact.version,
                respondents: state.respondents,
                elements: elements.map(|e| (e.key, e.answers, e.total)).collect(),
            });
        }
    }
    Ok(f03::pool(form, instrument.max, &cycle.settings.roll_up, &surveys))
}

/// What the index of an assessment is computed from now, read from the tables. What other services tell counts as it
/// stood when the cycle was settled.
pub async fn gather(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    instrument: &Instrument,
    row: &Row,
    settled: Option<&Inputs>,
) -> Result<Inputs, Failure> {
    let unit = row.unit_name();
    let given: Vec<(String, i64)> = evaluations(conn, cycle.id, &unit)
        .await?
        .into_iter()
        .map(|e| (e.indicator, e.level))
        .collect();
    let granted: Vec<(String, i64)> = objections(conn, cycle.id, &unit)
        .await?
        .into_iter()
        .filter_map(|o| Some((o.indicator, o.level?)))
        .collect();
    let suggested = match settled {
        Some(inputs) => kept_suggestions(inputs),
        None => suggested(conn, cycle, instrument, row).await?,
    };
    let f03 = match settled {
        Some(inputs) => inputs.f03.clone(),
        None => f03(conn, cycle, instrument, row).await?,
    };
    Ok(Inputs {
        form: row.form.clone(),
        weighting: cycle.settings.weighting,
        minimum_respondents: cycle.settings.minimum_respondents,
        policy: cycle.settings.policy,
        levels: counted(&given, &granted, &suggested),
        f03,
    })
}

/// Levels that live data supports, where a cycle lets them count.
async fn suggested(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    instrument: &Instrument,
    row: &Row,
) -> Result<BTreeMap<String, u32>, Failure> {
    if !cycle.settings.suggestions_count {
        return Ok(BTreeMap::new());
    }
    let facts = suggestions::facts_of(conn, &row.unit_name()).await?;
    let date = evaluation_date(cycle)?;
    let suggested = suggestions::suggest(instrument, &row.form, &facts, date);
    Ok(suggested
        .into_iter()
        .filter_map(|s| Some((s.indicator, s.level?)))
        .collect())
}

/// The day at which the facts of a cycle are looked at.
pub fn evaluation_date(cycle: &Cycle) -> Result<NaiveDate, Failure> {
    let text = &cycle.settings.evaluation_date;
    text.parse().map_err(Failure::internal)
}

fn kept_suggestions(inputs: &Inputs) -> BTreeMap<String, u32> {
    let kept = inputs
        .levels
        .iter()
        .filter(|(_, l)| l.origin == Origin::Suggestion);
    kept.filter_map(|(key, l)| Some((key.clone(), u32::try_from(l.level.numer()).ok()?)))
        .collect()
}

/// The index of a row as it is stored.
pub fn index(instrument: &Instrument, row: &Row) -> Result<(Inputs, Index), Failure> {
    let inputs = stored(row)?;
    let index = score::compute(instrument, &inputs.input());
    Ok((inputs, index))
}

/// Recomputes assessments that are locked, in key order, then the indexes of their agencies; stages every score that
/// changed, or all of them when `all`. Rows hold the new state afterwards.
pub async fn recompute(app: &App, txn: &Txn, locked: &mut [Locked], all: bool) -> Result<(), Failure> {
    let mut states = Vec::new();
    let mut agencies: BTreeMap<(i64, String), (Arc<Cycle>, Arc<Instrument>)> = BTreeMap::new();
    for one in locked {
        let inputs = gather(txn, &one.cycle, &one.instrument, &one.row, None).await?;
        let index = score::compute(&one.instrument, &inputs.input());
        let (before, first) = (one.row.exact.take(), one.row.inputs.is_empty());
        let text = serde_json::to_string(&inputs).map_err(Failure::internal)?;
        let changed = text != one.row.inputs;
        one.row.inputs = text;
        one.row.exact = index.published.as_ref().map(|p| number::fraction(&p.exact));
        if changed || all {
            one.row.updated_at = micros(app.context.clock.now());
            // Without an index there is nothing to tell, unless there was one.
            if one.row.exact.is_some() || before.is_some() {
                states.push(render::unit_index(
                    &one.cycle,
                    &one.row.unit_name(),
                    one.row.version,
                    &inputs,
                    &index,
                ));
                one.row.published = one.row.version;
            }
            assessment_save_in_txn(txn, &one.row).await?;
        }
        if first || all || before != one.row.exact {
            agencies
                .entry((one.cycle.id, one.row.agency.clone()))
                .or_insert_with(|| (one.cycle.clone(), one.instrument.clone()));
        }
    }
    for ((_, agency), (cycle, instrument)) in agencies {
        states.extend(of_agency(app, txn, &cycle, &instrument, &agency).await?);
    }
    outbox::stage(txn, &states).await?;
    Ok(())
}

/// Recomputes the index of an agency in a cycle: the mean of the exact indexes of its units.
async fn of_agency(
    app: &App,
    txn: &Txn,
    cycle: &Cycle,
    instrument: &Instrument,
    agency: &str,
) -> Result<Option<State>, Failure> {
    let now = app.context.clock.now().timestamp_millis();
    let mut row = agency_index_lock_in_txn(txn, cycle.id, agency, now).await?;
    // Read after the lock: whoever held it before has committed, whoever comes next will see us.
    let units = assessments_exact(txn, cycle.id, agency).await?;
    let exact: Vec<_> = units
        .iter()
        .filter_map(|exact| number::parse_fraction(exact.as_deref()?))
        .collect();
    let published = score::agency(instrument, &exact);
    let before = row.exact.take();
    row.exact = published.as_ref().map(|p| number::fraction(&p.exact));
    row.counted = i64::try_from(exact.len()).map_err(Failure::internal)?;
    row.expected = i64::try_from(units.len()).map_err(Failure::internal)?;
    let told = row.exact.is_some() || before.is_some();
    if told {
        row.published = row.version;
    }
    agency_index_save_in_txn(txn, &row).await?;
    Ok(told.then(|| render::agency_index(cycle, &row, published.as_ref())))
}

/// Units of assessments, for messages: at most a hundred names.
pub fn names(cycle: &Cycle, units: &BTreeSet<name::Unit>) -> String {
    let name = |unit: &name::Unit| format!("cycles/{}/{unit}", cycle.cycle);
    units.iter().take(100).map(name).collect::<Vec<_>>().join(", ")
}
