//! What is recomputed from several rows, or done to a row when its time has come: the dirty flags of what is out of date,
//! and the runner that recomputes it.
//!
//! A transaction that changes an input inserts a dirty flag with the figure's key ([`flag_dirty_in_txn`]). Flags are
//! only inserted and deleted, never updated, so that the transaction waits neither for others that flag the same key
//! nor for the runner.
//!
//! The runner locks a key's row of `derived`, skips rows that another replica has locked, deletes the key's flags and
//! recomputes the key, all in one transaction. It reads the inputs after it has deleted the flags, hence after the
//! transactions that inserted these have committed. A flag that is inserted in the meantime is not visible to it and
//! stays for the next round. A process that is killed loses nothing. The key with the oldest flag is first; a key that
//! fails is retried in a transaction of its own, after a delay that grows with each attempt.
//!
//! Some kinds need no flags: those whose inputs are rows that are inserted once and deleted once they are read, and those
//! whose rows have a column with the time at which they are due ([`Source`]).

mod runner;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use tokio::sync::watch;

use crate::{
    db::{Column, Step, Txn, sql, table},
    failure::Failure,
};

pub use runner::Runner;

/// The tables. The runner does not recompute a key before `held_until` (unix microseconds), be it for the minimum
/// interval or for the delay after a failure.
pub(crate) const STEP: Step = Step {
    name: "m0000_platform_derived",
    statements: &[
        "CREATE TABLE derived (
            kind {key} NOT NULL, key {key} NOT NULL, held_until BIGINT NOT NULL DEFAULT 0,
            attempts BIGINT NOT NULL DEFAULT 0, error TEXT, PRIMARY KEY (kind, key))",
        "CREATE TABLE derived_mark (id {identity}, kind {key} NOT NULL, key {key} NOT NULL)",
        "CREATE INDEX derived_mark_key ON derived_mark (kind, key)",
    ],
};

/// How often the runner looks for flags that other replicas have inserted, and for keys that are due.
const POLL: Duration = Duration::from_secs(1);
/// Keys that one query returns.
const PAGE: usize = 500;
/// Flags that one statement inserts.
const CHUNK: usize = 1000;

/// Settings of one kind of figures.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Name of the kind in the tables.
    pub name: &'static str,
    /// Most keys that are recomputed in one transaction.
    pub batch: usize,
    /// Minimum interval between two computations of a key, on all replicas together: changes in the meantime are
    /// combined.
    pub min_interval: Duration,
    /// Table into which processes of the previous release insert their flags.
    pub legacy: Option<LegacyFlags>,
}

/// Figures of one kind, or what is done to rows of one kind.
#[async_trait]
pub trait Kind: Send + Sync + 'static {
    /// The settings; read once, when the runner is made.
    fn settings(&self) -> Settings;
    /// Keys that are out of date without a flag, such as those whose period has ended; called once a second.
    async fn due(&self) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
    /// Where the runner finds the keys that are out of date.
    fn source(&self) -> Source {
        Source::Flags
    }
    /// How many times as long as a transaction took the runner pauses after it. The pause leaves time to the transactions
    /// that insert inputs while the runner is behind.
    fn pause(&self) -> u32 {
        0
    }
    /// Recomputes keys, which are sorted by their bytes: an implementation locks their rows in this order, then reads,
    /// then stages. After an error the transaction is rolled back and each key is tried in one of its own.
    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure>;
    /// Called after a transaction that recomputed keys was committed.
    fn committed(&self) {}
}

/// Where the runner finds the keys of a kind that are out of date.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// In the dirty flags.
    Flags,
    /// In a table whose rows are inputs and dirty flags at once: transactions insert rows, with increasing `id`, and
    /// [`Kind::recompute`] deletes those that it has read.
    Inputs {
        /// Name of the table.
        table: &'static str,
        /// SQL expression of the key in it, a text.
        key: &'static str,
        /// The inputs for which somebody waits, if there are such. Their keys are recomputed before the others, some of
        /// which follow in each round.
        urgent: Option<Urgent>,
    },
    /// In rows whose time has come.
    Due(Due),
}

/// Inputs for which somebody waits.
#[derive(Debug, Clone, Copy)]
pub struct Urgent {
    /// Which they are, in SQL; worded as in a partial index.
    pub condition: &'static str,
    /// Minimum interval between two computations of a key that has none of them; at least that of the kind.
    pub others: Duration,
}

/// Rows whose time has come. [`Kind::recompute`] changes them, so that they no longer meet the condition. It may find
/// that another process has done so.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// Name of the table.
    pub table: &'static str,
    /// SQL expression of the key, a text that differs for each row.
    pub key: &'static str,
    /// The column that says when a row is due; the lowest come first. An index should begin with it.
    pub column: &'static str,
    /// The highest value of the column with which a row is due, usually the present time; `None` where `condition` says
    /// it.
    pub until: Option<i64>,
    /// What else holds for a row that is due, in SQL; worded as in the partial index.
    pub condition: &'static str,
    /// How often the runner looks for such rows. Nothing wakes it in between.
    pub every: Duration,
}

