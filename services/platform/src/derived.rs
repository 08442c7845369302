//! Figures that are recomputed from several rows: the dirty flags of those that are out of date, and the runner that
//! recomputes them.
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

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use opentelemetry::KeyValue;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Value};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock, micros},
    db::{Column, Database, Step, Txn, sql, table},
    failpoint,
    failure::Failure,
    outbox::Outbox,
    telemetry,
};

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
/// Delay before a failed key is tried again: the first one and the longest.
const DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// Keys that one query returns.
const PAGE: i64 = 500;
/// Flags that one statement inserts.
const CHUNK: usize = 1000;
/// Longest error text that is stored, characters.
const ERROR: usize = 1000;

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

/// Figures of one kind.
#[async_trait]
pub trait Kind: Send + Sync + 'static {
    /// The settings; read once, when the runner is made.
    fn settings(&self) -> Settings;
    /// Keys that are out of date without a flag, such as those whose period has ended; called once a second.
    async fn due(&self) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
    /// The rows that take the place of flags, for a kind whose inputs are such rows; it then has no flags.
    fn inputs(&self) -> Option<Inputs> {
        None
    }
    /// How many times as long as a transaction took the runner pauses after it. The pause leaves time to the transactions
    /// that insert inputs while the runner is behind.
    fn pause(&self) -> u32 {
        0
    }
    /// Recomputes keys, which are sorted by their bytes: an implementation locks their rows in this order, then reads,
    /// then stages. After an error the transaction is rolled back and each key is tried in one of its own.
    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure>;
}

/// A table whose rows are inputs and dirty flags at once: transactions insert rows, with increasing `id`, and
/// [`Kind::recompute`] deletes those that it has read.
#[derive(Debug, Clone, Copy)]
pub struct Inputs {
    /// Name of the table.
    pub table: &'static str,
    /// SQL expression of the key in it, a text.
    pub key: &'static str,
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

/// Clause of a SELECT that locks its rows and skips those that another transaction has locked. SQLite has one writer
/// and needs none.
fn skip_locked(conn: &impl ConnectionTrait) -> &'static str {
    if conn.get_database_backend() == DbBackend::Postgres {
        " FOR UPDATE SKIP LOCKED"
    } else {
        ""
    }
}

#[derive(Debug, FromQueryResult)]
struct Key {
    key: String,
}

/// A key that has flags; `attempts` is -1 when it has no row of `derived` yet.
#[derive(Debug, FromQueryResult)]
struct Waiting {
    key: String,
    attempts: i64,
}

/// Recomputes the keys of one kind that are flagged as dirty.
pub struct Runner<K> {
    db: Database,
    derived: Derived,
    outbox: Outbox,
    settings: Settings,
    kind: K,
    // Intervals and delays follow the machine's clock, also when a test sets the clock of the service.
    clock: Clock,
}

impl<K: Kind> Runner<K> {
    /// A runner that is woken by `derived` and wakes the relay by `outbox`.
    pub fn new(db: Database, derived: Derived, outbox: Outbox, kind: K) -> Self {
        Self {
            db,
            derived,
            outbox,
            settings: kind.settings(),
            kind,
            clock: Clock::system(),
        }
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut wake = self.derived.wake.subscribe();
        let mut looked: Option<Instant> = None;
        while !stop.is_cancelled() {
            wake.mark_unchanged();
            if looked.is_none_or(|at| at.elapsed() >= POLL) {
                looked = Some(Instant::now());
                if let Err(error) = self.look().await {
                    let kind = self.settings.name;
                    tracing::warn!(kind, %error, "keys that are due can't be determined; trying again");
                }
            }
            let pause = match self.round(&stop).await {
                Ok(0) => self.settings.min_interval / 10,
                // There may be more keys than one page.
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(kind = self.settings.name, %error, "dirty flags are not processed; trying again");
                    POLL
                }
            };
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(pause) => {} }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = wake.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Flags keys that are due, and takes over the flags of processes of the previous release.
    async fn look(&self) -> Result<(), Failure> {
        let kind = self.settings.name;
        if let Some(older) = self.settings.legacy {
            self.take_over(older).await?;
        }
        let writer = self.db.writer();
        for keys in self.kind.due().await?.chunks(CHUNK) {
            let (from, values) = rows(writer, kind, keys, &[]);
            let text = format!(
                "INSERT INTO derived_mark (kind, key) SELECT $1, column1 FROM {from} WHERE NOT EXISTS
                    (SELECT 1 FROM derived_mark m WHERE m.kind = $1 AND m.key = v.column1)"
            );
            writer.execute_raw(sql(writer, &text, values)).await?;
        }
        Ok(())
    }

