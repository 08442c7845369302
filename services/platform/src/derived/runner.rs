//! The runner that recomputes the keys of one kind.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use opentelemetry::KeyValue;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    CHUNK, Derived, Key, Kind, LegacyFlags, PAGE, POLL, Settings, Source, Urgent, flag_dirty_in_txn, rows,
};
use crate::{
    clock::{Clock, micros},
    db::{Database, Txn, sql},
    failpoint,
    failure::Failure,
    outbox::Outbox,
    telemetry,
};

/// Delay before a failed key is tried again: the first one and the longest.
const DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// Where some keys are urgent, a transaction for others has this part of the usual number of keys, so that those are soon
/// next.
const PART: usize = 4;
/// Longest error text that is stored, characters.
const ERROR: usize = 1000;

/// While some keys without urgent inputs rest, the runner looks for those that have rested long enough this many times in
/// their interval.
const PARTS: u32 = 10;

/// The keys without urgent inputs, where some are urgent.
#[derive(Debug, Default)]
struct Others {
    /// Batches of them that are out of date.
    found: VecDeque<Vec<String>>,
    /// When to look for more; `None` at any time.
    look_at: Option<Instant>,
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
        let (poll, is_woken) = match self.kind.source() {
            Source::Due(due) => (due.every, false),
            _ => (POLL, true),
        };
        let (mut looked, mut others): (Option<Instant>, _) = (None, Others::default());
        while !stop.is_cancelled() {
            wake.mark_unchanged();
            if looked.is_none_or(|at| at.elapsed() >= POLL) {
                looked = Some(Instant::now());
                if let Err(error) = self.look().await {
                    let kind = self.settings.name;
                    tracing::warn!(kind, %error, "keys that are due can't be determined; trying again");
                }
            }
            let pause = match self.round(&mut others, &stop).await {
                Ok(false) => self.settings.min_interval / 10,
                Ok(true) => continue,
                Err(error) => {
                    tracing::warn!(kind = self.settings.name, %error, "dirty keys are not processed; trying again");
                    POLL
                }
            };
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(pause) => {} }
            let poll = others.look_at.map_or(poll, |at| at - Instant::now());
            tokio::select! {
                () = stop.cancelled() => return,
                _ = wake.changed(), if is_woken => {}
                () = tokio::time::sleep(poll) => {}
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

    /// Recomputes the keys that are out of date: where some are urgent those, and then one batch of the others. Returns
    /// whether there may be more.
    async fn round(&self, others: &mut Others, stop: &CancellationToken) -> Result<bool, Failure> {
        let (source, kind) = (self.kind.source(), self.settings.name);
        let Some((urgent, query)) = source.urgent().zip(source.urgent_query(kind, self.now())) else {
            let query = source.query(kind, self.now());
            let (batches, is_full) = self.waiting(query, self.settings.batch).await?;
            let done = self.work_all(batches, stop).await?;
            // A row whose recomputation left it due is not tried again at once.
            let is_due = matches!(source, Source::Due(_));
            return Ok(done > 0 && (is_full || !is_due));
        };
        let (batches, _) = self.waiting(query, self.settings.batch).await?;
        let mut done = self.work_all(batches, stop).await?;
        if others.found.is_empty() && others.look_at.is_none_or(|at| at <= Instant::now()) {
            self.look_for_others(urgent, others).await?;
        }
        done += self.work_all(others.found.pop_front(), stop).await?;
        Ok(done > 0 || !others.found.is_empty())
    }

    /// Finds the keys without urgent inputs that have rested long enough. While there are others, it looks again soon.
    async fn look_for_others(&self, urgent: Urgent, others: &mut Others) -> Result<(), Failure> {
        let source = self.kind.source();
        let rest = urgent.others.saturating_sub(self.settings.min_interval);
        let rested = self.now().saturating_sub(micros_of(rest));
        let query = source.query(self.settings.name, rested);
        let (batches, _) = self.waiting(query, self.settings.batch / PART).await?;
        others.found.extend(batches);
        others.look_at = None;
        if others.found.is_empty()
            && let Some(any) = source.any_query()
        {
            let reader = self.db.reader();
            let some = reader.query_one_raw(sql(reader, &any, [])).await?;
            others.look_at = some.map(|_| Instant::now() + POLL.min(urgent.others / PARTS));
        }
        Ok(())
    }

    /// Recomputes batches of keys one after the other. Returns how many keys were recomputed.
    async fn work_all(
        &self,
        batches: impl IntoIterator<Item = Vec<String>>,
        stop: &CancellationToken,
    ) -> Result<usize, Failure> {
        let mut done = 0;
        for keys in batches {
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

    /// The keys that a query finds out of date, in batches of at most `most`, and whether there may be more of them. Each
    /// gets a row of `derived` that can be locked.
    async fn waiting(
        &self,
        (text, values): (String, Vec<Value>),
        most: usize,
    ) -> Result<(Vec<Vec<String>>, bool), DbErr> {
        let (reader, kind) = (self.db.reader(), self.settings.name);
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
        let is_full = waiting.len() >= PAGE;
        let (failed, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|w| w.attempts > 0);
        let keys: Vec<String> = others.into_iter().map(|w| w.key).collect();
        let batches = keys.chunks(most.max(1)).map(<[String]>::to_vec);
        // A key that has failed may fail again, and would roll back the others of its batch.
        let alone = failed.into_iter().map(|w| vec![w.key]);
        Ok((batches.chain(alone).collect(), is_full))
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
        self.hold(&txn, &keys, now).await?;
        failpoint::hit("derived.recomputed").await;
        txn.commit().await?;
        failpoint::hit("derived.committed").await;
        self.outbox.committed();
        // The computation may have flagged other keys.
        self.derived.committed();
        self.kind.committed();
        telemetry::meters()
            .recomputed
            .add(keys.len() as u64, &[KeyValue::new("kind", kind)]);
        Ok(keys.len())
    }

    /// Ends the attempts with keys that were recomputed, and holds them for the minimum interval. The row of a key that was
    /// due is deleted: it is needed again when the key is due again, if ever.
    async fn hold(&self, txn: &Txn, keys: &[String], now: i64) -> Result<(), DbErr> {
        let kind = self.settings.name;
        if let Source::Due(_) = self.kind.source() {
            let (from, values) = rows(txn, kind, keys, &[]);
            let text = format!("DELETE FROM derived WHERE kind = $1 AND key IN (SELECT column1 FROM {from})");
            return txn.execute_raw(sql(txn, &text, values)).await.map(drop);
        }
        let interval = micros_of(self.settings.min_interval);
        let is_held = interval > 0 || self.kind.source().urgent().is_some();
        let until = if is_held { now.saturating_add(interval) } else { 0 };
        let (from, values) = rows(txn, kind, keys, &[until]);
        let text = format!(
            "UPDATE derived SET held_until = $2, attempts = 0, error = NULL
             WHERE kind = $1 AND key IN (SELECT column1 FROM {from}) AND (attempts > 0 OR $2 > 0)"
        );
        txn.execute_raw(sql(txn, &text, values)).await.map(drop)
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
        if let Source::Flags = self.kind.source() {
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

    /// The locked keys that are out of date, whose flags are deleted. Without flags all are returned.
    async fn dirty(&self, txn: &Txn, locked: Vec<String>) -> Result<BTreeSet<String>, DbErr> {
        match self.kind.source() {
            Source::Flags => clear(txn, self.settings.name, &locked).await,
            Source::Inputs { .. } | Source::Due(_) => Ok(locked.into_iter().collect()),
        }
    }

    fn now(&self) -> i64 {
        micros(self.clock.now())
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
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

/// Microseconds until the next attempt after this number of failed ones: doubled each time, up to a limit. No `backon`: the
/// attempts are counted in the database, for all replicas and across restarts.
fn delay(attempts: i64) -> i64 {
    let [first, longest] = DELAYS;
    let doubled = u32::try_from(attempts.saturating_sub(1))
        .ok()
        .and_then(|n| 2_u32.checked_pow(n));
    let delay = doubled.map_or(longest, |factor| first.saturating_mul(factor).min(longest));
    micros_of(delay)
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
