//! Tests of the rules of responses.

use super::super::instrument::{DEFAULT, find};
use super::super::{
    draft::{Draft, create},
    survey::Asked,
};
use super::*;
use prima_proto::name;
use proptest::prelude::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2024-07-10T03:00:00.123456789Z")
}

/// A survey that asks `time`, and `cost` as an optional element.
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

fn expected(field: &str, description: &str) -> (String, String) {
    (field.to_owned(), description.to_owned())
}

#[test]
fn answers_are_in_the_order_of_the_survey() {
    assert_eq!(
        checked(&raw(&[("cost", 3), ("time", 4)])).unwrap().answers,
        [Some(4), Some(3)]
    );
}

#[test]
fn only_an_optional_element_may_be_unanswered() {
    assert_eq!(checked(&raw(&[("time", 4)])).unwrap().answers, [Some(4), None]);
    assert_eq!(
        fault(|r| r.answers.clear()),
        expected("response.answers.time", "is required")
    );
}

#[test]
fn a_score_off_the_scale_is_a_fault_even_of_an_optional_element() {
    for score in [0, 5, -1, 256 + 4, i32::MAX, i32::MIN] {
        let fault = fault(|r| r.answers = raw(&[("time", 1), ("cost", score)]).answers);
        assert_eq!(
            fault,
            expected("response.answers.cost", "must be 1 to 4"),
            "{score}"
        );
    }
}

#[test]
fn an_element_that_the_survey_does_not_ask_is_a_fault() {
    for (key, shown) in [("conduct", "conduct"), ("x\u{1b}\n", "x"), ("", "")] {
        let fault = fault(|r| r.answers = raw(&[("time", 1), (key, 4)]).answers);
        assert_eq!(
            fault,
            expected(
                &format!("response.answers.{shown}"),
                "is not an element of this survey"
            )
        );
    }
}

#[test]
fn an_id_must_be_valid_in_a_resource_name() {
    for id in ["a", "A.b_c:d-9", &"x".repeat(64)] {
        let response = Raw {
            id: id.into(),
            ..raw(&[("time", 1)])
        };
        assert!(checked(&response).is_ok(), "{id}");
    }
    for id in ["", " ", "a/b", "é", "a\n", &"x".repeat(65)] {
        assert_eq!(fault(|r| r.id = id.into()).0, "request_id", "{id:?}");
    }
}

#[test]
fn a_fault_of_the_id_names_the_field_of_the_request() {
    let raw = Raw {
        id: String::new(),
        ..raw(&[("time", 1)])
    };
    let faults = check(&raw, &survey(), find(DEFAULT).unwrap(), now(), "response_id").unwrap_err();
    assert_eq!(faults[0].field, "response_id");
}

