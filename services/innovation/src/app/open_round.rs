//! Opens a competition round.

use prima_platform::{caller::Caller, clock::micros, failure::Failure};
use prima_proto::{innovation::v1, name};

use super::{App, Once, require_ministry};
use crate::{
    domain::{round::Round, round_check},
    grpc::render,
    store::round::{Stored, round_insert},
};

const METHOD: &str = "innovation.OpenRound";

/// A new round.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Resource name.
    pub name: name::Round,
    /// Its definition.
    pub round: Round,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::OpenRoundResponse, Failure> {
    require_ministry(caller)?;
    let faults = round_check::faults(&new.round);
    if !faults.is_empty() {
        return Err(Failure::invalid(faults));
    }
    let txn = app.context.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let now = micros(app.now());
    let stage = new
        .round
        .rules
        .stages
        .first()
        .map(|s| s.key.clone())
        .unwrap_or_default();
    let stored = Stored {
        id: 0,
        name: new.name,
        round: new.round,
        stage,
        stage_at: now,
        announced: false,
        created_at: now,
    };
    if round_insert(&txn, &stored).await?.is_none() {
        return new.once.find_or_exists(&txn, METHOD, caller, &stored.name).await;
    }
    let answer = v1::OpenRoundResponse {
        round: Some(render::round(&stored, true)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
