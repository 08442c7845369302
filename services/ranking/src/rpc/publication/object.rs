//! Files objections to a proposed table, and lists them.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::{from_micros, micros},
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    page::Page,
    request::{self, Faults, text},
};
use prima_proto::{
    name::{self, Subject},
    ranking::v1 as pb,
};

use super::{
    desk::{Desk, limited, seen},
    message,
    refusal::closed,
};
use crate::{
    domain::publication::State,
    store::{self, StoredObjection},
};

/// A checked objection.
#[derive(Debug)]
pub struct File {
    request_id: String,
    proposal: name::ProposedTable,
    subject: Subject,
    grounds: String,
}

impl Command for File {
    type App = Desk;
    type Message = pb::FileTableObjectionRequest;
    type Answer = pb::FileTableObjectionResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let proposal = faults.take(request::name("proposal", &message.proposal));
        let subject = faults.take(request::name("subject", &message.subject));
        let grounds = faults.take(text::lines("grounds", &message.grounds, 10, 4000));
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                proposal: proposal?,
                subject: subject?,
                grounds: grounds?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = pb::FileTableObjectionRequest {
            request_id: String::new(),
            proposal: self.proposal.to_string(),
            subject: self.subject.to_string(),
            grounds: self.grounds.clone(),
        };
        Some(IdempotencyKey::new(
            "ranking.FileTableObjection",
            &self.request_id,
            &body,
        ))
    }

    async fn work(self, work: &mut Work<'_, Desk>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        // Who may not see the proposal is told nothing of it.
        seen(txn, work.caller, &self.proposal).await?;
        let proposal = found(
            store::proposal_lock(txn, &self.proposal.proposal).await?,
            &self.proposal,
        )?;
        if proposal.state != State::Open.number() {
            return Err(closed());
        }
        let ends_at = from_micros(proposal.ends_at);
        if now >= ends_at {
            return Err(Failure::new(
                Kind::Precondition,
                "OBJECTION_PERIOD_OVER",
                format!("objections could be filed until {}", ends_at.to_rfc3339()),
                format!("Masa sanggah sudah berakhir pada {}", ends_at.to_rfc3339()),
            ));
        }
        let subject = self.subject.to_string();
        found(
            store::proposal_row(txn, &proposal.id, &subject).await?,
            &self.subject,
        )?;
        if store::objection_open(txn, &proposal.id, &subject).await? {
            return Err(Failure::new(
                Kind::Precondition,
                "OBJECTION_OPEN",
                "an objection of this subject is not decided yet",
                "Sanggah untuk baris ini sudah diajukan dan belum diputuskan",
            ));
        }
        let row = StoredObjection {
            id: work.app.context.ids.next().to_string(),
            proposal: proposal.id,
            agency: self.subject.agency_id().to_owned(),
            subject,
            grounds: self.grounds,
            filed_by: work.caller.subject().to_owned(),
            filer: work.caller.identity(),
            filed_at: micros(now),
            decision: 0,
            decision_reason: String::new(),
            decided_by: String::new(),
            decided_at: 0,
        };
        store::objection_insert_in_txn(txn, row.clone()).await?;
        Ok(pb::FileTableObjectionResponse {
            objection: Some(message::objection(&row)),
        })
    }
}

/// Objections to a proposal: all for the ministry, its own for an agency.
pub async fn list(
    desk: &Desk,
    caller: &Caller,
    request: &pb::ListTableObjectionsRequest,
) -> Result<pb::ListTableObjectionsResponse, Failure> {
    let mut faults = Faults::default();
    let parent = faults.take(request::name("parent", &request.parent));
    let page = Page::parse(request.page_size, &request.page_token, &[&request.parent]);
    let page = faults.take_all(page);
    let (parent, page) = faults.build(|| parent.zip(page))?;
    let conn = desk.context.db.reader();
    let proposal = seen(conn, caller, &parent).await?;
    let agencies = limited(caller);
    let mut rows = store::objections(conn, &proposal.id, agencies, &page.after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |row| row.id.clone());
    Ok(pb::ListTableObjectionsResponse {
        objections: rows.iter().map(message::objection).collect(),
        next_page_token,
    })
}
