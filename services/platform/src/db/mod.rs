//! The database of one service: SQLite (one file, one writer) or PostgreSQL (one schema).

mod migrate;

pub use migrate::{Step, ddl, migrate, platform_steps};

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
    sea_query::ArrayType,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};

use crate::{config, failure::Failure};

/// A transaction that may write.
pub type Txn = DatabaseTransaction;

/// Connections of one service.
#[derive(Clone, Debug)]
pub struct Database {
    write: DatabaseConnection,
    read: DatabaseConnection,
}

impl Database {
    /// Connects `service` to its file or schema. An acknowledged commit is on disk (`synchronous=FULL`).
    pub async fn connect(config: &config::Database, service: &str) -> Result<Self, DbErr> {
        if let Some(dir) = config.url.strip_prefix("sqlite:") {
            std::fs::create_dir_all(dir).map_err(|e| DbErr::Custom(format!("directory {dir}: {e}")))?;
            let url = format!("sqlite://{dir}/{service}.db?mode=rwc");
            let write = sea_orm::Database::connect(sqlite(&url, 1)).await?;
            let read = sea_orm::Database::connect(sqlite(&url, 4)).await?;
            return Ok(Self { write, read });
        }
        let mut options = ConnectOptions::new(config.url.clone());
        options
            .max_connections(config.max_connections)
            .acquire_timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(10))
            .statement_timeout(Duration::from_secs(60))
            .set_schema_search_path(service)
            .set_application_name(format!("prima-{service}"))
            .sqlx_logging(false)
            // A process that was stopped in the middle of a transaction, or lost, holds its locks no longer than this.
            .map_sqlx_postgres_opts(|o| o.options([("idle_in_transaction_session_timeout", "20s")]));
        let pool = sea_orm::Database::connect(options).await?;
        Ok(Self {
            write: pool.clone(),
            read: pool,
        })
    }

    /// Which database it is.
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once, so that a read before a
    /// write can't fail halfway.
    pub async fn begin(&self) -> Result<Txn, DbErr> {
        self.write
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await
    }

    /// For plain reads outside a transaction.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// For single statements that write outside a transaction.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Closes the connections; on SQLite this folds the write-ahead log into the file.
    pub async fn close(self) {
        let _closed = self.read.close().await;
        let _closed = self.write.close().await;
    }
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .max_connections(connections)
        .min_connections(1)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|o| {
            o.journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                // What is erased shall not stay in free pages of the file.
                .pragma("secure_delete", "ON")
                .busy_timeout(Duration::from_secs(30))
        });
    options
}

/// A statement with `$1`-style parameters, which both databases understand.
pub fn sql(conn: &impl ConnectionTrait, text: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), text, values)
}

/// `($1, $2), ($3, $4), …`: the rows of a multi-row statement, numbered after `used` parameters.
pub fn placeholders(rows: usize, columns: usize, used: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let separator = if column == 0 { "" } else { ", " };
            text.push_str(&format!("{separator}${}", used + row * columns + column + 1));
        }
        text.push(')');
    }
    text
}

/// Type of a column of [`table`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// `BIGINT`.
    Int,
    /// `TEXT`.
    Text,
    /// Bytes.
    Bytes,
}

/// Rows, none of them with a NULL, as a table for a FROM clause: its text `… AS v (column1, column2, …)`, with
/// parameters after `used`, and their values. On PostgreSQL it takes one array a column, so that the statement is
/// prepared once for any number of rows.
pub fn table<const N: usize>(
    conn: &impl ConnectionTrait,
    columns: [Column; N],
    rows: impl IntoIterator<Item = [Value; N]>,
    used: usize,
) -> (String, Vec<Value>) {
    if conn.get_database_backend() != DbBackend::Postgres {
        let values: Vec<Value> = rows.into_iter().flatten().collect();
        return (
            format!("(VALUES {}) AS v", placeholders(values.len() / N, N, used)),
            values,
        );
    }
    let mut arrays = [const { Vec::new() }; N];
    for row in rows {
        for (array, value) in arrays.iter_mut().zip(row) {
            array.push(value);
        }
    }
    let (mut names, mut casts, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for ((n, column), array) in (1..).zip(columns).zip(arrays) {
        let (name, kind) = match column {
            Column::Int => ("bigint", ArrayType::BigInt),
            Column::Text => ("text", ArrayType::String),
            Column::Bytes => ("bytea", ArrayType::Bytes),
        };
        names.push(format!("column{n}"));
        casts.push(format!("${}::{name}[]", used + n));
        values.push(Value::Array(kind, Some(Box::new(array))));
    }
    (
        format!("UNNEST({}) AS v ({})", casts.join(", "), names.join(", ")),
        values,
    )
}

impl From<DbErr> for Failure {
    /// A database that is away is `UNAVAILABLE`, everything else is a fault of ours.
    fn from(error: DbErr) -> Self {
        if transient(&error) {
            Self::unavailable(error)
        } else {
            Self::internal(error)
        }
    }
}

/// Whether the same work may succeed later: the connection broke, or the database asked for a retry.
pub fn transient(error: &DbErr) -> bool {
    use sea_orm::{RuntimeErr, sqlx};
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            match &**inner {
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Protocol(_) => true,
                // Serialisation failure, deadlock, shutdown, cannot connect now, lock or statement timeout; SQLITE_BUSY.
                sqlx::Error::Database(db) => matches!(
                    db.code().as_deref(),
                    Some(
                        "40001"
                            | "40P01"
                            | "57P01"
                            | "57P02"
                            | "57P03"
                            | "55P03"
                            | "57014"
                            | "53300"
                            | "5"
                            | "517"
                    )
                ),
                _ => false,
            }
        }
        _ => false,
    }
}
