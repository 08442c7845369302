//! What lets citizens answer without a role: tokens, links and devices are given out and revoked.

use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    db::Database,
    failure::{Failure, Violation},
    request_id,
    service::Error,
};
use prima_proto::{name, survey::v1 as pb};
use ring::rand::{SecureRandom, SystemRandom};

use super::{App, intake::not_let_in, update_survey::refused};
use crate::{
    NAME,
    domain::{
        access::{self, BatchDraft, Device, Refusal, SECRET_BYTES, Secret, TokenBatch},
        survey::{self, AccessMode, State},
    },
    grpc,
    store::{
        access::{
            device_insert, device_revoke, secret_get_or_insert, survey_hold_in_txn, token_batch_insert,
            token_batch_next_in_txn, token_batch_revoke, tokens_used,
        },
        survey::{Stored, survey_get},
    },
};

const ISSUE_TOKENS: &str = "survey.IssueTokens";
const REGISTER_DEVICE: &str = "survey.RegisterDevice";

/// The secret of this service: made of random bytes of the operating system once, then always that one.
pub async fn secret(db: &Database) -> Result<Secret, Error> {
    let mut fresh = [0; SECRET_BYTES];
    SystemRandom::new()
        .fill(&mut fresh)
        .map_err(|_| Error::Service(NAME, "the operating system gives no random bytes".to_owned()))?;
    secret_get_or_insert(db, &fresh)
        .await
        .map_err(|error| Error::Database(NAME, error))
}

/// What is asked for, parsed.
pub struct IssueTokens {
    /// Client-made id of the request.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
    /// The survey.
    pub survey: name::Survey,
    /// The batch.
    pub draft: BatchDraft,
}

/// Issues a batch and returns it with its tokens, which are kept nowhere: they are made again for a repeat. Fails when
/// the survey is unknown or closed, or does not allow tokens.
pub async fn issue_tokens(
    app: &App,
    caller: &Caller,
    command: IssueTokens,
) -> Result<pb::IssueTokensResponse, Failure> {
    caller.require(&[Role::Operator], &command.survey.unit.agency)?;
    let now = app.context.clock.now();
    let (id, digest) = (&command.request_id, &command.digest);
    let txn = app.context.db.begin().await?;
    let stored = survey_hold_in_txn(&txn, &command.survey.to_string()).await?;
    let first = request_id::find::<pb::IssueTokensResponse>(&txn, ISSUE_TOKENS, caller, id, digest).await?;
    if let Some(first) = first {
        return with_tokens(app, &command.survey, first);
    }
    let mut faults = Vec::new();
    command.draft.check(now, &mut faults);
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let stored = stored.ok_or_else(|| Failure::not_found(&command.survey.to_string()))?;
    must_allow(&stored, AccessMode::Token)?;
    if stored.survey.state(now) == State::Closed {
        return Err(refused(&survey::Refusal::Closed));
    }
    let batch = TokenBatch {
        number: token_batch_next_in_txn(&txn, stored.id).await?,
        counter: command.draft.counter,
        service: command.draft.service,
        size: i64::from(command.draft.size),
        expires_at: command.draft.expires_at,
        created_at: now,
        revoked_at: None,
    };
    token_batch_insert(&txn, stored.id, &batch).await?;
    let answer = pb::IssueTokensResponse {
        batch: Some(grpc::access::token_batch(&command.survey, &batch, 0)),
        tokens: Vec::new(),
    };
    request_id::keep(
        &txn,
        ISSUE_TOKENS,
        caller,
        id,
        digest,
        &answer,
        &app.context.clock,
    )
    .await?;
    txn.commit().await?;
    with_tokens(app, &command.survey, answer)
}

/// The answer with the tokens of its batch.
fn with_tokens(
    app: &App,
    survey: &name::Survey,
    mut answer: pb::IssueTokensResponse,
) -> Result<pb::IssueTokensResponse, Failure> {
    let broken = || Failure::internal("a batch of tokens without its number or size");
    let batch = answer.batch.as_ref().ok_or_else(broken)?;
    let number = name::TokenBatch::parse(&batch.name)
        .ok()
        .and_then(|name| name.batch.parse().ok())
        .ok_or_else(broken)?;
    let size = u32::try_from(batch.size).map_err(|_| broken())?;
    let secret = app.intake.secret();
    answer.tokens = (0..size)
        .map(|serial| secret.token(survey, number, serial))
        .collect();
    Ok(answer)
}

