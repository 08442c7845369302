//! Classes of reports, which the current workflow defines.

use std::sync::Arc;

use prima_platform::{failure::Violation, grpc::status, query::admit_unless_faulty};
use prima_proto::access::Protected;
use tonic::{Request, Status};

use crate::{context::App, domain::workflow::Workflow};

/// Adds the current workflow to a request, for its parser. Callers whom the rule of the method refuses are refused before it is read.
pub async fn with_workflow<M: Protected>(
    app: &App,
    request: Request<M>,
) -> Result<Request<(Arc<Workflow>, M)>, Status> {
    admit_unless_faulty(&app.context, &request).await?;
    let workflow = app.settings.current_workflow(app.context.db.reader()).await;
    let workflow = workflow.map_err(status)?;
    Ok(request.map(|message| (workflow, message)))
}

/// Checks that the workflow has a class.
pub fn check(field: &str, raw: &str, workflow: &Workflow) -> Result<(), Violation> {
    match workflow.class(raw) {
        Some(_) => Ok(()),
        None => Err(unknown(field)),
    }
}

/// The fault of an unknown class.
pub fn unknown(field: &str) -> Violation {
    Violation::new(
        field,
        "is not a class of the workflow",
        "bukan klasifikasi yang dikenal",
    )
}
