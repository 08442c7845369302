//! Publishes a proposed table by a decree: its head becomes an entry of the log. Whoever appends locks the head of the log, so there is
//! one order of entries. The files follow after the commit.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use prima_platform::{
    audit::chain,
    clock::{from_micros, micros},
    command::{Command, IdempotencyKey, Work},
    db::Txn,
    failure::{Failure, found},
    request::{self, Faults, text},
    tlog::{canonical, checkpoint::Checkpoint, encode, sealed},
};
use prima_proto::{name, ranking::v1 as pb};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    desk::Desk,
    message,
    refusal::{closed, refused},
};
use crate::{
    derived::press::{blocking, log_damaged},
    domain::{
        TableKey,
        publication::{AuditHead, Decision, Decree, Head, Objected, State, may_publish, noted_audit_heads},
    },
    store::{self, Proposal, Published, StoredObjection},
};

/// A checked publication.
#[derive(Debug)]
pub struct Publish {
    request_id: String,
    proposal: name::ProposedTable,
    decree: Decree,
    /// The head of the log that readers have.
    offered: Option<Checkpoint>,
}

impl Command for Publish {
    type App = Desk;
    type Message = pb::PublishLeagueTableRequest;
    type Answer = pb::PublishLeagueTableResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let proposal = faults.take(request::name("proposal", &message.proposal));
        let decree = faults
            .required("decree", message.decree)
            .and_then(|decree| parse_decree(decree, &mut faults));
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                proposal: proposal?,
                decree: decree?,
                offered: None,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let decree = &self.decree;
        let body = pb::PublishLeagueTableRequest {
            request_id: String::new(),
            proposal: self.proposal.to_string(),
            decree: Some(pb::Decree {
                number: decree.number.clone(),
                date: decree.date.to_string(),
                signatory: decree.signatory.clone(),
                signatory_position: decree.signatory_position.clone(),
            }),
        };
        Some(IdempotencyKey::new(
            "ranking.PublishLeagueTable",
            &self.request_id,
            &body,
        ))
    }

    async fn prepare(&mut self, desk: &Desk) -> Result<Option<prima_platform::caller::Caller>, Failure> {
        // It is read before the transaction, which it would prolong. A head that is older than the database is no fault.
        self.offered = desk.press()?.offered().await?;
        Ok(None)
    }

    async fn work(self, work: &mut Work<'_, Desk>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let press = work.app.press()?;
        let (size, signed) = store::log_head_lock(txn).await?;
        let name = &self.proposal;
        let mut proposal = found(store::proposal_lock(txn, &name.proposal).await?, name)?;
        let counts = store::objections_counts(txn, &proposal.id).await?;
        let state = State::of(proposal.state).unwrap_or(State::Replaced);
        let counted = [counts.undecided, counts.accepted];
        may_publish(state, from_micros(proposal.ends_at), counted, now).map_err(refused)?;
        check_correction(txn, &proposal).await?;

        check_rows(txn, &proposal).await?;
        // Nothing is signed over entries that are not those that were signed before.
        let log = press.log(txn, (size, signed), self.offered.as_ref()).await?;
        let mut entries = log.entries;
        let number = next_number(txn, size).await?;
        let noted = noted_audit_heads(entries.leaves());
        let own = chain::head(txn).await?.map(|(position, hash)| AuditHead {
            service: work.app.context.service.to_owned(),
            position,
            hash,
        });
        let heads = press.audit_heads().into_iter().chain(own);
        for head in heads.filter(|head| noted.get(&head.service) != Some(head)) {
            let entry = head.entry(now);
            let entry =
                entry.ok_or_else(|| Failure::internal("the head of an audit log can't be written"))?;
            entries.push(entry.into_bytes());
        }
        let head = self.head(work, &proposal, number, entries.leaves(), now).await?;
        entries.push(head.into_bytes());
        let note = press.sign(&entries)?.to_string();
        for (position, body) in (0..)
            .zip(entries.leaves())
            .skip(usize::try_from(size).unwrap_or_default())
        {
            let body = std::str::from_utf8(body).map_err(Failure::internal)?;
            store::log_append_in_txn(txn, position, body).await?;
        }
        let size = i64::try_from(entries.size()).map_err(Failure::internal)?;
        store::log_head_set_in_txn(txn, size, &note).await?;
        let table: TableKey = proposal.league_table.parse().map_err(Failure::internal)?;
        let row = Published {
            number,
            proposal: proposal.id.clone(),
            league_table: proposal.league_table.clone(),
            metric: table.metric,
            period: table.period,
            corrects: proposal.corrects,
            published_at: micros(now),
            position: size - 1,
            checkpoint: note,
        };
        store::published_insert_in_txn(txn, row.clone()).await?;
        proposal.state = State::Published.number();
        proposal.published_as = number;
        store::proposal_save_in_txn(txn, proposal).await?;
        Ok(pb::PublishLeagueTableResponse {
            published: Some(message::published(txn, &row).await?),
        })
    }
}

