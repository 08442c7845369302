//! Migrations: handwritten steps, run once, under a lock, each in a transaction.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, TransactionTrait};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use super::{Database, sql};

/// One step of the schema: its name (never changed once released) and its statements.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Sorts after the steps before it, such as `m0001_outbox`.
    pub name: &'static str,
    /// Statements; `{blob}` stands for bytes, `{key}` for text compared byte by byte, `{identity}` for a primary key
    /// that the database counts up.
    pub statements: &'static [&'static str],
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in self.statements {
            manager
                .get_connection()
                .execute_unprepared(&ddl(statement, manager.get_database_backend()))
                .await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A statement with the type names of `backend`.
pub fn ddl(statement: &str, backend: DbBackend) -> String {
    let (blob, key, identity) = if backend == DbBackend::Postgres {
        (
            "BYTEA",
            "TEXT COLLATE \"C\"",
            "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        )
    } else {
        ("BLOB", "TEXT", "INTEGER PRIMARY KEY")
    };
    statement
        .replace("{blob}", blob)
        .replace("{key}", key)
        .replace("{identity}", identity)
}

/// Runs the steps of `M` that have not run, under a lock, so that replicas that start together don't race. With
/// `run` off it only fails when there are such steps, with [`DbErr::Migration`]; a schema with steps that `M` does not
/// know is [`DbErr::Custom`].
pub async fn migrate<M: MigratorTrait>(db: &Database, service: &str, run: bool) -> Result<(), DbErr> {
    if !run {
        return match M::get_pending_migrations(db.writer().pool()).await {
            Ok(steps) if steps.is_empty() => Ok(()),
            Ok(_) | Err(DbErr::Exec(_)) => Err(DbErr::Migration(format!(
                "the schema of {service} is not up to date"
            ))),
            Err(other) => Err(other),
        };
    }
    if db.backend() != DbBackend::Postgres {
        return M::up(db.writer().pool(), None).await;
    }
    // Any service's steps take the same lock: they may share one database.
    let lock = db.writer().pool().begin().await?;
    // Nothing is done on this connection while the steps run, however long that takes.
    lock.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0")
        .await?;
    lock.execute_raw(sql(&lock, "SELECT pg_advisory_xact_lock(1886546273)", []))
        .await?;
    db.writer()
        .execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS \"{service}\""))
        .await?;
    M::up(db.writer().pool(), None).await?;
    lock.commit().await
}
