//! What is frozen, what a correction says, and when a table may be published.

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::tlog::canonical;
use serde_json::json;

use super::*;
use crate::domain::{
    LeagueTables,
    tests::{key, score, unit, unit_name},
};

fn rows(scores: &[(&str, &str)]) -> Vec<crate::domain::Row> {
    let mut tables = LeagueTables::default();
    for (name, value) in scores {
        tables.unit(unit_name(name), 1, unit("clinic"));
        tables.score("survey", 1, score(name, value)).unwrap();
    }
    tables.rows(&key("clinic"), 0, usize::MAX).unwrap()
}

#[test]
fn a_correction_says_what_it_changes() {
    let (first, changes) = freeze(rows(&[("11/a", "90"), ("11/b", "80"), ("11/c", "70")]), None).unwrap();
    assert_eq!(changes, Changes::default());
    assert!(first.iter().all(|row| !row.body.contains("before")));
    let before = before(first.iter().map(|row| row.body.as_str())).unwrap();

    let (same, changes) = freeze(
        rows(&[("11/a", "90"), ("11/b", "80"), ("11/c", "70")]),
        Some(&before),
    )
    .unwrap();
    assert_eq!((same, changes), (first.clone(), Changes::default()));

    let (second, changes) = freeze(
        rows(&[("11/a", "90"), ("11/c", "95"), ("11/d", "10")]),
        Some(&before),
    )
    .unwrap();
    let expected = Changes {
        added: 1,
        changed: 2,
        removed: 1,
    };
    assert_eq!(changes, expected);
    let said = |subject: &str| {
        let row = second.iter().find(|row| row.subject == subject).unwrap();
        canonical::read(&row.body).unwrap()
    };
    assert_eq!(said("agencies/11/units/c")["before"]["rank"], json!(3));
    assert_eq!(said("agencies/11/units/c")["rank"], json!(1));
    assert_eq!(said("agencies/11/units/d")["before"], json!(null));
    let gone = said("agencies/11/units/b");
    assert_eq!(
        (&gone["removed"], &gone["before"]["score"]),
        (&json!(true), &json!("80"))
    );
    // A correction of the correction does not list again what was removed.
    let third = super::before(second.iter().map(|row| row.body.as_str())).unwrap();
    assert_eq!(third.len(), 3);
}

/// Neither an empty row nor a changed number is sealed.
#[test]
fn a_row_with_a_number_that_json_does_not_keep_is_refused() {
    let mut all = rows(&[("11/a", "90"), ("11/b", "80")]);
    all[1].score.sample_size = (1 << 53) - 1;
    assert_eq!(freeze(all.clone(), None).unwrap().0.len(), 2);
    all[1].score.sample_size += 1;
    assert_eq!(
        freeze(all, None),
        Err(Unsealable("agencies/11/units/b".to_owned()))
    );
}

#[test]
fn a_table_is_published_after_the_period_and_all_decisions() {
    let now: DateTime<Utc> = DateTime::UNIX_EPOCH;
    let later = now + TimeDelta::seconds(1);
    assert_eq!(may_publish(State::Open, now, [0, 0], now), Ok(()));
    for (state, ends, counts, why) in [
        (State::Published, now, [0, 0], Refused::Closed),
        (State::Replaced, now, [0, 0], Refused::Closed),
        (State::Open, later, [0, 0], Refused::PeriodRuns(later)),
        (State::Open, now, [2, 0], Refused::Undecided(2)),
        (State::Open, now, [0, 1], Refused::Accepted),
    ] {
        assert_eq!(may_publish(state, ends, counts, now), Err(why));
    }
}

#[test]
fn a_head_contains_the_facts_the_decree_and_what_it_corrects() {
    let facts = Facts {
        table: ["metrics/skm/periods/2024/cohorts/clinic", "skm", "2024", "clinic"].map(str::to_owned),
        titles: ["SKM".to_owned(), String::new()],
        definition: "metrics/skm/definitions/1".to_owned(),
        instruments: vec!["skm-2017/1".to_owned()],
        counts: [2, 1, 3],
        rows: (3, [7; 32]),
        streams: vec![Stream {
            service: "survey".to_owned(),
            created: i64::MAX,
            sequence: u64::MAX,
        }],
        frozen_at: DateTime::UNIX_EPOCH,
        changes: None,
    };
    let decree = Decree {
        number: "12/2025".to_owned(),
        date: "2025-01-31".parse().unwrap(),
        signatory: "Nama".to_owned(),
        signatory_position: "Menteri".to_owned(),
    };
    let head = Head {
        number: 2,
        published_at: DateTime::UNIX_EPOCH,
        decree: &decree,
        objected: Objected {
            filed: 1,
            accepted: 0,
            rejected: 1,
            record: "x".to_owned(),
        },
        corrects: Some((1, "y".to_owned(), "salah hitung".to_owned())),
        address: String::new(),
        licence: "CC-BY-4.0".to_owned(),
    };
    let text = head.write(&facts.write().unwrap()).unwrap();
    let read = canonical::read(&text).unwrap();
    assert_eq!(decree_of(&read), Some(decree.clone()));
    assert_eq!(read["streams"][0]["sequence"], json!(u64::MAX.to_string()));
    assert_eq!(read["corrects"]["reason"], json!("salah hitung"));
    let long = Head {
        corrects: Some((1, String::new(), "a".repeat(TOO_LONG))),
        ..head
    };
    assert_eq!(long.write(&facts.write().unwrap()), None);

    // The longest facts that fit leave room for the longest decree.
    let longest = Decree {
        number: "\u{1f600}".repeat(100),
        signatory: "\u{1f600}".repeat(200),
        signatory_position: "\u{1f600}".repeat(200),
        ..decree.clone()
    };
    let (reason, licence) = ("\u{1f600}\n".repeat(1000), "CC-BY-4.0".to_owned());
    let padded = |length: usize| {
        let instruments = vec!["a".repeat(length)];
        Facts {
            instruments,
            ..facts.clone()
        }
        .write()
        .unwrap()
    };
    let lengths: Vec<usize> = (0..TOO_LONG).collect();
    let most = lengths.partition_point(|length| fits(&padded(*length), &[&reason, &licence])) - 1;
    let fitting = Head {
        decree: &longest,
        corrects: Some((i64::from(u32::MAX), "y".repeat(44), reason)),
        licence,
        ..long
    };
    assert!(most > 40_000 && fitting.write(&padded(most)).is_some(), "{most}");
}
