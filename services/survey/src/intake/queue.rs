//! The queue of responses to be stored. Requests with a single response go first; when bulk requests (with many
//! responses) wait as well, both kinds alternate, so that neither starves the other. Bulk requests take turns by
//! survey, and the rows that wait for one survey are stored together. Several transactions may store responses of one
//! survey at the same time. Two transactions of this process never contain the same response id, token or kiosk
//! counter: neither waits for the other in the database, and the first of two equal responses is stored first.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{BuildHasher, Hash, Hasher},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

// The hash of the standard library took a tenth of the time of a bulk intake.
use hashbrown::{DefaultHashBuilder, HashMap, HashSet};
use prima_platform::failure::Failure;
use prima_proto::name;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    item::{Item, Outcome},
    pace::{Pace, SURVEY_COST},
};
use crate::domain::access::Proof;

/// For this time after a single response, bulk transactions are fewer and have a part of their usual size: more single
/// responses are likely to follow, and each shares the processors and the locks with the bulk transactions in progress.
const GENTLE: Duration = Duration::from_millis(500);

/// Most concurrent transactions of single responses: one collects rows while another commits. With more of them each
/// would only be smaller, at the same cost per transaction.
const SINGLE_LOADS: usize = 2;

/// Receives the outcomes of a request.
pub(super) type Answer = oneshot::Receiver<Result<Vec<Outcome>, Failure>>;

/// A request, single or bulk.
struct Request {
    traceparent: Option<String>,
    progress: Mutex<Progress>,
    /// The permit of a bulk request to be in the queue.
    _room: Option<OwnedSemaphorePermit>,
}

struct Progress {
    /// Outcomes in the order of the request.
    outcomes: Vec<Option<Outcome>>,
    /// Number of responses without an outcome.
    open: usize,
    /// `None` once the request is answered.
    answer: Option<oneshot::Sender<Result<Vec<Outcome>, Failure>>>,
}

impl Request {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was answered with a failure while rows of it were still waiting.
    fn failed(&self) -> bool {
        self.progress().answer.is_none()
    }
}

/// Digests of what no two concurrent transactions may share: the id of a response in its survey, and its token or kiosk
/// counter. If two digests are equal by chance, one response waits for the other, which is harmless.
type Claims = [u64; 2];

/// Makes the digests of this process.
static CLAIMS: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

fn claims(item: &Item) -> Claims {
    let digest = |what: &dyn Fn(&mut dyn Hasher)| {
        let mut hasher = CLAIMS.build_hasher();
        item.survey.hash(&mut hasher);
        what(&mut hasher);
        hasher.finish()
    };
    let id = digest(&|mut hasher| item.raw.id.hash(&mut hasher));
    let proof = match &item.proof {
        Proof::Agent | Proof::Link => id,
        Proof::Token(token) => digest(&|mut hasher| token.digest.hash(&mut hasher)),
        Proof::Kiosk(kiosk) => digest(&|mut hasher| (&kiosk.device, kiosk.counter).hash(&mut hasher)),
    };
    [id, proof]
}

/// One response of a request.
pub(super) struct Row {
    pub(super) item: Box<Item>,
    claims: Claims,
    place: usize,
    request: Arc<Request>,
}

impl Row {
    fn all(
        items: Vec<impl Into<Box<Item>>>,
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
        let items = items.into_iter().map(Into::into).enumerate();
        let row = |(place, item): (usize, Box<Item>)| Self {
            claims: claims(&item),
            item,
            place,
            request: request.clone(),
        };
        (items.map(row).collect(), answered)
    }

    /// Records its outcome; the last outcome of a request answers the request.
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

    /// Answers its request with a failure. Rows of it that were stored before stay; the others are not tried.
    pub(super) fn fail(self, failure: Failure) {
        if let Some(answer) = self.request.progress().answer.take() {
            let _gone = answer.send(Err(failure));
        }
    }
}

/// The rows that one transaction stores.
pub(super) struct Load {
    /// Rows of one or several requests and surveys.
    pub(super) rows: Vec<Row>,
    /// Whether they belong to bulk requests.
    pub(super) bulk: bool,
    /// Its cost, in rows.
    pub(super) cost: usize,
    /// The most that it may cost.
    most: usize,
    /// Whether a waiting row did not fit.
    pub(super) full: bool,
    surveys: HashSet<name::Survey>,
    /// The claims of its rows, which no other load has at the same time.
    pub(super) claims: HashSet<u64>,
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
            claims: HashSet::new(),
        }
    }

    /// Accounts for a row if it fits; the first one always does.
    fn admits(&mut self, row: &Row, pace: &Pace) -> bool {
        let survey = &row.item.survey;
        let new = !self.surveys.contains(survey);
        let cost = self.cost + 1 + if new { SURVEY_COST } else { 0 };
        if !self.rows.is_empty() && (cost > self.most || self.rows.len() >= pace.rows()) {
            self.full = true;
            return false;
        }
        if new {
            self.surveys.insert(survey.clone());
        }
        self.claims.extend(row.claims);
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
    /// When the last one arrived.
    single_at: Option<Instant>,
    /// Rows of bulk requests, by survey, in order.
    bulk: HashMap<name::Survey, VecDeque<Row>>,
    /// For each bulk request, the surveys of its waiting rows. Rows of some of them may already have been stored
    /// together with those of another request.
    turns: VecDeque<VecDeque<name::Survey>>,
    /// Whether bulk requests are next, because the last load had single responses.
    bulk_next: bool,
    /// The claims of the loads that are being stored.
    claimed: HashSet<u64>,
    /// How many of these loads are bulk.
    bulk_loads: usize,
    /// How many of them have single responses.
    single_loads: usize,
}

