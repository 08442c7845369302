//! What waits to be stored. Single answers go first; when requests of many responses wait as well, both kinds alternate,
//! so that neither starves the other. Requests of many take turns by survey: whatever waits for one survey is stored
//! together, and no two transactions of this process wait for one survey.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use prima_platform::failure::Failure;
use prima_proto::name;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    item::{Item, Outcome},
    pace::{Pace, SURVEY_COST},
};

/// For so long after a single answer, transactions of requests of many take on half of what they could: more of them will
/// come, and each waits for one of those.
const GENTLE: Duration = Duration::from_secs(1);

/// Where a request is answered.
pub(super) type Answer = oneshot::Receiver<Result<Vec<Outcome>, Failure>>;

/// A request of one response or of many.
struct Request {
    traceparent: Option<String>,
    progress: Mutex<Progress>,
    /// Its place among the requests of many.
    _room: Option<OwnedSemaphorePermit>,
}

struct Progress {
    /// In the order of the request.
    outcomes: Vec<Option<Outcome>>,
    /// Responses without an outcome.
    open: usize,
    /// None once it is answered.
    answer: Option<oneshot::Sender<Result<Vec<Outcome>, Failure>>>,
}

impl Request {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was answered before its end, because something of it could not be stored.
    fn failed(&self) -> bool {
        self.progress().answer.is_none()
    }
}

/// One response of a request.
pub(super) struct Row {
    pub(super) item: Item,
    place: usize,
    request: Arc<Request>,
}

impl Row {
    fn all(
        items: Vec<Item>,
        traceparent: Option<String>,
        room: Option<OwnedSemaphorePermit>,
    ) -> (Vec<Self>, Answer) {
        let (answer, answered) = oneshot::channel();
        let progress = Progress {
            outcomes: vec![None; items.len()],
            open: items.len(),
            answer: Some(answer),
        };
        let request = Arc::new(Request {
            traceparent,
            progress: Mutex::new(progress),
            _room: room,
        });
        let row = |(place, item)| Self {
            item,
            place,
            request: request.clone(),
        };
        (items.into_iter().enumerate().map(row).collect(), answered)
    }

    /// Takes its outcome; the last one of a request answers it.
    pub(super) fn settle(self, outcome: Outcome) {
        let mut progress = self.request.progress();
        if let Some(slot) = progress.outcomes.get_mut(self.place) {
            *slot = Some(outcome);
        }
        progress.open = progress.open.saturating_sub(1);
        if progress.open == 0
            && let Some(answer) = progress.answer.take()
        {
            let _gone = answer.send(Ok(progress.outcomes.drain(..).flatten().collect()));
        }
    }

    /// Answers its request that it could not be stored. What was stored of it before stays, the rest is not tried.
    pub(super) fn fail(self, failure: Failure) {
        if let Some(answer) = self.request.progress().answer.take() {
            let _gone = answer.send(Err(failure));
        }
    }
}

/// What one transaction stores.
pub(super) struct Load {
    /// Of several requests and surveys.
    pub(super) rows: Vec<Row>,
    /// Whether they are of requests of many.
    pub(super) bulk: bool,
    /// What it costs, in rows.
    pub(super) cost: usize,
    /// What it may cost.
    most: usize,
    /// Whether more would have been taken on, had there been room.
    pub(super) full: bool,
    /// Its surveys: no other load has one of them at the same time.
    pub(super) surveys: HashSet<name::Survey>,
}

impl Load {
    fn new(bulk: bool, most: usize) -> Self {
        Self {
            rows: Vec::new(),
            bulk,
            cost: 0,
            most,
            full: false,
            surveys: HashSet::new(),
        }
    }

    /// Makes room for a row of `survey`; false when there is none, though there always is for the first.
    fn admits(&mut self, survey: &name::Survey, pace: &Pace) -> bool {
        let new = !self.surveys.contains(survey);
        let cost = self.cost + 1 + if new { SURVEY_COST } else { 0 };
        if !self.rows.is_empty() && (cost > self.most || self.rows.len() >= pace.rows()) {
            self.full = true;
            return false;
        }
        if new {
            self.surveys.insert(survey.clone());
        }
        self.cost = cost;
        true
    }

    /// The trace context of each request.
    pub(super) fn traceparents(&self) -> Vec<Option<&str>> {
        let mut seen = HashSet::new();
        let requests = self.rows.iter().map(|row| &row.request);
        let distinct = requests.filter(|request| seen.insert(Arc::as_ptr(request)));
        distinct.map(|request| request.traceparent.as_deref()).collect()
    }

    /// The rows of each request.
    pub(super) fn into_requests(self) -> impl Iterator<Item = Vec<Row>> {
        let mut requests: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
        for row in self.rows {
            let request = Arc::as_ptr(&row.request).addr();
            requests.entry(request).or_default().push(row);
        }
        requests.into_values()
    }
}

#[derive(Default)]
struct State {
    singles: VecDeque<Row>,
    /// When the last one came.
    single_at: Option<Instant>,
    /// Rows of requests of many, by survey, in order.
    bulk: HashMap<name::Survey, VecDeque<Row>>,
    /// Of each such request the surveys that still have rows of it; some of them may have been taken along with others.
    turns: VecDeque<VecDeque<name::Survey>>,
    /// Whether requests of many come next, because single answers came last.
    bulk_next: bool,
    /// Surveys of the loads that are being stored.
    busy: HashSet<name::Survey>,
    /// How many of these loads are of requests of many.
    bulk_loads: usize,
}

