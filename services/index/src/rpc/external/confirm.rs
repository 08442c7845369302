//! Confirms a recorded score, which makes it the score of its metric, subject and period.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    etag,
    failure::{Failure, Kind, found},
    request::Faults,
    service::Context,
};
use prima_proto::{index::v1 as pb, name::Subject, period::Period};

use super::{
    checks::{changed_meanwhile, check_not_computed, key_text, lock_in_txn},
    message, read,
};
use crate::{
    domain::{external::confirms, own_metric::Known},
    events::publish,
    rpc::once,
    store::{
        ExternalScore, RecordStatus, external_get, external_insert_in_txn, external_next_in_txn,
        external_settle_in_txn,
    },
};

/// A confirmation. Its faults are reported only to callers who may confirm.
#[derive(Debug)]
pub struct Confirm(Result<Checked, Failure>);

#[derive(Debug)]
struct Checked {
    once: IdempotencyKey,
    metric: Known,
    subject: Subject,
    period: Period,
    /// The etag of the record that the caller has seen.
    etag: String,
}

fn checked((own, message): (Option<Known>, pb::ConfirmExternalScoreRequest)) -> Result<Checked, Failure> {
    let mut faults = Faults::default();
    let once = once(
        "index.ConfirmExternalScore",
        &message.request_id,
        &message,
        &mut faults,
    );
    let metric = faults.take(message::metric("metric", &message.metric, own.as_ref()));
    let subject = faults.take(message::subject("subject", &message.subject, metric.as_deref()));
    let period = faults.take(message::period("period", &message.period));
    if message.etag.is_empty() {
        faults.add(
            "etag",
            "is required: the etag of the record that was reviewed",
            "harus diisi dengan etag catatan yang diperiksa",
        );
    }
    faults.build(|| {
        Some(Checked {
            once: once?,
            metric: metric?,
            subject: subject?,
            period: period?,
            etag: message.etag,
        })
    })
}

impl Command for Confirm {
    type App = Context;
    /// With the metric of an operator's own of which the score is, if it is of one.
    type Message = (Option<Known>, pb::ConfirmExternalScoreRequest);
    type Answer = pb::ExternalScore;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        Ok(Self(checked(message)))
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.0.as_ref().ok().map(|checked| checked.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let checked = self.0?;
        let (agency, unit) = (
            checked.subject.agency_id(),
            checked.subject.unit_id().unwrap_or_default(),
        );
        let key = [checked.metric.key.as_str(), agency, unit, checked.period.as_str()];
        lock_in_txn(work.txn, &checked.subject).await?;
        let waiting = found(
            external_get(work.txn, RecordStatus::Unconfirmed, key).await?,
            key_text(key),
        )?;
        if waiting.actor == work.caller.subject() || !confirms(work.caller, agency) {
            return Err(Failure::new(
                Kind::Denied,
                "ASSESSED_MAY_NOT_CONFIRM",
                "the recorder of a score and members of its agency may not confirm it",
                "Pencatat nilai dan pihak instansi yang dinilai tidak boleh mengesahkannya",
            ));
        }
        etag::check(&checked.etag, waiting.version, key_text(key))?;
        check_not_computed(work.txn, key).await?;
        let current = external_get(work.txn, RecordStatus::Confirmed, key).await?;
        let number = external_next_in_txn(work.txn, RecordStatus::Confirmed, key).await?;
        let version = current.map_or(waiting.version, |current| current.version.max(waiting.version));
        let row = ExternalScore {
            number,
            version: work.next_version(version),
            confirmed_at: Some(micros(work.now())),
            confirmer: work.caller.subject().to_owned(),
            ..waiting.clone()
        };
        let settled = external_settle_in_txn(work.txn, key, waiting.number).await?;
        if !settled || !external_insert_in_txn(work.txn, RecordStatus::Confirmed, &row).await? {
            return Err(changed_meanwhile(key));
        }
        let era = checked.metric.eras.iter().find(|era| era.id == row.era);
        let published = era.and_then(|era| era.recorded(&row.score, &row.category));
        let published = published.ok_or_else(|| Failure::internal("a recorded score is off its scale"))?;
        work.stage(publish::external(&row, &checked.subject, &published));
        let mean = read::units_mean(work.txn, &row).await?;
        Ok(message::score(&row, RecordStatus::Confirmed, None, mean))
    }
}
