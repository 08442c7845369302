//! The database of one service: SQLite (one file, one writer) or PostgreSQL (one schema).

mod cause;
mod conn;
mod liveness;
mod lock;
mod migrate;
mod positional;
mod storage;

pub use cause::{Cause, cause, message};
pub use conn::{Conn, Txn};
pub use lock::{Lock, LockError};
pub use migrate::{AppendOnly, Guards, Step, ddl, migrate};
pub use sea_orm::DbErr;

use std::{fmt::Write, sync::Arc, time::Duration};

use sea_orm::{
    ActiveModelTrait, ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait,
    IsolationLevel, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions, Value,
    sea_query::{ArrayType, OnConflict},
    sqlx::{
        Connection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::sync::watch;
use tracing::Instrument;

use crate::{
    clock::{Clock, micros},
    config,
    failure::Failure,
};

use conn::Guard;
use storage::Storage;

/// Settings of a session of PostgreSQL (14 or newer), which limit how long it keeps its locks: the first one when the
/// client process hangs in a transaction, the second one when the client has closed the connection during a statement,
/// the others when the network path was lost.
const SESSION: [(&str, &str); 6] = [
    ("idle_in_transaction_session_timeout", "20s"),
    ("client_connection_check_interval", "2s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "25s"),
];

/// The database connections of one service.
#[derive(Clone, Debug)]
pub struct Database {
    write: Conn,
    read: Conn,
    storage: Storage,
}

impl Database {
    /// Connects `service` to its file or schema. An acknowledged commit is on disk (`synchronous=FULL`).
    pub async fn connect(config: &config::Database, service: &str) -> Result<Self, DbErr> {
        if let Some(dir) = config.url.strip_prefix("sqlite:") {
            std::fs::create_dir_all(dir).map_err(|e| DbErr::Custom(format!("directory {dir}: {e}")))?;
            let url = format!("sqlite://{dir}/{service}.db?mode=rwc");
            let write = sea_orm::Database::connect(sqlite(&url, 1)).await?;
            let read = sea_orm::Database::connect(sqlite(&url, 4)).await?;
            return Ok(Self::new(write, read, None));
        }
        let statement = Duration::from_secs(config.statement_seconds);
        let mut options = ConnectOptions::new(config.url.clone());
        options
            .max_connections(config.max_connections)
            .acquire_timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(10))
            .statement_timeout(statement)
            .set_schema_search_path(service)
            .set_application_name(format!("prima-{service}"))
            .sqlx_logging(false)
            .map_sqlx_postgres_opts(|o| o.options(SESSION));
        liveness::test_connections(&mut options);
        let pool = sea_orm::Database::connect(options).await?;
        // Longer than the timeout of the server, which reports a slow statement itself.
        Ok(Self::new(pool.clone(), pool, Some(statement + liveness::ANSWER)))
    }

    fn new(write: DatabaseConnection, read: DatabaseConnection, limit: Option<Duration>) -> Self {
        let storage = Storage::default();
        let guard = Guard {
            limit,
            storage: storage.clone(),
        };
        Self {
            write: Conn::new(write, guard.clone()),
            read: Conn::new(read, guard),
            storage,
        }
    }

    /// SQLite or PostgreSQL.
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Begins a transaction that may write. On SQLite it acquires the write lock at once, so that a write after a read
    /// can't fail because of another writer.
    ///
    /// This future may be dropped at any point, as that of a call whose deadline passes is. That of the driver may not
    /// (sqlx 0.9.0, #4385): if a BEGIN was sent and its response was not awaited, the connection stays in a transaction
    /// that the pool does not know of, and the next user of the connection writes into it. So a separate task awaits
    /// the BEGIN, and the transaction is rolled back if the future was dropped.
    pub async fn begin(&self) -> Result<Txn, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        begin(self.write.clone(), options).await
    }

    /// Begins a transaction in which all reads see the same snapshot.
    pub async fn snapshot(&self) -> Result<Txn, DbErr> {
        let options = TransactionOptions {
            isolation_level: (self.backend() == DbBackend::Postgres)
                .then_some(IsolationLevel::RepeatableRead),
            ..TransactionOptions::default()
        };
        begin(self.read.clone(), options).await
    }

    /// Connection for reads outside a transaction.
    pub fn reader(&self) -> &Conn {
        &self.read
    }

    /// Connection for single statements that write outside a transaction.
    pub fn writer(&self) -> &Conn {
        &self.write
    }

    /// Whether every connection for reads is in use, so that a statement waits for one whatever the database does.
    pub fn is_busy(&self) -> bool {
        let pool = self.read.pool();
        let (size, idle, most) = match self.backend() {
            DbBackend::Postgres => {
                let pool = pool.get_postgres_connection_pool();
                (pool.size(), pool.num_idle(), pool.options().get_max_connections())
            }
            _ => {
                let pool = pool.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle(), pool.options().get_max_connections())
            }
        };
        size >= most && idle == 0
    }

    /// Watch channel: whether the storage accepts writes, by the outcome of the last ones.
    pub fn storage(&self) -> watch::Receiver<bool> {
        self.storage.subscribe()
    }

    /// Writes a row to find out whether the storage accepts writes again.
    pub async fn probe(&self, clock: &Clock) -> Result<(), DbErr> {
        let text = "INSERT INTO lease (name, holder, expires_at) VALUES ('storage', '', $1)
                    ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at";
        let writer = self.writer();
        writer
            .execute_raw(sql(writer, text, [micros(clock.now()).into()]))
            .await?;
        self.storage.set(true);
        Ok(())
    }

    /// Closes the connections; SQLite then copies the write-ahead log into the database file.
    pub async fn close(self) {
        let _closed = self.read.pool().close_by_ref().await;
        let _closed = self.write.pool().close_by_ref().await;
    }
}