impl State {
    fn single(&mut self, pace: &Pace) -> Load {
        let mut load = Load::new(false, pace.cost());
        let mut at = 0;
        while let Some(row) = self.singles.get(at) {
            if self.busy.contains(&row.item.survey) {
                at += 1;
            } else if load.admits(&row.item.survey, pace) {
                load.rows.extend(self.singles.remove(at));
            } else {
                break;
            }
        }
        load
    }

    fn bulk(&mut self, pace: &Pace) -> Load {
        let gentle = self.single_at.is_some_and(|at| at.elapsed() < GENTLE);
        let mut load = Load::new(true, if gentle { pace.cost() / 2 } else { pace.cost() });
        for _ in 0..self.turns.len() {
            if load.full {
                break;
            }
            let Some(mut turn) = self.turns.pop_front() else {
                break;
            };
            for _ in 0..turn.len() {
                let Some(survey) = turn.pop_front() else { break };
                let Some(rows) = self.bulk.get_mut(&survey) else {
                    continue;
                };
                if self.busy.contains(&survey) {
                    turn.push_back(survey);
                    continue;
                }
                while let Some(row) = rows.front() {
                    if row.request.failed() {
                        rows.pop_front();
                    } else if load.admits(&survey, pace) {
                        load.rows.extend(rows.pop_front());
                    } else {
                        break;
                    }
                }
                if rows.is_empty() {
                    self.bulk.remove(&survey);
                } else {
                    turn.push_front(survey);
                    break;
                }
            }
            if !turn.is_empty() {
                self.turns.push_back(turn);
            }
        }
        load
    }
}

/// What waits; the writers of a process share it.
pub(super) struct Queue {
    state: Mutex<State>,
    /// A permit for each request of many.
    room: Arc<Semaphore>,
    limit: usize,
    /// Loads of requests of many that are stored at once, at most.
    bulk_loads: usize,
    wake: Notify,
}

impl Queue {
    /// An empty queue for so many requests of each kind, that gives out so many loads of requests of many at once.
    pub(super) fn new(limit: usize, bulk_loads: usize) -> Self {
        Self {
            state: Mutex::default(),
            room: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            limit,
            bulk_loads,
            wake: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a single answer; `None` when there is no room.
    pub(super) fn push(&self, item: Item, traceparent: Option<String>) -> Option<Answer> {
        let (rows, answer) = Row::all(vec![item], traceparent, None);
        let mut state = self.state();
        if state.singles.len() >= self.limit {
            return None;
        }
        state.singles.extend(rows);
        state.single_at = Some(Instant::now());
        drop(state);
        self.wake.notify_one();
        Some(answer)
    }

    /// Adds a request of many as soon as there is room.
    pub(super) async fn push_many(&self, items: Vec<Item>, traceparent: Option<String>) -> Answer {
        // The semaphore is never closed.
        let room = self.room.clone().acquire_owned().await.ok();
        let (rows, answer) = Row::all(items, traceparent, room);
        let mut state = self.state();
        let mut turn = VecDeque::new();
        let mut met = HashSet::new();
        for row in rows {
            let survey = row.item.survey.clone();
            if met.insert(survey.clone()) {
                turn.push_back(survey.clone());
            }
            state.bulk.entry(survey).or_default().push_back(row);
        }
        state.turns.push_back(turn);
        drop(state);
        self.wake.notify_one();
        answer
    }

    /// What the next transaction stores, as soon as there is something.
    pub(super) async fn next(&self, singles: &Pace, bulk: &Pace) -> Load {
        loop {
            if let Some(load) = self.take(singles, bulk) {
                return load;
            }
            self.wake.notified().await;
        }
    }

    /// What the next transaction stores: whatever waits, as far as it fits; nobody is made to wait for company. `None`
    /// when nothing waits but what another transaction is in the way of.
    pub(super) fn take(&self, singles: &Pace, bulk: &Pace) -> Option<Load> {
        let mut state = self.state();
        let state = &mut *state;
        let mut load = None;
        for many in [state.bulk_next, !state.bulk_next] {
            let found = match many {
                false => state.single(singles),
                true if state.bulk_loads < self.bulk_loads => state.bulk(bulk),
                true => continue,
            };
            if !found.rows.is_empty() {
                load = Some(found);
                break;
            }
        }
        let load = load?;
        state.busy.extend(load.surveys.iter().cloned());
        state.bulk_loads += usize::from(load.bulk);
        state.bulk_next = !load.bulk && !state.bulk.is_empty();
        if !state.singles.is_empty() || !state.bulk.is_empty() {
            // For another writer.
            self.wake.notify_one();
        }
        Some(load)
    }

    /// A load is stored, or could not be: one of requests of many or not, with these surveys.
    pub(super) fn done(&self, bulk: bool, surveys: &HashSet<name::Survey>) {
        let mut state = self.state();
        state.bulk_loads = state.bulk_loads.saturating_sub(usize::from(bulk));
        for survey in surveys {
            state.busy.remove(survey);
        }
        drop(state);
        self.wake.notify_one();
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
