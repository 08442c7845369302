//! Takes an entry out of the knowledge base.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::{App, require_liaison};
use crate::{
    app::{Once, not_found, precondition},
    store::{
        Lock,
        knowledge::{knowledge_get, knowledge_withdraw},
        sealed::Note,
    },
};

const METHOD: &str = "complaint.WithdrawKnowledge";

/// What goes, and why.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The entry.
    pub name: name::Knowledge,
    /// Why.
    pub reason: Note,
}

/// Nothing, the first time and every other.
pub async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<v1::WithdrawKnowledgeResponse, Failure> {
    let txn = app.context.db.begin().await?;
    let stored = knowledge_get(&txn, &request.name, Lock::Update).await?;
    let stored = stored.ok_or_else(|| not_found(&request.name))?;
    require_liaison(caller, &stored.agency)?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    if stored.withdrawn_at.is_some() {
        return Err(precondition(
            "ALREADY_WITHDRAWN",
            "the entry was withdrawn already",
            "Entri ini sudah ditarik",
        ));
    }
    let (id, actor) = (stored.id, caller.subject());
    knowledge_withdraw(&txn, &app.vault, id, actor, &request.reason, app.now()).await?;
    let answer = v1::WithdrawKnowledgeResponse {};
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
