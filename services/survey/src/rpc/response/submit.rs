//! Submits responses to intake. These operations are not commands of the platform, because several requests share a transaction
//! and the digest by which a repeat is recognised is stored with each response.

use std::{pin::pin, task::Poll};

use futures::{Stream, StreamExt, stream};
use hashbrown::HashMap;
use prima_platform::{
    audit::{self, Act},
    caller::Caller,
    clock::to_proto,
    failure::{Failure, Kind},
    grpc::Network,
};
use prima_proto::{audit::v1::AuditDecision, name, survey::v1 as pb};
use tonic::{Status, Streaming};

use super::item::item;
use crate::{
    domain::access::Proof,
    intake::{Item, Outcome},
    rpc::notice::Streamed,
    service::App,
    store::named::surveys_named,
};

/// Most responses of a stream that are submitted to intake together.
const CHUNK: usize = 1000;
/// How many messages of a stream are decoded and checked before other tasks run.
const AT_ONCE: usize = 64;
/// Chunks of one stream that are in flight at the same time: the more rows wait, the more of each survey a transaction
/// stores, and the fewer pages of the index it touches for each of them.
const CHUNKS_IN_FLIGHT: usize = 4;
/// Most surveys of a stream that are counted as soon as single responses when it has ended.
const URGENT_MAX: usize = 32;
/// Most rejections that an answer lists.
const REJECTIONS_MAX: usize = 1000;

/// Submits one response; returns when it is durable.
pub async fn submit(
    app: &App,
    from: (&Caller, Option<Network>),
    r: pb::SubmitResponseRequest,
) -> Result<pb::SubmitResponseResponse, Failure> {
    let id = r.request_id.clone();
    let sent = pb::SubmitResponsesRequest {
        survey: r.survey,
        response_id: r.request_id,
        response: r.response,
        credential: r.credential,
        import_id: String::new(),
    };
    let item = item(app, from, sent, "request_id")?;
    let (survey, stored_id) = (item.survey.clone(), item.stored_id().into_owned());
    let (id, first) = match app.intake.submit(item).await? {
        Outcome::Accepted(first) | Outcome::Repeated(first) => (stored_id, first),
        Outcome::RepeatedOfBefore(first) => (id, first),
        Outcome::Refused(failure) => return Err(*failure),
    };
    Ok(pb::SubmitResponseResponse {
        name: format!("{survey}/responses/{id}"),
        accept_time: Some(to_proto(first.accepted_at)),
        voided: first.voided,
        counted: first.counted,
        pending: first.pending,
    })
}

/// Submits a stream of responses. Each one is stored or rejected on its own.
pub async fn submit_many(
    app: &App,
    (caller, network): (Caller, Option<Network>),
    stream: Streaming<pb::SubmitResponsesRequest>,
) -> Result<pb::SubmitResponsesResponse, Failure> {
    let mut sum = pb::SubmitResponsesResponse::default();
    let mut streamed = Streamed::default();
    let mut sent = Sent::default();
    let (mut survey, mut import_id) = (String::new(), String::new());
    {
        let messages = stream
            .enumerate()
            .map(|(index, message)| message.map(|m| (index as i64, m)))
            .map(|message| {
                message.map(|(index, mut m)| {
                    inherit(&mut m.survey, &mut survey);
                    inherit(&mut m.import_id, &mut import_id);
                    let (id, from) = (m.response_id.clone(), (&caller, network));
                    let mut item = item(app, from, m, "response_id");
                    if let Ok(item) = &mut item {
                        streamed.add(item);
                        sent.add(item);
                    }
                    (index, id, item.map_err(Box::new))
                })
            });
        let chunks = arrived(messages)
            .map(|chunk| submit_chunk(app, chunk))
            .buffered(CHUNKS_IN_FLIGHT);
        let mut chunks = pin!(chunks);
        while let Some(chunk) = chunks.next().await {
            let (outcomes, broken) = chunk?;
            for (index, response_id, outcome) in outcomes {
                match outcome {
                    Outcome::Accepted(_) => sum.accepted += 1,
                    Outcome::Repeated(first) | Outcome::RepeatedOfBefore(first) => {
                        sum.repeated_count += 1;
                        sum.voided_count += i64::from(first.voided);
                    }
                    Outcome::Refused(failure) => {
                        sum.rejected += 1;
                        if sum.rejections.len() < REJECTIONS_MAX {
                            sum.rejections.push(rejection(index, response_id, *failure));
                        }
                    }
                }
            }
            if let Some(broken) = broken {
                return Err(broken);
            }
        }
    }
    let imported = pb::SubmitResponsesRequest {
        survey,
        ..Default::default()
    };
    if let Some(act) = Act::of(&caller, network, &imported).filter(|_| sum.accepted > 0) {
        let context = &app.context;
        audit::append(context.db.writer(), &act, AuditDecision::Done, &context.clock).await?;
    }
    sum.notices = streamed.notices(app.context.db.reader()).await?;
    (sum.counted, sum.pending) = sent.end(app).await?;
    Ok(sum)
}

