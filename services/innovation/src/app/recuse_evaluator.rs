//! Takes an evaluator off an entry.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
};
use prima_proto::{innovation::v1, name};

use super::{
    App, Once, not_found, require_evaluator, require_ministry, round_locked, score_entry::scored_stage,
};
use crate::store::{Lock, contest::recusal_put, entry::entry_get};

const METHOD: &str = "innovation.RecuseEvaluator";

/// A recusal.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The entry.
    pub name: name::Entry,
    /// Subject of the evaluator; the caller when empty.
    pub evaluator: String,
    /// The conflict of interest.
    pub reason: String,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<v1::RecuseEvaluatorResponse, Failure> {
    let evaluator = if request.evaluator.is_empty() {
        caller.subject().to_owned()
    } else {
        request.evaluator
    };
    if evaluator == caller.subject() {
        require_evaluator(caller)?;
    } else {
        require_ministry(caller)?;
    }
    let txn = app.context.db.begin().await?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let round = round_locked(&txn, &request.name.round, Lock::Share).await?;
    let found = entry_get(&txn, &request.name, Lock::None).await?;
    let entry = found.ok_or_else(|| not_found(&request.name))?;
    let stage = scored_stage(&round)?;
    if !round.round.panel.iter().any(|m| m.subject == evaluator) {
        return Err(Failure::invalid(vec![Violation::new(
            "evaluator",
            "is not on the panel of the round",
            "bukan evaluator dalam kompetisi ini",
        )]));
    }
    let by = (caller.subject(), app.now_micros());
    recusal_put(&txn, entry.id, &evaluator, &stage.key, &request.reason, by).await?;
    let answer = v1::RecuseEvaluatorResponse { evaluator };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
