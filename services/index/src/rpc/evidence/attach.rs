//! Attaches evidence to an assessment. The request is a client stream: its head is checked and its file stored before
//! the command runs.

use chrono::{DateTime, Utc};
use prima_platform::{
    access,
    audit::Act,
    caller::Caller,
    clock::micros,
    command::{Command, IdempotencyKey, Work, perform},
    failure::{Failure, Violation},
    grpc::{Answer, Network, answer},
    objects::Objects,
    query::unadmitted,
    request::Faults,
    service::Context,
};
use prima_proto::index::v1::{self as pb, attach_evidence_request::Part};
use tonic::{Request, Streaming};

use super::{
    message::{self, Content},
    receive::{self, receive},
};
use crate::{
    derived::Assessed,
    domain::cycle::Stage,
    rpc::{once, submission::Submission, target},
    store::{Evidence, cycle_share_in_txn, evidence_insert_in_txn, evidence_next_in_txn},
};

/// Attaches the evidence in the stream.
pub async fn attach(
    ctx: &Context,
    objects: &Objects,
    request: Request<Streaming<pb::AttachEvidenceRequest>>,
) -> Answer<pb::AttachEvidenceResponse> {
    let network = Network::from(&request);
    let (caller, stream) = unadmitted(request);
    let evidence = attach_as(ctx, objects, (&caller, network), stream).await;
    answer(evidence.map(|evidence| pb::AttachEvidenceResponse {
        evidence: Some(evidence),
    }))
}

async fn attach_as(
    ctx: &Context,
    objects: &Objects,
    (caller, network): (&Caller, Option<Network>),
    mut stream: Streaming<pb::AttachEvidenceRequest>,
) -> Result<pb::Evidence, Failure> {
    let first = receive::message(&mut stream).await?.unwrap_or_default();
    let act = Act::of(caller, network, &first);
    let admitted = access::admit_unless_faulty(caller, &first)?;
    let mut attach = Attach::parse(first, ctx.clock.now())?;
    admitted?;
    // The head is checked before its file is read, so that no file is read in vain. The command checks everything
    // again once the file was received.
    let reader = ctx.db.reader();
    let (cycle, row) = target::get(reader, &attach.0.name).await?;
    let attached = attach
        .0
        .validate(&Assessed::of(reader, cycle.clone(), row).await?)?;
    if let Some(once) = attach.idempotency_key()
        && let Some(first) = once.find(ctx, caller).await?
    {
        return Ok(first);
    }
    cycle.check(Stage::Evidence, micros(ctx.clock.now()))?;
    receive(objects, &mut stream, &attached.content).await?;
    perform(ctx, caller, act, attach).await
}

/// Evidence, unchecked. The bytes of a file are already in the object storage.
#[derive(Debug)]
struct Attach(Submission<pb::Evidence>);

impl Command for Attach {
    type App = Context;
    type Message = pb::AttachEvidenceRequest;
    type Answer = pb::Evidence;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let Some(Part::Head(message)) = message.part else {
            return Err(Violation::new("head", "must come first", "harus dikirim pertama").into());
        };
        let mut faults = Faults::default();
        let once = once("index.AttachEvidence", &message.request_id, &message, &mut faults);
        let given = message.evidence.unwrap_or_default();
        Submission::parse(once, faults, &message.assessment, given).map(Self)
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.0.idempotency_key()
    }

    async fn work(mut self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let name = &self.0.name;
        let cycle = cycle_share_in_txn(work.txn, &name.cycle.cycle).await?;
        let assessed = target::lock_same_version(work.txn, cycle, name).await?;
        let attached = self.0.validate(&assessed)?;
        let now = micros(work.now());
        assessed.cycle.check(Stage::Evidence, now)?;
        let (cycle_id, unit) = (assessed.cycle.id, assessed.row.unit_name());
        let mut row = Evidence {
            cycle_id,
            number: evidence_next_in_txn(work.txn, cycle_id, &unit).await?,
            agency: unit.agency,
            unit: unit.unit,
            indicator: attached.indicator,
            display_name: attached.title,
            link: String::new(),
            media_type: String::new(),
            size: 0,
            sha256: Vec::new(),
            actor: work.caller.subject().to_owned(),
            created_at: now,
        };
        match attached.content {
            Content::Link(link) => row.link = link,
            Content::File {
                media_type,
                size,
                sha256,
            } => {
                media_type.as_str().clone_into(&mut row.media_type);
                row.size = i64::try_from(size).map_err(Failure::internal)?;
                row.sha256 = sha256.to_vec();
            }
        }
        evidence_insert_in_txn(work.txn, &row).await?;
        Ok(message::evidence(&row))
    }
}
