//! Each rule of what a definition does to the tables by an example.

use super::*;
use crate::domain::facts::Aggregate;
use crate::domain::{
    Kind, Score, Unranked,
    tests::{agency, agency_name, cohorts, key, row, score, shown, unit, unit_name},
};

fn definition(fields: &str) -> Definition {
    let document = format!(
        r#"{{"metric": "skm", "title": {{"id": "Waktu", "en": "Time"}}, "citation": "c", "mark": "m", {fields}}}"#
    );
    Definition::read(&document).unwrap()
}

fn with_sample(of: &str, value: &str, size: i64) -> Score {
    let mut score = score(of, value);
    score.figures.sample_size = size;
    score
}

/// Three units of a type, of which two have the same value.
fn three() -> LeagueTables {
    let mut tables = LeagueTables::default();
    for (name, value, size) in [("1/a", "3", 50), ("1/b", "5", 500), ("2/a", "5", 90)] {
        tables.unit(unit_name(name), 1, unit("clinic"));
        tables.score("index", 1, with_sample(name, value, size)).unwrap();
    }
    tables
}

fn changed(changed: Changed) -> Vec<String> {
    changed.iter().map(|key| key.cohort.clone()).collect()
}

#[test]
fn a_definition_sorts_the_scores_that_are_there_and_says_which_tables_changed() {
    let mut tables = three();
    assert_eq!(
        shown(&tables, "clinic"),
        [row(1, "1/b", "5"), row(1, "2/a", "5"), row(3, "1/a", "3")]
    );
    let lower = definition(r#""better": "lower", "ties": "modified""#);
    assert_eq!(
        changed(tables.definition("skm", 7, Some(lower.clone()))),
        ["clinic", "units.1", "units.2"]
    );
    let expected = [row(1, "1/a", "3"), row(3, "1/b", "5"), row(3, "2/a", "5")];
    assert_eq!(shown(&tables, "clinic"), expected);
    let place = tables.rank(&key("clinic"), &crate::domain::tests::subject("2/a"));
    assert_eq!(place, Some(3));
    assert_eq!(tables.definition_of("skm").title.id, "Waktu");
    // An older state, and the same again, changes nothing; a withdrawal brings the definition of the release back.
    assert!(tables.definition("skm", 6, None).is_empty());
    assert!(tables.definition("skm", 7, Some(lower)).is_empty());
    tables.definition("skm", 8, None);
    assert_eq!(shown(&tables, "clinic")[0], row(1, "1/b", "5"));
    assert_eq!(tables.definition_of("skm").version, 1);
}

#[test]
fn a_tie_breaker_decides_between_equal_values() {
    let mut tables = three();
    tables.definition(
        "skm",
        1,
        Some(definition(
            r#""better": "higher", "tie_breakers": ["larger-sample"]"#,
        )),
    );
    assert_eq!(
        shown(&tables, "clinic"),
        [row(1, "1/b", "5"), row(2, "2/a", "5"), row(3, "1/a", "3")]
    );
}

#[test]
fn a_score_moves_between_groups_with_its_sample() {
    let mut tables = three();
    let groups = r#""better": "higher", "cohorts": [["unit-type", "volume"]], "volumes": [
        {"key": "large", "title": {"id": "Besar", "en": "Large"}, "from": 100},
        {"key": "small", "title": {"id": "Kecil", "en": "Small"}, "from": 0}]"#;
    tables.definition("skm", 1, Some(definition(groups)));
    assert_eq!(cohorts(&tables), ["clinic.volume.large", "clinic.volume.small"]);
    let (large, small) = ("clinic.volume.large", "clinic.volume.small");
    assert_eq!(shown(&tables, large), [row(1, "1/b", "5")]);
    assert_eq!(shown(&tables, small), [row(1, "2/a", "5"), row(2, "1/a", "3")]);
    let moved = tables.score("index", 2, with_sample("2/a", "5", 100)).unwrap();
    assert_eq!(changed(moved), [small, large]);
    assert_eq!(shown(&tables, large), [row(1, "1/b", "5"), row(1, "2/a", "5")]);
    assert_eq!(shown(&tables, small), [row(1, "1/a", "3")]);
    assert_eq!(
        tables.cohort_display_name(&key(large)).as_deref(),
        Some("clinic, Besar")
    );
    // A withdrawn score is in no group.
    let mut gone = with_sample("1/a", "3", 50);
    gone.withdrawn = true;
    tables.score("index", 3, gone).unwrap();
    assert_eq!(cohorts(&tables), [large]);
}

#[test]
fn an_agency_is_measured_by_the_units_that_the_definition_ranks() {
    let mut tables = LeagueTables::default();
    tables.agency(agency_name("12"), 1, agency(Kind::Kota, None));
    let mut of_agency = with_sample("12", "4", 500);
    (of_agency.figures.units_counted, of_agency.figures.units_expected) = (2, 2);
    tables.score("survey", 1, of_agency).unwrap();
    for name in ["12/a", "12/b"] {
        tables.score("survey", 1, with_sample(name, "4", 20)).unwrap();
    }
    let reason = |tables: &LeagueTables| {
        let found = tables.rows(&key("kota"), 0, 1).unwrap().remove(0);
        (
            found.unranked,
            found.units.fit,
            found.units_required,
            found.score.sample_minimum,
        )
    };
    assert_eq!(reason(&tables), (None, 2, 2, 0));
    tables.definition(
        "skm",
        1,
        Some(definition(r#""better": "higher", "minimum_sample": 21"#)),
    );
    assert_eq!(reason(&tables), (Some(Unranked::UnitsUnfit), 0, 2, 21));
    tables.definition(
        "skm",
        2,
        Some(definition(
            r#""better": "higher", "minimum_sample": 21, "coverage": null"#,
        )),
    );
    assert_eq!(reason(&tables), (None, 0, 0, 21));
}

#[test]
fn nobody_is_ranked_while_the_newest_definition_is_unreadable() {
    let mut tables = three();
    tables.unreadable(Aggregate::Definition("skm".to_owned()), 3);
    let rows = tables.rows(&key("clinic"), 0, 9).unwrap();
    assert!(
        rows.iter()
            .all(|row| row.unranked == Some(Unranked::DefinitionUnreadable))
    );
    assert!(
        tables
            .definition("skm", 2, Some(definition(r#""better": "higher""#)))
            .is_empty()
    );
    tables.definition("skm", 4, Some(definition(r#""better": "lower""#)));
    assert_eq!(shown(&tables, "clinic")[0], row(1, "1/a", "3"));
}

#[test]
fn the_exact_value_is_shown_where_it_is_ranked() {
    let mut tables = three();
    for (name, exact) in [("1/b", "4.96"), ("2/a", "5.04")] {
        let mut score = score(name, "5");
        score.figures.exact = Some(exact.parse().unwrap());
        tables.score("index", 2, score).unwrap();
    }
    tables.definition(
        "skm",
        1,
        Some(definition(
            r#""better": "higher", "ranked_by": "exact", "decimals": 2"#,
        )),
    );
    assert_eq!(
        shown(&tables, "clinic"),
        [row(1, "2/a", "5.04"), row(2, "1/b", "4.96"), row(3, "1/a", "3")]
    );
}
