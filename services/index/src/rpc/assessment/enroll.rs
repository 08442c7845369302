//! Enrolls a unit in a cycle, as a lokus of the evaluation.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::message;
use crate::{
    derived::Assessed,
    domain::cycle::Cycle,
    rpc::{once, target},
    store::{
        Assessment, RecordStatus, assessment_insert_in_txn, cycle_get, cycle_share_in_txn, external_get,
        unit_flag_dirty_in_txn, unit_lock_in_txn,
    },
};

/// The unit, the cycle and the form. Faults are reported once it is known who runs the cycle.
#[derive(Debug)]
pub struct Enroll {
    once: Option<IdempotencyKey>,
    cycle: name::Cycle,
    unit: Option<name::Unit>,
    form: String,
    faults: Faults,
}

impl Command for Enroll {
    type App = Context;
    type Message = pb::EnrollUnitRequest;
    type Answer = pb::Assessment;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = once("index.EnrollUnit", &message.request_id, &message, &mut faults);
        let cycle = faults.take(request::name("cycle", &message.cycle));
        let unit = faults.take(request::name("unit", &message.unit));
        if !matches!(message.form.as_str(), "offline" | "online") {
            faults.add(
                "form",
                "must be `offline` or `online`",
                "harus `offline` (luring) atau `online` (daring)",
            );
        }
        let Some(cycle) = cycle else {
            return Err(faults.refused());
        };
        Ok(Self {
            once,
            cycle,
            unit,
            form: message.form,
            faults,
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.once.clone()
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        // The right is checked before anything is locked; the shared lock of the cycle is taken after that of the
        // unit.
        let cycle = found(cycle_get(work.txn, &self.cycle.cycle).await?, &self.cycle)?;
        cycle.scheme.check_admin(work.caller, &cycle.agency)?;
        let mut faults = self.faults;
        if let Some(unit) = &self.unit
            && !cycle.agency.is_empty()
            && cycle.agency != unit.agency
        {
            faults.add(
                "unit",
                "must be of the cycle's agency",
                "harus unit pada instansi siklus ini",
            );
        }
        let unit = faults.settle(self.unit)?;
        let name = name::Assessment {
            cycle: self.cycle,
            unit,
        };
        unit_lock_in_txn(work.txn, &name.unit).await?;
        // A fact of the unit that arrives during this transaction does not find the new assessment, so the unit is
        // flagged as dirty.
        unit_flag_dirty_in_txn(work.txn, &name.unit).await?;
        let cycle = cycle_share_in_txn(work.txn, &name.cycle.cycle).await?;
        let cycle = found(cycle, &name.cycle)?;
        cycle.check_open()?;
        check_not_recorded(work, &cycle, &name).await?;
        let now = work.now();
        let row = Assessment {
            cycle_id: cycle.id,
            agency: name.unit.agency.clone(),
            unit: name.unit.unit.clone(),
            form: self.form,
            version: work.next_version(0),
            exact: None,
            inputs: String::new(),
            published: 0,
            updated_at: micros(now),
        };
        if !assessment_insert_in_txn(work.txn, &row).await? {
            return Err(Failure::already_exists(&name.to_string()));
        }
        let mut enrolled = Assessed::of(work.txn, cycle, row).await?;
        target::recompute(work, &mut enrolled).await?;
        message::assessment(work.txn, &enrolled).await
    }
}

/// Fails when the index of the unit or of its agency was recorded from a publication of another body. The unit is
/// locked.
async fn check_not_recorded(
    work: &Work<'_, Context>,
    cycle: &Cycle,
    name: &name::Assessment,
) -> Result<(), Failure> {
    let (metric, year) = (cycle.scheme.metric(), &cycle.year);
    for unit in [name.unit.unit.as_str(), ""] {
        let key = [metric, &name.unit.agency, unit, year];
        if external_get(work.txn, RecordStatus::Confirmed, key)
            .await?
            .is_some()
        {
            let unit = &name.unit;
            return Err(Failure::new(
                Kind::Precondition,
                "RECORDED_INDEX_EXISTS",
                format!("{metric} of {year} is recorded already for {unit} or its agency"),
                format!("{metric} tahun {year} untuk {unit} atau instansinya sudah dicatat dari publikasi"),
            ));
        }
    }
    Ok(())
}
