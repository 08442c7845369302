//! Each rule of the league tables by an example.

use prima_platform::number;
use prima_proto::{name, score::Key};

use super::*;

pub(crate) fn agency_name(id: &str) -> name::Agency {
    name::Agency::parse(&format!("agencies/{id}")).unwrap()
}

pub(crate) fn unit_name(text: &str) -> name::Unit {
    let (agency, unit) = text.split_once('/').unwrap();
    name::Unit {
        agency: agency.to_owned(),
        unit: unit.to_owned(),
    }
}

/// `12` is an agency, `12/a` a unit.
pub(crate) fn subject(text: &str) -> Subject {
    if text.contains('/') {
        Subject::Unit(unit_name(text))
    } else {
        Subject::Agency(agency_name(text))
    }
}

pub(crate) fn key(cohort: &str) -> TableKey {
    TableKey {
        metric: "skm".to_owned(),
        period: "2024".to_owned(),
        cohort: cohort.to_owned(),
    }
}

pub(crate) fn agency(kind: Kind, parent: Option<&str>) -> AgencyFacts {
    AgencyFacts {
        display_name: "Agency".to_owned(),
        kind: Some(kind),
        parent: parent.map(agency_name),
        withdrawn: false,
    }
}

pub(crate) fn unit(unit_type: &str) -> UnitFacts {
    UnitFacts {
        display_name: "Unit".to_owned(),
        unit_type: unit_type.to_owned(),
        agency_type: None,
        close_date: None,
        withdrawn: false,
    }
}

pub(crate) fn score(of: &str, value: &str) -> Score {
    Score {
        metric: "skm".to_owned(),
        period: "2024".to_owned(),
        subject: subject(of),
        figures: Figures {
            category: "B".to_owned(),
            sample_size: 10,
            counted: 10,
            instrument: "permenpanrb-14-2017".to_owned(),
            ..Figures::of(value)
        },
        withdrawn: false,
    }
}

/// The changed cohorts, without the one of all units of an agency.
fn names(changed: Changed) -> Vec<String> {
    let cohorts = changed.iter().map(|key| key.cohort.clone());
    cohorts.filter(|cohort| !cohort.starts_with("units.")).collect()
}

/// The tables that exist, without those of all units of an agency.
pub(crate) fn cohorts(tables: &LeagueTables) -> Vec<&str> {
    let cohorts = tables.tables().map(|(key, _)| key.cohort.as_str());
    cohorts.filter(|cohort| !cohort.starts_with("units.")).collect()
}

/// Rank, subject and published value of every row of a table; empty when there is no such table.
pub(crate) fn shown(tables: &LeagueTables, cohort: &str) -> Vec<(Option<usize>, String, String)> {
    let rows = tables.rows(&key(cohort), 0, usize::MAX).unwrap_or_default();
    let short = |s: &Subject| match s.unit_id() {
        Some(unit) => format!("{}/{unit}", s.agency_id()),
        None => s.agency_id().to_owned(),
    };
    rows.iter()
        .map(|row| (row.rank, short(&row.subject), row.score.value.clone()))
        .collect()
}

pub(crate) fn row(
    rank: impl Into<Option<usize>>,
    subject: &str,
    value: &str,
) -> (Option<usize>, String, String) {
    (rank.into(), subject.to_owned(), value.to_owned())
}

#[test]
fn a_category_without_a_value_is_listed_and_not_ranked() {
    let mut tables = LeagueTables::default();
    for (name, value) in [("1/a", ""), ("1/b", "91.40")] {
        tables.unit(unit_name(name), 1, unit("clinic"));
        tables.score("index", 1, score(name, value)).unwrap();
    }
    assert_eq!(
        shown(&tables, "clinic"),
        [row(1, "1/b", "91.40"), row(None, "1/a", "")]
    );
    let rows = tables.rows(&key("clinic"), 1, 1).unwrap();
    assert_eq!(
        (rows[0].unranked, rows[0].score.category.as_str()),
        (Some(Unranked::NoValue), "B")
    );
    // A value that arrives later is ranked.
    tables.score("index", 2, score("1/a", "95")).unwrap();
    assert_eq!(shown(&tables, "clinic")[0], row(1, "1/a", "95"));
}

