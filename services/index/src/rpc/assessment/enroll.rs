//! Makes a unit a lokus of a cycle.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, Once, Work},
    failure::{Failure, Kind, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::message;
use crate::{
    derived::{Assessed, recompute_in_txn},
    domain::{cycle::Cycle, field},
    store::{
        assessment::{Row, assessment_insert_in_txn, unit_lock_in_txn},
        cycle::{cycle_get, cycle_share_in_txn},
        external::{Kept, external_get},
        instrument::instrument_of,
        mark::unit_mark_in_txn,
    },
};

/// Which unit, in which cycle and on which form. Faults are told once it is known who runs the cycle.
#[derive(Debug)]
pub struct Enroll {
    once: Option<Once>,
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
        let id = faults.take(request::id("request_id", message.request_id.clone()));
        let once = id.map(|id| Once::new("index.EnrollUnit", &id, &message));
        let cycle = faults.take(field::cycle("cycle", &message.cycle));
        let unit = faults.take(field::unit("unit", &message.unit));
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

    fn once(&self) -> Option<Once> {
        self.once.clone()
    }

    /// Who runs the cycle is known once it is read.
    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        caller.known()
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        // Whoever may not enroll locks nothing; the cycle is shared after the unit is locked.
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
                "harus unit dari instansi siklus ini",
            );
        }
        let unit = faults.settle(self.unit)?;
        let name = name::Assessment {
            cycle: self.cycle,
            unit,
        };
        unit_lock_in_txn(work.txn, &name.unit).await?;
        // What is told of the unit while this transaction is open finds no assessment of it yet.
        unit_mark_in_txn(work.txn, &name.unit).await?;
        let cycle = cycle_share_in_txn(work.txn, &name.cycle.cycle).await?;
        let cycle = found(cycle, &name.cycle)?;
        cycle.check_open()?;
        not_recorded(work, &cycle, &name).await?;
        let now = work.now();
        let row = Row {
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
        let mut enrolled = [Assessed {
            instrument: instrument_of(work.txn, &cycle).await?,
            cycle: Arc::new(cycle),
            row,
        }];
        let states = recompute_in_txn(work.txn, &work.app.clock, &mut enrolled, false).await?;
        states.into_iter().for_each(|state| work.stage(state));
        let [enrolled] = enrolled;
        message::assessment(work.txn, &enrolled).await
    }
}

/// `Ok` unless the index of the unit or of its agency is recorded, as another body published it. The unit is locked.
async fn not_recorded(
    work: &Work<'_, Context>,
    cycle: &Cycle,
    name: &name::Assessment,
) -> Result<(), Failure> {
    let (metric, year) = (cycle.scheme.metric(), &cycle.year);
    for unit in [name.unit.unit.as_str(), ""] {
        let key = [metric, &name.unit.agency, unit, year];
        if external_get(work.txn, Kept::Confirmed, key).await?.is_some() {
            let unit = &name.unit;
            return Err(Failure::new(
                Kind::Precondition,
                "RECORDED_INDEX_EXISTS",
                format!("{metric} of {year} is recorded already for {unit} or its agency"),
                format!("{metric} tahun {year} untuk {unit} atau instansinya sudah dicatat dari terbitan"),
            ));
        }
    }
    Ok(())
}
