//! Looks up the assessment of a request.

use prima_platform::{
    command::Work,
    db::Txn,
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::name;
use sea_orm::ConnectionTrait;

use crate::{
    derived::{Assessed, Extent, recompute_in_txn},
    domain::cycle::Cycle,
    store::{
        Assessment, assessment_get, assessment_lock_in_txn, assessment_lock_same_version_in_txn,
        assessment_save_in_txn, cycle_get, cycle_share_in_txn,
    },
};

/// The cycle and row of an assessment, for callers who may read it; `faults` are those of the fields before `field`,
/// which names the assessment.
pub async fn read(
    ctx: &Context,
    field: &str,
    raw: &str,
    mut faults: Faults,
) -> Result<(Cycle, Assessment), Failure> {
    let Some(name) = faults.take(request::name::<name::Assessment>(field, raw)) else {
        return Err(faults.refused());
    };
    faults.settle(Some(()))?;
    get(ctx.db.reader(), &name).await
}

/// The cycle and row of an assessment.
pub async fn get(
    conn: &impl ConnectionTrait,
    name: &name::Assessment,
) -> Result<(Cycle, Assessment), Failure> {
    let cycle = found(cycle_get(conn, &name.cycle.cycle).await?, &name.cycle)?;
    let row = assessment_get(conn, cycle.id, &name.unit).await?;
    Ok((cycle, found(row, name)?))
}

/// Locks an assessment for a change of its index, and takes its next version; its cycle gets a shared lock.
pub async fn lock(work: &Work<'_, Context>, name: &name::Assessment) -> Result<Assessed, Failure> {
    let cycle = found(
        cycle_share_in_txn(work.txn, &name.cycle.cycle).await?,
        &name.cycle,
    )?;
    let now = work.now().timestamp_millis();
    let row = assessment_lock_in_txn(work.txn, cycle.id, &name.unit, now).await?;
    Ok(Assessed::of(work.txn, cycle, found(row, name)?).await?)
}

/// Locks an assessment for a change that does not affect its index; its version stays the same.
pub async fn lock_same_version(
    txn: &Txn,
    cycle: Option<Cycle>,
    name: &name::Assessment,
) -> Result<Assessed, Failure> {
    let cycle = found(cycle, &name.cycle)?;
    let row = assessment_lock_same_version_in_txn(txn, cycle.id, &name.unit).await?;
    Ok(Assessed::of(txn, cycle, found(row, name)?).await?)
}

/// Saves a locked assessment that was changed at `now` without effect on its index.
pub async fn save(work: &Work<'_, Context>, assessed: &mut Assessed, now: i64) -> Result<(), Failure> {
    assessed.row.updated_at = now;
    Ok(assessment_save_in_txn(work.txn, &assessed.row).await?)
}

/// Recomputes the index of a locked assessment, saves the row, and stages the scores that changed.
pub async fn recompute(work: &mut Work<'_, Context>, assessed: &mut Assessed) -> Result<(), Failure> {
    let locked = std::slice::from_mut(assessed);
    let states = recompute_in_txn(work.txn, &work.app.clock, locked, Extent::Rows).await?;
    states.into_iter().for_each(|state| work.stage(state));
    Ok(())
}