#[test]
fn a_response_without_a_time_is_dated_now_in_whole_microseconds() {
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
        assert_eq!(fault(time(late)), expected("response.submit_time", description));
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
            expected("response.submit_time", "must not be before the year 2000")
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
        age_group: empty(),
        channel: empty(),
        hour_band: empty(),
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
fn a_full_profile_is_accepted() {
    let text = |t: &str| Some(t.to_owned());
    let profile = Profile {
        sex: text("P"),
        age: Some(120),
        education: text("S1"),
        occupation: text("LAINNYA"),
        service: text("ktp-el"),
        age_group: text("60+"),
        channel: text("counter"),
        hour_band: text("afternoon"),
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
fn a_fault_of_the_profile_names_the_allowed_values() {
    let text = |t: &str| Some(t.to_owned());
    let found = faults(|r| {
        r.profile = Profile {
            sex: text("p"),
            age: Some(9),
            education: text("D3"),
            occupation: text("-"),
            service: text("KTP"),
            age_group: text("9"),
            channel: text("loket"),
            hour_band: text("night"),
        };
    });
    assert_eq!(
        found,
        [
            expected("response.profile.sex", "must be one of L, P"),
            expected("response.profile.age", "must be 10 to 120"),
            expected(
                "response.profile.age_group",
                "must be one of 10-19, 20-29, 30-39, 40-49, 50-59, 60+"
            ),
            expected(
                "response.profile.education",
                "must be one of SD, SMP, SMA, S1, S2, S3"
            ),
            expected(
                "response.profile.occupation",
                "must be one of PNS, TNI, POLRI, SWASTA, WIRAUSAHA, LAINNYA"
            ),
            expected(
                "response.profile.service",
                "must be 1 to 63 characters of a-z, 0-9 and -"
            ),
            expected(
                "response.profile.channel",
                "must be one of counter, online, phone, mobile, kiosk, other"
            ),
            expected("response.profile.hour_band", "must be one of morning, afternoon"),
        ]
    );
    for age in [-1, 9, 121] {
        assert_eq!(fault(|r| r.profile.age = Some(age)).0, "response.profile.age");
    }
}

#[test]
fn every_fault_is_reported_at_once_in_a_fixed_order() {
    let found = faults(|r| {
        r.id.clear();
        r.submitted_at = Some(at("1999-01-01T00:00:00Z"));
        r.answers = raw(&[("b", 1), ("cost", 9), ("a", 1)]).answers;
        r.profile.age = Some(1);
        r.suggestion = "x".repeat(2001).into();
        r.criticism = "\u{7}".to_owned().into();
        r.device = "x".repeat(129).into();
    });
    let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "request_id",
            "response.submit_time",
            "response.suggestion",
            "response.criticism",
            "response.device",
            "response.answers.time",
            "response.answers.cost",
            "response.answers.a",
            "response.answers.b",
            "response.profile.age",
        ]
    );
}

#[test]
fn the_text_for_people_has_the_name_of_the_element() {
    let faults = checked(&raw(&[])).unwrap_err();
    assert_eq!(faults[0].localized, "Unsur Waktu Penyelesaian wajib dijawab");
}

#[test]
fn the_age_group_is_derived_from_the_age() {
    for (age, group) in [
        (10, "10-19"),
        (19, "10-19"),
        (20, "20-29"),
        (59, "50-59"),
        (60, "60+"),
        (120, "60+"),
    ] {
        let mut raw = raw(&[("time", 1)]);
        raw.profile.age = Some(age);
        assert_eq!(
            checked(&raw).unwrap().profile.age_group.as_deref(),
            Some(group),
            "{age}"
        );
        raw.profile.age_group = Some(group.into());
        assert_eq!(
            checked(&raw).unwrap().profile.age_group.as_deref(),
            Some(group),
            "{age}"
        );
    }
    let mut raw = raw(&[("time", 1)]);
    raw.profile.age_group = Some("20-29".into());
    assert_eq!(checked(&raw).unwrap().profile.age_group.as_deref(), Some("20-29"));
}

#[test]
fn an_age_group_that_does_not_include_the_age_is_a_fault() {
    assert_eq!(
        fault(|r| {
            r.profile.age = Some(30);
            r.profile.age_group = Some("20-29".into());
        }),
        expected(
            "response.profile.age_group",
            "must be 30-39, the group of the age given"
        )
    );
}

#[test]
fn a_text_may_have_2000_characters_of_any_letters_in_lines_and_tabs() {
    let mut raw = raw(&[("time", 1)]);
    raw.suggestion = "é".repeat(2000).into();
    raw.criticism = "satu\n\tdua".to_owned().into();
    let response = checked(&raw).unwrap();
    assert_eq!(response.suggestion.unwrap().text().chars().count(), 2000);
    assert_eq!(response.criticism.unwrap().text(), "satu\n\tdua");
    for text in [
        "é".repeat(2001),
        "a\0".into(),
        "a\r\n".into(),
        "\u{1b}[31m".into(),
    ] {
        assert_eq!(
            fault(|r| r.suggestion = text.clone().into()).0,
            "response.suggestion"
        );
        assert_eq!(
            fault(|r| r.criticism = text.clone().into()).0,
            "response.criticism"
        );
    }
}

#[test]
fn a_text_of_white_space_is_not_stored() {
    let mut raw = raw(&[("time", 1)]);
    raw.suggestion = " \n\t".to_owned().into();
    let response = checked(&raw).unwrap();
    assert_eq!(
        (response.suggestion, response.criticism, response.device),
        (None, None, None)
    );
}

#[test]
fn texts_of_citizens_are_redacted_in_debug_output() {
    let mut raw = raw(&[("time", 1)]);
    raw.suggestion = "rahasia".to_owned().into();
    raw.device = "rahasia".to_owned().into();
    assert!(!format!("{raw:?} {:?}", checked(&raw)).contains("rahasia"));
}

#[test]
fn the_digest_is_the_same_in_every_release() {
    let mut raw = raw(&[("time", 4), ("cost", 3)]);
    let hex = |raw: &Raw| {
        raw.digest()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    };
    assert_eq!(hex(&raw), "b74ca94f4392d72fb825d22f64f3ea39");
    raw.submitted_at = Some(now());
    raw.profile.sex = Some("P".into());
    raw.profile.age = Some(25);
    raw.profile.age_group = Some("20-29".into());
    raw.suggestion = "lebih cepat".to_owned().into();
    raw.device = "ponsel-1".to_owned().into();
    assert_eq!(hex(&raw), "54db7d2f4b7b669c930444e0305ef734");
}

#[test]
fn every_field_changes_the_digest() {
    let edits: [fn(&mut Raw); 15] = [
        |_| {},
        |r| r.submitted_at = Some(now()),
        |r| r.profile.sex = Some("L".into()),
        |r| r.profile.age = Some(30),
        |r| r.profile.education = Some("L".into()),
        |r| r.profile.occupation = Some("L".into()),
        |r| r.profile.service = Some("L".into()),
        |r| r.profile.age_group = Some("L".into()),
        |r| r.profile.channel = Some("L".into()),
        |r| r.profile.hour_band = Some("L".into()),
        |r| r.suggestion = "L".to_owned().into(),
        |r| r.criticism = "L".to_owned().into(),
        |r| r.device = "L".to_owned().into(),
        |r| r.answers = raw(&[("time", 3)]).answers,
        |r| r.answers = raw(&[("time", 4), ("cost", 4)]).answers,
    ];
    let digests: std::collections::BTreeSet<Vec<u8>> = edits
        .iter()
        .map(|edit| {
            let mut raw = raw(&[("time", 4)]);
            edit(&mut raw);
            raw.digest()
        })
        .collect();
    assert_eq!(digests.len(), edits.len());
}

#[test]
fn the_digest_does_not_depend_on_the_id() {
    let one = raw(&[("time", 4)]);
    let other = Raw {
        id: "r-2".into(),
        ..one.clone()
    };
    assert_eq!(one.digest(), other.digest());
}

proptest! {
    #[test]
    fn a_checked_response_has_only_scores_of_the_scale(time in any::<i32>(), cost in -2..8i32) {
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

    #[test]
    fn only_equal_bodies_have_the_same_digest(
        a in ("[a-z]{0,3}", "[a-z]{0,3}", "[a-z]{0,3}"),
        b in ("[a-z]{0,3}", "[a-z]{0,3}", "[a-z]{0,3}"),
    ) {
        let body = |(service, suggestion, criticism): &(String, String, String)| {
            let mut raw = raw(&[("time", 4)]);
            raw.profile.service = Some(service.clone());
            raw.suggestion = suggestion.clone().into();
            raw.criticism = criticism.clone().into();
            raw
        };
        prop_assert_eq!(a == b, body(&a).digest() == body(&b).digest());
    }

    #[test]
    fn every_allowed_age_has_a_group(age in 10..=120i32) {
        let mut raw = raw(&[("time", 1)]);
        raw.profile.age = Some(age);
        prop_assert!(checked(&raw).unwrap().profile.age_group.is_some());
    }
}
