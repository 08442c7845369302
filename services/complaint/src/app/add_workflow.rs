//! Makes a workflow the one of new reports; those under way keep theirs.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
};
use prima_proto::complaint::v1;

use super::{App, Once, require_national};
use crate::{
    domain::workflow::Workflow,
    grpc::render_settings,
    store::settings::{By, workflow_add, workflow_get},
};

const METHOD: &str = "complaint.AddWorkflow";

/// A workflow that comes in.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// As read.
    pub workflow: Workflow,
    /// As written.
    pub json: String,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::AddWorkflowResponse, Failure> {
    require_national(caller)?;
    let txn = app.context.db.begin().await?;
    let id = &new.workflow.id;
    let first: Option<v1::AddWorkflowResponse> = new.once.find(&txn, METHOD, caller).await?;
    if first.is_none() {
        let by = By {
            actor: caller.subject().to_owned(),
            at: app.now(),
        };
        let taken = *id == Workflow::built_in().id || !workflow_add(&txn, id, &new.json, &by).await?;
        if taken {
            return Err(Failure::invalid(vec![Violation::new(
                "json.id",
                "is the id of another workflow",
                "adalah id alur kerja lain",
            )]));
        }
        // The workflow itself stands in its table.
        let kept = v1::AddWorkflowResponse::default();
        new.once.keep(&txn, METHOD, caller, &kept, app).await?;
    }
    let row = workflow_get(&txn, id).await?;
    let row = row.ok_or_else(|| Failure::internal("a workflow that was added is gone"))?;
    let answer = v1::AddWorkflowResponse {
        workflow: Some(render_settings::workflow(&row, &new.workflow.title, true)),
    };
    app.commit(txn).await?;
    Ok(answer)
}
