//! Dead letters: states that a worker could not apply, kept with the reason until they can be.

use opentelemetry::KeyValue;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{Handler, Worker};
use crate::{
    bus::{Delivery, Event},
    clock::micros,
    db::{Database, sql},
    telemetry,
};

/// A dead letter.
#[derive(Debug, Clone, FromQueryResult)]
pub struct DeadLetter {
    /// The worker that could not apply it.
    pub consumer: String,
    /// Bus subject, which names the aggregate.
    pub subject: String,
    /// Version of the aggregate.
    pub version: i64,
    /// Why the worker could not apply it.
    pub reason: String,
    /// When the worker gave up, unix microseconds; 0 when a retry was requested.
    pub failed_at: i64,
}

/// The dead letters in one service's database, oldest first.
pub async fn dead_letters(db: &Database) -> Result<Vec<DeadLetter>, DbErr> {
    let reader = db.reader();
    let text =
        "SELECT consumer, subject, version, reason, failed_at FROM dead_letter ORDER BY failed_at, subject";
    DeadLetter::find_by_statement(sql(reader, text, []))
        .all(reader)
        .await
}

/// Requests a retry of all dead letters; workers check for requests every few seconds. Returns how many there are.
pub async fn dead_letters_retry(db: &Database) -> Result<u64, DbErr> {
    let writer = db.writer();
    let text = "UPDATE dead_letter SET failed_at = 0";
    Ok(writer.execute_raw(sql(writer, text, [])).await?.rows_affected())
}

#[derive(Debug, FromQueryResult)]
struct Letter {
    subject: String,
    version: i64,
    #[sea_orm(from_alias = "type")]
    event_type: String,
    payload: Vec<u8>,
    withdrawn: i64,
}

impl<H: Handler> Worker<H> {
    /// Stores a state as a dead letter.
    pub(super) async fn dead_letter(&self, event: &Event, reason: &str) -> Result<(), DbErr> {
        tracing::error!(consumer = self.handler.name(), subject = %event.subject, reason, "dead letter");
        telemetry::meters()
            .dead_letters
            .add(1, &[KeyValue::new("consumer", self.handler.name())]);
        let writer = self.db.writer();
        let text = "INSERT INTO dead_letter
                        (consumer, subject, version, type, payload, withdrawn, reason, failed_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                    ON CONFLICT (consumer, subject) DO UPDATE SET
                        version = excluded.version, type = excluded.type, payload = excluded.payload,
                        withdrawn = excluded.withdrawn, reason = excluded.reason, failed_at = excluded.failed_at
                    WHERE dead_letter.version <= excluded.version";
        let values = [
            self.handler.name().into(),
            event.subject.clone().into(),
            event.version.into(),
            event.event_type.clone().into(),
            event.payload.clone().into(),
            i64::from(event.withdrawn).into(),
            // PostgreSQL can't store NUL in a text.
            reason.replace('\0', "\u{fffd}").into(),
            micros(self.clock.now()).into(),
        ];
        writer.execute_raw(sql(writer, text, values)).await?;
        Ok(())
    }

    /// Tries the dead letters again: all of them at the start, because a new release may be able to apply them, or
    /// those whose retry was `requested`.
    pub(super) async fn retry_dead_letters(&self, requested: bool) -> Result<(), DbErr> {
        let reader = self.db.reader();
        let text = if requested {
            "SELECT subject, version, type, payload, withdrawn FROM dead_letter WHERE consumer = $1 AND failed_at = 0"
        } else {
            "SELECT subject, version, type, payload, withdrawn FROM dead_letter WHERE consumer = $1"
        };
        let letters = Letter::find_by_statement(sql(reader, text, [self.handler.name().into()]))
            .all(reader)
            .await?;
        let service = self.handler.source().service;
        for letter in letters {
            let event = Event {
                subject: letter.subject,
                event_type: letter.event_type,
                revision: 0,
                version: letter.version,
                withdrawn: letter.withdrawn != 0,
                payload: letter.payload,
                time: String::new(),
                traceparent: None,
                origin: None,
            };
            let delivery = Delivery {
                service: service.clone(),
                event,
                sequence: 0,
            };
            let txn = self.db.begin().await?;
            match self.apply_one(&txn, &delivery).await {
                Ok(()) => {
                    // Needed when a newer version had been applied before: `apply_one` does nothing then.
                    let text =
                        "DELETE FROM dead_letter WHERE consumer = $1 AND subject = $2 AND version <= $3";
                    let event = &delivery.event;
                    let values = [
                        self.handler.name().into(),
                        event.subject.clone().into(),
                        event.version.into(),
                    ];
                    txn.execute_raw(sql(&txn, text, values)).await?;
                    txn.commit().await?;
                    self.handler.committed();
                }
                Err(error) => {
                    drop(txn);
                    self.dead_letter(&delivery.event, &error.to_string()).await?;
                }
            }
        }
        Ok(())
    }
}