/// Begins a transaction in a separate task, which awaits the BEGIN even if the caller's future is dropped.
async fn begin(connection: Conn, options: TransactionOptions) -> Result<Txn, DbErr> {
    let begin = async move { connection.begin(options).await };
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with the BEGIN, and must outlive its caller"
    )]
    let begun = tokio::spawn(begin.in_current_span()).await;
    begun.map_err(|ended| DbErr::Conn(RuntimeErr::Internal(format!("begin: {ended}"))))?
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .max_connections(connections)
        .min_connections(1)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |o| {
            o.journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                // Erased data must not stay in free pages of the file.
                .pragma("secure_delete", "ON")
                // The log is copied into the file at 16 MB instead of 4, since pages in between are written more than
                // once; after a larger transaction it shrinks again.
                .pragma("wal_autocheckpoint", "4000")
                .pragma("journal_size_limit", "67108864")
                // 32 MB for the writer: the ids of responses touch random pages of an index.
                .pragma("cache_size", if connections == 1 { "-32768" } else { "-2000" })
                .busy_timeout(Duration::from_secs(30))
        })
        // When its storage fails, SQLite rolls a transaction back by itself, but sqlx still counts it as open: later
        // transactions would be savepoints in it, acknowledged and never committed. Such a connection is not reused.
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| {
                Box::pin(async move {
                    // The ping waits for the rollback that a dropped transaction has queued.
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
        });
    options
}

/// A statement with parameters `$1`, `$2`, …, rewritten to the form that is fast on the database. Every statement is
/// made here.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where statements are made"
)]
pub fn sql(conn: &impl ConnectionTrait, text: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    let backend = conn.get_database_backend();
    if backend == DbBackend::Postgres {
        return Statement::from_sql_and_values(backend, text, values);
    }
    let (text, values) = positional::positional(text, values.into_iter().collect());
    Statement::from_sql_and_values(backend, text, values)
}

/// A statement of SQLite with rows of `columns` columns: `before VALUES (?, ?), … after`. `values` has the values of
/// `before` and of the rows. Thousands of rows are inserted faster this way than with [`table`]: parameters are not
/// rewritten, and no rows are filled up. See [`at_once`].
#[expect(
    clippy::disallowed_methods,
    reason = "the other place where statements are made"
)]
pub fn plain_rows(
    before: &str,
    (rows, columns): (usize, usize),
    after: &str,
    values: Vec<Value>,
) -> Statement {
    let row = format!("({})", vec!["?"; columns].join(", "));
    let rows = vec![row; rows].join(", ");
    let text = format!("{before} VALUES {rows} {after}");
    Statement::from_sql_and_values(DbBackend::Sqlite, text, values)
}

