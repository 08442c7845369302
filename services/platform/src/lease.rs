//! Leases: of several replicas, one does what only one may do.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use crate::db::{Database, sql};

/// Unix microseconds by the clock of PostgreSQL.
const DATABASE_NOW: &str = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint";

/// The lease of one kind of work in the database of a service, as one replica sees it. On SQLite there is one process, which
/// always holds it.
#[derive(Debug, Clone)]
pub struct Lease {
    db: Database,
    name: &'static str,
    holder: String,
    duration: Duration,
}

impl Lease {
    /// The lease `name`; `holder` names this replica. It expires `duration` after it was renewed last.
    pub fn new(db: Database, name: &'static str, holder: String, duration: Duration) -> Self {
        Self {
            db,
            name,
            holder,
            duration,
        }
    }

    /// The name of this replica.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// How often the lease is to be renewed.
    pub fn renewal(&self) -> Duration {
        self.duration / 3
    }

    /// Acquires or renews the lease; false when another replica holds it. Its times are those of the database's clock, because
    /// the clocks of two hosts differ.
    pub async fn acquire(&self) -> Result<bool, DbErr> {
        if self.db.backend() == DbBackend::Sqlite {
            return Ok(true);
        }
        let duration = i64::try_from(self.duration.as_micros()).unwrap_or(i64::MAX);
        let writer = self.db.writer();
        let text = format!(
            "INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, {DATABASE_NOW} + $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
             WHERE lease.holder = excluded.holder OR lease.expires_at < {DATABASE_NOW}"
        );
        let values = [self.name.into(), self.holder.clone().into(), duration.into()];
        Ok(writer
            .execute_raw(sql(writer, &text, values))
            .await?
            .rows_affected()
            == 1)
    }

    /// Whether this replica holds the lease now, by the row in the database.
    pub async fn holds(&self) -> Result<bool, DbErr> {
        if self.db.backend() == DbBackend::Sqlite {
            return Ok(true);
        }
        let reader = self.db.reader();
        let text =
            format!("SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND expires_at >= {DATABASE_NOW}");
        let values = [self.name.into(), self.holder.clone().into()];
        Ok(reader.query_one_raw(sql(reader, &text, values)).await?.is_some())
    }

    /// Gives the lease up, so that another replica need not wait until it expires.
    pub async fn release(&self) -> Result<(), DbErr> {
        let writer = self.db.writer();
        let text = "DELETE FROM lease WHERE name = $1 AND holder = $2";
        let values = [self.name.into(), self.holder.clone().into()];
        writer.execute_raw(sql(writer, text, values)).await?;
        Ok(())
    }
}