    /// Moves the flags of the legacy table into `derived_mark`, except those that another transaction has locked.
    async fn take_over(&self, LegacyFlags { table, key }: LegacyFlags) -> Result<(), Failure> {
        let any = format!("SELECT 1 AS one FROM {table} LIMIT 1");
        let reader = self.db.reader();
        if reader.query_one_raw(sql(reader, &any, [])).await?.is_none() {
            return Ok(());
        }
        let txn = self.db.begin().await?;
        let (row, skip) = match txn.get_database_backend() {
            DbBackend::Postgres => ("ctid", skip_locked(&txn)),
            _ => ("rowid", ""),
        };
        let text = format!(
            "DELETE FROM {table} WHERE {row} IN (SELECT {row} FROM {table}{skip}) RETURNING {key} AS key"
        );
        let taken = Key::find_by_statement(sql(&txn, &text, [])).all(&txn).await?;
        flag_dirty_in_txn(&txn, self.settings.name, taken.into_iter().map(|k| k.key)).await?;
        Ok(txn.commit().await?)
    }

    /// Recomputes a page of flagged keys whose `held_until` has passed. Returns how many were recomputed.
    async fn round(&self, stop: &CancellationToken) -> Result<usize, Failure> {
        let waiting = self.waiting().await?;
        let (failed, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|w| w.attempts > 0);
        let keys: Vec<String> = others.into_iter().map(|w| w.key).collect();
        let batches = keys.chunks(self.settings.batch.max(1)).map(<[String]>::to_vec);
        let mut done = 0;
        // A key that has failed may fail again, and would roll back the others of its batch.
        for keys in batches.chain(failed.into_iter().map(|w| vec![w.key])) {
            if stop.is_cancelled() {
                break;
            }
            let began = Instant::now();
            done += self.work(&keys).await?;
            let pause = began.elapsed() * self.kind.pause();
            if !pause.is_zero() {
                tokio::select! { () = stop.cancelled() => break, () = tokio::time::sleep(pause) => {} }
            }
        }
        Ok(done)
    }

    /// Flagged keys whose `held_until` has passed, the one with the oldest flag first. Each gets a row of `derived`
    /// that can be locked.
    async fn waiting(&self) -> Result<Vec<Waiting>, DbErr> {
        let (reader, kind) = (self.db.reader(), self.settings.name);
        let (table, key, of_kind) = match self.kind.inputs() {
            None => ("derived_mark", "key", "WHERE kind = $1"),
            Some(Inputs { table, key }) => (table, key, ""),
        };
        let text = format!(
            "SELECT m.key, COALESCE(d.attempts, -1) AS attempts
             FROM (SELECT {key} AS key, MIN(id) AS first FROM {table} {of_kind} GROUP BY {key}) m
             LEFT JOIN derived d ON d.kind = $1 AND d.key = m.key
             WHERE COALESCE(d.held_until, 0) <= $2 ORDER BY m.first LIMIT $3"
        );
        let values = [kind.into(), self.now().into(), PAGE.into()];
        let waiting = Waiting::find_by_statement(sql(reader, &text, values))
            .all(reader)
            .await?;
        let new = waiting.iter().filter(|w| w.attempts < 0);
        let new: BTreeSet<String> = new.map(|w| w.key.clone()).collect();
        if !new.is_empty() {
            let writer = self.db.writer();
            // In key order, so that two replicas that insert the same rows don't deadlock.
            let (from, values) = rows(writer, kind, &Vec::from_iter(new), &[]);
            let text = format!(
                "INSERT INTO derived (kind, key) SELECT $1, column1 FROM {from} WHERE TRUE ON CONFLICT DO NOTHING"
            );
            writer.execute_raw(sql(writer, &text, values)).await?;
        }
        Ok(waiting)
    }

    /// Recomputes the keys in one transaction; if that fails, each in one of its own. Returns how many were recomputed.
    async fn work(&self, keys: &[String]) -> Result<usize, Failure> {
        let error = match (self.take(keys).await, keys) {
            (Ok(done), _) => return Ok(done),
            (Err(error), [key]) => return self.put_off(key, &error).await.map(|()| 0),
            (Err(error), _) => error,
        };
        tracing::debug!(kind = self.settings.name, %error, "a batch failed; trying each key alone");
        let mut done = 0;
        for key in keys {
            match self.take(std::slice::from_ref(key)).await {
                Ok(count) => done += count,
                Err(error) => self.put_off(key, &error).await?,
            }
        }
        Ok(done)
    }

