//! Recomputes the index of a unit, and that of its agency, whenever an input changed: in the transaction that changed
//! it, or from a dirty flag when another service published the change.
//!
//! Locks are taken in this order: the unit, the cycle (shared), the assessment, the agency's index.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use prima_platform::{
    clock::{Clock, micros},
    db::Txn,
    derived::{Kind, LegacyFlags, Settings},
    failure::Failure,
    number,
    outbox::{self, State},
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr};

use super::inputs::collect_inputs;
use crate::{
    domain::{
        cycle::Cycle,
        instrument::{Form, Instrument},
        level::Inputs,
        score::{self, Index},
    },
    events::publish,
    store::{
        Assessment, UNIT_INDEX, agency_index_lock_in_txn, agency_index_save_in_txn, assessment_lock_in_txn,
        assessment_save_in_txn, assessments_exact, cycles_share_of_unit_in_txn, instrument_of,
    },
};

/// An assessment with its cycle and instrument.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// The cycle.
    pub cycle: Arc<Cycle>,
    /// Its instrument.
    pub instrument: Arc<Instrument>,
    /// The row. When it was locked for a change of its index, it carries the version that this transaction took.
    pub row: Assessment,
}

impl Assessed {
    /// Reads the instrument of a row's cycle.
    pub async fn of(conn: &impl ConnectionTrait, cycle: Cycle, row: Assessment) -> Result<Self, DbErr> {
        Ok(Self {
            instrument: instrument_of(conn, &cycle).await?,
            cycle: Arc::new(cycle),
            row,
        })
    }

    /// The form of the unit.
    pub fn form(&self) -> Option<&Form> {
        self.instrument.forms.as_ref()?.get(&self.row.form)
    }

    /// Whether the form has this indicator; supplementary ones count too.
    pub fn has(&self, indicator: &str) -> bool {
        self.form()
            .is_some_and(|form| form.indicators.iter().any(|i| i.key == indicator))
    }
}

/// The indexes of units, in every cycle that has them.
pub struct UnitIndexes(pub Clock);

#[async_trait]
impl Kind for UnitIndexes {
    fn settings(&self) -> Settings {
        Settings {
            name: UNIT_INDEX,
            batch: 1,
            min_interval: Duration::ZERO,
            legacy: Some(LegacyFlags {
                table: "unit_mark",
                key: "'agencies/' || agency || '/units/' || unit",
            }),
        }
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        for key in keys {
            let unit = name::Unit::parse(key).map_err(Failure::internal)?;
            let mut locked = lock_in_txn(txn, &unit, &self.0).await?;
            let states = recompute_in_txn(txn, &self.0, &mut locked, Extent::Changed).await?;
            outbox::stage(txn, &states).await?;
        }
        Ok(())
    }
}

/// Locks a unit in every cycle that is not final.
async fn lock_in_txn(txn: &Txn, unit: &name::Unit, clock: &Clock) -> Result<Vec<Assessed>, Failure> {
    let cycles = cycles_share_of_unit_in_txn(txn, &unit.agency, &unit.unit).await?;
    let now = clock.now().timestamp_millis();
    let mut locked = Vec::with_capacity(cycles.len());
    for cycle in cycles {
        if let Some(row) = assessment_lock_in_txn(txn, cycle.id, unit, now).await? {
            locked.push(Assessed::of(txn, cycle, row).await?);
        }
    }
    Ok(locked)
}

/// The stored inputs of a row, and the index that follows from them.
pub fn index(instrument: &Instrument, row: &Assessment) -> Result<(Inputs, Index), Failure> {
    let inputs = row.read_inputs()?;
    let index = score::compute(instrument, &inputs.input());
    Ok((inputs, index))
}

/// Which rows are saved, and which scores are staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The rows whose inputs changed, and the scores that follow from them.
    Changed,
    /// Every row, because something else in it changed as well; the scores whose inputs changed.
    Rows,
    /// Every row and every score.
    All,
}

/// Recomputes locked assessments in key order, then the indexes of their agencies, and updates the rows. Returns the
/// scores to stage.
pub async fn recompute_in_txn(
    txn: &Txn,
    clock: &Clock,
    locked: &mut [Assessed],
    extent: Extent,
) -> Result<Vec<State>, Failure> {
    let mut states = Vec::new();
    let mut agencies: BTreeMap<(i64, String), (Arc<Cycle>, Arc<Instrument>)> = BTreeMap::new();
    for one in locked {
        let inputs = collect_inputs(txn, &one.cycle, &one.instrument, &one.row, None).await?;
        let index = score::compute(&one.instrument, &inputs.input());
        let (before, first) = (one.row.exact.take(), one.row.inputs.is_empty());
        let text = serde_json::to_string(&inputs).map_err(Failure::internal)?;
        let changed = text != one.row.inputs;
        one.row.inputs = text;
        one.row.exact = index.published.as_ref().map(|p| number::fraction(&p.exact));
        let all = extent == Extent::All;
        if changed || extent != Extent::Changed {
            one.row.updated_at = micros(clock.now());
            // Without an index there is nothing to publish, unless there was an index before.
            if (changed || all) && (one.row.exact.is_some() || before.is_some()) {
                states.push(publish::unit_index(
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
        states.extend(of_agency(txn, clock, &cycle, &instrument, &agency).await?);
    }
    Ok(states)
}

/// Recomputes the index of an agency in a cycle: the mean of the exact indexes of its units.
async fn of_agency(
    txn: &Txn,
    clock: &Clock,
    cycle: &Cycle,
    instrument: &Instrument,
    agency: &str,
) -> Result<Option<State>, Failure> {
    let now = clock.now().timestamp_millis();
    let mut row = agency_index_lock_in_txn(txn, cycle.id, agency, now).await?;
    // The units are read after the lock was taken: a transaction that held it before has committed, and the next one
    // will read what this one writes.
    let units = assessments_exact(txn, cycle.id, agency).await?;
    let exact: Vec<_> = units.iter().flatten().cloned().collect();
    let published = score::agency(instrument, &exact);
    let before = row.exact.take();
    row.exact = published.as_ref().map(|p| number::fraction(&p.exact));
    row.counted = i64::try_from(exact.len()).map_err(Failure::internal)?;
    row.expected = i64::try_from(units.len()).map_err(Failure::internal)?;
    let publishes = row.exact.is_some() || before.is_some();
    if publishes {
        row.published = row.version;
    }
    agency_index_save_in_txn(txn, &row).await?;
    Ok(publishes.then(|| publish::agency_index(cycle, &row, published.as_ref())))
}