fn parse_decree(decree: pb::Decree, faults: &mut Faults) -> Option<Decree> {
    let number = faults.take(text::name("decree.number", &decree.number, 1, 100));
    let date = faults.take(request::day("decree.date", &decree.date));
    let signatory = faults.take(text::name("decree.signatory", &decree.signatory, 1, 200));
    let position = text::name("decree.signatory_position", &decree.signatory_position, 1, 200);
    let position = faults.take(position);
    Some(Decree {
        number: number?,
        date: date?,
        signatory: signatory?,
        signatory_position: position?,
    })
}

/// Fails when the table was published or corrected since it was proposed.
async fn check_correction(txn: &Txn, proposal: &Proposal) -> Result<(), Failure> {
    let newest = store::published_of_table(txn, &proposal.league_table).await?;
    match newest.map_or(0, |newest| newest.number) == proposal.corrects {
        true => Ok(()),
        false => Err(closed()),
    }
}

/// Fails when the frozen rows are not those that the ranked have seen, whose root is a fact of the proposal.
async fn check_rows(txn: &Txn, proposal: &Proposal) -> Result<(), Failure> {
    let rows = store::proposal_rows(txn, &proposal.id, 0, i64::MAX).await?;
    let rows: Vec<String> = rows.into_iter().map(|row| row.body).collect();
    let facts = canonical::read(&proposal.facts).unwrap_or_default();
    let count = json!(rows.len());
    let root = blocking(move || sealed::rows_tree(&rows).root()).await?;
    match facts.get("rows_root") == Some(&json!(encode(&root))) && facts.get("rows") == Some(&count) {
        true => Ok(()),
        false => Err(log_damaged("the frozen rows of the proposal")),
    }
}

/// The number of the next publication. The newest published table is the last entry of the log, which contains nothing but tables and
/// the heads of the audit logs before them; otherwise a number would be given twice.
async fn next_number(txn: &Txn, size: i64) -> Result<i64, Failure> {
    let last = store::published_last(txn).await?;
    match last.map_or((0, 0), |last| (last.number, last.position + 1)) {
        (number, end) if end == size => Ok(number + 1),
        (number, _) => Err(log_damaged(&format!(
            "its last entry is not publication {number}, the newest one"
        ))),
    }
}

impl Publish {
    async fn head(
        &self,
        work: &Work<'_, Desk>,
        proposal: &Proposal,
        number: i64,
        entries: &[Vec<u8>],
        now: DateTime<Utc>,
    ) -> Result<String, Failure> {
        let settings = &work.app.context.config.publication;
        let head = Head {
            number,
            published_at: now,
            decree: &self.decree,
            objected: objected(work.txn, proposal).await?,
            corrects: match store::published_get(work.txn, proposal.corrects).await? {
                Some(corrected) => {
                    let index = usize::try_from(corrected.position).unwrap_or(usize::MAX);
                    let corrected_head = entries
                        .get(index)
                        .ok_or_else(|| log_damaged("an entry is gone"))?;
                    let digest = STANDARD.encode(Sha256::digest(corrected_head));
                    Some((corrected.number, digest, proposal.reason.clone()))
                }
                None => None,
            },
            address: settings.address.clone(),
            licence: settings.licence.clone(),
        };
        let head = head.write(&proposal.facts);
        head.ok_or_else(|| Failure::internal("the head can't be written"))
    }
}

/// The objections to a proposal and to all that it has replaced, in the order in which they were filed.
async fn all_objections(txn: &Txn, proposal: &Proposal) -> Result<Vec<StoredObjection>, Failure> {
    let mut chain = vec![proposal.id.clone()];
    let mut replaced = proposal.replaces.clone();
    while !replaced.is_empty() {
        // Ids are ordered by time, so the chain has an end.
        let older = store::proposal_get(txn, &replaced).await?;
        let older = older.filter(|older| chain.last().is_some_and(|newer| older.id < *newer));
        let older = older.ok_or_else(|| log_damaged("a proposal that was replaced"))?;
        chain.push(older.id);
        replaced = older.replaces;
    }
    let mut rows = Vec::new();
    for id in chain.iter().rev() {
        rows.extend(store::objections(txn, id, None, "", u64::MAX >> 1).await?);
    }
    Ok(rows)
}

/// The numbers of objections, and the digest of their record: canonical JSON of all of them in the order in which they were filed.
async fn objected(txn: &Txn, proposal: &Proposal) -> Result<Objected, Failure> {
    let rows = all_objections(txn, proposal).await?;
    let record: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "proposal": message::proposal_name(&row.proposal),
                "subject": row.subject,
                "grounds": row.grounds,
                "filed_by": row.filed_by,
                "filed_at": from_micros(row.filed_at).to_rfc3339(),
                "decision": Decision::of(row.decision).map_or("", Decision::key),
                "reason": row.decision_reason,
                "decided_by": row.decided_by,
                "decided_at": from_micros(row.decided_at).to_rfc3339(),
            })
        })
        .collect();
    let count = |decision: Decision| {
        let own = rows.iter().filter(|row| row.decision == decision.number());
        own.count() as u64
    };
    let record = json!({ "objections": record });
    let text = record.as_object().and_then(canonical::write);
    let text = text.ok_or_else(|| Failure::internal("the record of objections can't be written"))?;
    Ok(Objected {
        filed: rows.len() as u64,
        accepted: count(Decision::Accepted),
        rejected: count(Decision::Rejected),
        record: STANDARD.encode(Sha256::digest(text)),
    })
}
