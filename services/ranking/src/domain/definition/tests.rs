//! Each rule of a definition by an example.

use proptest::prelude::*;

use super::placing::Placed;
use super::*;
use crate::domain::tests::{agency, score, subject, unit};
use crate::domain::{AgencyType, Kind};

const OWN: &str = r#"{
    "metric": "waktu-layanan",
    "title": {"id": "Waktu Layanan", "en": "Service time"},
    "unit": {"id": "hari", "en": "days"},
    "better": "lower",
    "ranked_by": "exact",
    "decimals": 1,
    "ties": "modified",
    "tie_breakers": ["larger-sample", "final-first"],
    "categories": false,
    "sample": {"id": "Berkas", "en": "Files"},
    "minimum_sample": 5,
    "coverage": null,
    "cohorts": [
        ["unit-type"], ["province", "unit-type"], ["volume", "unit-type"], ["region"], ["kind", "scheme"], ["peers"]
    ],
    "regions": [{"key": "jawa", "title": {"id": "Jawa", "en": "Java"}, "provinces": ["32", "33"]}],
    "volumes": [
        {"key": "besar", "title": {"id": "Volume besar", "en": "Large volume"}, "from": 100},
        {"key": "kecil", "title": {"id": "Volume kecil", "en": "Small volume"}, "from": 0}
    ],
    "peers": [{"key": "kembar", "title": {"id": "Kembar", "en": "Twins"}, "subjects": ["agencies/12", "agencies/12/units/a"]}],
    "eras": [{"key": "lama", "to_year": 2020}, {"key": "baru", "instruments": ["w-2", "w-3"], "from_year": 2021}],
    "citation": "Keputusan instansi",
    "mark": "INFERRED: example"
}"#;

fn own() -> Definition {
    Definition::read(OWN).unwrap()
}

/// The default rule with these fields of the document changed.
fn with(fields: &str) -> Result<Definition, Vec<String>> {
    let document = format!(
        r#"{{"metric": "m", "title": {{"id": "M", "en": "M"}}, "better": "higher", "citation": "c", "mark": "m"{fields}}}"#
    );
    Definition::read(&document).map_err(|faults| faults.into_iter().map(|fault| fault.field).collect())
}

fn figures(value: &str) -> Figures {
    score("12/a", value).figures
}

#[test]
fn every_built_in_definition_is_valid_and_has_a_metric_of_its_own_or_a_version() {
    let built_in: Vec<_> = Definition::built_in()
        .map(|b| (b.definition.metric.as_str(), b.definition.version))
        .collect();
    let expected = [
        "complaint-resolution",
        "iga",
        "innovation",
        "ipp",
        "ipp-khusus",
        "ipp-mandiri",
        "lppd",
        "ombudsman",
        "organisational-maturity",
        "sakip",
        "skm",
    ];
    assert_eq!(built_in, expected.map(|metric| (metric, 1)));
    assert!(Definition::built_in().all(|b| b.definition.version < FIRST_OWN_VERSION));
    assert_eq!(Definition::fallback().metric, "default");
}

#[test]
fn a_metric_without_a_definition_is_ranked_by_the_default_rule_under_its_key() {
    let unknown = Definition::built_in_or_default("kecepatan");
    assert_eq!(
        (unknown.title.id.as_str(), unknown.is_defined()),
        ("kecepatan", false)
    );
    let skm = Definition::built_in_or_default("skm");
    assert_eq!(
        (skm.title.id.as_str(), skm.version),
        ("Survei Kepuasan Masyarakat (IKM)", 1)
    );
    let key = |value: &str| unknown.sort_key(&figures(value)).unwrap();
    assert!(key("91") < key("90.99") && key("91.0") == key("91"));
}

#[test]
fn a_document_is_read_as_it_is_written() {
    let own = own();
    assert_eq!(
        (own.version, own.better, own.ties),
        (0, Better::Lower, Ties::Modified)
    );
    assert_eq!(own.unit.map(|unit| unit.id), Some("hari".to_owned()));
    assert_eq!(
        own.tie_breakers,
        [TieBreaker::LargerSample, TieBreaker::FinalFirst]
    );
    let plain = with("").unwrap();
    assert_eq!(
        plain.coverage,
        Some(Share {
            numerator: 2,
            denominator: 3
        })
    );
    assert_eq!(
        (plain.decimals, plain.sample, plain.ties),
        (2, None, Ties::Competition)
    );
    assert_eq!(plain.cohorts, Definition::fallback().cohorts);
}

