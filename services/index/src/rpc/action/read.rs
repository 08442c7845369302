//! Reads action plans.

use prima_platform::{failure::Failure, request::Faults, service::Context};
use prima_proto::index::v1 as pb;

use super::message;
use crate::{rpc::target, store::action_list};

/// Every action of an assessment, ordered by due date and number.
pub async fn list(
    ctx: &Context,
    message: pb::ListActionsRequest,
) -> Result<pb::ListActionsResponse, Failure> {
    let (cycle, row) = target::read(ctx, "assessment", &message.assessment, Faults::default()).await?;
    let rows = action_list(ctx.db.reader(), cycle.id, &row.unit_name()).await?;
    Ok(pb::ListActionsResponse {
        actions: rows.into_iter().map(message::action).collect(),
    })
}