#[test]
fn ties_on_the_number_share_a_rank_and_each_value_is_shown_as_published() {
    let mut tables = LeagueTables::default();
    for (name, value) in [("1/a", "80"), ("1/b", "91.40"), ("2/a", "91.4"), ("1/c", "95")] {
        tables.unit(unit_name(name), 1, unit("clinic"));
        tables.score("index", 1, score(name, value)).unwrap();
    }
    let expected = [
        row(1, "1/c", "95"),
        row(2, "1/b", "91.40"),
        row(2, "2/a", "91.4"),
        row(4, "1/a", "80"),
    ];
    assert_eq!(shown(&tables, "clinic"), expected);
    assert_eq!(tables.rank(&key("clinic"), &subject("2/a")), Some(2));
}

#[test]
fn a_unit_under_its_minimum_sample_is_listed_without_a_rank() {
    let mut tables = LeagueTables::default();
    for (name, size, minimum) in [("1/a", 29, 30), ("1/b", 30, 30), ("1/c", 0, 0)] {
        tables.unit(unit_name(name), 1, unit("clinic"));
        let mut score = score(name, "90");
        (score.figures.sample_size, score.figures.sample_minimum) = (size, minimum);
        tables.score("index", 1, score).unwrap();
    }
    let expected = [row(1, "1/b", "90"), row(1, "1/c", "90"), row(None, "1/a", "90")];
    assert_eq!(shown(&tables, "clinic"), expected);
    let reason: Vec<_> = tables
        .rows(&key("clinic"), 0, 9)
        .unwrap()
        .iter()
        .map(|row| row.unranked)
        .collect();
    assert_eq!(reason, [None, None, Some(Unranked::SampleTooSmall)]);
    let table = tables.table(&key("clinic")).unwrap();
    assert_eq!((table.ranked(), table.unranked()), (2, 1));
}

#[test]
fn an_incomplete_agency_is_unranked_until_its_units_are_in_or_the_period_is_final() {
    let mut tables = LeagueTables::default();
    let score = |units_counted, status| {
        let mut score = score("12", "90");
        score.figures.units_expected = 3;
        (score.figures.units_counted, score.figures.status) = (units_counted, status);
        score
    };
    tables.agency(agency_name("12"), 1, agency(Kind::Kota, None));
    for unit in ["12/a", "12/b"] {
        tables.score("index", 1, super::tests::score(unit, "90")).unwrap();
    }
    tables.score("index", 1, score(2, Status::Provisional)).unwrap();
    assert_eq!(shown(&tables, "kota"), [row(None, "12", "90")]);
    assert_eq!(
        tables.rows(&key("kota"), 0, 1).unwrap()[0].unranked,
        Some(Unranked::UnitsMissing)
    );
    tables.score("index", 2, score(2, Status::Final)).unwrap();
    assert_eq!(shown(&tables, "kota"), [row(1, "12", "90")]);
    tables.score("index", 3, score(3, Status::Provisional)).unwrap();
    assert_eq!(shown(&tables, "kota"), [row(1, "12", "90")]);
}

