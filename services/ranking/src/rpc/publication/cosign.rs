//! Stores the signature of a witness under a head of the log.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Violation},
    request::{self, Faults},
    tlog::{
        checkpoint::Checkpoint,
        note::{Note, Signature},
    },
};
use prima_proto::ranking::v1 as pb;

use super::desk::Desk;
use crate::{
    derived::press::{cosigned, log_damaged},
    store,
};

/// A checked signature.
#[derive(Debug)]
pub struct Cosign {
    request_id: String,
    size: i64,
    signature: Signature,
    /// The head of the log that readers have.
    offered: Option<Checkpoint>,
}

impl Command for Cosign {
    type App = Desk;
    type Message = pb::AddCosignatureRequest;
    type Answer = pb::AddCosignatureResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        if message.size < 1 {
            faults.add("size", "must be at least 1", "harus paling sedikit 1");
        }
        let signature = Signature::parse(message.signature.trim_end());
        if signature.is_none() {
            faults.add(
                "signature",
                "must be a line of a signed note",
                "harus satu baris tanda tangan dari signed note",
            );
        }
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                size: message.size,
                signature: signature?,
                offered: None,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = pb::AddCosignatureRequest {
            request_id: String::new(),
            size: self.size,
            signature: self.signature.to_string(),
        };
        Some(IdempotencyKey::new(
            "ranking.AddCosignature",
            &self.request_id,
            &body,
        ))
    }

    async fn prepare(&mut self, desk: &Desk) -> Result<Option<Caller>, Failure> {
        self.offered = desk.press()?.offered().await?;
        Ok(None)
    }

    async fn work(self, work: &mut Work<'_, Desk>) -> Result<Self::Answer, Failure> {
        let (press, txn) = (work.app.press()?, work.txn);
        let (size, signed) = store::log_head_lock(txn).await?;
        let log = press.log(txn, (size, signed), self.offered.as_ref()).await?;
        // A head before the newest one is the one that was signed when its last entry was published.
        let mut note = match self.size == size {
            true => log.note,
            false => {
                let published = store::published_at(txn, self.size - 1).await?;
                let note = published.and_then(|published| Note::parse(&published.checkpoint));
                let note = note.ok_or_else(|| {
                    Violation::new(
                        "size",
                        "is not the size of a head that was published",
                        "bukan ukuran kepala log yang pernah ditetapkan",
                    )
                })?;
                let head = Checkpoint::parse(&note.text);
                let head = head.ok_or_else(|| log_damaged("a head can't be read"))?;
                press.check(&log.entries, &head)?;
                note
            }
        };
        note.signatures.push(self.signature.clone());
        let known = press.witness(&self.signature);
        if known.is_none_or(|key| note.verify(&key).is_none()) {
            return Err(Violation::new(
                "signature",
                "is not a valid one of a witness that the log knows",
                "bukan tanda tangan sah dari saksi yang dikenal log ini",
            )
            .into());
        }
        let line = self.signature.to_string();
        store::cosignature_add_in_txn(txn, self.size, &self.signature.name, &line).await?;
        note.signatures.truncate(1);
        note.signatures.extend(cosigned(txn, self.size).await?);
        Ok(pb::AddCosignatureResponse {
            checkpoint: note.to_string(),
        })
    }
}
