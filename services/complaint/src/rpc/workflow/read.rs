//! Reads workflows.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::message;
use crate::{context::App, store::workflow::workflows};

/// Every workflow, the newest first; every caller may read them.
pub async fn list(app: &App) -> Result<v1::ListWorkflowsResponse, Failure> {
    let db = app.context.db.reader();
    let rows = workflows(db).await?;
    let built_in = message::built_in(rows.is_empty());
    let mut listed = Vec::new();
    for row in &rows {
        let workflow = app.settings.workflow(db, &row.id).await?;
        listed.push(message::workflow(row, &workflow.title, listed.is_empty()));
    }
    listed.push(built_in);
    Ok(v1::ListWorkflowsResponse { workflows: listed })
}
