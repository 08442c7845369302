//! Changes a draft, or an entry that the agency returned.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{innovation::v1, name};

use super::{
    App, check_etag, check_submission, enter_round::faults, not_found, portfolio_keys, portfolios,
    require_unit, round_locked,
};
use crate::{
    domain::entry::{Proposal, wrong_state},
    grpc::render,
    store::{
        Lock,
        entry::{entry_get, entry_save_in_txn},
    },
};

/// What to change.
pub struct Request {
    /// Resource name.
    pub name: name::Entry,
    /// Must be current unless empty.
    pub etag: String,
    /// Fields to change.
    pub paths: Vec<String>,
    /// Holds their values.
    pub given: Proposal,
}

/// The entry as stored.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::Entry, Failure> {
    caller.known()?;
    let txn = app.context.db.begin().await?;
    let round = round_locked(&txn, &request.name.round, Lock::Share).await?;
    let locked = entry_get(&txn, &request.name, Lock::Update).await?;
    let mut stored = locked.ok_or_else(|| not_found(&request.name))?;
    require_unit(caller, &stored.unit.agency)?;
    check_etag(&request.etag, stored.version, &stored.name)?;
    check_submission(&round, app.now())?;
    if !stored.state.is_open() {
        return Err(wrong_state(stored.state));
    }
    let (proposal, given) = (&mut stored.proposal, request.given);
    for path in &request.paths {
        match path.as_str() {
            "group" => proposal.group.clone_from(&given.group),
            "category" => proposal.category.clone_from(&given.category),
            "answers" => proposal.answers.clone_from(&given.answers),
            "documents" => proposal.documents.clone_from(&given.documents),
            _ => {}
        }
    }
    let faults = faults(&round.round.rules, &stored.proposal);
    if !faults.is_empty() {
        return Err(Failure::invalid(faults));
    }
    stored.version = app.context.clock.next_version(stored.version);
    entry_save_in_txn(&txn, &stored).await?;
    portfolios::recompute(app, &txn, &portfolio_keys(&stored.unit, [stored.year])).await?;
    app.commit(txn).await?;
    Ok(render::entry(&stored, true))
}
