//! Rules of a response, as tests.

use super::super::instrument::{DEFAULT, find};
use super::super::survey::{Asked, Draft, create};
use super::*;
use proptest::prelude::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2024-07-10T03:00:00.123456789Z")
}

/// Asks `time`, and `cost` when one likes.
fn survey() -> Survey {
    let asked = |key: &str, optional| Asked {
        key: key.into(),
        code: String::new(),
        optional,
        own: None,
    };
    let draft = Draft {
        period: "2024".into(),
        asked: vec![asked("time", false), asked("cost", true)],
        ..Draft::default()
    };
    create(
        name::Survey::parse("agencies/1/units/a/surveys/x").unwrap(),
        draft,
        now(),
    )
    .unwrap()
}

fn raw(answers: &[(&str, i32)]) -> Raw {
    Raw {
        id: "r-1".into(),
        answers: answers
            .iter()
            .map(|(key, score)| ((*key).to_owned(), *score))
            .collect(),
        ..Raw::default()
    }
}

fn checked(raw: &Raw) -> Result<Response, Vec<Violation>> {
    check(raw, &survey(), find(DEFAULT).unwrap(), now(), "request_id")
}

fn faults(edit: impl FnOnce(&mut Raw)) -> Vec<(String, String)> {
    let mut raw = raw(&[("time", 4)]);
    edit(&mut raw);
    checked(&raw)
        .unwrap_err()
        .into_iter()
        .map(|v| (v.field, v.description))
        .collect()
}

