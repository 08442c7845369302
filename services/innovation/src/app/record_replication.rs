//! Records that a unit adopted an innovation.

use std::collections::BTreeSet;

use chrono::Datelike;
use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
};
use prima_proto::{innovation::v1, name};

use super::{App, Once, not_found, portfolio_keys, portfolios, require_unit};
use crate::{
    domain::replication::Replication,
    grpc::render,
    store::{
        Lock,
        innovation::innovation_get,
        replication::{Stored, replication_insert},
    },
};

const METHOD: &str = "innovation.RecordReplication";

/// A new replication.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The innovation that was adopted.
    pub innovation: name::Innovation,
    /// The unit that adopted it.
    pub adopter: name::Unit,
    /// Innovation that the adopter registered for it.
    pub replica: Option<name::Innovation>,
    /// What is kept of it.
    pub replication: Replication,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::RecordReplicationResponse, Failure> {
    require_unit(caller, &new.adopter.agency)?;
    let mut faults = Vec::new();
    if new.adopter == new.innovation.unit {
        faults.push(Violation::new(
            "replication.adopter",
            "must be another unit than that of the innovation",
            "harus unit lain dari pemilik inovasi",
        ));
    }
    if new.replication.adopted > app.today() {
        faults.push(Violation::new(
            "replication.adopt_date",
            "must not be in the future",
            "tidak boleh di masa depan",
        ));
    }
    if new.replica.as_ref().is_some_and(|r| r.unit != new.adopter) {
        faults.push(Violation::new(
            "replication.replica",
            "must be an innovation of the adopter",
            "harus inovasi milik unit yang mengadopsi",
        ));
    }
    if !faults.is_empty() {
        return Err(Failure::invalid(faults));
    }
    let txn = app.context.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let source = innovation_get(&txn, &new.innovation, Lock::None).await?;
    let source = source.ok_or_else(|| not_found(&new.innovation))?;
    if let Some(replica) = &new.replica {
        let found = innovation_get(&txn, replica, Lock::None).await?;
        found.ok_or_else(|| not_found(replica))?;
    }
    let stored = Stored {
        id: 0,
        name: name::Replication {
            innovation: new.innovation,
            replication: app.context.ids.next().simple().to_string(),
        },
        adopter: new.adopter,
        replication: new.replication,
    };
    if !replication_insert(&txn, source.id, &stored).await? {
        let what = format!("{}: replication by {}", source.name, stored.adopter);
        return new.once.find_or_exists(&txn, METHOD, caller, what).await;
    }
    let year = [stored.replication.adopted.year()];
    let mut keys: BTreeSet<_> = portfolio_keys(&stored.adopter, year);
    keys.extend(portfolio_keys(&stored.name.innovation.unit, year));
    portfolios::recompute(app, &txn, &keys).await?;
    let answer = v1::RecordReplicationResponse {
        replication: Some(render::replication(&stored)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
