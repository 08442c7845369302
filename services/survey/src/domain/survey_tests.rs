//! Tests of the rules of surveys.

use super::*;
use crate::domain::draft::{Draft, create};

const NO_GRACE: TimeDelta = TimeDelta::zero();

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2024-07-10T03:00:00Z")
}

fn name() -> name::Survey {
    name::Survey::parse("agencies/3271/units/dpmptsp/surveys/2024-q3").unwrap()
}

fn draft() -> Draft {
    Draft {
        display_name: "SKM triwulan III".into(),
        period: "2024-q3".into(),
        ..Draft::default()
    }
}

fn survey(edit: impl FnOnce(&mut Draft)) -> Survey {
    let mut draft = draft();
    edit(&mut draft);
    create(name(), draft, now()).unwrap()
}

fn fields(edit: impl FnOnce(&mut Draft)) -> Vec<String> {
    let mut draft = draft();
    edit(&mut draft);
    create(name(), draft, now())
        .unwrap_err()
        .into_iter()
        .map(|v| v.field)
        .collect()
}

fn element(key: &str) -> Asked {
    Asked {
        key: key.into(),
        ..Asked::default()
    }
}

fn changed_fields(survey: &mut Survey, change: Change) -> Vec<String> {
    let before = survey.clone();
    let Err(ChangeError::Invalid(faults)) = survey.change(change, now()) else {
        panic!("no faults")
    };
    assert_eq!(*survey, before, "a faulty change changes nothing");
    faults.into_iter().map(|v| v.field).collect()
}

#[test]
fn an_empty_draft_asks_the_whole_instrument() {
    let survey = survey(|_| {});
    assert_eq!(survey.instrument, "skm-2017");
    assert_eq!(survey.asked.len(), 9);
    assert!(survey.asked.iter().all(|a| !a.optional));
    assert_eq!(
        survey.asked[8],
        Asked {
            key: "facilities".into(),
            code: "U9".into(),
            ..Asked::default()
        }
    );
}

#[test]
fn an_empty_code_is_filled_from_the_instrument_and_a_given_one_stays() {
    let survey = survey(|d| {
        d.asked = vec![
            Asked {
                code: "U8".into(),
                ..element("facilities")
            },
            element("time"),
        ];
    });
    let codes: Vec<&str> = survey.asked.iter().map(|a| a.code.as_str()).collect();
    assert_eq!(codes, ["U8", "U3"]);
}

#[test]
fn every_fault_of_a_draft_is_reported_at_once() {
    let found = fields(|d| {
        d.display_name = format!("a\n{}", "é".repeat(200));
        d.period = "2024-q5".into();
        d.weights = Some(WeightVariant::W0111);
        d.asked = vec![
            Asked {
                optional: true,
                ..element("time")
            },
            Asked {
                optional: true,
                ..element("time")
            },
            Asked {
                optional: true,
                code: "U\t1".into(),
                ..element("x")
            },
        ];
        d.open_at = Some(now());
        d.close_at = Some(now());
        d.population = -1;
    });
    assert_eq!(
        found,
        [
            "survey.display_name",
            "survey.period",
            "survey.weight_variant",
            "survey.elements",
            "survey.elements[1].key",
            "survey.elements[2].key",
            "survey.elements[2].code",
            "survey.close_time",
            "survey.close_time",
            "survey.population",
        ]
    );
}

#[test]
fn a_fault_is_reported_in_english_and_indonesian_without_unprintable_characters() {
    let mut draft = draft();
    draft.instrument = format!("skm\u{1b}[31m{}", "x".repeat(500));
    let faults = create(name(), draft, now()).unwrap_err();
    assert_eq!(faults.len(), 1);
    let shown = format!("skm[31m{}", "x".repeat(57));
    assert_eq!(
        faults[0].description,
        format!("`{shown}` is not a known instrument")
    );
    assert_eq!(faults[0].localized, format!("Instrumen `{shown}` tidak dikenal"));
}

#[test]
fn keys_are_not_reported_as_unknown_when_the_instrument_is_unknown() {
    assert_eq!(
        fields(|d| {
            d.instrument = "skm-2016".into();
            d.asked = vec![element("x"), element("x")];
        }),
        ["survey.instrument", "survey.elements[1].key"]
    );
}

#[test]
fn a_title_of_200_characters_is_allowed_whatever_its_bytes() {
    assert_eq!(
        survey(|d| d.display_name = "é".repeat(200))
            .display_name
            .chars()
            .count(),
        200
    );
    assert_eq!(
        fields(|d| d.display_name = "é".repeat(201)),
        ["survey.display_name"]
    );
}

#[test]
fn a_compatible_weight_needs_nine_elements() {
    for weights in [WeightVariant::W0111, WeightVariant::W011] {
        assert_eq!(survey(|d| d.weights = Some(weights)).weights, weights);
        let found = fields(|d| {
            d.weights = Some(weights);
            d.asked = vec![element("time")];
        });
        assert_eq!(found, ["survey.weight_variant"]);
    }
}

