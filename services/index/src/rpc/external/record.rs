//! Records a score that another body published.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    command::{Command, Once, Work},
    failure::{Failure, Violation},
    number,
    request::{self, Faults, text::link},
    service::Context,
};
use prima_proto::{index::v1 as pb, period::Period};

use super::{
    held::{changed, lock_in_txn, not_computed, title},
    message,
};
use crate::{
    domain::{
        band::Published,
        external::{self, Era, Metric, confirms},
        subject::Subject,
        text,
    },
    events::publish,
    store::{
        ExternalScore, Kept, external_get, external_insert_in_txn, external_next_in_txn,
        external_settle_in_txn,
    },
};

/// Length of a SHA-256.
const SHA256: usize = 32;

/// A score to record. A request that a release before took, when less was required, keeps its answer; so faults are told
/// once there is none.
#[derive(Debug)]
pub struct Record {
    once: Option<Once>,
    request_id: String,
    score: pb::ExternalScore,
}

/// The same without faults.
struct Asked {
    metric: &'static Metric,
    era: &'static Era,
    subject: Subject,
    period: Period,
    published: Published,
    /// Where it was published.
    source: String,
    /// Link to its document; may be empty.
    link: String,
    /// Why it takes the place of another.
    reason: Option<String>,
}

impl Command for Record {
    type App = Context;
    type Message = pb::RecordExternalScoreRequest;
    type Answer = pb::ExternalScore;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let id = request::id("request_id", message.request_id.clone()).ok();
        Ok(Self {
            once: id.map(|id| Once::new("index.RecordExternalScore", &id, &message)),
            request_id: message.request_id,
            score: message.score.unwrap_or_default(),
        })
    }

    fn once(&self) -> Option<Once> {
        self.once.clone()
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        match self.check(caller) {
            Ok(asked) => caller.require(&[Role::Operator, Role::Admin], asked.subject.agency()),
            Err(_) => Ok(()),
        }
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let asked = self.check(work.caller)?;
        let (agency, unit) = (asked.subject.agency(), asked.subject.unit());
        let key = [asked.metric.key.as_str(), agency, unit, asked.period.as_str()];
        let confirmed = confirms(work.caller, agency);
        lock_in_txn(work.txn, &asked.subject).await?;
        not_computed(work.txn, key).await?;
        let held = external_get(work.txn, Kept::Confirmed, key).await?;
        let waiting = external_get(work.txn, Kept::Waiting, key).await?;
        let (kept, before, confirmer) = match confirmed {
            true => (Kept::Confirmed, held.as_ref(), work.caller.subject()),
            false => (Kept::Waiting, waiting.as_ref().or(held.as_ref()), ""),
        };
        match (before, asked.reason.is_none()) {
            (Some(_), true) => return Err(Failure::already_exists(&title(key))),
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
        let version = held.iter().chain(&waiting).map(|row| row.version).max();
        let sha256 = self.score.document_sha256;
        let row = ExternalScore {
            metric: asked.metric.key.clone(),
            agency: agency.to_owned(),
            unit: unit.to_owned(),
            period: asked.period.as_str().to_owned(),
            number: external_next_in_txn(work.txn, kept, key).await?,
            era: asked.era.id.clone(),
            score: asked.published.value.clone(),
            category: asked.published.category.clone(),
            source: asked.source,
            no_maladministration: i64::from(self.score.no_maladministration),
            reason: asked.reason.unwrap_or_default(),
            actor: work.caller.subject().to_owned(),
            recorded_at: now,
            version: work.next_version(version.unwrap_or_default()),
            replaced: 0,
            link: asked.link,
            sha256: Some(sha256).filter(|sha256| !sha256.is_empty()),
            confirmed_at: confirmed.then_some(now),
            confirmer: confirmer.to_owned(),
        };
        // What the national admin records settles what waits, too.
        if let Some(waiting) = waiting.filter(|_| confirmed) {
            external_settle_in_txn(work.txn, key, waiting.number).await?;
        }
        if !external_insert_in_txn(work.txn, kept, &row).await? {
            return Err(changed(key));
        }
        if confirmed {
            work.stage(publish::external(&row, &asked.subject, &asked.published));
        }
        Ok(message::score(&row, kept, None))
    }
}

impl Record {
    /// What is asked for, or every fault.
    fn check(&self, caller: &Caller) -> Result<Asked, Failure> {
        let (score, mut faults) = (&self.score, Faults::default());
        faults.take(request::id("request_id", self.request_id.clone()));
        let metric = faults.take(message::metric("score.metric", &score.metric));
        let subject = faults.take(message::subject("score.subject", &score.subject, metric));
        let period = faults.take(message::period("score.period", &score.period));
        let of_year = metric.zip(period.as_ref());
        let era = of_year.and_then(|(m, p)| m.era(external::year(p)));
        if let (Some((metric, period)), None) = (of_year, era) {
            faults.add(
                "score.period",
                format!("{} has no method for {period}", metric.key),
                format!("{} tidak memiliki metode untuk {period}", metric.key),
            );
        }
        let published = era.and_then(|era| published(score, era, &mut faults));
        let source = faults.take(text::SOURCE.check("score.source", &score.source));
        let link = link_of_document(score, subject.as_ref(), caller, &mut faults);
        let reason = request::optional(&score.reason, |raw| text::REPLACEMENT.check("score.reason", raw));
        let reason = faults.take(reason);
        faults.build(|| {
            Some(Asked {
                metric: metric?,
                era: era?,
                subject: subject?,
                period: period?,
                published: published?,
                source: source?,
                link: link?,
                reason: reason?,
            })
        })
    }
}

/// The score as its era publishes it.
fn published(score: &pb::ExternalScore, era: &Era, faults: &mut Faults) -> Option<Published> {
    let published = era.publish(&score.score);
    match &published {
        None => {
            let [low, high] = [&era.minimum, &era.maximum].map(|n| number::decimal(n, era.decimals));
            let places = era.decimals;
            faults.add(
                "score.score",
                format!("must be a decimal from {low} to {high} with at most {places} places"),
                format!("harus desimal {low} sampai {high} dengan paling banyak {places} angka desimal"),
            );
        }
        Some(Published { category, .. }) if !score.category.is_empty() && *category != score.category => {
            faults.add(
                "score.category",
                format!("the category of this score is `{category}`"),
                format!("kategori nilai ini `{category}`"),
            );
        }
        Some(_) => {}
    }
    if score.no_maladministration && !era.may_be_without_maladministration {
        faults.add(
            "score.no_maladministration",
            "is told since the opinions of 2025 only",
            "hanya ada pada opini sejak 2025",
        );
    }
    published
}

/// The link to the document in which the score was published; `None` when it is at fault.
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
    let confirmed = |s: &Subject| confirms(caller, s.agency());
    if link.as_deref() == Some("") && sha256.is_empty() && !subject.is_none_or(confirmed) {
        faults.add(
            "score.document_link",
            "or document_sha256 is required: who confirms the score looks at the document",
            "atau document_sha256 harus diisi: dokumennya diperiksa sebelum nilai disahkan",
        );
    }
    link
}
