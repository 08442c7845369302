//! Attaches evidence to an assessment. A client stream: its head is checked and its file stored before the command runs.

use std::mem;

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, Once, Work, perform},
    failure::{Failure, Violation, found},
    grpc::{Answer, answer, open},
    objects::Objects,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{
    index::v1::{self as pb, attach_evidence_request::Part},
    name,
};
use tonic::{Request, Streaming};

use super::{
    message::{self, Content},
    receive::{next, receive},
};
use crate::{
    derived::Assessed,
    domain::{cycle::Stage, field},
    rpc::target,
    store::{
        cycle::cycle_share_in_txn,
        evidence::{Row, evidence_insert_in_txn},
    },
};

/// Attaches what the stream brings.
pub async fn attach(
    ctx: &Context,
    objects: &Objects,
    request: Request<Streaming<pb::AttachEvidenceRequest>>,
) -> Answer<pb::AttachEvidenceResponse> {
    let (caller, stream) = open(request)?;
    let evidence = of_caller(ctx, objects, &caller, stream).await;
    answer(evidence.map(|evidence| pb::AttachEvidenceResponse {
        evidence: Some(evidence),
    }))
}

async fn of_caller(
    ctx: &Context,
    objects: &Objects,
    caller: &Caller,
    mut stream: Streaming<pb::AttachEvidenceRequest>,
) -> Result<pb::Evidence, Failure> {
    let Some(Part::Head(head)) = next(&mut stream).await? else {
        return Err(Violation::new("head", "must come first", "harus dikirim pertama").into());
    };
    let mut attach = Attach::parse(head, ctx.clock.now())?;
    attach.allow(caller)?;
    // No file is read that would be refused. What was looked up here is looked up again once the file has come.
    let reader = ctx.db.reader();
    let (cycle, row) = target::get(reader, &attach.name).await?;
    let content = attach.content(&target::whole(reader, cycle.clone(), row).await?)?;
    if let Some(once) = &attach.once
        && let Some(first) = once.find(ctx, caller).await?
    {
        return Ok(first);
    }
    cycle.check(Stage::Evidence, micros(ctx.clock.now()))?;
    receive(objects, &mut stream, &content).await?;
    perform(ctx, caller, attach).await
}

/// Evidence, whose faults are told once its assessment is known. The bytes of a file are in the object storage.
#[derive(Debug)]
struct Attach {
    once: Option<Once>,
    name: name::Assessment,
    given: pb::Evidence,
    faults: Faults,
}

impl Command for Attach {
    type App = Context;
    type Message = pb::AttachEvidenceHead;
    type Answer = pb::Evidence;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let id = faults.take(request::id("request_id", message.request_id.clone()));
        let once = id.map(|id| Once::new("index.AttachEvidence", &id, &message));
        let name = faults.take(field::assessment("assessment", &message.assessment));
        let given = message.evidence.unwrap_or_default();
        let Some(name) = name else {
            message::content(&given, |indicator| !indicator.is_empty(), &mut faults);
            return Err(faults.refused());
        };
        Ok(Self {
            once,
            name,
            given,
            faults,
        })
    }

    fn once(&self) -> Option<Once> {
        self.once.clone()
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        caller.require(target::UNIT, &self.name.unit.agency)
    }

    async fn work(mut self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let cycle = cycle_share_in_txn(work.txn, &self.name.cycle.cycle).await?;
        let cycle = found(cycle, &self.name.cycle)?;
        let assessed = target::hold(work.txn, cycle, &self.name).await?;
        let content = self.content(&assessed)?;
        let now = micros(work.now());
        assessed.cycle.check(Stage::Evidence, now)?;
        let mut row = Row {
            number: 0,
            indicator: self.given.indicator,
            display_name: self.given.display_name,
            link: String::new(),
            media_type: String::new(),
            size: 0,
            sha256: Vec::new(),
            actor: work.caller.subject().to_owned(),
            created_at: now,
        };
        match content {
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
        let (cycle_id, unit) = (assessed.cycle.id, &self.name.unit);
        row.number = evidence_insert_in_txn(work.txn, cycle_id, unit, &row).await?;
        Ok(message::evidence(&row))
    }
}

impl Attach {
    /// What is attached, unless there are faults.
    fn content(&mut self, assessed: &Assessed) -> Result<Content, Failure> {
        let mut faults = mem::take(&mut self.faults);
        let content = message::content(&self.given, |indicator| assessed.has(indicator), &mut faults);
        faults.settle(content)
    }
}
