//! Records the service standard of a public service as a new revision. What it tells is part of the unit's state.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::Once;
use crate::{
    domain::standard::{Revision, Standard},
    grpc::render,
    store,
};

const METHOD: &str = "PublishServiceStandard";

/// A standard, of which only the public service is unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The public service.
    pub name: name::PublicService,
    /// What it says.
    pub standard: Standard,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    ctx: &Context,
    caller: &Caller,
    new: Request,
) -> Result<v1::PublishServiceStandardResponse, Failure> {
    caller.require(&[Role::Operator], &new.name.unit.agency)?;
    let txn = ctx.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let missing = || super::not_found(&new.name);
    let mut unit = store::unit_lock_in_txn(&txn, &new.name.unit)
        .await?
        .ok_or_else(missing)?;
    store::public_service_get(&txn, &new.name)
        .await?
        .ok_or_else(missing)?;
    unit.check_active()?;
    unit.version = ctx.clock.next_version(unit.version);
    let revision = Revision {
        number: store::standard_revision(&txn, &new.name).await? + 1,
        service: new.name,
        standard: new.standard,
        created_at: ctx.clock.now(),
    };
    store::standard_insert_in_txn(&txn, &revision, caller.subject()).await?;
    store::unit_save_in_txn(&txn, &unit).await?;
    super::stage_grown_unit(&txn, &unit).await?;
    let answer = v1::PublishServiceStandardResponse {
        standard: Some(render::standard(&revision)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, &ctx.clock).await?;
    super::commit(ctx, txn).await?;
    Ok(answer)
}