#[test]
fn every_fault_of_a_document_is_named() {
    for (fields, expected) in [
        (r#", "metric": "A""#, &["metric"][..]),
        (r#", "version": 0, "decimals": 19"#, &["version", "decimals"]),
        (r#", "ties": "dense""#, &["ties"]),
        (r#", "ties": "random""#, &["ties"]),
        (
            r#", "tie_breakers": ["name", "component:x"]"#,
            &["tie_breakers[0]", "tie_breakers[1]"],
        ),
        (
            r#", "tie_breakers": ["more-units", "more-units"]"#,
            &["tie_breakers[1]"],
        ),
        (
            r#", "tie_breakers": ["more-units", "larger-sample", "final-first"]"#,
            &["tie_breakers"],
        ),
        (r#", "cohorts": []"#, &["cohorts"]),
        (
            r#", "cohorts": [[], ["kind", "level"], ["agency", "province"], ["colour"]]"#,
            &["cohorts[0]", "cohorts[1]", "cohorts[2]", "cohorts[3]"],
        ),
        (
            r#", "cohorts": [["region"], ["volume"], ["peers"]]"#,
            &["cohorts[0]", "cohorts[1]", "cohorts[2]"],
        ),
        (
            r#", "cohorts": [["unit-type", "province"], ["province", "unit-type"]]"#,
            &["cohorts[1]"],
        ),
        (
            r#", "volumes": [{"key": "a", "title": {"id": "A", "en": "A"}, "from": 1},
            {"key": "a", "title": {"id": "A"}, "from": 2}]"#,
            &["volumes[1].title.en", "volumes[1].key", "volumes"],
        ),
        (
            r#", "regions": [{"key": "a", "title": {"id": "A", "en": "A"}, "provinces": ["32", "32", "X"]}]"#,
            &["regions[0].provinces[1]", "regions[0].provinces[2]"],
        ),
        (
            r#", "peers": [{"key": "a", "title": {"id": "A", "en": "A"}, "subjects": ["agencies/1/x"]}]"#,
            &["peers[0].subjects[0]"],
        ),
        (
            r#", "eras": [{"key": "a"}, {"key": "b", "from_year": 2020, "to_year": 2019}]"#,
            &["eras[0]", "eras[1].to_year"],
        ),
        (
            r#", "recorded": {"subjects": ["unit", "city"], "minimum": "10", "maximum": "1"}"#,
            &["recorded.subjects[1]", "recorded.maximum"],
        ),
        (
            r#", "metric": "skm", "recorded": {"subjects": [], "minimum": 0, "maximum": "1e3"}"#,
            &[
                "recorded",
                "recorded.subjects",
                "recorded.minimum",
                "recorded.maximum",
            ],
        ),
        (
            r#", "coverage": {"numerator": 3, "denominator": 2}"#,
            &["coverage.denominator"],
        ),
        (r#", "better": "faster", "colour": 1"#, &["document", "better"]),
    ] {
        let mut faults = with(fields).unwrap_err();
        let mut expected: Vec<_> = expected.iter().map(|field| (*field).to_owned()).collect();
        faults.sort();
        expected.sort();
        assert_eq!(faults, expected, "{fields}");
    }
    let missing = Definition::read("{}").unwrap_err();
    let fields: Vec<_> = missing.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["metric", "better", "title", "citation", "mark"]);
    assert_eq!(Definition::read("{").unwrap_err().len(), 1);
}

#[test]
fn the_lower_value_comes_first_and_tie_breakers_decide_between_equal_ones() {
    let own = own();
    let key = |exact: &str, sample: i64, status: Status| {
        let figures = Figures {
            exact: Some(exact.parse().unwrap()),
            sample_size: sample,
            status,
            ..figures("3")
        };
        own.sort_key(&figures).unwrap()
    };
    let ordered = [
        key("-1", 5, Status::Provisional),
        key("2.9", 5, Status::Provisional),
        key("2.91", 500, Status::Final),
        key("2.91", 500, Status::Provisional),
        key("2.91", 7, Status::Final),
        key("30", 5, Status::Provisional),
        SortKey::UNRANKED,
    ];
    assert!(ordered.is_sorted_by(|a, b| a < b), "{ordered:?}");
    // A score without an exact value is ranked by the published one.
    assert_eq!(
        own.sort_key(&Figures {
            sample_size: 5,
            ..figures("2.9")
        })
        .unwrap(),
        key("2.9", 5, Status::Provisional)
    );
}

#[test]
fn equal_published_scores_with_unlike_exact_ones_share_a_rank_unless_the_exact_one_is_ranked() {
    let exact = |exact: &str| Figures {
        exact: Some(exact.parse().unwrap()),
        ..figures("3.3")
    };
    let (one, other) = (exact("3.25"), exact("3.3499"));
    let published = with("").unwrap();
    assert_eq!(published.sort_key(&one), published.sort_key(&other));
    assert_eq!(published.shown_value(&one), "3.3");
    let ranked_by_exact = with(r#", "ranked_by": "exact", "decimals": 2"#).unwrap();
    assert!(ranked_by_exact.sort_key(&one).unwrap() > ranked_by_exact.sort_key(&other).unwrap());
    assert_eq!(
        [&one, &other].map(|figures| ranked_by_exact.shown_value(figures)),
        ["3.25", "3.35"]
    );
    let half = Figures {
        exact: Some("2.5".parse().unwrap()),
        ..figures("3")
    };
    assert_eq!(
        with(r#", "ranked_by": "exact", "decimals": 0"#)
            .unwrap()
            .shown_value(&half),
        "3"
    );
}

#[test]
fn a_subject_under_the_minimum_of_the_definition_is_not_ranked() {
    let own = own();
    let unranked = |size, minimum| {
        let figures = Figures {
            sample_size: size,
            sample_minimum: minimum,
            ..figures("3")
        };
        own.unranked(&subject("12/a"), &figures)
    };
    assert_eq!(unranked(4, 0), Some(Unranked::SampleTooSmall));
    assert_eq!(
        (unranked(5, 0), unranked(5, 6)),
        (None, Some(Unranked::SampleTooSmall))
    );
    let withheld = Figures {
        value: String::new(),
        too_few: true,
        sample_size: 1,
        ..figures("3")
    };
    assert_eq!(own.unranked(&subject("12/a"), &withheld), Some(Unranked::TooFew));
}

#[test]
fn the_default_cohorts_are_those_of_before_definitions() {
    let default = Definition::fallback();
    let of_unit = |facts: &UnitFactsOf, agency: Option<&crate::domain::AgencyFacts>| {
        default.cohorts(&subject("12/a"), Placed::Unit(facts, agency), Some(&figures("3")))
    };
    let city = agency(Kind::Kota, Some("32"));
    assert_eq!(of_unit(&unit("clinic"), None), ["clinic", "units.12"]);
    assert_eq!(
        of_unit(&unit("clinic"), Some(&city)),
        ["clinic", "clinic.32", "units.12"]
    );
    let defined = |national: &str| UnitFactsOf {
        agency_type: Some(AgencyType {
            display_name: "Balai".to_owned(),
            national: national.to_owned(),
        }),
        ..unit("balai")
    };
    assert_eq!(
        of_unit(&defined("clinic"), Some(&city)),
        ["clinic", "balai.12", "clinic.32", "units.12"]
    );
    assert_eq!(of_unit(&defined(""), Some(&city)), ["balai.12", "units.12"]);
    assert_eq!(of_unit(&unit("kota"), Some(&city)), ["units.12"]);
    let of_agency =
        |facts: &crate::domain::AgencyFacts| default.cohorts(&subject("12"), Placed::Agency(facts), None);
    assert_eq!(of_agency(&city), ["kota", "daerah", "agencies.32"]);
    assert_eq!(of_agency(&agency(Kind::Provinsi, None)), ["provinsi", "daerah"]);
    assert_eq!(of_agency(&agency(Kind::Lembaga, None)), ["lembaga", "kl"]);
    let withdrawn = crate::domain::AgencyFacts {
        withdrawn: true,
        ..city
    };
    assert!(of_agency(&withdrawn).is_empty());
}

type UnitFactsOf = crate::domain::UnitFacts;

#[test]
fn further_dimensions_name_cohorts_of_their_own() {
    let own = own();
    let city = agency(Kind::Kota, Some("32"));
    let large = Figures {
        sample_size: 100,
        instrument: "w-2".to_owned(),
        ..figures("3")
    };
    let small = Figures {
        sample_size: 99,
        instrument: "not a token".to_owned(),
        ..figures("3")
    };
    let clinic = unit("clinic");
    let of_unit = |figures| {
        own.cohorts(
            &subject("12/a"),
            Placed::Unit(&clinic, Some(&city)),
            Some(figures),
        )
    };
    assert_eq!(
        of_unit(&large),
        [
            "clinic",
            "clinic.32",
            "clinic.volume.besar",
            "units.region.jawa",
            "units.peers.kembar"
        ]
    );
    assert_eq!(of_unit(&small)[2], "clinic.volume.kecil");
    let of_agency = |figures| own.cohorts(&subject("12"), Placed::Agency(&city), Some(figures));
    assert_eq!(
        of_agency(&large),
        ["agencies.region.jawa", "kota.scheme.w-2", "agencies.peers.kembar"]
    );
    assert_eq!(
        of_agency(&small),
        ["agencies.region.jawa", "agencies.peers.kembar"]
    );
    let elsewhere = own.cohorts(&subject("13/a"), Placed::Unit(&clinic, None), Some(&large));
    assert_eq!(elsewhere, ["clinic", "clinic.volume.besar"]);
    assert!(own.cohorts_depend_on_score() && !Definition::fallback().cohorts_depend_on_score());
    for (cohort, title) in [
        ("clinic", None),
        ("clinic.32", None),
        ("clinic.volume.besar", Some("clinic, Volume besar")),
        ("clinic.32.region.jawa", Some("clinic.32, Jawa")),
        ("units.region.jawa", Some("Jawa")),
        ("agencies.peers.kembar", Some("Kembar")),
        ("kota.scheme.w-2", Some("kota, instrumen w-2")),
        ("clinic.volume.sedang", None),
    ] {
        assert_eq!(own.cohort_title(cohort).as_deref(), title, "{cohort}");
    }
    assert!(
        prima_proto::name::LeagueTable::parse(
            "metrics/m/periods/2024/cohorts/clinic.32.region.jawa.volume.besar"
        )
        .is_ok()
    );
}

#[test]
fn a_table_has_the_columns_that_mean_something_in_it() {
    let skm = Definition::built_in_or_default("skm");
    assert_eq!(
        skm.columns("clinic.32"),
        [Column::Agency, Column::Category, Column::Sample]
    );
    assert_eq!(
        skm.columns("kota"),
        [Column::Category, Column::Sample, Column::Units]
    );
    assert_eq!(Definition::built_in_or_default("iga").columns("kota"), []);
    assert_eq!(
        own().columns("units.region.jawa"),
        [Column::Agency, Column::Sample]
    );
}

#[test]
fn scores_of_one_era_may_be_compared() {
    let own = own();
    for (instrument, year, era) in [
        ("w-1", Some(2020), "lama"),
        ("w-2", Some(2019), "lama"),
        ("w-2", Some(2021), "baru"),
        ("w-3", Some(2026), "baru"),
        ("w-1", Some(2021), "w-1"),
        ("w-2", None, "w-2"),
    ] {
        assert_eq!(own.era(instrument, year), era, "{instrument} {year:?}");
    }
    assert_eq!(with("").unwrap().era("w-1", Some(2020)), "w-1");
}

#[test]
fn two_thirds_of_the_units_must_be_fit() {
    let skm = Definition::built_in_or_default("skm");
    let required = |figures: &Figures| skm.units_required(&subject("12"), figures);
    let of = |counted, expected| Figures {
        units_counted: counted,
        units_expected: expected,
        ..figures("90")
    };
    for (counted, expected, needed) in [
        (0, 0, 0),
        (1, 1, 1),
        (2, 3, 2),
        (89, 89, 60),
        (1, 89, 60),
        (3, 2, 2),
    ] {
        assert_eq!(
            required(&of(counted, expected)),
            needed,
            "{counted} of {expected}"
        );
    }
    let recorded = Figures {
        recorded: true,
        ..of(3, 3)
    };
    let with_minimum = Figures {
        sample_minimum: 10,
        ..of(3, 3)
    };
    assert_eq!((required(&recorded), required(&with_minimum)), (0, 0));
    assert_eq!(skm.units_required(&subject("12/a"), &of(3, 3)), 0);
    assert_eq!(own().units_required(&subject("12"), &of(3, 3)), 0);
}

proptest! {
    #[test]
    fn the_rule_of_coverage_is_exact(counted in 1..200_i64, expected in 0..200_i64, fit in 0..200_i64) {
        let of = expected.max(counted);
        let figures = Figures { units_counted: counted, units_expected: expected, ..figures("90") };
        let required = Definition::fallback().units_required(&subject("12"), &figures);
        prop_assert_eq!(fit < required, 3 * fit < 2 * of);
    }

    #[test]
    fn a_document_of_any_text_is_read_or_refused_with_its_faults(text in "\\PC{0,200}") {
        prop_assert!(!Definition::read(&text).is_err_and(|faults| faults.is_empty()));
    }
}
