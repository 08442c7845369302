//! Sets what a unit promises for a class, for reports verified from then on.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::complaint::v1;

use super::{App, Once, act, require_coordinator};
use crate::{
    domain::case::Refusal,
    grpc::render_settings,
    store::settings::{By, Promise, deadline_add},
};

const METHOD: &str = "complaint.SetDeadline";

/// A promise that a unit makes.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The promise.
    pub promise: Promise,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::SetDeadlineResponse, Failure> {
    let promise = new.promise;
    require_coordinator(caller, &promise.unit.agency)?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let workflow = app.ground.current_workflow(&txn).await?;
    let class = workflow.class(&promise.class);
    let class = class.ok_or_else(|| act::refused(&Refusal::UnknownClass))?;
    let by = By {
        actor: caller.subject().to_owned(),
        at: app.now(),
    };
    deadline_add(&txn, &promise, &by).await?;
    let own = (promise.days > 0).then_some(promise.days);
    let answer = v1::SetDeadlineResponse {
        deadline: Some(render_settings::deadline(class, own)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
