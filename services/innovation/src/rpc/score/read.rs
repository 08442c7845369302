//! Reads the scores of an entry.

use std::collections::BTreeMap;

use prima_platform::{
    caller::Caller,
    failure::{Failure, found},
    request,
    service::Context,
};
use prima_proto::innovation::v1;

use super::message;
use crate::{
    rpc::access::require_ministry,
    store::{
        Lock,
        entry::entry_get,
        round::round_get,
        score::{Score, scores_of},
        stage_result::results_of,
    },
};

/// The scores of an entry. In the current stage only the ministry may_see the scores of others.
pub async fn list(
    ctx: &Context,
    caller: Caller,
    message: v1::ListScoresRequest,
) -> Result<v1::ListScoresResponse, Failure> {
    let name = request::name("parent", &message.parent)?;
    let reader = ctx.db.reader();
    let stored = found(entry_get(reader, &name, Lock::None).await?, &name)?;
    let round = found(round_get(reader, &name.round, Lock::None).await?, &name.round)?;
    let results = results_of(reader, &[stored.id]).await?;
    let left_out: BTreeMap<String, Vec<String>> = results
        .into_values()
        .flatten()
        .map(|r| (r.stage.clone(), r.left_out()))
        .collect();
    let ministry = require_ministry(&caller).is_ok();
    let shown =
        |score: &&Score| ministry || score.stage != round.stage || score.evaluator == caller.subject();
    let rules = &round.round.rules;
    let shape = |score: &Score| {
        let out = left_out.get(&score.stage);
        let out = out.is_some_and(|left| left.contains(&score.evaluator));
        let why = match (score.recused, out) {
            (true, _) => "recused",
            (false, true) => "outlier",
            (false, false) => "",
        };
        let parts = rules
            .stage(&score.stage)
            .map(|s| rules.scored_parts(s, &stored.proposal.group))
            .unwrap_or_default();
        message::score(score, parts, why)
    };
    let scores = scores_of(reader, stored.id).await?;
    Ok(v1::ListScoresResponse {
        scores: scores.iter().filter(shown).map(shape).collect(),
    })
}
