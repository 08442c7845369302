//! What is recomputed from several rows: marks of what is out of date, and the one runner that works them off.
//!
//! A transaction that changes an input inserts a mark of the figure's key ([`mark_in_txn`]). Marks are only ever
//! inserted, never updated, so that whoever marks waits neither for others who mark nor for the runner.
//!
//! The runner takes a key by locking its row of `derived`, passing by what another replica has locked, takes its marks
//! away and recomputes it, all in one transaction. It reads after the marks are taken, and so after whoever set them has
//! committed; a mark that is set meanwhile is not seen, and stays for the next time. A process that is killed loses
//! nothing. Whoever has waited longest comes first, and a key that fails waits longer from try to try, alone.

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

/// The tables. `held_until`: until then the key is left alone, whether it rests or has failed; unix microseconds.
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

/// How often marks of other replicas are looked for, and what is due by itself.
const POLL: Duration = Duration::from_secs(1);
/// How long a key that failed waits for the next try, at first and at most.
const DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// Keys looked up at once.
const PAGE: i64 = 500;
/// Marks inserted by one statement.
const CHUNK: usize = 1000;
/// Characters kept of an error.
const ERROR: usize = 1000;

/// How figures of one kind are recomputed.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Name of the kind in the tables.
    pub name: &'static str,
    /// Keys that share a transaction at most.
    pub batch: usize,
    /// How long a key rests after it was recomputed, whichever replica did it: what changes meanwhile waits together.
    pub rest: Duration,
    /// Where a process of the release before leaves its marks.
    pub older: Option<Older>,
}

/// Figures of one kind.
#[async_trait]
pub trait Kind: Send + Sync + 'static {
    /// How they are recomputed; asked once.
    fn settings(&self) -> Settings;
    /// Keys that are out of date though nobody marked them, such as those whose period has ended; asked once a second.
    async fn due(&self) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
    /// Recomputes keys, which come in the order of their bytes: locks them in this order, then reads, then stages. When
    /// it fails, nothing of it stands, and each key is tried alone.
    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure>;
}

/// A table of marks that only a process of the release before writes, as it does beside this one during a rolling upgrade.
#[derive(Debug, Clone, Copy)]
pub struct Older {
    /// The table.
    pub table: &'static str,
    /// Expression of the key in it.
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
    /// Tells the runners that a transaction with marks was committed.
    pub fn committed(&self) {
        self.wake.send_replace(());
    }
}

