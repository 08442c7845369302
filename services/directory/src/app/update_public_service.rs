//! Changes a public service of a unit that still works. It is part of the unit's state.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
    service::Context,
};
use prima_proto::name;

use crate::{
    domain::public_service::{Change, PublicService},
    store,
};

/// What to change in which public service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Resource name.
    pub name: name::PublicService,
    /// Must be current unless empty.
    pub etag: String,
    /// What to change.
    pub change: Change,
}

/// The public service as stored.
pub async fn run(ctx: &Context, caller: &Caller, request: Request) -> Result<PublicService, Failure> {
    caller.require(&[Role::Operator], &request.name.unit.agency)?;
    let txn = ctx.db.begin().await?;
    let missing = || super::not_found(&request.name);
    let mut unit = store::unit_lock_in_txn(&txn, &request.name.unit)
        .await?
        .ok_or_else(missing)?;
    let mut service = store::public_service_get(&txn, &request.name)
        .await?
        .ok_or_else(missing)?;
    super::check_etag(&request.etag, service.version, &service.name)?;
    unit.check_active()?;
    service.change(request.change);
    unit.version = ctx.clock.next_version(unit.version);
    service.version = unit.version;
    service.updated_at = ctx.clock.now();
    store::public_service_save_in_txn(&txn, &service).await?;
    store::unit_save_in_txn(&txn, &unit).await?;
    super::stage_grown_unit(&txn, &unit).await?;
    super::commit(ctx, txn).await?;
    Ok(service)
}
