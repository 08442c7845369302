use std::time::Duration;

use futures::FutureExt;
use prima_platform::clock::from_micros;
use proptest::prelude::*;

use super::{super::item::First, *};
use crate::domain::{
    access::{Kiosk, Proof, Token},
    response::Raw,
};

/// Response number `number` of a survey, with an id of its own.
fn item(survey: usize, number: usize) -> Item {
    sent(survey, &format!("r-{number}"), number)
}

/// The response that was sent as number `number`, with this id.
fn sent(survey: usize, id: &str, number: usize) -> Item {
    let raw = Raw {
        id: id.to_owned(),
        ..Raw::default()
    };
    Item {
        survey: name::Survey::parse(&format!("agencies/3271/units/dpmptsp/surveys/s-{survey}")).unwrap(),
        digest: raw.digest(),
        source: String::new(),
        raw,
        id_field: "request_id",
        proof: Proof::Agent,
        import_id: number.to_string(),
        bulk: false,
    }
}

fn number(row: &Row) -> usize {
    row.item.import_id.parse().unwrap()
}

/// A pace with which a transaction contains at most `rows` rows, whatever they cost.
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
    load.rows.iter().map(number).collect()
}

/// Stores a load; the time of acceptance of each response is its number.
fn store(queue: &Queue, mut load: Load) {
    let claims = std::mem::take(&mut load.claims);
    let bulk = load.bulk;
    for row in load.rows {
        let id = number(&row) as i64;
        row.settle(Outcome::Accepted(First {
            accepted_at: from_micros(id),
            voided: false,
            counted: 0,
            pending: 0,
        }));
    }
    queue.done(bulk, &claims);
}

/// The numbers of the responses of a request, once it is answered.
fn answered(answer: &mut Answer) -> Option<Vec<i64>> {
    let outcomes = answer.try_recv().ok()?.unwrap();
    let number = |outcome: &Outcome| match outcome {
        Outcome::Accepted(first) => first.accepted_at.timestamp_micros(),
        other => panic!("{other:?}"),
    };
    Some(outcomes.iter().map(number).collect())
}

