//! Settles a cycle with all its indexes.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    etag,
    failure::{Failure, Kind, found},
    request,
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::message;
use crate::{
    derived::{Assessed, Extent, recompute_in_txn},
    domain::cycle::Cycle,
    store::{
        assessment_lock_in_txn, assessments_of, cycle_lock_in_txn, cycle_save_in_txn, instrument_of,
        objections_open,
    },
};

/// The cycle, and whether units may remain without an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finalize {
    name: name::Cycle,
    etag: String,
    allow_incomplete: bool,
}

impl Command for Finalize {
    type App = Context;
    type Message = pb::FinalizeCycleRequest;
    type Answer = pb::FinalizeCycleResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        Ok(Self {
            name: request::name("name", &message.name)?,
            etag: message.etag,
            allow_incomplete: message.allow_incomplete,
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        None
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = cycle_lock_in_txn(work.txn, &self.name.cycle).await?;
        let mut cycle = found(locked, &self.name)?;
        cycle.scheme.check_admin(work.caller, &cycle.agency)?;
        cycle.check_open()?;
        etag::check(&self.etag, cycle.etag, &self.name)?;
        let open = objections_open(work.txn, cycle.id).await?;
        if !open.is_empty() {
            let open = names(&cycle, open.iter().take(NAMES_MAX)).join(", ");
            return Err(Failure::new(
                Kind::Precondition,
                "OBJECTIONS_OPEN",
                format!("objections are not decided yet: {open}"),
                format!("masih ada sanggah yang belum diputuskan: {open}"),
            ));
        }
        cycle.final_at = Some(micros(work.now()));
        cycle.etag = work.next_version(cycle.etag);
        let cycle = Arc::new(cycle);
        let mut locked = lock_all(work, &cycle).await?;
        let states = recompute_in_txn(work.txn, &work.app.clock, &mut locked, Extent::All).await?;
        let missing = locked.iter().filter(|l| l.row.exact.is_none());
        let incomplete: BTreeSet<name::Unit> = missing.map(|l| l.row.unit_name()).collect();
        if !incomplete.is_empty() && !self.allow_incomplete {
            let units = names(&cycle, incomplete.iter().take(NAMES_MAX)).join(", ");
            return Err(Failure::new(
                Kind::Precondition,
                "CYCLE_INCOMPLETE",
                format!("units have no index yet: {units}"),
                format!("unit berikut belum memiliki indeks: {units}"),
            ));
        }
        cycle_save_in_txn(work.txn, &cycle).await?;
        states.into_iter().for_each(|state| work.stage(state));
        Ok(pb::FinalizeCycleResponse {
            cycle: Some(message::cycle(&cycle)),
            incomplete: names(&cycle, incomplete.iter()),
        })
    }
}

/// Maximum number of units that a refusal names.
const NAMES_MAX: usize = 100;

/// Names of the assessments of units.
fn names<'a>(cycle: &Cycle, units: impl Iterator<Item = &'a name::Unit>) -> Vec<String> {
    let name = |unit: &name::Unit| format!("{}/{unit}", cycle.name());
    units.map(name).collect()
}

/// Locks every assessment of a locked cycle, in key order.
async fn lock_all(work: &Work<'_, Context>, cycle: &Arc<Cycle>) -> Result<Vec<Assessed>, Failure> {
    let instrument = instrument_of(work.txn, cycle).await?;
    let now = work.now().timestamp_millis();
    let mut locked = Vec::new();
    for row in assessments_of(work.txn, cycle.id, "").await? {
        let row = assessment_lock_in_txn(work.txn, cycle.id, &row.unit_name(), now).await?;
        locked.extend(row.map(|row| Assessed {
            cycle: cycle.clone(),
            instrument: instrument.clone(),
            row,
        }));
    }
    Ok(locked)
}
