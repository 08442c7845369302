//! The lease of the relay, which one replica holds, and the published versions that its holder records in the outbox.

use std::sync::PoisonError;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Value};

use super::{
    lock,
    relay::{Published, Relay},
};
use crate::db::{Column, sql, table};

/// Unix microseconds by the clock of PostgreSQL.
const DATABASE_NOW: &str = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint";

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

    /// Acquires or renews the lease. Its times are those of the database's clock, because the clocks of two hosts
    /// differ. On SQLite there is one process, which always holds it.
    pub(super) async fn acquire(&self) -> Result<bool, DbErr> {
        if self.db.backend() == DbBackend::Sqlite {
            return Ok(true);
        }
        let duration = i64::try_from(self.config.lease_millis).unwrap_or(5_000) * 1_000;
        let writer = self.db.writer();
        let text = format!(
            "INSERT INTO lease (name, holder, expires_at) VALUES ('relay', $1, {DATABASE_NOW} + $2)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
             WHERE lease.holder = excluded.holder OR lease.expires_at < {DATABASE_NOW}"
        );
        let values = [self.holder.clone().into(), duration.into()];
        Ok(writer
            .execute_raw(sql(writer, &text, values))
            .await?
            .rows_affected()
            == 1)
    }

    /// Whether this replica holds the lease now, by the row in the database.
    pub(super) async fn holds(&self) -> Result<bool, DbErr> {
        if self.db.backend() == DbBackend::Sqlite {
            return Ok(true);
        }
        let reader = self.db.reader();
        let text = format!(
            "SELECT 1 FROM lease WHERE name = 'relay' AND holder = $1 AND expires_at >= {DATABASE_NOW}"
        );
        let row = reader.query_one_raw(sql(reader, &text, [self.holder.clone().into()]));
        Ok(row.await?.is_some())
    }

    pub(super) async fn release(&self) -> Result<(), DbErr> {
        let writer = self.db.writer();
        let text = "DELETE FROM lease WHERE name = 'relay' AND holder = $1";
        writer
            .execute_raw(sql(writer, text, [self.holder.clone().into()]))
            .await?;
        Ok(())
    }
}