#[test]
fn an_agency_is_ranked_when_two_thirds_of_its_units_are_fit_to_be_ranked() {
    let mut tables = LeagueTables::default();
    let unit_score = |of: &str, size| {
        let mut score = score(of, "99");
        (score.figures.sample_size, score.figures.sample_minimum) = (size, 30);
        score
    };
    for id in ["12", "13"] {
        tables.agency(agency_name(id), 1, agency(Kind::Kota, Some("32")));
        let mut score = score(id, if id == "12" { "99" } else { "70" });
        (score.figures.units_counted, score.figures.units_expected) = (3, 3);
        score.figures.status = Status::Final;
        tables.score("survey", 1, score).unwrap();
        for unit in ["a", "b", "c"] {
            tables
                .score(
                    "survey",
                    1,
                    unit_score(&format!("{id}/{unit}"), if id == "12" { 29 } else { 30 }),
                )
                .unwrap();
        }
    }
    // All units of the first one are under their sample.
    assert_eq!(
        shown(&tables, "kota"),
        [row(1, "13", "70"), row(None, "12", "99")]
    );
    let last = tables.rows(&key("kota"), 1, 1).unwrap().remove(0);
    assert_eq!((last.unranked, last.units.fit), (Some(Unranked::UnitsUnfit), 0));
    assert_eq!(last.units_required, 2);
    assert_eq!(tables.mean(&key("daerah")).unwrap(), number::whole(70));
    assert!(names(tables.score("survey", 2, unit_score("12/a", 30)).unwrap()).contains(&"kota".to_owned()));
    assert_eq!(tables.rank(&key("kota"), &subject("12")), None);
    tables.score("survey", 2, unit_score("12/b", 30)).unwrap();
    assert_eq!(
        shown(&tables, "agencies.32"),
        [row(1, "12", "99"), row(2, "13", "70")]
    );
    tables.score("survey", 3, unit_score("12/a", 29)).unwrap();
    assert_eq!(tables.rank(&key("kota"), &subject("12")), None);
}

#[test]
fn an_agency_says_how_many_of_its_units_were_recorded() {
    let mut tables = LeagueTables::default();
    tables.agency(agency_name("12"), 1, agency(Kind::Kota, None));
    tables.score("survey", 1, score("12", "90")).unwrap();
    for (version, recorded) in [(1, true), (2, false), (3, true)] {
        let mut of_unit = score("12/a", "90");
        of_unit.figures.recorded = recorded;
        tables.score("survey", version, of_unit).unwrap();
        let row = tables.rows(&key("kota"), 0, 1).unwrap().remove(0);
        assert_eq!(
            row.units,
            Units {
                fit: 1,
                recorded: recorded.into()
            }
        );
    }
}

#[test]
fn an_agency_with_a_minimum_sample_of_its_own_is_measured_by_that() {
    let mut tables = LeagueTables::default();
    tables.agency(agency_name("12"), 1, agency(Kind::Kota, None));
    for (version, size, rank) in [(1, 9, None), (2, 10, Some(1))] {
        let mut score = score("12", "90");
        (score.figures.sample_size, score.figures.sample_minimum) = (size, 10);
        (score.figures.units_counted, score.figures.units_expected) = (5, 5);
        tables.score("complaint", version, score).unwrap();
        assert_eq!(tables.rank(&key("kota"), &subject("12")), rank);
    }
}

#[test]
fn ministries_and_regions_are_ranked_and_averaged_apart() {
    let mut tables = LeagueTables::default();
    for (id, kind, value) in [
        ("menpan", Kind::Kementerian, "4.50"),
        ("bkn", Kind::Lembaga, "4.28"),
        ("32", Kind::Provinsi, "4.10"),
        ("3271", Kind::Kota, "4.00"),
        ("3201", Kind::Kabupaten, "3.95"),
    ] {
        tables.agency(
            agency_name(id),
            1,
            agency(kind, (kind == Kind::Kota).then_some("32")),
        );
        tables.score("index", 1, score(id, value)).unwrap();
    }
    assert_eq!(
        shown(&tables, "kl"),
        [row(1, "menpan", "4.50"), row(2, "bkn", "4.28")]
    );
    assert_eq!(
        shown(&tables, "daerah"),
        [
            row(1, "32", "4.10"),
            row(2, "3271", "4.00"),
            row(3, "3201", "3.95")
        ]
    );
    assert_eq!(shown(&tables, "agencies.32"), [row(1, "3271", "4.00")]);
    let mean = |cohort| tables.mean(&key(cohort)).map(|mean| number::fraction(&mean));
    assert_eq!(mean("kl").as_deref(), Some("439/100"));
    assert_eq!(mean("daerah").as_deref(), Some("241/60"));
}

