//! One file per use case that changes state: begin, look for the first answer, lock, domain, save, stage, commit.
//! A transaction that is dropped before its commit is rolled back.

pub mod close_unit;
pub mod create_agency;
pub mod create_public_service;
pub mod create_unit;
pub mod publish_service_charter;
pub mod publish_service_standard;
pub mod update_agency;
pub mod update_public_service;
pub mod update_unit;

use std::fmt::Display;

use prima_platform::{
    caller::Caller, clock::Clock, db::Txn, failpoint, failure::Failure, outbox, request_id, service::Context,
};
use prima_proto::name;

use crate::{
    domain::{
        agency, etag, public_service,
        unit::{self, Unit},
    },
    events, store,
};

/// The id of a create request, and the digest of its body as parsed. A repeat gets the first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Client-made id.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
}

impl Once {
    async fn find<A>(&self, txn: &Txn, method: &str, caller: &Caller) -> Result<Option<A>, Failure>
    where
        A: prost::Message + Default,
    {
        request_id::find(txn, method, caller, &self.request_id, &self.digest).await
    }

    /// What to answer when the id of the new resource is in use: the first answer, when another transaction gave it
    /// since this one looked, else that `name` exists.
    async fn find_or_exists<A>(
        &self,
        txn: &Txn,
        method: &str,
        caller: &Caller,
        name: impl Display,
    ) -> Result<A, Failure>
    where
        A: prost::Message + Default,
    {
        let first = self.find(txn, method, caller).await?;
        first.ok_or_else(|| Failure::already_exists(&name.to_string()))
    }

    async fn keep(
        &self,
        txn: &Txn,
        method: &str,
        caller: &Caller,
        answer: &impl prost::Message,
        clock: &Clock,
    ) -> Result<(), Failure> {
        request_id::keep(txn, method, caller, &self.request_id, &self.digest, answer, clock).await
    }
}

fn not_found(name: impl Display) -> Failure {
    Failure::not_found(&name.to_string())
}

fn check_etag(etag: &str, version: i64, name: impl Display) -> Result<(), Failure> {
    if etag::holds(etag, version) {
        Ok(())
    } else {
        Err(Failure::stale_etag(&name.to_string()))
    }
}

/// A parent must be a province that exists. A plain read will do: agencies stay, and so does their kind.
async fn check_province(txn: &Txn, parent: Option<&name::Agency>) -> Result<(), Failure> {
    let Some(parent) = parent else { return Ok(()) };
    let found = store::agency_get(txn, parent).await?.map(|agency| agency.kind);
    agency::check_province("agency.parent", parent, found).map_err(|fault| Failure::invalid(vec![fault]))
}

/// The state of a locked unit, with all that stands in its transaction.
async fn unit_state(txn: &Txn, unit: &Unit) -> Result<outbox::State, Failure> {
    let services = store::public_service_list(txn, &unit.name).await?;
    public_service::check_count(&unit.name, &services)?;
    let charter = store::charter_facts(txn, &unit.name).await?;
    Ok(events::unit(unit, &services, charter.as_ref()))
}

/// Stages the state of a locked unit.
async fn stage_unit(txn: &Txn, unit: &Unit) -> Result<(), Failure> {
    let state = unit_state(txn, unit).await?;
    Ok(outbox::stage(txn, &[state]).await?)
}

/// Stages the state of a locked unit of which more is told than before: one event must hold it.
async fn stage_grown_unit(txn: &Txn, unit: &Unit) -> Result<(), Failure> {
    let state = unit_state(txn, unit).await?;
    unit::check_size(&unit.name, state.payload.len())?;
    Ok(outbox::stage(txn, &[state]).await?)
}

/// Commits what was staged and wakes the relay.
async fn commit(ctx: &Context, txn: Txn) -> Result<(), Failure> {
    failpoint::hit("directory.staged").await;
    txn.commit().await?;
    failpoint::hit("directory.committed").await;
    ctx.outbox.committed();
    Ok(())
}
