//! Messages of scores.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::innovation::v1;

use crate::{
    domain::{number, round::Part, scoring},
    rpc::message::small,
    store::score::Score,
};

/// A score as a message; `left_out` is the reason why it does not count.
pub fn score(score: &Score, parts: &[Part], left_out: &str) -> v1::Score {
    let part = |part: &Part| v1::PartScore {
        part: part.key.clone(),
        points: small(score.points.get(&part.key).copied().unwrap_or_default()),
    };
    v1::Score {
        stage: score.stage.clone(),
        evaluator: score.evaluator.clone(),
        parts: parts.iter().map(part).collect(),
        total: number::decimal(&scoring::total(parts, &score.points), 2),
        remark: score.remark.clone(),
        left_out: left_out.to_owned(),
        time: Some(to_proto(from_micros(score.scored_at))),
    }
}
