use std::time::Duration;

use futures::FutureExt;
use prima_platform::clock::from_micros;
use proptest::prelude::*;

use super::*;
use crate::domain::{access::Proof, response::Raw};

/// Response number `id` to a survey.
fn item(survey: usize, id: usize) -> Item {
    let raw = Raw {
        id: id.to_string(),
        ..Raw::default()
    };
    Item {
        survey: name::Survey::parse(&format!("agencies/3271/units/dpmptsp/surveys/s-{survey}")).unwrap(),
        digest: raw.digest(),
        raw,
        id_field: "request_id",
        proof: Proof::Agent,
        import_id: String::new(),
    }
}

/// A transaction takes so many rows at most, whatever they cost.
fn pace(rows: usize) -> Pace {
    let mut pace = Pace::new(Duration::from_secs(1), rows);
    for _ in 0..20 {
        pace.learn(pace.cost(), true, Duration::ZERO);
    }
    pace
}

fn many(queue: &Queue, items: impl IntoIterator<Item = Item>) -> Answer {
    let pushed = queue.push_many(items.into_iter().collect(), None);
    pushed.now_or_never().expect("room")
}

fn take(queue: &Queue, rows: usize) -> Option<Load> {
    queue.take(&pace(rows), &pace(rows))
}

fn ids(load: &Load) -> Vec<usize> {
    load.rows
        .iter()
        .map(|row| row.item.raw.id.parse().unwrap())
        .collect()
}

/// Stores a load: the time at which a response is accepted is its number.
fn store(queue: &Queue, mut load: Load) {
    let surveys = std::mem::take(&mut load.surveys);
    let bulk = load.bulk;
    for row in load.rows {
        let id: i64 = row.item.raw.id.parse().unwrap();
        row.settle(Outcome::Accepted(from_micros(id)));
    }
    queue.done(bulk, &surveys);
}

/// The numbers of the responses of a request, once it is answered.
fn answered(answer: &mut Answer) -> Option<Vec<i64>> {
    let outcomes = answer.try_recv().ok()?.unwrap();
    let number = |outcome: &Outcome| match outcome {
        Outcome::Accepted(at) => at.timestamp_micros(),
        other => panic!("{other:?}"),
    };
    Some(outcomes.iter().map(number).collect())
}

#[test]
fn a_single_answer_comes_before_what_waited_earlier() {
    let queue = Queue::new(10, 1);
    let mut whole = many(&queue, (0..10).map(|n| item(0, n)));
    let first = take(&queue, 4).unwrap();
    assert_eq!(ids(&first), [0, 1, 2, 3]);
    let mut single = queue.push(item(1, 10), None).unwrap();
    store(&queue, first);
    let next = take(&queue, 4).unwrap();
    assert_eq!(ids(&next), [10]);
    store(&queue, next);
    assert_eq!(answered(&mut single), Some(vec![10]));
    while let Some(load) = take(&queue, 4) {
        assert_eq!(answered(&mut whole), None);
        store(&queue, load);
    }
    assert_eq!(answered(&mut whole), Some((0..10).collect()));
}

#[test]
fn single_answers_without_end_leave_every_second_transaction_to_requests_of_many() {
    let queue = Queue::new(100, 1);
    let _whole = many(&queue, (0..8).map(|n| item(0, n)));
    let mut bulk = Vec::new();
    for n in 0..8 {
        let _single = queue.push(item(1, 100 + n), None).unwrap();
        let load = take(&queue, 2).unwrap();
        bulk.push(load.bulk);
        store(&queue, load);
    }
    assert_eq!(bulk, [false, true, false, true, false, true, false, true]);
}

#[test]
fn requests_of_many_take_on_half_while_single_answers_come() {
    let queue = Queue::new(10, 1);
    let whole = |from: usize| many(&queue, (from..from + 1000).map(|n| item(0, n)));
    let _whole = whole(0);
    let pace = Pace::new(Duration::from_secs(1), 10_000);
    let most = pace.cost() - SURVEY_COST;
    let alone = queue.take(&pace, &pace).unwrap();
    assert_eq!((alone.bulk, alone.rows.len()), (true, most));
    store(&queue, alone);
    let _single = queue.push(item(1, 5000), None).unwrap();
    let single = queue.take(&pace, &pace).unwrap();
    assert!(!single.bulk);
    store(&queue, single);
    let beside = queue.take(&pace, &pace).unwrap();
    assert_eq!(
        (beside.bulk, beside.rows.len()),
        (true, pace.cost() / 2 - SURVEY_COST)
    );
}

#[test]
fn requests_of_many_take_turns_and_share_what_is_of_one_survey() {
    let queue = Queue::new(10, 1);
    // The long one first, over three surveys; a short one of a survey of its own, and one of a survey of the first.
    let mut long = many(&queue, (0..9).map(|n| item(n % 3, n)));
    let mut short = many(&queue, [item(7, 20)]);
    let mut same = many(&queue, [item(1, 30)]);
    let loads: Vec<Vec<usize>> = std::iter::from_fn(|| {
        let load = take(&queue, 4)?;
        let taken = ids(&load);
        store(&queue, load);
        Some(taken)
    })
    .collect();
    assert_eq!(loads, [vec![0, 3, 6, 1], vec![20, 4, 7, 30], vec![2, 5, 8]]);
    assert_eq!(answered(&mut long), Some((0..9).collect()));
    assert_eq!(answered(&mut short), Some(vec![20]));
    assert_eq!(answered(&mut same), Some(vec![30]));
}

