//! Converts batches of tokens to messages.

use prima_platform::clock::to_proto;
use prima_proto::{name, survey::v1 as pb};

use crate::domain::access::TokenBatch;

/// A batch as its message; `used` is the number of its tokens that were used.
pub fn token_batch(survey: &name::Survey, batch: &TokenBatch, used: i64) -> pb::TokenBatch {
    let name = name::TokenBatch {
        survey: survey.clone(),
        batch: batch.number.to_string(),
    };
    pb::TokenBatch {
        name: name.to_string(),
        counter: batch.counter.clone(),
        service: batch.service.clone(),
        size: i32::try_from(batch.size).unwrap_or(i32::MAX),
        used,
        expire_time: batch.expires_at.map(to_proto),
        create_time: Some(to_proto(batch.created_at)),
        revoke_time: batch.revoked_at.map(to_proto),
    }
}