/// Marks keys of a kind as out of date, in the transaction that changes what they are computed from.
pub async fn mark_in_txn(txn: &Txn, kind: &str, keys: impl IntoIterator<Item = String>) -> Result<(), DbErr> {
    let keys: Vec<String> = keys.into_iter().collect();
    for keys in keys.chunks(CHUNK) {
        let (from, values) = rows(txn, kind, keys, &[]);
        let text = format!("INSERT INTO derived_mark (kind, key) SELECT $1, column1 FROM {from}");
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

/// Keys of a kind that begin with `prefix` and have been worked off, or are being worked off for the first time by a
/// transaction that is still open.
pub async fn keys_taken(conn: &impl ConnectionTrait, kind: &str, prefix: &str) -> Result<Vec<String>, DbErr> {
    // Keys are compared byte by byte, and no character is greater than the last.
    let text = "SELECT key FROM derived WHERE kind = $1 AND key BETWEEN $2 AND $3";
    let values = [
        kind.into(),
        prefix.into(),
        format!("{prefix}{}", char::MAX).into(),
    ];
    let taken = Key::find_by_statement(sql(conn, text, values)).all(conn).await?;
    Ok(taken.into_iter().map(|k| k.key).collect())
}

/// Keys as a table whose parameters follow `$1`, the kind, and `others`; and all values.
fn rows(conn: &impl ConnectionTrait, kind: &str, keys: &[String], others: &[i64]) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![kind.into()];
    values.extend(others.iter().map(|other| Value::from(*other)));
    let keys = keys.iter().map(|key| [key.clone().into()]);
    let (from, keys) = table(conn, [Column::Text], keys, values.len());
    values.extend(keys);
    (from, values)
}

/// For a SELECT whose rows are locked, those that another transaction has locked left out. SQLite has one writer.
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

/// A key that has marks; `attempts` is -1 without a row of `derived`.
#[derive(Debug, FromQueryResult)]
struct Waiting {
    key: String,
    attempts: i64,
}

/// Works off the marks of one kind.
pub struct Runner<K> {
    db: Database,
    derived: Derived,
    outbox: Outbox,
    settings: Settings,
    kind: K,
    // Rests and delays are measured by the machine, whatever time the service was told.
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
                    tracing::warn!(kind = self.settings.name, %error, "what is due is not known; trying again");
                }
            }
            let pause = match self.round(&stop).await {
                Ok(0) => self.settings.rest / 10,
                // There may be more.
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(kind = self.settings.name, %error, "marks are not worked off; trying again");
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

    /// Marks what is due, and what a process of the release before has marked.
    async fn look(&self) -> Result<(), Failure> {
        let kind = self.settings.name;
        if let Some(older) = self.settings.older {
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

    /// Moves the marks of another table here, but for those that somebody is setting or taking at this moment.
    async fn take_over(&self, Older { table, key }: Older) -> Result<(), Failure> {
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
        mark_in_txn(&txn, self.settings.name, taken.into_iter().map(|k| k.key)).await?;
        Ok(txn.commit().await?)
    }

    /// Works off a page of the marks whose keys are not held. Returns how many keys are done.
    async fn round(&self, stop: &CancellationToken) -> Result<usize, Failure> {
        let waiting = self.waiting().await?;
        let (failed, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|w| w.attempts > 0);
        let keys: Vec<String> = others.into_iter().map(|w| w.key).collect();
        let batches = keys.chunks(self.settings.batch.max(1)).map(<[String]>::to_vec);
        // What has failed may fail again: each alone.
        let alone = failed.into_iter().map(|w| vec![w.key]);
        let mut done = 0;
        for keys in batches.chain(alone) {
            if stop.is_cancelled() {
                break;
            }
            done += self.work(&keys).await?;
        }
        Ok(done)
    }

    /// Keys that have marks and are not held, the oldest mark first, each with a row to lock.
    async fn waiting(&self) -> Result<Vec<Waiting>, DbErr> {
        let (reader, kind) = (self.db.reader(), self.settings.name);
        let text = "SELECT m.key, COALESCE(d.attempts, -1) AS attempts
                    FROM (SELECT key, MIN(id) AS first FROM derived_mark WHERE kind = $1 GROUP BY key) m
                    LEFT JOIN derived d ON d.kind = $1 AND d.key = m.key
                    WHERE COALESCE(d.held_until, 0) <= $2 ORDER BY m.first LIMIT $3";
        let values = [kind.into(), self.now().into(), PAGE.into()];
        let waiting = Waiting::find_by_statement(sql(reader, text, values))
            .all(reader)
            .await?;
        let new = waiting.iter().filter(|w| w.attempts < 0);
        let new: BTreeSet<String> = new.map(|w| w.key.clone()).collect();
        if !new.is_empty() {
            let writer = self.db.writer();
            // In key order, so that two replicas that add the same rows don't wait in a circle.
            let (from, values) = rows(writer, kind, &Vec::from_iter(new), &[]);
            let text = format!(
                "INSERT INTO derived (kind, key) SELECT $1, column1 FROM {from} WHERE TRUE ON CONFLICT DO NOTHING"
            );
            writer.execute_raw(sql(writer, &text, values)).await?;
        }
        Ok(waiting)
    }

    /// One transaction for all of them; if that fails, one each. Returns how many are done.
    async fn work(&self, keys: &[String]) -> Result<usize, Failure> {
        let error = match (self.take(keys).await, keys) {
            (Ok(done), _) => return Ok(done),
            (Err(error), [key]) => return self.put_off(key, &error).await.map(|()| 0),
            (Err(error), _) => error,
        };
        tracing::debug!(kind = self.settings.name, %error, "a batch failed; each key alone");
        let mut done = 0;
        for key in keys {
            match self.take(std::slice::from_ref(key)).await {
                Ok(count) => done += count,
                Err(error) => self.put_off(key, &error).await?,
            }
        }
        Ok(done)
    }

    /// Takes the marks of keys and recomputes these; those of nobody who has them locked, and that are still marked.
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
        let keys: Vec<String> = clear(&txn, kind, &locked).await?.into_iter().collect();
        if keys.is_empty() {
            txn.rollback().await?;
            return Ok(0);
        }
        failpoint::hit("derived.taken").await;
        if let Err(error) = self.kind.recompute(&txn, &keys).await {
            // Waited for, so that whoever tries these keys next, alone, does not pass them by as locked.
            let _broken = txn.rollback().await;
            return Err(error);
        }
        let rest = i64::try_from(self.settings.rest.as_micros()).unwrap_or(i64::MAX);
        let until = if rest == 0 { 0 } else { now.saturating_add(rest) };
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
        // It may have marked others.
        self.derived.committed();
        telemetry::meters()
            .recomputed
            .add(keys.len() as u64, &[KeyValue::new("kind", kind)]);
        Ok(keys.len())
    }

    /// Holds a key that failed, with one mark in place of all that it has. Nothing to do when somebody else has it, or
    /// has worked it off.
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
        if clear(&txn, kind, std::slice::from_ref(&key)).await?.is_empty() {
            return Ok(txn.rollback().await?);
        }
        mark_in_txn(&txn, kind, [key.clone()]).await?;
        let attempts = row.attempts.saturating_add(1);
        let until = self.now().saturating_add(delay(attempts));
        let text =
            "UPDATE derived SET held_until = $3, attempts = $4, error = $5 WHERE kind = $1 AND key = $2";
        let told: String = error.to_string().chars().take(ERROR).collect();
        let values = [
            kind.into(),
            key.clone().into(),
            until.into(),
            attempts.into(),
            told.into(),
        ];
        txn.execute_raw(sql(&txn, text, values)).await?;
        txn.commit().await?;
        tracing::error!(kind, key, attempts, %error, "not recomputed; trying again later");
        telemetry::meters()
            .not_recomputed
            .add(1, &[KeyValue::new("kind", kind)]);
        Ok(())
    }

    fn now(&self) -> i64 {
        micros(self.clock.now())
    }
}

/// Takes away the marks of keys whose rows are locked. Returns, in order, those that had any.
async fn clear(txn: &Txn, kind: &str, locked: &[String]) -> Result<BTreeSet<String>, DbErr> {
    if locked.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (from, values) = rows(txn, kind, locked, &[]);
    let text = format!(
        "DELETE FROM derived_mark WHERE kind = $1 AND key IN (SELECT column1 FROM {from}) RETURNING key"
    );
    let taken = Key::find_by_statement(sql(txn, &text, values)).all(txn).await?;
    Ok(taken.into_iter().map(|k| k.key).collect())
}

/// Microseconds until the next try after so many failed ones: doubled each time, up to a limit.
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