#[test]
fn a_survey_is_in_one_transaction_at_a_time() {
    let queue = Queue::new(10, 2);
    let _whole = many(&queue, (0..6).map(|n| item(n / 4, n)));
    let first = take(&queue, 2).unwrap();
    assert_eq!(ids(&first), [0, 1]);
    let _single = queue.push(item(0, 10), None).unwrap();
    let _other = queue.push(item(2, 11), None).unwrap();
    let second = take(&queue, 2).unwrap();
    assert_eq!(
        ids(&second),
        [11],
        "one of a survey that is locked does not wait for the lock"
    );
    let third = take(&queue, 2).unwrap();
    assert_eq!(ids(&third), [4, 5]);
    assert!(take(&queue, 2).is_none());
    store(&queue, first);
    assert_eq!(take(&queue, 2).map(|load| ids(&load)), Some(vec![10]));
}

#[test]
fn a_writer_is_left_for_single_answers() {
    let queue = Queue::new(10, 1);
    let _whole = many(&queue, (0..4).map(|n| item(n, n)));
    let first = take(&queue, 2).unwrap();
    assert!(take(&queue, 2).is_none());
    let _single = queue.push(item(9, 10), None).unwrap();
    assert_eq!(take(&queue, 2).map(|load| ids(&load)), Some(vec![10]));
    store(&queue, first);
    assert_eq!(take(&queue, 2).map(|load| ids(&load)), Some(vec![2, 3]));
}

#[test]
fn a_full_queue_sheds_single_answers_and_lets_requests_of_many_wait() {
    let queue = Queue::new(2, 1);
    let _singles = [0, 1].map(|n| queue.push(item(0, n), None).unwrap());
    assert!(queue.push(item(0, 2), None).is_none());
    let whole = [3, 4].map(|n| many(&queue, [item(0, n)]));
    let mut third = Box::pin(queue.push_many(vec![item(0, 5)], None));
    assert!(third.as_mut().now_or_never().is_none());
    while let Some(load) = take(&queue, 1) {
        store(&queue, load);
    }
    drop(whole);
    assert!(third.now_or_never().is_some());
}

#[test]
fn the_rest_of_a_request_that_failed_is_not_tried() {
    let queue = Queue::new(10, 1);
    let mut whole = many(&queue, (0..4).map(|n| item(0, n)));
    let _other = many(&queue, [item(0, 10)]);
    let mut load = take(&queue, 2).unwrap();
    let surveys = std::mem::take(&mut load.surveys);
    for row in load.rows {
        row.fail(Failure::unavailable("no database"));
    }
    queue.done(true, &surveys);
    assert!(whole.try_recv().unwrap().is_err());
    assert_eq!(take(&queue, 4).map(|load| ids(&load)), Some(vec![10]));
    assert!(take(&queue, 4).is_none());
}

#[derive(Debug, Clone)]
enum Step {
    Single(usize),
    Many(Vec<usize>),
    Take(usize),
    Store(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4usize).prop_map(Step::Single),
        prop::collection::vec(0..4usize, 1..12).prop_map(Step::Many),
        (1..6usize).prop_map(Step::Take),
        (0..3usize).prop_map(Step::Store),
    ]
}

proptest! {
    /// Whatever comes and is stored in whatever order: each response is given out once, those of requests of many in the
    /// order of their survey, never two loads with one survey, and each request is answered in its own order.
    #[test]
    fn nothing_is_lost_or_given_twice(steps in prop::collection::vec(step(), 1..60)) {
        let queue = Queue::new(1000, 2);
        let (mut next, mut requests) = (0, Vec::new());
        let mut stored: HashMap<name::Survey, Vec<usize>> = HashMap::new();
        let mut out: Vec<Load> = Vec::new();
        let mut number = || { next += 1; next };
        for step in steps {
            match step {
                Step::Single(survey) => {
                    let id = number();
                    requests.push((vec![id as i64], queue.push(item(survey, id), None).unwrap()));
                }
                Step::Many(surveys) => {
                    let items: Vec<Item> = surveys.into_iter().map(|survey| item(survey, number())).collect();
                    let ids = items.iter().map(|item| item.raw.id.parse().unwrap()).collect();
                    requests.push((ids, many(&queue, items)));
                }
                Step::Take(rows) => {
                    let Some(load) = take(&queue, rows) else { continue };
                    prop_assert!(!load.rows.is_empty() && load.rows.len() <= rows);
                    for other in &out {
                        prop_assert!(load.surveys.is_disjoint(&other.surveys));
                    }
                    out.push(load);
                    prop_assert!(out.iter().filter(|load| load.bulk).count() <= 2);
                }
                Step::Store(place) if place < out.len() => {
                    let load = out.remove(place);
                    for row in load.rows.iter().filter(|_| load.bulk) {
                        stored.entry(row.item.survey.clone()).or_default().push(row.item.raw.id.parse().unwrap());
                    }
                    store(&queue, load);
                }
                Step::Store(_) => {}
            }
        }
        out.into_iter().for_each(|load| store(&queue, load));
        while let Some(load) = take(&queue, 3) {
            store(&queue, load);
        }
        for ids in stored.values() {
            prop_assert!(ids.is_sorted(), "{:?}", ids);
        }
        for (ids, mut answer) in requests {
            prop_assert_eq!(answered(&mut answer), Some(ids));
        }
    }
}
