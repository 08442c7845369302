//! Registers a unit.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
    outbox,
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::Once;
use crate::{
    domain::unit::{State, Unit},
    events,
    grpc::render,
    store,
};

const METHOD: &str = "CreateUnit";

/// A new unit, of which only the agency is unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Resource name.
    pub name: name::Unit,
    /// Official name.
    pub display_name: String,
    /// Key of a known unit type.
    pub unit_type: String,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(ctx: &Context, caller: &Caller, new: Request) -> Result<v1::CreateUnitResponse, Failure> {
    caller.require(&[Role::Operator], &new.name.agency)?;
    let txn = ctx.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    // A plain read will do: agencies stay.
    let agency = new.name.agency_name();
    if store::agency_get(&txn, &agency).await?.is_none() {
        return Err(super::not_found(agency));
    }
    let now = ctx.clock.now();
    let unit = Unit {
        name: new.name,
        display_name: new.display_name,
        unit_type: new.unit_type,
        state: State::Active,
        version: ctx.clock.next_version(0),
        created_at: now,
        updated_at: now,
    };
    if !store::unit_insert_in_txn(&txn, &unit).await? {
        return new.once.find_or_exists(&txn, METHOD, caller, &unit.name).await;
    }
    outbox::stage(&txn, &[events::unit(&unit, &[], None)]).await?;
    let answer = v1::CreateUnitResponse {
        unit: Some(render::unit(&unit)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, &ctx.clock).await?;
    super::commit(ctx, txn).await?;
    Ok(answer)
}
