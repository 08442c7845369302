//! Verifies an index.

use prima_platform::{
    caller::Caller,
    failure::{Failure, found},
    number::{self, Rational},
    service::Context,
};
use prima_proto::index::v1 as pb;
use sea_orm::ConnectionTrait;

use super::index_name::{IndexName, check_shown, in_cycle, not_for_cycles};
use crate::{
    derived::{collect_inputs, index},
    domain::{cycle::Cycle, instrument::Instrument, score},
    store::{Assessment, agency_index_get, assessment_get, assessments_of, cycle_lock_in_txn, instrument_of},
};

/// Whether a recomputed index equals the published one.
pub async fn verify(
    ctx: &Context,
    caller: Caller,
    message: pb::VerifyIndexRequest,
) -> Result<pb::VerifyIndexResponse, Failure> {
    let name = IndexName::parse(&message.name)?;
    // The cycle is locked, because a change meanwhile would look like a difference.
    let txn = ctx.db.begin().await?;
    let (published, computed) = match name {
        IndexName::Unit(name) => {
            let cycle = cycle_lock_in_txn(&txn, &name.cycle.cycle).await?;
            let cycle = found(cycle, &name.cycle)?;
            check_shown(&caller, &cycle, &name.unit.agency)?;
            let instrument = instrument_of(&txn, &cycle).await?;
            let row = assessment_get(&txn, cycle.id, &name.unit).await?;
            let row = found(row, &name)?;
            let computed = recomputed(&txn, &cycle, &instrument, &row).await?;
            (row.exact, computed)
        }
        IndexName::Agency(name, agency) => {
            let cycle = found(cycle_lock_in_txn(&txn, &name.cycle).await?, &name)?;
            check_shown(&caller, &cycle, &agency.agency)?;
            let instrument = instrument_of(&txn, &cycle).await?;
            let row = agency_index_get(&txn, cycle.id, &agency.agency).await?;
            let row = found(row, in_cycle(&name, &agency))?;
            let mut units = [Vec::new(), Vec::new()];
            for unit in assessments_of(&txn, cycle.id, &agency.agency).await? {
                let both = recomputed(&txn, &cycle, &instrument, &unit).await?;
                for (units, exact) in units.iter_mut().zip(both) {
                    units.extend(exact);
                }
            }
            (row.exact, units.map(|units| number::mean(&units)))
        }
        IndexName::Cycle(_) => return Err(not_for_cycles()),
    };
    let published = published.unwrap_or_default();
    let computed = computed.map(|c| c.as_ref().map(number::fraction).unwrap_or_default());
    let [stored, now] = &computed;
    let differs = if *stored == published { now } else { stored };
    Ok(pb::VerifyIndexResponse {
        same: *differs == published,
        computed: differs.clone(),
        published,
    })
}

/// The index from the stored inputs, and from the tables that they were collected from.
async fn recomputed(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    instrument: &Instrument,
    row: &Assessment,
) -> Result<[Option<Rational>; 2], Failure> {
    let (stored, index) = index(instrument, row)?;
    let settled = cycle.final_at.map(|_| &stored);
    let now = collect_inputs(conn, cycle, instrument, row, settled).await?;
    let now = score::compute(instrument, &now.input());
    Ok([index, now].map(|i| i.published.map(|p| p.exact)))
}
