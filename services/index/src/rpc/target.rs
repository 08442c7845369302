//! The assessment that a request is about, looked up.

use std::sync::Arc;

use prima_platform::{
    caller::{Caller, Role},
    command::Work,
    db::Txn,
    failure::{Failure, found},
    request::Faults,
    service::Context,
};
use prima_proto::name;
use sea_orm::ConnectionTrait;

use crate::{
    derived::Assessed,
    domain::{cycle::Cycle, field},
    store::{
        assessment::{Row, assessment_get, assessment_hold_in_txn, assessment_lock_in_txn},
        cycle::{cycle_get, cycle_share_in_txn},
        instrument::instrument_of,
    },
};

/// Who acts for the unit.
pub const UNIT: &[Role] = &[Role::Operator, Role::Admin];
/// Who reads what is handed in and given.
const READERS: &[Role] = &[Role::Operator, Role::Evaluator, Role::Admin];

/// Its cycle and row, for whoever may read it; `faults` are those of the fields before `field`, which names it.
pub async fn read(
    ctx: &Context,
    caller: &Caller,
    field: &str,
    raw: &str,
    mut faults: Faults,
) -> Result<(Cycle, Row), Failure> {
    let Some(name) = faults.take(field::assessment(field, raw)) else {
        return Err(faults.refused());
    };
    caller.require(READERS, &name.unit.agency)?;
    faults.settle(Some(()))?;
    get(ctx.db.reader(), &name).await
}

/// Its cycle and row as they stand.
pub async fn get(conn: &impl ConnectionTrait, name: &name::Assessment) -> Result<(Cycle, Row), Failure> {
    let cycle = found(cycle_get(conn, &name.cycle.cycle).await?, &name.cycle)?;
    let row = assessment_get(conn, cycle.id, &name.unit).await?;
    Ok((cycle, found(row, name)?))
}

/// It, locked for a change of its index, which takes its next version; its cycle is shared.
pub async fn lock(work: &Work<'_, Context>, name: &name::Assessment) -> Result<Assessed, Failure> {
    let cycle = found(
        cycle_share_in_txn(work.txn, &name.cycle.cycle).await?,
        &name.cycle,
    )?;
    let now = work.now().timestamp_millis();
    let row = assessment_lock_in_txn(work.txn, cycle.id, &name.unit, now).await?;
    whole(work.txn, cycle, found(row, name)?).await
}

/// It, locked for a change that its index is not computed from.
pub async fn hold(txn: &Txn, cycle: Cycle, name: &name::Assessment) -> Result<Assessed, Failure> {
    let row = assessment_hold_in_txn(txn, cycle.id, &name.unit).await?;
    whole(txn, cycle, found(row, name)?).await
}

/// With its instrument.
pub async fn whole(conn: &impl ConnectionTrait, cycle: Cycle, row: Row) -> Result<Assessed, Failure> {
    Ok(Assessed {
        instrument: instrument_of(conn, &cycle).await?,
        cycle: Arc::new(cycle),
        row,
    })
}