/// Splits rows with `columns` columns into parts for one statement each: on PostgreSQL into a single part, on SQLite
/// into parts whose sizes are powers of two, so that there are few different statements to prepare.
pub fn at_once<'a, T>(conn: &impl ConnectionTrait, rows: &'a [T], columns: usize) -> Vec<&'a [T]> {
    let most = rows_at_once(conn, columns);
    let (mut parts, mut rest) = (Vec::new(), rows);
    while !rest.is_empty() {
        let count = match conn.get_database_backend() {
            DbBackend::Postgres => rest.len(),
            _ => 1 << rest.len().min(most).max(1).ilog2(),
        };
        let (part, later) = rest.split_at(count.min(rest.len()));
        parts.push(part);
        rest = later;
    }
    parts
}

/// `($1, $2), ($3, $4), …`: the placeholders of a multi-row statement, numbered after `used` parameters.
pub fn placeholders(rows: usize, columns: usize, used: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let separator = if column == 0 { "" } else { ", " };
            let number = used + row * columns + column + 1;
            // Writing to a String can't fail.
            let _written = write!(text, "{separator}${number}");
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

/// Most parameters of one statement on SQLite.
const PARAMETERS: usize = 32_766;

/// Most rows of `columns` columns that one statement can have with [`table`] and a few more parameters.
pub fn rows_at_once(conn: &impl ConnectionTrait, columns: usize) -> usize {
    match conn.get_database_backend() {
        DbBackend::Postgres => usize::MAX,
        _ => (PARAMETERS - 16) / columns.max(1),
    }
}

/// Rows without NULLs as a table for a FROM clause: the text `… AS v (column1, column2, …)`, with parameters after
/// `used`, and their values. On PostgreSQL each column is one array, so that one prepared statement serves any number
/// of rows. On SQLite the number of rows is rounded up to a power of two, because the driver caches a hundred prepared
/// statements, and those with a thousand rows take megabytes each.
pub fn table<const N: usize>(
    conn: &impl ConnectionTrait,
    columns: [Column; N],
    rows: impl IntoIterator<Item = [Value; N]>,
    used: usize,
) -> (String, Vec<Value>) {
    if conn.get_database_backend() != DbBackend::Postgres {
        let mut values: Vec<Value> = rows.into_iter().flatten().collect();
        let count = values.len() / N;
        let prepared = count.next_power_of_two().min(rows_at_once(conn, N)).max(count);
        // Rows of NULL fill it up; the WHERE clause excludes them.
        values.resize(prepared * N, Value::BigInt(None));
        let rows = placeholders(prepared, N, used);
        return (
            format!("(SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL) AS v"),
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

/// Defines the empty `Relation` and the default `ActiveModelBehavior` of an entity, beside its `Model`.
#[macro_export]
macro_rules! no_relations {
    () => {
        /// No relations are used.
        #[derive(Copy, Clone, Debug, sea_orm::EnumIter, sea_orm::DeriveRelation)]
        pub enum Relation {}

        impl sea_orm::ActiveModelBehavior for ActiveModel {}
    };
}

/// Inserts a row; false when its key exists already. Waits for another transaction that inserts the same key.
pub async fn insert_new<A: ActiveModelTrait>(txn: &Txn, row: A) -> Result<bool, DbErr> {
    let taken = OnConflict::new().do_nothing().to_owned();
    let insert = A::Entity::insert(row).on_conflict(taken);
    Ok(insert.exec_without_returning(txn).await? == 1)
}

/// The error for a stored row with a value that this program can't have written.
pub fn broken(row: impl std::fmt::Display, column: &str) -> DbErr {
    DbErr::Custom(format!("{row}: stored {column} can't be read"))
}

/// Wraps a failure in a database error, for functions that refuse a state and can only return a database error.
pub fn refusal(failure: Failure) -> DbErr {
    DbErr::TryIntoErr {
        from: "state",
        into: "row",
        source: Arc::new(failure),
    }
}

impl From<DbErr> for Failure {
    /// A [`refusal`] is unwrapped; an unavailable database or one that can't write is `UNAVAILABLE`, every other error
    /// is `INTERNAL`.
    fn from(error: DbErr) -> Self {
        if let DbErr::TryIntoErr { source, .. } = &error
            && let Some(refusal) = source.downcast_ref::<Self>()
        {
            return refusal.clone();
        }
        match cause(&error) {
            Cause::StorageFull => Self::storage_full(error),
            cause if cause.is_storage() => Self::storage_failed(error),
            _ if transient(&error) => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

/// Whether the same work may succeed later: the connection broke, there was a conflict with another transaction, or the
/// storage is full or failing.
pub fn transient(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return true;
    }
    let cause = cause(error);
    cause.is_storage() || matches!(cause, Cause::Unavailable | Cause::Conflict)
}
