//! Changes a unit that still works.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
    service::Context,
};
use prima_proto::name;

use crate::{
    domain::unit::{Change, Unit},
    store,
};

/// What to change in which unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Resource name.
    pub name: name::Unit,
    /// Must be current unless empty.
    pub etag: String,
    /// What to change.
    pub change: Change,
}

/// The unit as stored.
pub async fn run(ctx: &Context, caller: &Caller, request: Request) -> Result<Unit, Failure> {
    caller.require(&[Role::Operator], &request.name.agency)?;
    let txn = ctx.db.begin().await?;
    let found = store::unit_lock_in_txn(&txn, &request.name).await?;
    let mut unit = found.ok_or_else(|| super::not_found(&request.name))?;
    super::check_etag(&request.etag, unit.version, &unit.name)?;
    unit.change(request.change)?;
    unit.version = ctx.clock.next_version(unit.version);
    unit.updated_at = ctx.clock.now();
    store::unit_save_in_txn(&txn, &unit).await?;
    super::stage_unit(&txn, &unit).await?;
    super::commit(ctx, txn).await?;
    Ok(unit)
}
