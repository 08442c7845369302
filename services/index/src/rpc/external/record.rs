//! Records a score that another body published.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Violation},
    request::{self, Faults, text::link},
    service::Context,
};
use prima_proto::{access::agency_in, index::v1 as pb, name::Subject, period::Period};

use super::{
    checks::{changed_meanwhile, check_not_computed, key_text, lock_in_txn},
    message, read,
};
use crate::{
    domain::{
        external::{self, Era, Stated, Statement, confirms},
        own_metric::Known,
        text,
    },
    events::publish,
    store::{
        ExternalScore, RecordStatus, external_get, external_insert_in_txn, external_next_in_txn,
        external_settle_in_txn,
    },
};

/// Length of a SHA-256.
const SHA256: usize = 32;

/// A score to record. A request that an earlier release accepted, when fewer fields were required, keeps its stored
/// response; so faults are reported only when no response is stored.
#[derive(Debug)]
pub struct Record {
    once: Option<IdempotencyKey>,
    request_id: String,
    score: pb::ExternalScore,
    /// The metric of an operator's own, if it is one.
    own: Option<Known>,
}

/// The checked score.
struct Checked {
    metric: Known,
    era: Era,
    subject: Subject,
    period: Period,
    stated: Stated,
    /// Scores of its parts, in JSON; empty without parts.
    parts: String,
    /// The publication in which it appeared.
    source: String,
    /// Link to the document in which it was published; may be empty.
    link: String,
    /// Reason for replacing another record.
    reason: Option<String>,
}

impl Command for Record {
    type App = Context;
    /// With the metric of an operator's own of which the score is, if it is of one.
    type Message = (Option<Known>, pb::RecordExternalScoreRequest);
    type Answer = pb::ExternalScore;

