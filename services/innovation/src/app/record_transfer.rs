//! Records an event at which knowledge of an innovation was passed on.

use std::collections::BTreeSet;

use chrono::Datelike;
use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
};
use prima_proto::{innovation::v1, name};

use super::{App, Once, not_found, portfolio_keys, portfolios, require_unit};
use crate::{
    domain::replication::Transfer,
    grpc::render,
    store::{Lock, innovation::innovation_get, replication::transfer_insert},
};

const METHOD: &str = "innovation.RecordTransfer";

/// A new event.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The innovation it was about.
    pub innovation: name::Innovation,
    /// Units that learnt.
    pub receivers: Vec<name::Unit>,
    /// What is kept of it.
    pub transfer: Transfer,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::RecordTransferResponse, Failure> {
    require_unit(caller, &new.innovation.unit.agency)?;
    if new.transfer.date > app.today() {
        return Err(Failure::invalid(vec![Violation::new(
            "transfer.date",
            "must not be in the future",
            "tidak boleh di masa depan",
        )]));
    }
    let txn = app.context.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let source = innovation_get(&txn, &new.innovation, Lock::None).await?;
    let source = source.ok_or_else(|| not_found(&new.innovation))?;
    transfer_insert(&txn, &source, &new.transfer, &new.receivers).await?;
    let year = [new.transfer.date.year()];
    let keys: BTreeSet<_> = new
        .receivers
        .iter()
        .flat_map(|unit| portfolio_keys(unit, year))
        .collect();
    portfolios::recompute(app, &txn, &keys).await?;
    let answer = v1::RecordTransferResponse {
        transfer: Some(render::transfer(&source.name.to_string(), &new.transfer)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