#[test]
fn one_element_must_be_required() {
    let optional = || Asked {
        optional: true,
        ..element("cost")
    };
    assert_eq!(fields(|d| d.asked = vec![optional()]), ["survey.elements"]);
    assert_eq!(
        survey(|d| d.asked = vec![optional(), element("time")])
            .asked
            .len(),
        2
    );
}

#[test]
fn a_survey_cannot_end_before_it_begins_or_in_the_past() {
    let (before, after) = (at("2024-07-10T02:59:59Z"), at("2024-07-10T03:00:01Z"));
    assert_eq!(fields(|d| d.close_at = Some(now())), ["survey.close_time"]);
    assert_eq!(
        fields(|d| (d.open_at, d.close_at) = (Some(after), Some(after))),
        ["survey.close_time"]
    );
    assert_eq!(
        survey(|d| (d.open_at, d.close_at) = (Some(before), Some(after))).state(now()),
        State::Open
    );
}

#[test]
fn a_population_is_zero_to_one_billion() {
    for population in [-1, 1_000_000_001] {
        assert_eq!(fields(|d| d.population = population), ["survey.population"]);
    }
    assert_eq!(survey(|d| d.population = 1_000_000_000).minimum(), 384);
    assert_eq!(survey(|d| d.population = 100).minimum(), 80);
    assert_eq!(survey(|d| d.population = 0).minimum(), 1);
}

#[test]
fn times_have_whole_microseconds() {
    let mut survey = survey(|d| d.open_at = Some(at("2024-07-01T00:00:00.123456789Z")));
    assert_eq!(survey.open_at, Some(at("2024-07-01T00:00:00.123456Z")));
    survey.close(at("2024-07-11T00:00:00.000000999Z")).unwrap();
    assert_eq!(survey.closed_at, Some(at("2024-07-11T00:00:00Z")));
}

#[test]
fn a_survey_is_open_from_its_opening_time_and_closed_at_its_closing_time() {
    let (open, close) = (at("2024-08-01T00:00:00Z"), at("2024-09-01T00:00:00Z"));
    let mut survey = survey(|d| (d.open_at, d.close_at) = (Some(open), Some(close)));
    for (time, state) in [
        ("2024-07-31T23:59:59.999999Z", State::Scheduled),
        ("2024-08-01T00:00:00Z", State::Open),
        ("2024-08-31T23:59:59.999999Z", State::Open),
        ("2024-09-01T00:00:00Z", State::Closed),
    ] {
        assert_eq!(survey.state(at(time)), state, "{time}");
    }
    survey.close(now()).unwrap();
    assert_eq!(survey.state(now()), State::Closed);
}

#[test]
fn a_closed_survey_cannot_be_closed_or_changed() {
    let mut survey = survey(|_| {});
    survey.close(now()).unwrap();
    let closed = survey.clone();
    assert_eq!(survey.close(now()), Err(Refusal::Closed));
    let change = Change {
        display_name: Some("x".into()),
        ..Change::default()
    };
    assert_eq!(
        survey.change(change, now()),
        Err(ChangeError::Refused(Refusal::Closed))
    );
    assert_eq!(survey, closed);
}

#[test]
fn a_closed_survey_refuses_responses() {
    let mut survey = survey(|_| {});
    assert_eq!(survey.accepts(now(), now(), NO_GRACE), Ok(()));
    survey.close(now()).unwrap();
    assert_eq!(survey.accepts(now(), now(), NO_GRACE), Err(Refusal::Closed));
}

#[test]
fn what_was_answered_before_the_end_may_come_for_a_while_after_it() {
    let (open, close) = (at("2024-07-01T00:00:00Z"), at("2024-09-01T00:00:00Z"));
    let mut by_clock = survey(|d| (d.open_at, d.close_at) = (Some(open), Some(close)));
    let mut by_hand = by_clock.clone();
    by_hand.close(now()).unwrap();
    let (moment, grace) = (TimeDelta::microseconds(1), TimeDelta::hours(2));
    for (survey, end) in [(&mut by_clock, close), (&mut by_hand, now())] {
        for (submitted, arrived, expected) in [
            (end - moment, end, Ok(())),
            (open, end + grace - moment, Ok(())),
            (end - moment, end + grace, Err(Refusal::Closed)),
            (end, end, Err(Refusal::Closed)),
            (end, end + moment, Err(Refusal::Closed)),
            (open - moment, end, Err(Refusal::BeforeOpening)),
        ] {
            assert_eq!(
                survey.accepts(submitted, arrived, grace),
                expected,
                "{submitted} {arrived}"
            );
        }
        assert_eq!(survey.accepts(end - moment, end, NO_GRACE), Err(Refusal::Closed));
    }
}

#[test]
fn a_scheduled_survey_refuses_responses() {
    let open = at("2024-08-01T00:00:00Z");
    let survey = survey(|d| d.open_at = Some(open));
    assert_eq!(survey.accepts(open, now(), NO_GRACE), Err(Refusal::NotOpenYet));
    assert_eq!(survey.accepts(open, open, NO_GRACE), Ok(()));
}