/// The surveys of a stream, each with the number of responses that an agent sent.
#[derive(Debug, Default)]
struct Sent(HashMap<name::Survey, usize>);

impl Sent {
    /// Accounts for a response, and marks it as one of many when an agent sends it.
    fn add(&mut self, item: &mut Item) {
        item.bulk = item.proof == Proof::Agent;
        let sent = match self.0.get_mut(&item.survey) {
            Some(sent) => sent,
            None => self.0.entry(item.survey.clone()).or_default(),
        };
        *sent += usize::from(item.bulk);
    }

    /// Ends the imports of at least a step, so that they are released as a whole. Returns how many responses are in the
    /// figures of these surveys then, and how many wait.
    async fn end(self, app: &App) -> Result<(i64, i64), Failure> {
        let sent: HashMap<String, usize> = self.0.iter().map(|(name, n)| (name.to_string(), *n)).collect();
        let names: Vec<String> = sent.keys().cloned().collect();
        let step = app.rules().step;
        let surveys = surveys_named(app.context.db.reader(), &names).await?;
        let imported = surveys
            .iter()
            .filter(|survey| sent.get(&survey.name).is_some_and(|n| *n >= step));
        let imported: Vec<i64> = imported.map(|survey| survey.id).collect();
        app.counter
            .import_ended(&imported, surveys.len() <= URGENT_MAX)
            .await?;
        let ids: Vec<i64> = surveys.iter().map(|survey| survey.id).collect();
        app.counter.standing(&ids).await
    }
}

/// The messages of a stream in chunks, each as many as have arrived and at most [`CHUNK`]. To decode and check that many
/// takes milliseconds, so other tasks run in between, such as those of single responses.
fn arrived<T>(messages: impl Stream<Item = T>) -> impl Stream<Item = Vec<T>> {
    let mut messages = Box::pin(messages.fuse());
    let (mut chunk, mut at_once) = (Vec::new(), 0);
    stream::poll_fn(move |task| {
        while chunk.len() < CHUNK {
            if at_once == AT_ONCE {
                at_once = 0;
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            match messages.as_mut().poll_next(task) {
                Poll::Ready(Some(message)) => chunk.push(message),
                Poll::Pending if chunk.is_empty() => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => break,
            }
            at_once += 1;
        }
        at_once = 0;
        let chunk = std::mem::take(&mut chunk);
        Poll::Ready(Some(chunk).filter(|chunk| !chunk.is_empty()))
    })
}

/// An empty field inherits the value of the previous message.
fn inherit(given: &mut String, before: &mut String) {
    if given.is_empty() {
        given.clone_from(before);
    } else {
        before.clone_from(given);
    }
}

/// Submits a chunk. Responses before a broken message are stored; then the stream fails.
#[expect(
    clippy::type_complexity,
    reason = "private; index, id and outcome of each, and what broke the stream"
)]
async fn submit_chunk(
    app: &App,
    chunk: Vec<Result<(i64, String, Result<Box<Item>, Box<Failure>>), Status>>,
) -> Result<(Vec<(i64, String, Outcome)>, Option<Failure>), Failure> {
    let (mut items, mut positions, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    let mut broken = None;
    for message in chunk {
        match message {
            Ok((index, id, Ok(item))) => {
                items.push(item);
                positions.push((index, id));
            }
            // A caller without a token and without a credential may submit nothing, so the whole call fails.
            Ok((_, _, Err(failure))) if failure.kind == Kind::Unauthenticated => {
                broken = Some(*failure);
                break;
            }
            Ok((index, id, Err(failure))) => outcomes.push((index, id, Outcome::Refused(failure))),
            Err(error) => {
                broken = Some(broken_stream(&error));
                break;
            }
        }
    }
    if !items.is_empty() {
        let stored = app.intake.submit_many(items).await?;
        outcomes.extend(
            positions
                .into_iter()
                .zip(stored)
                .map(|((index, id), outcome)| (index, id, outcome)),
        );
    }
    outcomes.sort_by_key(|(index, _, _)| *index);
    Ok((outcomes, broken))
}

fn broken_stream(error: &Status) -> Failure {
    let kind = match error.code() {
        tonic::Code::OutOfRange | tonic::Code::ResourceExhausted => Kind::Exhausted,
        tonic::Code::Cancelled | tonic::Code::Unknown | tonic::Code::Unavailable => Kind::Unavailable,
        _ => Kind::Invalid,
    };
    let text = format!(
        "the stream broke: {}; the responses before are stored",
        error.message()
    );
    Failure::new(
        kind,
        "STREAM_BROKEN",
        text,
        "Aliran data terputus; tanggapan yang sudah diterima sebelumnya tersimpan",
    )
}

fn rejection(index: i64, response_id: String, failure: Failure) -> pb::Rejection {
    pb::Rejection {
        index,
        response_id: response_id.chars().take(64).collect(),
        reason: failure.reason.to_owned(),
        message: failure.localized,
        violations: failure
            .violations
            .into_iter()
            .take(30)
            .map(|v| pb::FieldViolation {
                field: v.field,
                description: v.description,
                localized_message: v.localized,
            })
            .collect(),
    }
}