/// Whether a load that is being stored has a claim of this row.
fn claimed(row: &Row, claimed: &HashSet<u64>) -> bool {
    row.claims.iter().any(|claim| claimed.contains(claim))
}

impl State {
    fn single(&mut self, pace: &Pace) -> Load {
        let mut load = Load::new(false, pace.cost());
        let mut at = 0;
        while let Some(row) = self.singles.get(at) {
            if claimed(row, &self.claimed) {
                at += 1;
            } else if load.admits(row, pace) {
                load.rows.extend(self.singles.remove(at));
            } else {
                break;
            }
        }
        load
    }

    /// Whether single responses arrive.
    fn gentle(&self) -> bool {
        self.single_at.is_some_and(|at| at.elapsed() < GENTLE)
    }

    fn bulk(&mut self, pace: &Pace) -> Load {
        let most = if self.gentle() {
            pace.gentle_cost()
        } else {
            pace.cost()
        };
        let mut load = Load::new(true, most);
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
                let mut waits = false;
                while let Some(row) = rows.front() {
                    waits = claimed(row, &self.claimed);
                    if row.request.failed() {
                        rows.pop_front();
                    } else if !waits && load.admits(row, pace) {
                        load.rows.extend(rows.pop_front());
                    } else {
                        break;
                    }
                }
                if rows.is_empty() {
                    self.bulk.remove(&survey);
                } else if waits {
                    turn.push_back(survey);
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

/// The rows of each survey, in order; the survey of the first row is first.
fn by_survey(rows: Vec<Row>) -> Vec<(name::Survey, Vec<Row>)> {
    let mut groups: Vec<(name::Survey, Vec<Row>)> = Vec::new();
    let mut places: HashMap<name::Survey, usize> = HashMap::new();
    for row in rows {
        let survey = &row.item.survey;
        let place = match places.get(survey) {
            Some(place) => *place,
            None => {
                places.insert(survey.clone(), groups.len());
                groups.push((survey.clone(), Vec::new()));
                groups.len() - 1
            }
        };
        if let Some((_, rows)) = groups.get_mut(place) {
            rows.push(row);
        }
    }
    groups
}

/// The queue, which the writers of a process share.
pub(super) struct Queue {
    state: Mutex<State>,
    /// One permit for each bulk request that may wait.
    room: Arc<Semaphore>,
    limit: usize,
    /// Most bulk loads that are stored at the same time.
    bulk_loads: usize,
    wake: Notify,
}

impl Queue {
    /// An empty queue for `limit` requests of each kind, with at most `bulk_loads` concurrent bulk loads.
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

    /// Adds a single response; `None` when the queue is full.
    pub(super) fn push(&self, item: impl Into<Box<Item>>, traceparent: Option<String>) -> Option<Answer> {
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

    /// Adds a bulk request as soon as there is room.
    pub(super) async fn push_many(
        &self,
        items: Vec<impl Into<Box<Item>>>,
        traceparent: Option<String>,
    ) -> Answer {
        // The semaphore is never closed.
        let room = self.room.clone().acquire_owned().await.ok();
        let (rows, answer) = Row::all(items, traceparent, room);
        let groups = by_survey(rows);
        let mut state = self.state();
        let mut turn = VecDeque::new();
        for (survey, rows) in groups {
            state.bulk.entry(survey.clone()).or_default().extend(rows);
            turn.push_back(survey);
        }
        state.turns.push_back(turn);
        drop(state);
        self.wake.notify_one();
        answer
    }

    /// Waits for rows that the next transaction can store, and returns them.
    pub(super) async fn next(&self, singles: &Pace, bulk: &Pace) -> Load {
        loop {
            if let Some(load) = self.take(singles, bulk) {
                return load;
            }
            self.wake.notified().await;
        }
    }

    /// The rows that the next transaction stores: as many waiting rows as fit, without waiting for more. `None` when no
    /// row can be stored now: none waits, or those that wait have claims or a limit that another transaction uses up.
    pub(super) fn take(&self, singles: &Pace, bulk: &Pace) -> Option<Load> {
        let mut state = self.state();
        let state = &mut *state;
        // A bulk transaction beside single responses leaves them a part of the processors.
        let bulk_loads = if state.gentle() { 1 } else { self.bulk_loads };
        let mut load = None;
        for many in [state.bulk_next, !state.bulk_next] {
            let found = match many {
                false if state.single_loads < SINGLE_LOADS => state.single(singles),
                false => continue,
                true if state.bulk_loads < bulk_loads => state.bulk(bulk),
                true => continue,
            };
            if !found.rows.is_empty() {
                load = Some(found);
                break;
            }
        }
        let load = load?;
        state.claimed.extend(&load.claims);
        state.bulk_loads += usize::from(load.bulk);
        state.single_loads += usize::from(!load.bulk);
        state.bulk_next = !load.bulk && !state.bulk.is_empty();
        if !state.singles.is_empty() || !state.bulk.is_empty() {
            // Another writer may store the rest.
            self.wake.notify_one();
        }
        Some(load)
    }

    /// Releases the claims of a load that was stored or failed.
    pub(super) fn done(&self, bulk: bool, claims: &HashSet<u64>) {
        let mut state = self.state();
        state.bulk_loads = state.bulk_loads.saturating_sub(usize::from(bulk));
        state.single_loads = state.single_loads.saturating_sub(usize::from(!bulk));
        for claim in claims {
            state.claimed.remove(claim);
        }
        drop(state);
        self.wake.notify_one();
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
