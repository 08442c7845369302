//! Which states are pending, and the published versions that the holder of the relay's lease records in the outbox.

use std::sync::PoisonError;

use sea_orm::{ConnectionTrait, DbErr, Value};

use super::{
    lock,
    relay::{Published, Relay},
};
use crate::db::{Column, sql, table};

impl Relay {
    /// A condition that excludes states that are too large for the bus, with parameters after `used`, and its values.
    pub(super) fn sendable(&self, used: usize) -> (String, Vec<Value>) {
        let oversized = self.oversized.lock().unwrap_or_else(PoisonError::into_inner);
        if oversized.is_empty() {
            return (String::new(), Vec::new());
        }
        let rows = oversized
            .iter()
            .map(|(subject, version)| [subject.clone().into(), (*version).into()]);
        let (from, values) = table(self.db.reader(), [Column::Text, Column::Int], rows, used);
        let unsendable =
            format!("SELECT 1 FROM {from} WHERE v.column1 = outbox.subject AND v.column2 = outbox.version");
        (format!("AND NOT EXISTS ({unsendable})"), values)
    }

    /// Whether a state up to `version` is not published yet.
    pub(super) async fn pending_up_to(&self, version: i64) -> Result<bool, DbErr> {
        let reader = self.db.reader();
        let (sendable, mut values) = self.sendable(1);
        // A row whose version has risen above `version` counts as long as the bus has no message of its subject.
        let text = format!(
            "SELECT 1 FROM outbox
             WHERE version > published_version AND (version <= $1 OR stream_sequence = 0) {sendable} LIMIT 1"
        );
        values.insert(0, version.into());
        Ok(reader.query_one_raw(sql(reader, &text, values)).await?.is_some())
    }

    /// Records which versions are on the bus; a published version is never lowered.
    pub(super) async fn record_published(&self, published: &[Published]) -> Result<(), DbErr> {
        for chunk in published.chunks(1000) {
            let txn = self.db.begin().await?;
            lock(&txn, chunk.iter().map(|p| p.subject.as_str())).await?;
            let rows = chunk.iter().map(|p| {
                let sequence = i64::try_from(p.sequence).unwrap_or(i64::MAX);
                [p.subject.clone().into(), p.version.into(), sequence.into()]
            });
            let (from, values) = table(&txn, [Column::Text, Column::Int, Column::Int], rows, 0);
            let text = format!(
                "UPDATE outbox SET published_version = v.column2, stream_sequence = v.column3 FROM {from}
                 WHERE outbox.subject = v.column1 AND outbox.published_version <= v.column2
                   AND outbox.version >= v.column2"
            );
            txn.execute_raw(sql(&txn, &text, values)).await?;
            txn.commit().await?;
        }
        Ok(())
    }
}