    fn parse((own, message): Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let id = request::id("request_id", message.request_id.clone()).ok();
        Ok(Self {
            once: id.map(|id| IdempotencyKey::new("index.RecordExternalScore", &id, &message)),
            request_id: message.request_id,
            score: message.score.unwrap_or_default(),
            own,
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.once.clone()
    }

    /// No earlier release has accepted a score without a subject, so its faults are reported at once.
    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        match agency_in("score.subject", &self.score.subject) {
            Some(_) => Ok(()),
            None => self.check(caller).map(drop),
        }
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let checked = self.check(work.caller)?;
        let (agency, unit) = (
            checked.subject.agency_id(),
            checked.subject.unit_id().unwrap_or_default(),
        );
        let key = [checked.metric.key.as_str(), agency, unit, checked.period.as_str()];
        let confirmed = confirms(work.caller, agency);
        lock_in_txn(work.txn, &checked.subject).await?;
        check_not_computed(work.txn, key).await?;
        let current = external_get(work.txn, RecordStatus::Confirmed, key).await?;
        let waiting = external_get(work.txn, RecordStatus::Unconfirmed, key).await?;
        let (status, before, confirmer) = match confirmed {
            true => (RecordStatus::Confirmed, current.as_ref(), work.caller.subject()),
            false => (
                RecordStatus::Unconfirmed,
                waiting.as_ref().or(current.as_ref()),
                "",
            ),
        };
        match (before, checked.reason.is_none()) {
            (Some(_), true) => return Err(Failure::already_exists(&key_text(key))),
            (None, false) => {
                return Err(Failure::from(Violation::new(
                    "score.reason",
                    "nothing is recorded yet that it could replace",
                    "belum ada catatan yang dapat diganti",
                )));
            }
            _ => {}
        }
        let now = micros(work.now());
        let version = current.iter().chain(&waiting).map(|row| row.version).max();
        let sha256 = self.score.document_sha256;
        let row = ExternalScore {
            metric: checked.metric.key.clone(),
            agency: agency.to_owned(),
            unit: unit.to_owned(),
            period: checked.period.as_str().to_owned(),
            number: external_next_in_txn(work.txn, status, key).await?,
            era: checked.era.id.clone(),
            score: checked.stated.published.value.clone(),
            category: checked.stated.published.category.clone(),
            source: checked.source,
            no_maladministration: i64::from(checked.stated.without_maladministration),
            reason: checked.reason.unwrap_or_default(),
            actor: work.caller.subject().to_owned(),
            recorded_at: now,
            version: work.next_version(version.unwrap_or_default()),
            replaced: 0,
            link: checked.link,
            sha256: Some(sha256).filter(|sha256| !sha256.is_empty()),
            confirmed_at: confirmed.then_some(now),
            confirmer: confirmer.to_owned(),
            parts: checked.parts,
        };
        // A score that the national admin records also settles an unconfirmed one.
        if let Some(waiting) = waiting.filter(|_| confirmed) {
            external_settle_in_txn(work.txn, key, waiting.number).await?;
        }
        if !external_insert_in_txn(work.txn, status, &row).await? {
            return Err(changed_meanwhile(key));
        }
        if confirmed {
            work.stage(publish::external(
                &row,
                &checked.subject,
                &checked.stated.published,
            ));
        }
        let mean = read::units_mean(work.txn, &row).await?;
        Ok(message::score(&row, status, None, mean))
    }
}

impl Record {
    /// The checked score, or every fault.
    fn check(&self, caller: &Caller) -> Result<Checked, Failure> {
        let (score, mut faults) = (&self.score, Faults::default());
        faults.take(request::id("request_id", self.request_id.clone()));
        let metric = faults.take(message::metric("score.metric", &score.metric, self.own.as_ref()));
        let subject = faults.take(message::subject(
            "score.subject",
            &score.subject,
            metric.as_deref(),
        ));
        let period = faults.take(message::period("score.period", &score.period));
        let of_year = metric.as_ref().zip(period.as_ref());
        let era = of_year.and_then(|(m, p)| m.era(external::year(p)).cloned());
        if let (Some((metric, period)), None) = (of_year, &era) {
            faults.add(
                "score.period",
                format!("{} has no method for {period}", metric.key),
                format!("{} tidak memiliki metode untuk {period}", metric.key),
            );
        }
        let parts: Vec<(String, String)> = score
            .parts
            .iter()
            .map(|part| (part.key.clone(), part.score.clone()))
            .collect();
        let statement = Statement {
            score: &score.score,
            category: &score.category,
            parts: &parts,
            of_unit: matches!(subject, Some(Subject::Unit(_))),
            vertical: score.vertical_unit,
            without_maladministration: score.no_maladministration,
        };
        let stated = era.as_ref().and_then(|era| era.state(statement, &mut faults));
        let parts = match parts.as_slice() {
            [] => String::new(),
            parts => serde_json::to_string(parts).map_err(|fault| Failure::internal(fault.to_string()))?,
        };
        let source = faults.take(text::SOURCE.check("score.source", &score.source));
        let link = link_of_document(score, subject.as_ref(), caller, &mut faults);
        let reason = request::optional(&score.reason, |raw| text::REPLACEMENT.check("score.reason", raw));
        let reason = faults.take(reason);
        faults.build(|| {
            Some(Checked {
                metric: metric?,
                era: era?,
                subject: subject?,
                period: period?,
                stated: stated?,
                parts,
                source: source?,
                link: link?,
                reason: reason?,
            })
        })
    }
}

/// The link to the document in which the score was published; `None` when it has a fault.
fn link_of_document(
    score: &pb::ExternalScore,
    subject: Option<&Subject>,
    caller: &Caller,
    faults: &mut Faults,
) -> Option<String> {
    let link = faults.take(link("score.document_link", &score.document_link));
    let sha256 = &score.document_sha256;
    if !sha256.is_empty() && sha256.len() != SHA256 {
        faults.add(
            "score.document_sha256",
            "must be empty or 32 bytes",
            "harus kosong atau 32 bita",
        );
    }
    let confirmed = |s: &Subject| confirms(caller, s.agency_id());
    if link.as_deref() == Some("") && sha256.is_empty() && !subject.is_none_or(confirmed) {
        faults.add(
            "score.document_link",
            "or document_sha256 is required: the document is reviewed before the score is confirmed",
            "atau document_sha256 harus diisi: dokumennya diperiksa sebelum nilai disahkan",
        );
    }
    link
}