#[test]
fn units_of_one_agency_are_ranked_whatever_their_type() {
    let mut tables = LeagueTables::default();
    for (name, of, value) in [
        ("12/a", "clinic", "80"),
        ("12/b", "school", "90"),
        ("13/a", "clinic", "99"),
    ] {
        tables.unit(unit_name(name), 1, unit(of));
        tables.score("survey", 1, score(name, value)).unwrap();
    }
    assert_eq!(
        shown(&tables, "units.12"),
        [row(1, "12/b", "90"), row(2, "12/a", "80")]
    );
    assert_eq!(tables.mean(&key("units.12")), None);
}

#[test]
fn a_late_or_repeated_version_changes_nothing() {
    let mut tables = LeagueTables::default();
    assert!(names(tables.unit(unit_name("1/a"), 5, unit("clinic"))).is_empty());
    assert_eq!(
        names(tables.score("index", 5, score("1/a", "90")).unwrap()),
        ["clinic"]
    );
    for version in [4, 5] {
        assert!(
            tables
                .score("index", version, score("1/a", "10"))
                .unwrap()
                .is_empty()
        );
        assert!(tables.unit(unit_name("1/a"), version, unit("school")).is_empty());
    }
    assert_eq!(shown(&tables, "clinic"), [row(1, "1/a", "90")]);
    tables
        .score(
            "index",
            7,
            Score {
                withdrawn: true,
                ..score("1/a", "")
            },
        )
        .unwrap();
    assert!(tables.score("index", 6, score("1/a", "10")).unwrap().is_empty());
    assert_eq!(tables.tables().count(), 0);
}

#[test]
fn a_score_waits_for_its_unit_and_then_for_its_province() {
    let mut tables = LeagueTables::default();
    assert!(tables.score("index", 1, score("12/a", "90")).unwrap().is_empty());
    assert_eq!((tables.unplaced(), tables.tables().count()), (1, 0));
    assert_eq!(
        names(tables.unit(unit_name("12/a"), 1, unit("clinic"))),
        ["clinic"]
    );
    assert_eq!(tables.unplaced(), 0);
    let nation_and = |province| vec!["clinic".to_owned(), format!("clinic.{province}")];
    assert_eq!(
        names(tables.agency(agency_name("12"), 1, agency(Kind::Kota, Some("32")))),
        nation_and("32")
    );
    assert_eq!(
        tables.rows(&key("clinic.32"), 0, 1).unwrap()[0].agency_display_name,
        "Agency"
    );
    // The agency moves to another province; the rows of the national table stay the same.
    let moved = names(tables.agency(agency_name("12"), 2, agency(Kind::Kota, Some("33"))));
    assert_eq!(moved, ["clinic.32", "clinic.33"]);
    assert_eq!(tables.table(&key("clinic.32")).map(Table::len), None);
    let standings = tables.standings(&subject("12/a"), "skm", "2024");
    assert_eq!(
        standings
            .iter()
            .map(|(key, _)| key.cohort.clone())
            .collect::<Vec<_>>(),
        [nation_and("33"), vec!["units.12".to_owned()]].concat()
    );
    // Units of a province are compared within it, those of a ministry only nationwide.
    tables.agency(agency_name("12"), 3, agency(Kind::Provinsi, None));
    assert_eq!(shown(&tables, "clinic.12"), [row(1, "12/a", "90")]);
    tables.agency(agency_name("12"), 4, agency(Kind::Kementerian, Some("32")));
    assert_eq!(cohorts(&tables), ["clinic"]);
    tables.unit(
        unit_name("12/a"),
        2,
        UnitFacts {
            withdrawn: true,
            ..unit("clinic")
        },
    );
    assert_eq!((tables.tables().count(), tables.unplaced()), (0, 0));
}

