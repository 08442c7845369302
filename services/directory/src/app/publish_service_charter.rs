//! Records the service charter of a unit as a new revision. What it tells is part of the unit's state.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::Once;
use crate::{
    domain::charter::{Charter, Revision},
    grpc::render,
    store,
};

const METHOD: &str = "PublishServiceCharter";

/// A charter, of which only the unit is unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The unit.
    pub name: name::Unit,
    /// What it says.
    pub charter: Charter,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    ctx: &Context,
    caller: &Caller,
    new: Request,
) -> Result<v1::PublishServiceCharterResponse, Failure> {
    caller.require(&[Role::Operator], &new.name.agency)?;
    let txn = ctx.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let mut unit = store::unit_lock_in_txn(&txn, &new.name)
        .await?
        .ok_or_else(|| super::not_found(&new.name))?;
    unit.check_active()?;
    unit.version = ctx.clock.next_version(unit.version);
    let revision = Revision {
        number: store::charter_revision(&txn, &new.name).await? + 1,
        unit: new.name,
        charter: new.charter,
        created_at: ctx.clock.now(),
    };
    store::charter_insert_in_txn(&txn, &revision, caller.subject()).await?;
    store::unit_save_in_txn(&txn, &unit).await?;
    super::stage_grown_unit(&txn, &unit).await?;
    let answer = v1::PublishServiceCharterResponse {
        charter: Some(render::charter(&revision)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, &ctx.clock).await?;
    super::commit(ctx, txn).await?;
    Ok(answer)
}
