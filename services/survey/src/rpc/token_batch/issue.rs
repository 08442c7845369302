//! Issues single-use tokens, each for one response.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{self, Command, IdempotencyKey, Work},
    failure::{Failure, found},
    grpc::{Answer, answer},
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};
use tonic::Request;

use super::message;
use crate::{
    domain::{
        access::{self, BatchDraft, TokenBatch},
        survey::{AccessMode, Refusal, State},
    },
    rpc::field,
    service::App,
    store::{
        survey::survey_lock_unchanged_in_txn,
        token_batch::{token_batch_insert_in_txn, token_batch_next_number_in_txn},
    },
};

/// Issues a batch and returns it with its tokens. The tokens are not stored; they are derived again for a repeat.
pub async fn issue(app: &App, request: Request<pb::IssueTokensRequest>) -> Answer<pb::IssueTokensResponse> {
    let kept = command::run::<Issue>(app, request).await?;
    answer(with_tokens(app, kept.into_inner()))
}

/// A new batch. It is checked only when the request is not a repeat, because its expiry may have passed since.
#[derive(Debug, Clone)]
struct Issue {
    once: IdempotencyKey,
    survey: name::Survey,
    draft: BatchDraft,
}

impl Command for Issue {
    type App = App;
    type Message = pb::IssueTokensRequest;
    /// The stored response does not contain the tokens.
    type Answer = pb::IssueTokensResponse;

    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let once = IdempotencyKey::new("survey.IssueTokens", &message.request_id, &message);
        let mut faults = Faults::default();
        faults.take(request::id("request_id", message.request_id));
        let survey = faults.take(request::name("survey", &message.survey));
        let draft = BatchDraft {
            counter: message.counter.trim().to_owned(),
            service: message.service,
            size: message.size,
            expires_at: faults.or_default(field::time("expire_time", message.expire_time.as_ref())),
        };
        let survey = field::well_formed(faults, survey, || draft.check(now))?;
        Ok(Self { once, survey, draft })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let locked = survey_lock_unchanged_in_txn(txn, &self.survey.to_string()).await?;
        self.draft.check(now)?;
        let stored = found(locked, &self.survey)?;
        access::check_mode(&stored.survey.access, AccessMode::Token)?;
        if stored.survey.state(now) == State::Closed {
            return Err(Refusal::Closed.into());
        }
        let batch = TokenBatch {
            number: token_batch_next_number_in_txn(txn, stored.id).await?,
            counter: self.draft.counter,
            service: self.draft.service,
            size: i64::from(self.draft.size),
            expires_at: self.draft.expires_at,
            created_at: now,
            revoked_at: None,
        };
        token_batch_insert_in_txn(txn, stored.id, &batch).await?;
        Ok(pb::IssueTokensResponse {
            batch: Some(message::token_batch(&self.survey, &batch, 0)),
            tokens: Vec::new(),
        })
    }
}

/// The answer with the tokens of its batch.
fn with_tokens(app: &App, mut answer: pb::IssueTokensResponse) -> Result<pb::IssueTokensResponse, Failure> {
    let broken = || Failure::internal("a batch of tokens without its number or size");
    let batch = answer.batch.as_ref().ok_or_else(broken)?;
    let name = name::TokenBatch::parse(&batch.name).map_err(|_| broken())?;
    let number = name.batch.parse::<u32>().map_err(|_| broken())?;
    let size = u32::try_from(batch.size).map_err(|_| broken())?;
    let secret = app.intake.secret();
    answer.tokens = (0..size)
        .map(|serial| secret.token(&name.survey, number, serial))
        .collect();
    Ok(answer)
}
