//! Registers an agency.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
    outbox,
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::Once;
use crate::{
    domain::agency::{Agency, Kind},
    events,
    grpc::render,
    store,
};

const METHOD: &str = "CreateAgency";

/// A new agency, of which only the province is unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Resource name.
    pub name: name::Agency,
    /// Official name.
    pub display_name: String,
    /// Kind.
    pub kind: Kind,
    /// Province of a regency or city.
    pub parent: Option<name::Agency>,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(ctx: &Context, caller: &Caller, new: Request) -> Result<v1::CreateAgencyResponse, Failure> {
    caller.require(&[Role::Admin], &new.name.agency)?;
    let txn = ctx.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    super::check_province(&txn, new.parent.as_ref()).await?;
    let now = ctx.clock.now();
    let agency = Agency {
        name: new.name,
        display_name: new.display_name,
        kind: new.kind,
        parent: new.parent,
        version: ctx.clock.next_version(0),
        created_at: now,
        updated_at: now,
    };
    if !store::agency_insert_in_txn(&txn, &agency).await? {
        return new.once.find_or_exists(&txn, METHOD, caller, &agency.name).await;
    }
    outbox::stage(&txn, &[events::agency(&agency)]).await?;
    let answer = v1::CreateAgencyResponse {
        agency: Some(render::agency(&agency)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, &ctx.clock).await?;
    super::commit(ctx, txn).await?;
    Ok(answer)
}