#[test]
fn a_single_response_is_stored_before_bulk_rows_that_arrived_earlier() {
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
fn with_endless_single_responses_every_second_transaction_is_bulk() {
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
fn bulk_transactions_are_half_as_large_while_single_responses_arrive() {
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
fn bulk_requests_take_turns_and_rows_of_one_survey_are_stored_together() {
    let queue = Queue::new(10, 1);
    // The first request is long, with three surveys; then come a short one of another survey, and one that shares a
    // survey with the first.
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
fn concurrent_transactions_may_share_a_survey_but_no_response() {
    let queue = Queue::new(10, 2);
    // The third response repeats the first.
    let rows = [("a", 0), ("b", 1), ("a", 2), ("c", 3)];
    let _whole = many(&queue, rows.map(|(id, n)| sent(0, id, n)));
    let first = take(&queue, 2).unwrap();
    assert_eq!(ids(&first), [0, 1]);
    // Rows behind a waiting row wait too, so that bulk requests keep their order.
    assert!(take(&queue, 2).is_none());
    let _same = queue.push(sent(0, "b", 10), None).unwrap();
    let _other = queue.push(sent(0, "d", 11), None).unwrap();
    let _elsewhere = queue.push(sent(1, "b", 12), None).unwrap();
    let second = take(&queue, 3).unwrap();
    assert_eq!(ids(&second), [11, 12]);
    assert!(take(&queue, 2).is_none());
    store(&queue, first);
    assert_eq!(take(&queue, 2).map(|load| ids(&load)), Some(vec![2, 3]));
    assert_eq!(take(&queue, 2).map(|load| ids(&load)), Some(vec![10]));
}

#[test]
fn concurrent_transactions_share_no_token_and_no_kiosk_counter() {
    let by = |n: usize, proof: Proof| Item { proof, ..item(0, n) };
    let token = |text: u8| {
        Proof::Token(Token {
            batch: 1,
            digest: vec![text],
        })
    };
    let kiosk = |counter| {
        Proof::Kiosk(Kiosk {
            device: name::Device::parse("agencies/3271/units/dpmptsp/devices/k").unwrap(),
            counter,
            signature: Vec::new(),
            lines: String::new().into(),
        })
    };
    for (used, other) in [(token(1), token(2)), (kiosk(1), kiosk(2))] {
        let queue = Queue::new(10, 2);
        let _first = queue.push(by(0, used.clone()), None).unwrap();
        let first = take(&queue, 9).unwrap();
        let _again = queue.push(by(1, used), None).unwrap();
        let _other = queue.push(by(2, other), None).unwrap();
        assert_eq!(take(&queue, 9).map(|load| ids(&load)), Some(vec![2]));
        store(&queue, first);
        assert_eq!(take(&queue, 9).map(|load| ids(&load)), Some(vec![1]));
    }
}

#[test]
fn one_writer_stays_free_for_single_responses() {
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
fn a_full_queue_sheds_single_responses_and_makes_bulk_requests_wait() {
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
fn the_other_rows_of_a_failed_request_are_not_tried() {
    let queue = Queue::new(10, 1);
    let mut whole = many(&queue, (0..4).map(|n| item(0, n)));
    let _other = many(&queue, [item(0, 10)]);
    let mut load = take(&queue, 2).unwrap();
    let claims = std::mem::take(&mut load.claims);
    for row in load.rows {
        row.fail(Failure::unavailable("no database"));
    }
    queue.done(true, &claims);
    assert!(whole.try_recv().unwrap().is_err());
    assert_eq!(take(&queue, 4).map(|load| ids(&load)), Some(vec![10]));
    assert!(take(&queue, 4).is_none());
}

/// The numbers of a survey and of a response to it.
type Sent = (usize, usize);

#[derive(Debug, Clone)]
enum Step {
    Single(Sent),
    Many(Vec<Sent>),
    Take(usize),
    Store(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let one = || (0..4usize, 0..6usize);
    prop_oneof![
        one().prop_map(Step::Single),
        prop::collection::vec(one(), 1..12).prop_map(Step::Many),
        (1..6usize).prop_map(Step::Take),
        (0..3usize).prop_map(Step::Store),
    ]
}

proptest! {
    /// In whatever order rows arrive and are stored, each row is given out once, two loads never contain the same
    /// response at the same time, repeats in bulk requests keep their order, and each request gets its outcomes in its
    /// own order.
    #[test]
    fn no_row_is_lost_or_given_out_twice(steps in prop::collection::vec(step(), 1..60)) {
        let queue = Queue::new(1000, 2);
        let (mut next, mut requests) = (0, Vec::new());
        let mut stored: HashMap<(name::Survey, String), Vec<usize>> = HashMap::new();
        let mut out: Vec<Load> = Vec::new();
        let mut new = |(survey, response): Sent| {
            next += 1;
            (next as i64, sent(survey, &response.to_string(), next))
        };
        for step in steps {
            match step {
                Step::Single(one) => {
                    let (id, item) = new(one);
                    requests.push((vec![id], queue.push(item, None).unwrap()));
                }
                Step::Many(several) => {
                    let (ids, items): (Vec<i64>, Vec<Item>) = several.into_iter().map(&mut new).unzip();
                    requests.push((ids, many(&queue, items)));
                }
                Step::Take(rows) => {
                    let Some(load) = take(&queue, rows) else { continue };
                    prop_assert!(!load.rows.is_empty() && load.rows.len() <= rows);
                    for other in &out {
                        prop_assert!(load.claims.is_disjoint(&other.claims));
                    }
                    out.push(load);
                    prop_assert!(out.iter().filter(|load| load.bulk).count() <= 2);
                }
                Step::Store(place) if place < out.len() => {
                    let load = out.remove(place);
                    for row in load.rows.iter().filter(|_| load.bulk) {
                        let of = (row.item.survey.clone(), row.item.raw.id.clone());
                        stored.entry(of).or_default().push(number(row));
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
        for numbers in stored.values() {
            prop_assert!(numbers.is_sorted(), "{:?}", numbers);
        }
        for (ids, mut answer) in requests {
            prop_assert_eq!(answered(&mut answer), Some(ids));
        }
    }
}
