//! Reconciliation: the owner's database is authoritative, and the bus may have lost any part of its messages.
//!
//! Reconciliation only corrects the published versions in the outbox. States that are missing or older on the bus then
//! count as pending, and the relay publishes them like all others.

use std::collections::HashMap;

use futures::StreamExt;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{
    lock,
    refused::Refused,
    relay::{Error, Relay},
};
use crate::{
    bus::{Event, Head},
    db::{Column, Database, sql, table},
};

const PAGE: i64 = 1000;

#[derive(Debug, FromQueryResult)]
struct Row {
    subject: String,
    version: i64,
    published_version: i64,
    stream_sequence: i64,
}

/// A row whose published version and sequence differ from the bus's, which are `found`.
struct Correction {
    row: Row,
    found: (i64, i64),
}

fn correction(row: Row, head: Option<&Head>) -> Option<Correction> {
    let found = head.map_or((0, 0), |h| {
        (h.version, i64::try_from(h.sequence).unwrap_or(i64::MAX))
    });
    (found != (row.published_version, row.stream_sequence)).then_some(Correction { row, found })
}

impl Relay {
    /// Compares every row with the last message of its subject. Returns the highest version seen (the watermark): when
    /// all rows up to it are published, the bus has every state that the database had at the time of the comparison.
    ///
    /// It fails when too many states would be withdrawn, unless the database is `adopting` the stream.
    pub(super) async fn reconcile(&self, adopting: bool) -> Result<i64, Error> {
        let mut heads = self.heads().await?;
        let published = heads.values().filter(|h| !h.withdrawn).count();
        let mut highest = 0;
        let mut after = String::new();
        loop {
            let reader = self.db.reader();
            let text = "SELECT subject, version, published_version, stream_sequence FROM outbox
                        WHERE subject > $1 ORDER BY subject LIMIT $2";
            let rows = Row::find_by_statement(sql(reader, text, [after.clone().into(), PAGE.into()]))
                .all(reader)
                .await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.subject);
            let mut wrong = Vec::new();
            for row in rows {
                highest = highest.max(row.version);
                match heads.remove(&row.subject) {
                    Some(head) if head.version > row.version => self.restage(&head).await?,
                    head => wrong.extend(correction(row, head.as_ref())),
                }
            }
            self.correct(&wrong).await?;
        }
        // The remaining heads have no row. Rows are never deleted, so this database never published them or has lost
        // them.
        let missing: Vec<Head> = heads.into_values().filter(|h| !h.withdrawn).collect();
        if !adopting {
            Refused::check(missing.len(), published)?;
        }
        for head in missing {
            self.withdraw(&head).await?;
        }
        Ok(highest)
    }

    async fn heads(&self) -> Result<HashMap<String, Head>, Error> {
        let mut heads = HashMap::new();
        let mut reading = self.bus.heads(&self.service).await?;
        while let Some(head) = reading.next().await {
            let head = head?;
            heads.insert(head.subject.clone(), head);
        }
        Ok(heads)
    }

    /// Fails when a comparison would withdraw too many states; changes nothing.
    pub(super) async fn check_missing(&self) -> Result<(), Error> {
        let mut heads = self.heads().await?;
        heads.retain(|_, head| !head.withdrawn);
        let published = heads.len();
        let mut after = String::new();
        loop {
            let reader = self.db.reader();
            let text = "SELECT subject FROM outbox WHERE subject > $1 ORDER BY subject LIMIT $2";
            let values = [after.clone().into(), PAGE.into()];
            let rows = reader.query_all_raw(sql(reader, text, values)).await?;
            for row in &rows {
                after = row.try_get("", "subject")?;
                heads.remove(&after);
            }
            if rows.is_empty() {
                break;
            }
        }
        Ok(Refused::check(heads.len(), published)?)
    }

    /// Corrects published versions, except in rows whose published version has changed since they were read.
    async fn correct(&self, wrong: &[Correction]) -> Result<(), DbErr> {
        for chunk in wrong.chunks(1000) {
            let txn = self.db.begin().await?;
            lock(&txn, chunk.iter().map(|c| c.row.subject.as_str())).await?;
            let rows = chunk.iter().map(|c| {
                let (row, (version, sequence)) = (&c.row, c.found);
                [
                    row.subject.clone().into(),
                    version.into(),
                    sequence.into(),
                    row.published_version.into(),
                    row.stream_sequence.into(),
                ]
            });
            let columns = [Column::Text, Column::Int, Column::Int, Column::Int, Column::Int];
            let (from, values) = table(&txn, columns, rows, 0);
            let text = format!(
                "UPDATE outbox SET published_version = v.column2, stream_sequence = v.column3 FROM {from}
                 WHERE outbox.subject = v.column1
                   AND outbox.published_version = v.column4 AND outbox.stream_sequence = v.column5"
            );
            txn.execute_raw(sql(&txn, &text, values)).await?;
            txn.commit().await?;
        }
        Ok(())
    }

    /// Raises a row's version above that of the bus, which is newer: the database was restored from an older backup. A
    /// row whose version has risen in the meantime is not changed.
    pub(super) async fn restage(&self, head: &Head) -> Result<(), DbErr> {
        let writer = self.db.writer();
        let text = "UPDATE outbox SET version = $1, published_version = $2, stream_sequence = $3
                    WHERE subject = $4 AND version < $2";
        let sequence = i64::try_from(head.sequence).unwrap_or(i64::MAX);
        let values = [
            (head.version + 1).into(),
            head.version.into(),
            sequence.into(),
            head.subject.clone().into(),
        ];
        let changed = writer
            .execute_raw(sql(writer, text, values))
            .await?
            .rows_affected();
        if changed > 0 {
            tracing::warn!(subject = %head.subject, "the bus was newer than the database; staged again above it");
        }
        Ok(())
    }

    async fn withdraw(&self, head: &Head) -> Result<(), Error> {
        tracing::warn!(subject = %head.subject, "on the bus but not in the database; withdrawn");
        let event = Event {
            subject: head.subject.clone(),
            event_type: String::new(),
            revision: 0,
            version: head.version + 1,
            withdrawn: true,
            payload: Vec::new(),
            time: super::relay::sent_at(&self.clock),
            traceparent: None,
            origin: None,
        };
        match self.bus.publish(&self.service, &event, head.sequence).await {
            // A newer message was published in the meantime; the next comparison checks it.
            Ok(_) | Err(crate::bus::Error::Fenced) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

/// Gives every row a new version, so that all states are published again after a restore.
pub async fn restage_all(db: &Database, now_millis: i64) -> Result<u64, DbErr> {
    let writer = db.writer();
    let text = "UPDATE outbox SET version = CASE WHEN version + 1 > $1 THEN version + 1 ELSE $1 END";
    Ok(writer
        .execute_raw(sql(writer, text, [now_millis.into()]))
        .await?
        .rows_affected())
}
