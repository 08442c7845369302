//! Reads deadlines.

use prima_platform::{failure::Failure, request};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{context::App, store::deadline::deadline_of};

/// The deadline of every class for a unit; every caller may read them.
pub async fn list(
    app: &App,
    request: v1::ListDeadlinesRequest,
) -> Result<v1::ListDeadlinesResponse, Failure> {
    let unit = request::one::<name::Unit>("unit", &request.unit)?;
    let db = app.context.db.reader();
    let workflow = app.settings.current_workflow(db).await?;
    let mut deadlines = Vec::new();
    for class in &workflow.classes {
        let own = deadline_of(db, &unit.agency, &unit.unit, &class.key).await?;
        deadlines.push(message::deadline(class, own));
    }
    Ok(v1::ListDeadlinesResponse { deadlines })
}
