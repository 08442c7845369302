//! Tests of the checks of recorded results.

use super::*;

fn now() -> DateTime<Utc> {
    "2025-01-01T00:00:00Z".parse().unwrap()
}

fn good() -> Result {
    Result {
        subject: "agencies/3271/units/dpmptsp".into(),
        period: "2023".into(),
        instrument: "skm-2017".into(),
        index: "88.3".into(),
        source: "Laporan SKM 2023".into(),
        ..Result::default()
    }
}

fn fields(raw: Result) -> Vec<String> {
    let faults = check(raw, now()).unwrap_err();
    faults.into_iter().map(|f| f.field).collect()
}

#[test]
fn an_index_is_stored_with_two_decimals_and_the_category_of_its_instrument() {
    for (index, kept, category) in [
        ("88.3", "88.30", "B"),
        ("88.31", "88.31", "A"),
        ("100", "100.00", "A"),
        ("25", "25.00", "D"),
        ("76.60", "76.60", "C"),
    ] {
        let raw = Result {
            index: index.into(),
            ..good()
        };
        let (_, result) = check(raw, now()).unwrap();
        assert_eq!(
            (result.index.as_str(), result.category.as_str()),
            (kept, category)
        );
        let shown = published(&result.instrument, &result.index, &result.category).unwrap();
        assert_eq!((shown.value.as_str(), shown.grade.as_str()), (kept, category));
        assert!(!shown.name.is_empty());
    }
}

#[test]
fn an_instrument_that_is_not_known_keeps_the_category_that_was_published() {
    let raw = Result {
        instrument: "lokal-2014".into(),
        index: "3.5".into(),
        category: "Baik".into(),
        elements: BTreeMap::from([("u_01".into(), "3.1234".into())]),
        ..good()
    };
    let (_, result) = check(raw, now()).unwrap();
    assert_eq!(
        (result.index.as_str(), result.category.as_str()),
        ("3.50", "Baik")
    );
    let shown = published("lokal-2014", "3.50", "Baik").unwrap();
    assert_eq!((shown.grade.as_str(), shown.name.as_str()), ("Baik", ""));
}

#[test]
fn a_category_may_be_given_by_its_name() {
    for given in ["B", "Baik", "baik", ""] {
        let raw = Result {
            period: "2015".into(),
            instrument: "skm-2014".into(),
            index: "81.25".into(),
            category: given.into(),
            elements: BTreeMap::new(),
            ..good()
        };
        assert_eq!(check(raw, now()).unwrap().1.category, "B", "{given}");
    }
}

#[test]
fn an_instrument_that_was_not_in_force_is_refused() {
    for (instrument, period, sound) in [
        ("skm-2017", "2015", false),
        ("skm-2014", "2015", true),
        ("skm-2017", "2017", true),
    ] {
        let raw = Result {
            period: period.into(),
            instrument: instrument.into(),
            index: "80.00".into(),
            category: String::new(),
            elements: BTreeMap::new(),
            ..good()
        };
        assert_eq!(check(raw, now()).is_ok(), sound, "{instrument} {period}");
    }
}

#[test]
fn every_fault_is_reported_at_once() {
    let raw = Result {
        subject: "agencies/-".into(),
        period: "2025".into(),
        instrument: "SKM 2017".into(),
        index: "100.01".into(),
        category: "x".repeat(11),
        respondents: -1,
        elements: BTreeMap::from([("a b".into(), "5".into()), ("u1".into(), "1.23456".into())]),
        source: "x".into(),
        roll_up: "median".into(),
        reason: "ya".into(),
    };
    assert_eq!(
        fields(raw),
        [
            "result.subject",
            "result.period",
            "result.instrument",
            "result.index",
            "result.category",
            "result.respondents",
            "result.elements.a b",
            "result.elements.a b",
            "result.elements.u1",
            "result.source",
            "result.roll_up",
            "result.reason",
        ]
    );
}

#[test]
fn a_category_that_contradicts_the_index_is_a_fault() {
    let raw = Result {
        category: "A".into(),
        ..good()
    };
    assert_eq!(fields(raw), ["result.category"]);
}

#[test]
fn an_index_lies_on_the_scale_of_its_instrument_and_what_looks_like_another_figure_is_told() {
    for (index, hint) in [
        ("3.27", "3,27 tampak sebagai NI; IKM = 81,75"),
        ("4", "4,00 tampak sebagai NI; IKM = 100,00"),
        ("1.00", "IKM = 25,00"),
        ("0", "0 bukan hasil"),
        ("24.99", "harus 25 sampai 100 dengan paling banyak dua desimal"),
        ("100.01", "harus 25 sampai 100 dengan paling banyak dua desimal"),
    ] {
        let raw = Result {
            index: index.into(),
            category: String::new(),
            ..good()
        };
        let faults = check(raw, now()).unwrap_err();
        assert_eq!(faults.len(), 1, "{index}");
        assert!(faults[0].localized.contains(hint), "{}", faults[0].localized);
    }
    for index in ["25", "25.00", "100"] {
        let raw = Result {
            index: index.into(),
            category: String::new(),
            ..good()
        };
        assert!(check(raw, now()).is_ok(), "{index}");
    }
}

#[test]
fn an_index_has_at_most_two_decimals() {
    for index in ["100.01", "-1", "88.305", "", "1e2", "0000088", "NaN", "88,3"] {
        let raw = Result {
            index: index.into(),
            ..good()
        };
        assert_eq!(fields(raw), ["result.index"], "{index}");
    }
}

#[test]
fn only_a_result_of_skm_is_recorded() {
    let raw = Result {
        instrument: "f03-offline-2022".into(),
        index: "4.5".into(),
        ..good()
    };
    assert_eq!(fields(raw), ["result.instrument"]);
}

#[test]
fn the_elements_are_those_of_the_instrument_on_its_scale() {
    let with = |key: &str, mean: &str| Result {
        elements: BTreeMap::from([(key.to_owned(), mean.to_owned())]),
        ..good()
    };
    assert!(check(with("time", "3.2143"), now()).is_ok());
    for (key, mean) in [
        ("waktu", "3"),
        ("time", "0.99"),
        ("time", "4.0001"),
        ("time", "3.21431"),
    ] {
        assert_eq!(
            fields(with(key, mean)),
            [format!("result.elements.{key}")],
            "{mean}"
        );
    }
}

#[test]
fn only_an_agency_has_a_roll_up_whose_default_is_the_mean_of_units() {
    let agency = |roll_up: &str| Result {
        subject: "agencies/3271".into(),
        roll_up: roll_up.into(),
        ..good()
    };
    for (given, kept) in [
        ("", "mean_of_units"),
        ("mean_of_units", "mean_of_units"),
        ("respondent_weighted", "respondent_weighted"),
    ] {
        assert_eq!(check(agency(given), now()).unwrap().1.roll_up, kept);
    }
    assert_eq!(fields(agency("median")), ["result.roll_up"]);
    let unit = Result {
        roll_up: "mean_of_units".into(),
        ..good()
    };
    assert_eq!(fields(unit), ["result.roll_up"]);
    assert_eq!(check(good(), now()).unwrap().1.roll_up, "");
}

#[test]
fn a_period_can_be_recorded_once_it_has_ended_in_jakarta() {
    let of = |period: &str| Result {
        period: period.into(),
        ..good()
    };
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    assert!(check(of("2024"), at("2024-12-31T17:00:00Z")).is_ok());
    assert!(check(of("2024"), at("2024-12-31T16:59:59Z")).is_err());
    for period in ["2025-q1", "24", ""] {
        assert_eq!(fields(of(period)), ["result.period"], "{period}");
    }
}
