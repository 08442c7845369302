//! Changes an agency.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
    outbox,
    service::Context,
};
use prima_proto::name;

use crate::{
    domain::agency::{Agency, Change},
    events, store,
};

/// What to change in which agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Resource name.
    pub name: name::Agency,
    /// Must be current unless empty.
    pub etag: String,
    /// What to change.
    pub change: Change,
}

/// The agency as stored.
pub async fn run(ctx: &Context, caller: &Caller, request: Request) -> Result<Agency, Failure> {
    caller.require(&[Role::Admin], &request.name.agency)?;
    let txn = ctx.db.begin().await?;
    let found = store::agency_lock_in_txn(&txn, &request.name).await?;
    let mut agency = found.ok_or_else(|| super::not_found(&request.name))?;
    super::check_etag(&request.etag, agency.version, &agency.name)?;
    agency
        .change(request.change)
        .map_err(|fault| Failure::invalid(vec![fault]))?;
    super::check_province(&txn, agency.parent.as_ref()).await?;
    agency.version = ctx.clock.next_version(agency.version);
    agency.updated_at = ctx.clock.now();
    store::agency_save_in_txn(&txn, &agency).await?;
    outbox::stage(&txn, &[events::agency(&agency)]).await?;
    super::commit(ctx, txn).await?;
    Ok(agency)
}