fn fault(edit: impl FnOnce(&mut Raw)) -> (String, String) {
    let mut faults = faults(edit);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

fn told(field: &str, description: &str) -> (String, String) {
    (field.to_owned(), description.to_owned())
}

#[test]
fn answers_stand_in_the_order_of_the_survey() {
    assert_eq!(
        checked(&raw(&[("cost", 3), ("time", 4)])).unwrap().answers,
        [Some(4), Some(3)]
    );
}

#[test]
fn only_an_optional_element_may_be_left_out() {
    assert_eq!(checked(&raw(&[("time", 4)])).unwrap().answers, [Some(4), None]);
    assert_eq!(
        fault(|r| r.answers.clear()),
        told("response.answers.time", "is required")
    );
}

#[test]
fn a_score_off_the_scale_is_a_fault_even_of_an_optional_element() {
    for score in [0, 5, -1, 256 + 4, i32::MAX, i32::MIN] {
        let fault = fault(|r| r.answers = raw(&[("time", 1), ("cost", score)]).answers);
        assert_eq!(fault, told("response.answers.cost", "must be 1 to 4"), "{score}");
    }
}

#[test]
fn an_element_that_the_survey_does_not_ask_is_a_fault() {
    for (key, shown) in [("conduct", "conduct"), ("x\u{1b}\n", "x"), ("", "")] {
        let fault = fault(|r| r.answers = raw(&[("time", 1), (key, 4)]).answers);
        assert_eq!(
            fault,
            told(
                &format!("response.answers.{shown}"),
                "is not an element of this survey"
            )
        );
    }
}

#[test]
fn an_id_can_stand_in_a_name() {
    for id in ["a", "A.b_c:d-9", &"x".repeat(64)] {
        assert_eq!(
            checked(&Raw {
                id: id.into(),
                ..raw(&[("time", 1)])
            })
            .unwrap()
            .id,
            id
        );
    }
    for id in ["", " ", "a/b", "é", "a\n", &"x".repeat(65)] {
        assert_eq!(fault(|r| r.id = id.into()).0, "request_id", "{id:?}");
    }
}

#[test]
fn the_id_is_called_as_the_request_calls_it() {
    let raw = Raw {
        id: String::new(),
        ..raw(&[("time", 1)])
    };
    let faults = check(&raw, &survey(), find(DEFAULT).unwrap(), now(), "response_id").unwrap_err();
    assert_eq!(faults[0].field, "response_id");
}

#[test]
fn a_response_without_a_time_was_given_now_in_whole_microseconds() {
    assert_eq!(
        checked(&raw(&[("time", 1)])).unwrap().submitted_at,
        at("2024-07-10T03:00:00.123456Z")
    );
}

#[test]
fn a_time_far_ahead_or_before_2000_is_a_fault() {
    let time = |t: DateTime<Utc>| move |r: &mut Raw| r.submitted_at = Some(t);
    let ahead = now() + TimeDelta::minutes(5);
    assert!(
        checked(&Raw {
            submitted_at: Some(ahead),
            ..raw(&[("time", 1)])
        })
        .is_ok()
    );
    let description = "must be at most 5 minutes in the future";
    for late in [ahead + TimeDelta::nanoseconds(1), DateTime::<Utc>::MAX_UTC] {
        assert_eq!(fault(time(late)), told("response.submit_time", description));
    }
    assert!(
        checked(&Raw {
            submitted_at: Some(at("2000-01-01T00:00:00Z")),
            ..raw(&[("time", 1)])
        })
        .is_ok()
    );
    for early in [at("1999-12-31T23:59:59Z"), DateTime::<Utc>::MIN_UTC] {
        assert_eq!(
            fault(time(early)),
            told("response.submit_time", "must not be before the year 2000")
        );
    }
}

#[test]
fn empty_texts_and_an_age_of_zero_are_not_given() {
    let empty = || Some(String::new());
    let profile = Profile {
        sex: empty(),
        age: Some(0),
        education: empty(),
        occupation: empty(),
        service: empty(),
    };
    assert_eq!(
        checked(&Raw {
            profile,
            ..raw(&[("time", 1)])
        })
        .unwrap()
        .profile,
        Profile::default()
    );
}

#[test]
fn a_full_profile_is_kept() {
    let text = |t: &str| Some(t.to_owned());
    let profile = Profile {
        sex: text("P"),
        age: Some(120),
        education: text("S1"),
        occupation: text("LAINNYA"),
        service: text("ktp-el"),
    };
    assert_eq!(
        checked(&Raw {
            profile: profile.clone(),
            ..raw(&[("time", 1)])
        })
        .unwrap()
        .profile,
        profile
    );
}

#[test]
fn a_fault_of_the_profile_names_what_is_allowed() {
    let text = |t: &str| Some(t.to_owned());
    let found = faults(|r| {
        r.profile = Profile {
            sex: text("p"),
            age: Some(9),
            education: text("D3"),
            occupation: text("-"),
            service: text("KTP"),
        };
    });
    assert_eq!(
        found,
        [
            told("response.profile.sex", "must be one of L, P"),
            told("response.profile.age", "must be 10 to 120"),
            told(
                "response.profile.education",
                "must be one of SD, SMP, SMA, S1, S2, S3"
            ),
            told(
                "response.profile.occupation",
                "must be one of PNS, TNI, POLRI, SWASTA, WIRAUSAHA, LAINNYA"
            ),
            told(
                "response.profile.service",
                "`KTP` must be 1 to 63 characters of a-z, 0-9 and -"
            ),
        ]
    );
    for age in [-1, 9, 121] {
        assert_eq!(fault(|r| r.profile.age = Some(age)).0, "response.profile.age");
    }
}

#[test]
fn every_fault_is_told_at_once_in_a_fixed_order() {
    let found = faults(|r| {
        r.id.clear();
        r.submitted_at = Some(at("1999-01-01T00:00:00Z"));
        r.answers = raw(&[("b", 1), ("cost", 9), ("a", 1)]).answers;
        r.profile.age = Some(1);
    });
    let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "request_id",
            "response.submit_time",
            "response.answers.time",
            "response.answers.cost",
            "response.answers.a",
            "response.answers.b",
            "response.profile.age",
        ]
    );
}

#[test]
fn people_read_the_name_of_the_element() {
    let faults = checked(&raw(&[])).unwrap_err();
    assert_eq!(faults[0].localized, "Unsur Waktu Penyelesaian wajib dijawab");
}

proptest! {
    #[test]
    fn a_response_that_fits_holds_only_scores_of_the_scale(time in any::<i32>(), cost in -2..8i32) {
        let raw = raw(&[("time", time % 8), ("cost", cost)]);
        match checked(&raw) {
            Ok(response) => {
                let scores: Vec<i32> = response.answers.iter().flatten().map(|s| i32::from(*s)).collect();
                prop_assert_eq!(&scores, &[time % 8, cost]);
                prop_assert!(scores.iter().all(|s| (1..=4).contains(s)));
            }
            Err(faults) => {
                let bad = [time % 8, cost].iter().filter(|s| !(1..=4).contains(*s)).count();
                prop_assert_eq!(faults.len(), bad);
            }
        }
    }
}