    /// Deletes the flags of keys and recomputes these keys, except those that another replica has locked and those that
    /// have no flag any more.
    async fn take(&self, keys: &[String]) -> Result<usize, Failure> {
        let (kind, now) = (self.settings.name, self.now());
        let txn = self.db.begin().await?;
        let (from, values) = rows(&txn, kind, keys, &[now]);
        let text = format!(
            "SELECT key FROM derived WHERE kind = $1 AND held_until <= $2
                AND key IN (SELECT column1 FROM {from}){}",
            skip_locked(&txn)
        );
        let locked = Key::find_by_statement(sql(&txn, &text, values)).all(&txn).await?;
        let locked: Vec<String> = locked.into_iter().map(|k| k.key).collect();
        let keys: Vec<String> = self.dirty(&txn, locked).await?.into_iter().collect();
        if keys.is_empty() {
            txn.rollback().await?;
            return Ok(0);
        }
        failpoint::hit("derived.taken").await;
        if let Err(error) = self.kind.recompute(&txn, &keys).await {
            // The rollback is awaited, so that the next attempt with these keys does not skip them as locked.
            let _rolled_back = txn.rollback().await;
            return Err(error);
        }
        let interval = i64::try_from(self.settings.min_interval.as_micros()).unwrap_or(i64::MAX);
        let until = if interval == 0 {
            0
        } else {
            now.saturating_add(interval)
        };
        let (from, values) = rows(&txn, kind, &keys, &[until]);
        let text = format!(
            "UPDATE derived SET held_until = $2, attempts = 0, error = NULL
             WHERE kind = $1 AND key IN (SELECT column1 FROM {from}) AND (attempts > 0 OR $2 > 0)"
        );
        txn.execute_raw(sql(&txn, &text, values)).await?;
        failpoint::hit("derived.recomputed").await;
        txn.commit().await?;
        failpoint::hit("derived.committed").await;
        self.outbox.committed();
        // The computation may have flagged other keys.
        self.derived.committed();
        telemetry::meters()
            .recomputed
            .add(keys.len() as u64, &[KeyValue::new("kind", kind)]);
        Ok(keys.len())
    }

    /// Delays the next attempt with a key that failed, and replaces its flags by one. Does nothing when another replica
    /// has locked the key or has recomputed it in the meantime.
    async fn put_off(&self, key: &str, error: &Failure) -> Result<(), Failure> {
        let (kind, key) = (self.settings.name, key.to_owned());
        let txn = self.db.begin().await?;
        let text = format!(
            "SELECT key, attempts FROM derived WHERE kind = $1 AND key = $2{}",
            skip_locked(&txn)
        );
        let values = [kind.into(), key.clone().into()];
        let row = Waiting::find_by_statement(sql(&txn, &text, values))
            .one(&txn)
            .await?;
        let Some(row) = row else {
            return Ok(txn.rollback().await?);
        };
        if self.dirty(&txn, vec![key.clone()]).await?.is_empty() {
            return Ok(txn.rollback().await?);
        }
        if self.kind.inputs().is_none() {
            flag_dirty_in_txn(&txn, kind, [key.clone()]).await?;
        }
        let attempts = row.attempts.saturating_add(1);
        let until = self.now().saturating_add(delay(attempts));
        let text =
            "UPDATE derived SET held_until = $3, attempts = $4, error = $5 WHERE kind = $1 AND key = $2";
        let shortened: String = error.to_string().chars().take(ERROR).collect();
        let values = [
            kind.into(),
            key.clone().into(),
            until.into(),
            attempts.into(),
            shortened.into(),
        ];
        txn.execute_raw(sql(&txn, text, values)).await?;
        txn.commit().await?;
        tracing::error!(kind, key, attempts, %error, "not recomputed; trying again later");
        telemetry::meters()
            .not_recomputed
            .add(1, &[KeyValue::new("kind", kind)]);
        Ok(())
    }

    /// The locked keys that are out of date, whose flags are deleted. With [`Kind::inputs`] there are no flags: all are
    /// returned.
    async fn dirty(&self, txn: &Txn, locked: Vec<String>) -> Result<BTreeSet<String>, DbErr> {
        match self.kind.inputs() {
            None => clear(txn, self.settings.name, &locked).await,
            Some(_) => Ok(locked.into_iter().collect()),
        }
    }

    fn now(&self) -> i64 {
        micros(self.clock.now())
    }
}

/// Deletes the flags of keys whose rows are locked. Returns the keys that had any, in order.
async fn clear(txn: &Txn, kind: &str, locked: &[String]) -> Result<BTreeSet<String>, DbErr> {
    if locked.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (from, values) = rows(txn, kind, locked, &[]);
    let text = format!(
        "DELETE FROM derived_mark WHERE kind = $1 AND key IN (SELECT column1 FROM {from}) RETURNING key"
    );
    let cleared = Key::find_by_statement(sql(txn, &text, values)).all(txn).await?;
    Ok(cleared.into_iter().map(|k| k.key).collect())
}

/// Microseconds until the next attempt after this number of failed ones: doubled each time, up to a limit.
fn delay(attempts: i64) -> i64 {
    let [first, longest] = DELAYS;
    let doubled = u32::try_from(attempts.saturating_sub(1))
        .ok()
        .and_then(|n| 2_u32.checked_pow(n));
    let delay = doubled.map_or(longest, |factor| first.saturating_mul(factor).min(longest));
    i64::try_from(delay.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::delay;

    #[test]
    fn the_delay_doubles_up_to_a_minute() {
        let seconds = [1, 2, 3, 6, 7, 40, i64::MAX].map(|attempts| delay(attempts) / 1_000_000);
        assert_eq!(seconds, [1, 2, 4, 32, 60, 60, 60]);
    }
}
