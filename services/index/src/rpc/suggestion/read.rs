//! Lists suggestions.

use prima_platform::{failure::Failure, request::Faults, service::Context};
use prima_proto::index::v1 as pb;

use super::message;
use crate::{
    derived::{evaluation_date, facts_of},
    domain::suggestion::suggest,
    rpc::target,
    store::instrument_of,
};

/// The suggestions for an assessment, each with the level that counts.
pub async fn list(
    ctx: &Context,
    message: pb::ListSuggestionsRequest,
) -> Result<pb::ListSuggestionsResponse, Failure> {
    let named = &message.assessment;
    let (cycle, row) = target::read(ctx, "assessment", named, Faults::default()).await?;
    let given = row.read_inputs()?.levels;
    let reader = ctx.db.reader();
    let facts = facts_of(reader, &row.unit_name()).await?;
    let instrument = instrument_of(reader, &cycle).await?;
    let suggested = suggest(&instrument, &row.form, &facts, evaluation_date(&cycle)?);
    let beside = suggested.iter().map(|s| {
        let given = given.get(&s.indicator).map(|given| &given.level);
        message::suggestion(s, given)
    });
    Ok(pb::ListSuggestionsResponse {
        suggestions: beside.collect(),
    })
}
