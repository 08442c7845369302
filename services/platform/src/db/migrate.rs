//! Migrations: handwritten steps, each executed once, in a transaction and under a lock.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, TransactionTrait};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use super::{Database, sql};

/// One migration step: its name, which must not change after a release, and its statements.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Name, such as `m0001_outbox`, which must sort after those of the earlier steps.
    pub name: &'static str,
    /// Statements; `{blob}` stands for the type of bytes, `{key}` for that of text compared byte by byte, `{identity}`
    /// for a primary key that the database generates in ascending order.
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

/// A step after which the database itself refuses to change or delete rows. Whoever owns a table can remove its guards; what they
/// stop is a wrong statement, of this program or by hand.
#[derive(Debug, Clone, Copy)]
pub struct Guards {
    /// Name, as that of a [`Step`].
    pub name: &'static str,
    /// The tables.
    pub tables: &'static [AppendOnly],
}

/// Rows of a table are never deleted, and not changed.
#[derive(Debug, Clone, Copy)]
pub struct AppendOnly {
    /// The table.
    pub table: &'static str,
    /// When a change is refused, a condition on `OLD` and `NEW`; empty for always.
    pub unchanged_when: &'static str,
}

impl AppendOnly {
    /// No row of the table is ever changed.
    pub const fn always(table: &'static str) -> Self {
        Self {
            table,
            unchanged_when: "",
        }
    }

    /// The statements that create it.
    pub fn statements(&self, backend: DbBackend) -> Vec<String> {
        let Self {
            table,
            unchanged_when: when,
        } = self;
        let fault = format!("{table} is append-only");
        if backend != DbBackend::Postgres {
            let refuse = format!("BEGIN SELECT RAISE(ABORT, '{fault}'); END");
            let when = match *when {
                "" => String::new(),
                when => format!("WHEN {when} "),
            };
            return vec![
                format!("CREATE TRIGGER {table}_not_changed BEFORE UPDATE ON {table} {when}{refuse}"),
                format!("CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {refuse}"),
            ];
        }
        let refuse = format!("EXECUTE FUNCTION {table}_is_append_only()");
        let each = match *when {
            "" => "FOR EACH STATEMENT".to_owned(),
            when => format!("FOR EACH ROW WHEN ({when})"),
        };
        vec![
            format!(
                "CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION '{fault}'; END $$"
            ),
            format!("CREATE TRIGGER {table}_not_changed BEFORE UPDATE ON {table} {each} {refuse}"),
            format!(
                "CREATE TRIGGER {table}_not_deleted BEFORE DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT {refuse}"
            ),
        ]
    }
}

impl MigrationName for Guards {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Guards {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for statement in self.tables.iter().flat_map(|guard| guard.statements(backend)) {
            manager.get_connection().execute_unprepared(&statement).await?;
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

/// Executes the pending steps of `M` under a lock, so that replicas that start together don't race. Without `run` it
/// executes nothing, and fails with [`DbErr::Migration`] when steps are pending. A schema with steps that `M` does not
/// have is [`DbErr::Custom`].
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
    // The steps of all services take the same lock, because services may share one database.
    let lock = db.writer().pool().begin().await?;
    // This connection is idle while the steps run, however long they take.
    lock.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0")
        .await?;
    lock.execute_raw(sql(&lock, "SELECT pg_advisory_xact_lock(1886546273)", []))
        .await?;
    // Only when it is missing: `IF NOT EXISTS` needs the right to create schemas in any case, which the role of a service
    // should not have.
    let schema = sql(
        &lock,
        "SELECT 1 FROM pg_namespace WHERE nspname = $1",
        [service.into()],
    );
    if lock.query_one_raw(schema).await?.is_none() {
        db.writer()
            .execute_unprepared(&format!("CREATE SCHEMA \"{service}\""))
            .await?;
    }
    M::up(db.writer().pool(), None).await?;
    lock.commit().await
}
