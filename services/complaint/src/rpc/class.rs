//! Classes of reports: which there are, the workflow of new reports says.

use std::sync::Arc;

use prima_platform::{caller, failure::Violation, grpc::status};
use tonic::{Request, Status};

use crate::{context::App, domain::workflow::Workflow};

/// The message of a caller who has a token, with the workflow of new reports.
pub async fn with_workflow<M>(app: &App, request: Request<M>) -> Result<Request<(Arc<Workflow>, M)>, Status> {
    caller::of(&request).known().map_err(status)?;
    let workflow = app.ground.current_workflow(app.context.db.reader()).await;
    let workflow = workflow.map_err(status)?;
    Ok(request.map(|message| (workflow, message)))
}

/// `Ok` for a class of the workflow.
pub fn check(field: &str, raw: &str, workflow: &Workflow) -> Result<(), Violation> {
    match workflow.class(raw) {
        Some(_) => Ok(()),
        None => Err(unknown(field)),
    }
}

/// The fault of a class that is none.
pub fn unknown(field: &str) -> Violation {
    Violation::new(
        field,
        "is not a class of the workflow",
        "bukan klasifikasi yang dikenal",
    )
}