impl Source {
    /// The query for the first keys that are out of date and not held at `now` (unix microseconds), and its values.
    /// Tests look at its plan.
    pub fn query(&self, kind: &str, now: i64) -> (String, Vec<Value>) {
        let mut values = vec![kind.into(), now.into()];
        let of_key = "FROM derived d WHERE d.kind = $1 AND d.key = m.key";
        let text = match self {
            // A join would let the database read and sort everything that is due to find the first of it.
            Self::Due(due) => {
                let (key, column, table, condition) = (due.key, due.column, due.table, due.condition);
                let until = due.until.map_or_else(String::new, |until| {
                    values.push(until.into());
                    format!("{column} <= $3 AND ")
                });
                format!(
                    "SELECT m.key, COALESCE((SELECT d.attempts {of_key}), -1) AS attempts
                     FROM (SELECT {key} AS key, {column} AS first FROM {table} WHERE {until}{condition}) m
                     WHERE COALESCE((SELECT d.held_until {of_key}), 0) <= $2 ORDER BY m.first LIMIT {PAGE}"
                )
            }
            Self::Flags => flagged("derived_mark", "key", "WHERE kind = $1"),
            Self::Inputs { table, key, .. } => flagged(table, key, ""),
        };
        (text, values)
    }

    /// Its urgent inputs; `None` for a source without any.
    fn urgent(&self) -> Option<Urgent> {
        match self {
            Self::Inputs { urgent, .. } => *urgent,
            Self::Flags | Self::Due(_) => None,
        }
    }

    /// The same query for the keys that have urgent inputs; `None` for a source without any.
    fn urgent_query(&self, kind: &str, now: i64) -> Option<(String, Vec<Value>)> {
        let Self::Inputs { table, key, urgent } = self else {
            return None;
        };
        let which = format!("WHERE {}", urgent.as_ref()?.condition);
        Some((flagged(table, key, &which), vec![kind.into(), now.into()]))
    }

    /// Whether there is any input, also of a key that is held; `None` for a source without urgent inputs.
    fn any_query(&self) -> Option<String> {
        match self {
            Self::Inputs { table, urgent, .. } if urgent.is_some() => {
                Some(format!("SELECT 1 AS one FROM {table} LIMIT 1"))
            }
            _ => None,
        }
    }
}

/// The query for keys with rows in a table, the one with the oldest row first.
fn flagged(table: &str, key: &str, which: &str) -> String {
    format!(
        "SELECT m.key, COALESCE(d.attempts, -1) AS attempts
         FROM (SELECT {key} AS key, MIN(id) AS first FROM {table} {which} GROUP BY {key}) m
         LEFT JOIN derived d ON d.kind = $1 AND d.key = m.key
         WHERE COALESCE(d.held_until, 0) <= $2 ORDER BY m.first LIMIT {PAGE}"
    )
}

/// A table of dirty flags that only processes of the previous release write, which run beside this one during a rolling
/// upgrade.
#[derive(Debug, Clone, Copy)]
pub struct LegacyFlags {
    /// Name of the table.
    pub table: &'static str,
    /// SQL expression of the key in it.
    pub key: &'static str,
}

/// Wakes the runners of a service; cheap to clone.
#[derive(Debug, Clone)]
pub struct Derived {
    wake: Arc<watch::Sender<()>>,
}

impl Default for Derived {
    fn default() -> Self {
        Self {
            wake: Arc::new(watch::Sender::new(())),
        }
    }
}

impl Derived {
    /// Wakes the runners after a transaction that inserted flags was committed.
    pub fn committed(&self) {
        self.wake.send_replace(());
    }
}

/// Flags keys of a kind as dirty, in the transaction that changes their inputs.
pub async fn flag_dirty_in_txn(
    txn: &Txn,
    kind: &str,
    keys: impl IntoIterator<Item = String>,
) -> Result<(), DbErr> {
    let keys: Vec<String> = keys.into_iter().collect();
    for keys in keys.chunks(CHUNK) {
        let (from, values) = rows(txn, kind, keys, &[]);
        let text = format!("INSERT INTO derived_mark (kind, key) SELECT $1, column1 FROM {from}");
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

/// Keys of a kind that begin with `prefix` and have been recomputed, or are being recomputed for the first time in a
/// transaction that is still open.
pub async fn recomputed_keys(
    conn: &impl ConnectionTrait,
    kind: &str,
    prefix: &str,
) -> Result<Vec<String>, DbErr> {
    // Keys are compared byte by byte, and no character is greater than `char::MAX`.
    let text = "SELECT key FROM derived WHERE kind = $1 AND key BETWEEN $2 AND $3";
    let values = [
        kind.into(),
        prefix.into(),
        format!("{prefix}{}", char::MAX).into(),
    ];
    let keys = Key::find_by_statement(sql(conn, text, values)).all(conn).await?;
    Ok(keys.into_iter().map(|k| k.key).collect())
}

/// The keys as a table for a FROM clause, whose parameters follow `$1` (the kind) and `others`; and all values.
fn rows(conn: &impl ConnectionTrait, kind: &str, keys: &[String], others: &[i64]) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![kind.into()];
    values.extend(others.iter().map(|other| Value::from(*other)));
    let keys = keys.iter().map(|key| [key.clone().into()]);
    let (from, keys) = table(conn, [Column::Text], keys, values.len());
    values.extend(keys);
    (from, values)
}

#[derive(Debug, FromQueryResult)]
struct Key {
    key: String,
}