#[test]
fn a_unit_type_that_would_mix_units_with_agencies_is_in_no_table() {
    let mut tables = LeagueTables::default();
    for unit_type in ["kota", "kl", "", "a.b", "A", "units", "daerah", "agencies"] {
        tables.unit(unit_name(&format!("1/u{}", unit_type.len())), 1, unit(unit_type));
        tables
            .score("index", 1, score(&format!("1/u{}", unit_type.len()), "1"))
            .unwrap();
    }
    assert_eq!(cohorts(&tables), Vec::<&str>::new());
    assert_eq!(tables.table(&key("units.1")).map(Table::len), Some(8));
}

#[test]
fn the_newest_of_two_services_is_shown_and_a_withdrawal_uncovers_the_other() {
    let mut tables = LeagueTables::default();
    tables.unit(unit_name("1/a"), 1, unit("clinic"));
    tables.score("index", 10, score("1/a", "90")).unwrap();
    assert!(tables.score("other", 9, score("1/a", "50")).unwrap().is_empty());
    assert_eq!(
        names(tables.score("other", 11, score("1/a", "60")).unwrap()),
        ["clinic"]
    );
    assert_eq!(shown(&tables, "clinic"), [row(1, "1/a", "60")]);
    tables
        .score(
            "other",
            12,
            Score {
                withdrawn: true,
                ..score("1/a", "")
            },
        )
        .unwrap();
    assert_eq!(shown(&tables, "clinic"), [row(1, "1/a", "90")]);
    tables.score("other", 13, score("1/a", "70")).unwrap();
    tables.score("index", 13, score("1/a", "80")).unwrap();
    assert_eq!(
        shown(&tables, "clinic"),
        [row(1, "1/a", "80")],
        "of equal versions, the first by name"
    );
}

#[test]
fn an_invalid_score_is_refused_and_changes_nothing() {
    let mut tables = LeagueTables::default();
    let refused = |tables: &mut LeagueTables, score| tables.score("index", 1, score).unwrap_err().code();
    assert_eq!(refused(&mut tables, score("1/a", "high")), "SCORE_VALUE_INVALID");
    let metric = Score {
        metric: "a.b".to_owned(),
        ..score("1/a", "1")
    };
    assert_eq!(refused(&mut tables, metric), "SCORE_METRIC_INVALID");
    let period = Score {
        period: String::new(),
        ..score("1/a", "1")
    };
    assert_eq!(refused(&mut tables, period), "SCORE_PERIOD_INVALID");
    assert_eq!(tables.unplaced(), 0);
}

#[test]
fn the_newest_state_counts_also_when_it_cannot_be_read() {
    let mut tables = LeagueTables::default();
    let aggregate = |source: &str| Aggregate::Score(Key::new(source, "skm", "2024", &unit_name("1/a")));
    tables.unit(unit_name("1/a"), 1, unit("clinic"));
    tables.score("other", 9, score("1/a", "50")).unwrap();
    tables.score("index", 10, score("1/a", "90")).unwrap();
    assert_eq!(names(tables.unreadable(aggregate("index"), 11)), ["clinic"]);
    assert!(
        shown(&tables, "clinic").is_empty(),
        "neither the older figure nor that of another service replaces it"
    );
    assert!(tables.score("index", 10, score("1/a", "90")).unwrap().is_empty());
    // The other service publishes a newer state.
    tables.score("other", 12, score("1/a", "60")).unwrap();
    assert_eq!(shown(&tables, "clinic"), [row(1, "1/a", "60")]);
    tables.score("index", 13, score("1/a", "70")).unwrap();
    assert_eq!(shown(&tables, "clinic"), [row(1, "1/a", "70")]);
    // A unit whose directory entry cannot be read counts as never announced.
    assert_eq!(
        names(tables.unreadable(Aggregate::Unit(unit_name("1/a")), 2)),
        ["clinic"]
    );
    assert_eq!((tables.tables().count(), tables.unplaced()), (0, 1));
    tables.unit(unit_name("1/a"), 3, unit("school"));
    assert_eq!(
        (shown(&tables, "school"), tables.unplaced()),
        (vec![row(1, "1/a", "70")], 0)
    );
}
