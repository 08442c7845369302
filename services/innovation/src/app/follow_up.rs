//! Records whether a replica is still in use.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{innovation::v1, name};

use super::{App, Once, not_found, require_unit};
use crate::{
    domain::replication::FollowUp,
    grpc::render,
    store::replication::{replication_lock_in_txn, replication_save_in_txn},
};

const METHOD: &str = "innovation.FollowUpReplication";

/// A look at a replica.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The replication.
    pub name: name::Replication,
    /// What was seen.
    pub follow_up: FollowUp,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<v1::FollowUpReplicationResponse, Failure> {
    caller.known()?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let locked = replication_lock_in_txn(&txn, &request.name).await?;
    let mut stored = locked.ok_or_else(|| not_found(&request.name))?;
    require_unit(caller, &stored.adopter.agency)?;
    stored.replication.follow_up(request.follow_up, app.today())?;
    replication_save_in_txn(&txn, &stored).await?;
    let answer = v1::FollowUpReplicationResponse {
        replication: Some(render::replication(&stored)),
    };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
