//! Registers a public service of a unit that still works. It is part of the unit's state.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::Once;
use crate::{domain::public_service::PublicService, grpc::render, store};

const METHOD: &str = "CreatePublicService";

/// A new public service, of which only the unit is unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Resource name.
    pub name: name::PublicService,
    /// Official name.
    pub display_name: String,
    /// What it gives.
    pub description: String,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    ctx: &Context,
    caller: &Caller,
    new: Request,
) -> Result<v1::CreatePublicServiceResponse, Failure> {
    caller.require(&[Role::Operator], &new.name.unit.agency)?;
    let txn = ctx.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let found = store::unit_lock_in_txn(&txn, &new.name.unit).await?;
    let mut unit = found.ok_or_else(|| super::not_found(&new.name.unit))?;
    unit.check_active()?;
    unit.version = ctx.clock.next_version(unit.version);
    let now = ctx.clock.now();
    let service = PublicService {
        name: new.name,
        display_name: new.display_name,
        description: new.description,
        version: unit.version,
        created_at: now,
        updated_at: now,
    };
    if !store::public_service_insert_in_txn(&txn, &service).await? {
        return new.once.find_or_exists(&txn, METHOD, caller, &service.name).await;
    }
    store::unit_save_in_txn(&txn, &unit).await?;
    super::stage_grown_unit(&txn, &unit).await?;
    let answer = v1::CreatePublicServiceResponse {
        public_service: Some(render::public_service(&service)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, &ctx.clock).await?;
    super::commit(ctx, txn).await?;
    Ok(answer)
}
