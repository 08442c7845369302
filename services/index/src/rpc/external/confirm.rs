//! Makes a waiting record the score of its metric, subject and period.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    command::{Command, Once, Work},
    etag,
    failure::{Failure, Kind, found},
    request::Faults,
    service::Context,
};
use prima_proto::{index::v1 as pb, period::Period};

use super::{
    held::{changed, lock_in_txn, not_computed, title},
    message,
};
use crate::{
    domain::{
        external::{Metric, confirms},
        subject::Subject,
    },
    events::publish,
    rpc::once,
    store::{
        ExternalScore, Kept, external_get, external_insert_in_txn, external_next_in_txn,
        external_settle_in_txn,
    },
};

/// A record to confirm. Its faults are told to whoever may confirm any.
#[derive(Debug)]
pub struct Confirm(Result<Asked, Failure>);

#[derive(Debug)]
struct Asked {
    once: Once,
    metric: &'static Metric,
    subject: Subject,
    period: Period,
    /// Of the record that was looked at.
    etag: String,
}

fn asked(message: pb::ConfirmExternalScoreRequest) -> Result<Asked, Failure> {
    let mut faults = Faults::default();
    let once = once(
        "index.ConfirmExternalScore",
        &message.request_id,
        &message,
        &mut faults,
    );
    let metric = faults.take(message::metric("metric", &message.metric));
    let subject = faults.take(message::subject("subject", &message.subject, metric));
    let period = faults.take(message::period("period", &message.period));
    if message.etag.is_empty() {
        faults.add(
            "etag",
            "is required: that of the record that was looked at",
            "harus diisi dengan etag catatan yang diperiksa",
        );
    }
    faults.build(|| {
        Some(Asked {
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
    type Message = pb::ConfirmExternalScoreRequest;
    type Answer = pb::ExternalScore;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        Ok(Self(asked(message)))
    }

    fn once(&self) -> Option<Once> {
        self.0.as_ref().ok().map(|asked| asked.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        caller.require(&[Role::Admin], "*")
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let asked = self.0?;
        let (agency, unit) = (asked.subject.agency(), asked.subject.unit());
        let key = [asked.metric.key.as_str(), agency, unit, asked.period.as_str()];
        lock_in_txn(work.txn, &asked.subject).await?;
        let waiting = found(external_get(work.txn, Kept::Waiting, key).await?, title(key))?;
        if waiting.actor == work.caller.subject() || !confirms(work.caller, agency) {
            return Err(Failure::new(
                Kind::Denied,
                "ASSESSED_MAY_NOT_CONFIRM",
                "whoever recorded a score and whoever belongs to its agency does not confirm it",
                "Pencatat nilai dan pihak instansi yang dinilai tidak boleh mengesahkannya",
            ));
        }
        etag::check(&asked.etag, waiting.version, title(key))?;
        not_computed(work.txn, key).await?;
        let held = external_get(work.txn, Kept::Confirmed, key).await?;
        let number = external_next_in_txn(work.txn, Kept::Confirmed, key).await?;
        let version = held.map_or(waiting.version, |held| held.version.max(waiting.version));
        let row = ExternalScore {
            number,
            version: work.next_version(version),
            confirmed_at: Some(micros(work.now())),
            confirmer: work.caller.subject().to_owned(),
            ..waiting.clone()
        };
        let settled = external_settle_in_txn(work.txn, key, waiting.number).await?;
        if !settled || !external_insert_in_txn(work.txn, Kept::Confirmed, &row).await? {
            return Err(changed(key));
        }
        let era = asked.metric.eras.iter().find(|era| era.id == row.era);
        let published = era.and_then(|era| era.publish(&row.score));
        let published = published.ok_or_else(|| Failure::internal("a recorded score is off its scale"))?;
        work.stage(publish::external(&row, &asked.subject, &published));
        Ok(message::score(&row, Kept::Confirmed, None))
    }
}