#[test]
fn a_response_must_have_been_submitted_while_the_survey_was_open() {
    let (open, close) = (at("2024-07-01T00:00:00Z"), at("2024-07-10T03:02:00Z"));
    let survey = survey(|d| (d.open_at, d.close_at) = (Some(open), Some(close)));
    assert_eq!(
        survey.accepts(at("2024-06-30T23:59:59Z"), now(), NO_GRACE),
        Err(Refusal::BeforeOpening)
    );
    assert_eq!(survey.accepts(open, now(), NO_GRACE), Ok(()));
    assert_eq!(survey.accepts(close, now(), NO_GRACE), Err(Refusal::AfterClosing));
}

#[test]
fn a_change_affects_only_the_given_fields() {
    let close = at("2024-09-01T00:00:00Z");
    let mut survey = survey(|d| d.close_at = Some(close));
    let before = survey.clone();
    survey.change(Change::default(), now()).unwrap();
    assert_eq!(survey, before);
    survey
        .change(
            Change {
                population: Some(50),
                ..Change::default()
            },
            now(),
        )
        .unwrap();
    assert_eq!(
        survey,
        Survey {
            population: 50,
            ..before
        }
    );
    survey
        .change(
            Change {
                close_at: Some(None),
                ..Change::default()
            },
            now(),
        )
        .unwrap();
    assert_eq!(survey.close_at, None);
}

#[test]
fn every_fault_of_a_change_is_reported_at_once() {
    let mut survey = survey(|_| {});
    let change = Change {
        display_name: Some("\u{7}".into()),
        open_at: Some(Some(at("2024-08-01T00:00:00Z"))),
        close_at: Some(Some(now())),
        population: Some(-1),
        ..Change::default()
    };
    assert_eq!(
        changed_fields(&mut survey, change),
        [
            "survey.display_name",
            "survey.open_time",
            "survey.close_time",
            "survey.close_time",
            "survey.population"
        ]
    );
}

#[test]
fn the_opening_time_of_an_open_survey_cannot_be_changed() {
    let open = at("2024-07-01T00:00:00Z");
    let mut survey = survey(|d| d.open_at = Some(open));
    for moved in [
        None,
        Some(at("2024-06-01T00:00:00Z")),
        Some(at("2024-08-01T00:00:00Z")),
    ] {
        let change = Change {
            open_at: Some(moved),
            ..Change::default()
        };
        assert_eq!(changed_fields(&mut survey, change), ["survey.open_time"]);
    }
    assert_eq!(
        survey.change(
            Change {
                open_at: Some(Some(open)),
                ..Change::default()
            },
            now()
        ),
        Ok(())
    );
}

#[test]
fn a_future_opening_time_can_be_changed_but_not_past_the_end() {
    let (open, close) = (at("2024-08-01T00:00:00Z"), at("2024-09-01T00:00:00Z"));
    let mut survey = survey(|d| (d.open_at, d.close_at) = (Some(open), Some(close)));
    let late = Change {
        open_at: Some(Some(close)),
        ..Change::default()
    };
    assert_eq!(changed_fields(&mut survey, late), ["survey.open_time"]);
    let early = Change {
        close_at: Some(Some(open)),
        ..Change::default()
    };
    assert_eq!(changed_fields(&mut survey, early), ["survey.close_time"]);
    survey
        .change(
            Change {
                open_at: Some(None),
                ..Change::default()
            },
            now(),
        )
        .unwrap();
    assert_eq!(survey.state(now()), State::Open);
}

#[test]
fn the_order_and_the_codes_of_elements_do_not_change_the_scheme() {
    let first = survey(|d| d.asked = vec![element("time"), element("cost")]);
    let second = survey(|d| {
        d.asked = vec![
            Asked {
                code: "B".into(),
                optional: true,
                ..element("cost")
            },
            element("time"),
        ];
    });
    assert!(first.same_scheme(&second));
    assert!(!first.same_scheme(&survey(|d| d.asked = vec![element("time")])));
    let (exact, compatible) = (survey(|_| {}), survey(|d| d.weights = Some(WeightVariant::W011)));
    assert!(!exact.same_scheme(&compatible));
    let other = Survey {
        instrument: "skm-2030".into(),
        ..exact.clone()
    };
    assert!(!exact.same_scheme(&other));
}

#[test]
fn every_refusal_has_its_own_reason_and_texts() {
    let all = [
        Refusal::Closed,
        Refusal::NotOpenYet,
        Refusal::BeforeOpening,
        Refusal::AfterClosing,
    ];
    let reasons = [
        "SURVEY_CLOSED",
        "SURVEY_NOT_OPEN",
        "RESPONSE_BEFORE_OPENING",
        "RESPONSE_AFTER_CLOSING",
    ];
    assert_eq!(all.map(|r| r.reason()), reasons);
    assert_eq!(
        all.iter().map(|r| r.localized()).collect::<BTreeSet<_>>().len(),
        4
    );
    assert_eq!(
        all.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(),
        4
    );
}