fn must_allow(stored: &Stored, mode: AccessMode) -> Result<(), Failure> {
    if stored.survey.access.contains(&mode) {
        return Ok(());
    }
    Err(not_let_in(Refusal::ModeNotAllowed))
}

/// Revokes a batch and returns it; revoking again changes nothing. Fails when it is unknown.
pub async fn revoke_token_batch(
    app: &App,
    caller: &Caller,
    name: &name::TokenBatch,
) -> Result<pb::TokenBatch, Failure> {
    caller.require(&[Role::Operator], &name.survey.unit.agency)?;
    let unknown = || Failure::not_found(&name.to_string());
    // Only the number as the service writes it names the batch.
    let number = name.batch.parse::<i64>().ok();
    let number = number
        .filter(|n| n.to_string() == name.batch)
        .ok_or_else(unknown)?;
    let now = micros(app.context.clock.now());
    let txn = app.context.db.begin().await?;
    let stored = survey_get(&txn, &name.survey.to_string())
        .await?
        .ok_or_else(unknown)?;
    let batch = token_batch_revoke(&txn, stored.id, number, now)
        .await?
        .ok_or_else(unknown)?;
    let used = tokens_used(&txn, stored.id).await?;
    txn.commit().await?;
    let used = used.get(&number).copied().unwrap_or_default();
    Ok(grpc::access::token_batch(&name.survey, &batch, used))
}

/// The open link of a survey. Fails when the survey is unknown or does not allow links.
pub async fn issue_link(app: &App, caller: &Caller, survey: &name::Survey) -> Result<String, Failure> {
    caller.require(&[Role::Operator], &survey.unit.agency)?;
    let name = survey.to_string();
    let stored = survey_get(app.context.db.reader(), &name).await?;
    must_allow(
        &stored.ok_or_else(|| Failure::not_found(&name))?,
        AccessMode::Link,
    )?;
    Ok(app.intake.secret().link(survey))
}

/// What is asked for, parsed.
pub struct RegisterDevice {
    /// Client-made id of the request.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
    /// Name of the device.
    pub name: name::Device,
    /// Name for people.
    pub display_name: String,
    /// Ed25519 public key.
    pub public_key: Vec<u8>,
}

/// Registers a device and returns it. Fails when the description has faults or the name is taken.
pub async fn register_device(
    app: &App,
    caller: &Caller,
    command: RegisterDevice,
) -> Result<pb::Device, Failure> {
    caller.require(&[Role::Operator], &command.name.unit.agency)?;
    let mut faults: Vec<Violation> = Vec::new();
    access::check_device(&command.display_name, &command.public_key, &mut faults);
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let (id, digest) = (&command.request_id, &command.digest);
    let txn = app.context.db.begin().await?;
    if let Some(first) = request_id::find(&txn, REGISTER_DEVICE, caller, id, digest).await? {
        return Ok(first);
    }
    let device = Device {
        name: command.name,
        display_name: command.display_name,
        public_key: command.public_key,
        created_at: app.context.clock.now(),
        revoked_at: None,
    };
    if !device_insert(&txn, &device).await? {
        // Perhaps the same request won the race: then its answer is there now.
        let first = request_id::find(&txn, REGISTER_DEVICE, caller, id, digest).await?;
        return first.ok_or_else(|| Failure::already_exists(&device.name.to_string()));
    }
    let answer = grpc::access::device(&device);
    request_id::keep(
        &txn,
        REGISTER_DEVICE,
        caller,
        id,
        digest,
        &answer,
        &app.context.clock,
    )
    .await?;
    txn.commit().await?;
    Ok(answer)
}

/// Revokes a device and returns it; revoking again changes nothing. Fails when it is not registered.
pub async fn revoke_device(app: &App, caller: &Caller, name: &name::Device) -> Result<pb::Device, Failure> {
    caller.require(&[Role::Operator], &name.unit.agency)?;
    let now = micros(app.context.clock.now());
    let txn = app.context.db.begin().await?;
    let device = device_revoke(&txn, name, now).await?;
    let device = device.ok_or_else(|| Failure::not_found(&name.to_string()))?;
    txn.commit().await?;
    Ok(grpc::access::device(&device))
}
