//! The first rows of a table as its watchers receive them: rendered once for all that watch the same number of rows, and
//! only when the table has changed.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prima_proto::ranking::v1;
use prost::Message;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::{
    derived::tables::ChangeChannel,
    domain::TableKey,
    rpc::{App, message},
};

/// Most rows of earlier renderings that a feed remembers, about 5 MB: at ten changed rows a message, of 6,500 messages.
const REMEMBERED: usize = 65_536;
/// Most different deltas of one rendering that are kept for other watchers; more are made for each.
const KEPT_DELTAS: usize = 32;

/// What identifies rows, or one row: the first half of a SHA-256.
pub type RowsHash = u128;

fn hash(digest: Sha256) -> RowsHash {
    digest
        .finalize()
        .iter()
        .take(16)
        .fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The feeds that have a watcher.
#[derive(Debug, Default)]
pub struct Feeds(Mutex<HashMap<(TableKey, usize), Arc<Feed>>>);

/// The first rows of one table.
#[derive(Debug)]
pub struct Feed {
    key: TableKey,
    size: usize,
    changes: Arc<ChangeChannel>,
    newest: watch::Sender<Arc<Rendering>>,
    past: Mutex<Past>,
}

/// The first rows of a table at one moment.
#[derive(Debug)]
pub struct Rendering {
    /// All rows, as a message without freshness.
    pub whole: Arc<v1::WatchLeagueTableResponse>,
    /// Identifies the rows.
    pub hash: RowsHash,
    /// How current it was.
    pub freshness: Option<v1::Freshness>,
    /// Number of changes of the table that it contains at least.
    changes: u64,
    /// Its subjects, each with the hash of its row and its place in `whole`.
    subjects: HashMap<Arc<str>, (RowsHash, usize)>,
    /// Number of steps of the feed that lead to it.
    step: u64,
    /// By the rows of an earlier rendering, what changed since.
    deltas: Mutex<HashMap<RowsHash, Arc<v1::WatchLeagueTableResponse>>>,
}

/// From one rendering to the next.
#[derive(Debug)]
struct Step {
    /// The rows before.
    from: RowsHash,
    /// The subjects that changed, each with its row before; `None` when it had none.
    changed: Vec<(Arc<str>, Option<RowsHash>)>,
}

/// The steps that led to the newest rendering.
#[derive(Debug, Default)]
struct Past {
    steps: VecDeque<Step>,
    /// Number of the step after the last one.
    next: u64,
    /// Number of changed rows in `steps`.
    rows: usize,
}

impl Past {
    fn push(&mut self, step: Step) {
        self.rows += step.changed.len();
        self.next += 1;
        self.steps.push_back(step);
        while self.rows > REMEMBERED
            && let Some(oldest) = self.steps.pop_front()
        {
            self.rows -= oldest.changed.len();
        }
    }

    /// The subjects that changed between the rows `from` and the step `until`, each with its row in `from`; `None` when
    /// these rows are not known.
    fn since(&self, from: RowsHash, until: u64) -> Option<HashMap<Arc<str>, Option<RowsHash>>> {
        let mut changed = HashMap::new();
        let after = usize::try_from(self.next.saturating_sub(until)).ok()?;
        for step in self.steps.iter().rev().skip(after) {
            for (subject, before) in &step.changed {
                changed.insert(Arc::clone(subject), *before);
            }
            if step.from == from {
                return Some(changed);
            }
        }
        None
    }
}

impl Feeds {
    /// Watches the first `size` rows of a table. The feed renders them at most once an interval, until its last watcher has
    /// left.
    pub fn watch(self: &Arc<Self>, app: &App, key: &TableKey, size: usize) -> (Arc<Feed>, Rendered) {
        let mut feeds = lock(&self.0);
        let name = (key.clone(), size);
        if let Some(feed) = feeds.get(&name) {
            return (Arc::clone(feed), feed.newest.subscribe());
        }
        let changes = app.tables.watch(key);
        let (newest, receiver) = watch::channel(Arc::new(Rendering::new(app, key, size, *changes.borrow())));
        let feed = Arc::new(Feed {
            key: key.clone(),
            size,
            changes,
            newest,
            past: Mutex::default(),
        });
        feeds.insert(name, Arc::clone(&feed));
        drop(feeds);
        app.tasks
            .spawn_short(Arc::clone(&feed).run(Arc::clone(self), app.clone()));
        (feed, receiver)
    }

    /// Removes a feed that has no watcher; false when it has one again.
    fn remove(&self, feed: &Feed) -> bool {
        let mut feeds = lock(&self.0);
        let left = feed.newest.receiver_count() == 0;
        if left {
            feeds.remove(&(feed.key.clone(), feed.size));
        }
        left
    }

    /// Number of feeds.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

/// The newest rendering of a feed.
pub type Rendered = watch::Receiver<Arc<Rendering>>;

impl Feed {
    async fn run(self: Arc<Self>, feeds: Arc<Feeds>, app: App) {
        let mut changes = self.changes.subscribe();
        loop {
            let count = *changes.borrow_and_update();
            if self.newest.borrow().changes != count {
                self.render(&app, count);
            }
            tokio::time::sleep(app.interval).await;
            tokio::select! {
                // The channel is open: the feed itself holds its sender.
                _ = changes.changed() => {}
                () = self.newest.closed() => if feeds.remove(&self) { return }
            }
        }
    }

    fn render(&self, app: &App, changes: u64) {
        let mut next = Rendering::new(app, &self.key, self.size, changes);
        let before = Arc::clone(&self.newest.borrow());
        let mut past = lock(&self.past);
        if next.hash != before.hash {
            past.push(next.step_from(&before));
        }
        next.step = past.next;
        drop(past);
        self.newest.send_replace(Arc::new(next));
    }

    /// Whether the table has not changed since a rendering.
    pub fn is_current(&self, rendering: &Rendering) -> bool {
        *self.changes.borrow() == rendering.changes
    }

    /// What changed between the rows `from` and a rendering, as a message without freshness; `None` when these rows are
    /// not known.
    pub fn delta(&self, from: RowsHash, rendering: &Rendering) -> Option<Arc<v1::WatchLeagueTableResponse>> {
        let kept = lock(&rendering.deltas).get(&from).cloned();
        if kept.is_some() {
            return kept;
        }
        let changed = match from == rendering.hash {
            true => HashMap::new(),
            false => lock(&self.past).since(from, rendering.step)?,
        };
        let delta = Arc::new(rendering.delta(changed));
        let mut deltas = lock(&rendering.deltas);
        if deltas.len() < KEPT_DELTAS {
            deltas.insert(from, Arc::clone(&delta));
        }
        Some(delta)
    }
}

impl Rendering {
    fn new(app: &App, key: &TableKey, size: usize, changes: u64) -> Self {
        // Before the rows are read, so that they contain at least what it says.
        let freshness = app.freshness();
        let league_tables = app.tables.read();
        let rows = league_tables.rows(key, 0, size).unwrap_or_default();
        let table = message::table(&league_tables, key);
        drop(league_tables);
        let rows: Vec<v1::LeagueRow> = rows.into_iter().map(message::row).collect();
        let (mut subjects, mut all) = (HashMap::with_capacity(rows.len()), Sha256::new());
        for (place, row) in rows.iter().enumerate() {
            let own = hash(Sha256::new_with_prefix(row.encode_to_vec()));
            all.update(own.to_be_bytes());
            subjects.insert(Arc::from(row.subject.as_str()), (own, place));
        }
        let whole = v1::WatchLeagueTableResponse {
            table: Some(table),
            rows,
            kind: v1::WatchKind::Snapshot.into(),
            ..Default::default()
        };
        Self {
            whole: Arc::new(whole),
            hash: hash(all),
            freshness,
            changes,
            subjects,
            step: 0,
            deltas: Mutex::default(),
        }
    }

    fn step_from(&self, before: &Self) -> Step {
        let unlike = |(subject, (old, _)): (&Arc<str>, &(RowsHash, usize))| {
            let same = self.subjects.get(subject).is_some_and(|(new, _)| new == old);
            (!same).then(|| (Arc::clone(subject), Some(*old)))
        };
        let new = self
            .subjects
            .keys()
            .filter(|subject| !before.subjects.contains_key(*subject));
        Step {
            from: before.hash,
            changed: before
                .subjects
                .iter()
                .filter_map(unlike)
                .chain(new.map(|subject| (Arc::clone(subject), None)))
                .collect(),
        }
    }

    /// The rows that are not as they were before.
    fn delta(&self, changed: HashMap<Arc<str>, Option<RowsHash>>) -> v1::WatchLeagueTableResponse {
        let (mut places, mut removed_subjects) = (HashSet::new(), Vec::new());
        for (subject, before) in changed {
            match self.subjects.get(&subject) {
                Some((now, _)) if Some(*now) == before => {}
                Some((_, place)) => _ = places.insert(*place),
                None if before.is_some() => removed_subjects.push(subject.to_string()),
                None => {}
            }
        }
        removed_subjects.sort();
        let rows = self.whole.rows.iter().enumerate();
        v1::WatchLeagueTableResponse {
            table: self.whole.table.clone(),
            rows: rows
                .filter(|(place, _)| places.contains(place))
                .map(|(_, row)| row.clone())
                .collect(),
            kind: v1::WatchKind::Delta.into(),
            removed_subjects,
            ..Default::default()
        }
    }
}
