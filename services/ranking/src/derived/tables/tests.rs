use prima_proto::event::v1::{ScoreState, UnitState};
use prost::Message;

use super::*;

pub(super) fn receive(tables: &Tables, subject: &str, version: i64, withdrawn: bool, payload: &[u8]) {
    let state = received(subject.to_owned(), version, withdrawn, payload.to_vec(), 0);
    tables.receive(vec![state]);
}

#[test]
fn a_subject_that_left_its_stream_is_in_no_table() {
    let tables = Tables::new(Clock::system());
    let subject = |unit: &str| format!("prima.survey.score.skm.2024.unit.3271.{unit}");
    let payload = ScoreState {
        value: "80.00".into(),
        ..Default::default()
    }
    .encode_to_vec();
    for unit in ["a", "b"] {
        receive(&tables, &subject(unit), 5, false, &payload);
    }
    receive(
        &tables,
        "prima.index.score.ipp.2024.unit.3271.b",
        5,
        false,
        &payload,
    );
    assert_eq!(tables.read().unplaced(), 3);
    tables.retain(
        &Source::new("survey", &["prima.survey.score.>"]),
        &Received::from_iter([(subject("a"), 1)]),
    );
    assert_eq!(tables.read().unplaced(), 2);
    let unsaved = tables.take_unsaved();
    let gone: Vec<&str> = unsaved
        .iter()
        .filter(|state| state.withdrawn != 0)
        .map(|state| state.subject.as_str())
        .collect();
    assert_eq!(gone, [subject("b")], "the snapshot must not bring it back");
    receive(&tables, &subject("b"), 7, false, &payload);
    assert_eq!(tables.read().unplaced(), 3);
}

#[test]
fn states_that_race_with_the_loaded_snapshot_end_in_the_same_tables() {
    let payload = |value: &str| {
        ScoreState {
            value: value.to_owned(),
            ..Default::default()
        }
        .encode_to_vec()
    };
    let unit = UnitState {
        unit_type: "clinic".to_owned(),
        ..Default::default()
    }
    .encode_to_vec();
    let state = |subject: String, version: i64, payload: Vec<u8>| StoredState {
        subject,
        version,
        withdrawn: 0,
        payload,
        applied_at: 0,
    };
    let score = |n: i64| format!("prima.survey.score.skm.2024.unit.11.u{n}");
    for round in 0..20 {
        let tables = Tables::new(Clock::system());
        std::thread::scope(|threads| {
            threads.spawn(|| {
                for n in 0..40 {
                    tables.apply_if_newer(vec![state(
                        format!("prima.directory.unit.11.u{n}"),
                        1,
                        unit.clone(),
                    )]);
                    tables.apply_if_newer(vec![state(score(n), 1, payload("10"))]);
                }
            });
            threads.spawn(|| {
                for n in (0..40).rev() {
                    receive(&tables, &score(n), 2, false, &payload("90"));
                }
            });
        });
        let key = TableKey::parse("metrics/skm/periods/2024/cohorts/clinic").unwrap();
        let rows = tables.read().rows(&key, 0, 100).unwrap();
        assert_eq!(rows.len(), 40, "round {round}");
        assert!(
            rows.iter().all(|row| row.score.value == "90" && row.version == 2),
            "round {round}"
        );
    }
}

#[test]
fn an_unreadable_state_is_counted_and_kept_until_it_is_withdrawn() {
    let tables = Tables::new(Clock::system());
    let (score, entry) = (
        "prima.survey.score.skm.2024.unit.3271.a",
        "prima.directory.unit.3271.a",
    );
    receive(&tables, score, 5, false, b"\xff");
    receive(&tables, entry, 5, false, b"\xff");
    // A state of the directory that is not ranked is not read.
    receive(&tables, "prima.directory.service.3271.a.b", 5, false, b"\xff");
    assert_eq!(tables.unreadable(), 2);
    let listed = |scope: &str, after: &str| -> Vec<String> {
        let found = tables.unreadable_states(&scope.parse().unwrap(), after, 9);
        found.into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(listed("agencies/3271/units/a", ""), [entry, score]);
    assert_eq!(listed("agencies/-", entry), [score]);
    assert!(listed("agencies/32", "").is_empty());
    let kept = tables.take_unsaved();
    let score_kept = kept.iter().find(|state| state.subject == score).unwrap();
    assert_eq!(
        (score_kept.version, score_kept.payload.as_slice()),
        (5, &b"\xff"[..])
    );
    // An older version changes nothing, neither here nor in the snapshot.
    receive(&tables, score, 4, true, &[]);
    assert_eq!((tables.unreadable(), tables.take_unsaved()), (2, Vec::new()));
    receive(&tables, score, 6, true, b"\xff");
    receive(&tables, entry, 6, false, &[]);
    assert_eq!(tables.unreadable(), 0);
    assert!(listed("agencies/-", "").is_empty());
}
