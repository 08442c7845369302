//! Migrations: handwritten steps, run once, under a lock, each in a transaction.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, TransactionTrait};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use super::{Database, sql};
use crate::{derived, outbox};

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

/// Tables of the platform, in every service's database.
pub fn platform_steps() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(FIRST),
        Box::new(outbox::owner::STEP),
        Box::new(derived::STEP),
    ]
}

const FIRST: Step = Step {
        name: "m0000_platform",
        statements: &[
            "CREATE TABLE outbox (
                subject {key} PRIMARY KEY, type TEXT NOT NULL, revision BIGINT NOT NULL, version BIGINT NOT NULL,
                withdrawn BIGINT NOT NULL DEFAULT 0, payload {blob} NOT NULL, traceparent TEXT, merged TEXT,
                published_version BIGINT NOT NULL DEFAULT 0, stream_sequence BIGINT NOT NULL DEFAULT 0)",
            "CREATE INDEX outbox_pending ON outbox (version) WHERE version > published_version",
            "CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at BIGINT NOT NULL)",
            "CREATE TABLE request (
                method TEXT NOT NULL, caller TEXT NOT NULL, request_id TEXT NOT NULL, digest {blob} NOT NULL,
                answer {blob} NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (method, caller, request_id))",
            "CREATE TABLE consumed (
                consumer TEXT NOT NULL, subject TEXT NOT NULL, version BIGINT NOT NULL, revision BIGINT NOT NULL,
                PRIMARY KEY (consumer, subject))",
            "CREATE TABLE consumer_position (
                consumer TEXT NOT NULL, stream TEXT NOT NULL, created BIGINT NOT NULL, sequence BIGINT NOT NULL,
                PRIMARY KEY (consumer, stream))",
            "CREATE TABLE dead_letter (
                consumer TEXT NOT NULL, subject TEXT NOT NULL, version BIGINT NOT NULL, type TEXT NOT NULL,
                payload {blob} NOT NULL, withdrawn BIGINT NOT NULL, reason TEXT NOT NULL, failed_at BIGINT NOT NULL,
                PRIMARY KEY (consumer, subject))",
        ],
    };

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
