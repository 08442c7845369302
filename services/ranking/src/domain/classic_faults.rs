//! The faults that league tables are known for, each by an example that would show it.

use super::tests::{agency, agency_name, cohorts, key, row, score, shown, subject, unit, unit_name};
use super::*;

fn withdrawn(unit_type: &str) -> UnitFacts {
    UnitFacts {
        withdrawn: true,
        ..unit(unit_type)
    }
}

#[test]
fn a_unit_that_was_withdrawn_and_is_announced_again_has_only_its_new_entry_and_score() {
    let mut tables = LeagueTables::default();
    for (name, value) in [("11/a", "90"), ("11/b", "80")] {
        tables.unit(unit_name(name), 1, unit("clinic"));
        tables.score("survey", 1, score(name, value)).unwrap();
    }
    tables.unit(unit_name("11/a"), 2, withdrawn("clinic"));
    let gone = Score {
        withdrawn: true,
        ..score("11/a", "")
    };
    tables.score("survey", 2, gone).unwrap();
    assert_eq!(shown(&tables, "clinic"), [row(1, "11/b", "80")]);
    tables.unit(unit_name("11/a"), 3, unit("school"));
    assert_eq!(cohorts(&tables), ["clinic"], "the old score does not come back");
    // The states of before arrive once more.
    tables.unit(unit_name("11/a"), 1, unit("clinic"));
    tables.score("survey", 1, score("11/a", "90")).unwrap();
    assert_eq!(shown(&tables, "clinic"), [row(1, "11/b", "80")]);
    tables.score("survey", 3, score("11/a", "70")).unwrap();
    assert_eq!(shown(&tables, "school"), [row(1, "11/a", "70")]);
}

#[test]
fn a_subject_that_moves_between_cohorts_leaves_no_row_and_no_gap_behind() {
    let mut tables = LeagueTables::default();
    tables.agency(agency_name("11"), 1, agency(Kind::Kota, Some("32")));
    tables.agency(agency_name("12"), 1, agency(Kind::Kota, Some("32")));
    for (name, value) in [("11/a", "90"), ("12/a", "80")] {
        tables.unit(unit_name(name), 1, unit("clinic"));
        tables.score("survey", 1, score(name, value)).unwrap();
    }
    for version in 2..6 {
        let (province, unit_type) = if version % 2 == 0 {
            ("33", "school")
        } else {
            ("32", "clinic")
        };
        tables.agency(agency_name("11"), version, agency(Kind::Kota, Some(province)));
        tables.unit(unit_name("11/a"), version, unit(unit_type));
        let rows: usize = tables
            .tables()
            .map(|(key, _)| tables.rows(key, 0, 9).unwrap().len())
            .sum();
        assert_eq!(
            rows, 6,
            "three tables of each unit: its type, the same in its province, its agency"
        );
        assert_eq!(
            shown(&tables, &format!("{unit_type}.{province}")).last(),
            Some(&match version % 2 {
                0 => row(1, "11/a", "90"),
                _ => row(2, "12/a", "80"),
            })
        );
        assert_eq!(
            tables.rank(&key("clinic"), &subject("12/a")),
            Some(if version % 2 == 0 { 1 } else { 2 })
        );
    }
    assert_eq!(cohorts(&tables), ["clinic", "clinic.32"]);
}

#[test]
fn a_merger_of_units_moves_their_rank_to_the_successor_and_a_split_makes_two() {
    let mut tables = LeagueTables::default();
    for (name, value) in [("11/a", "90"), ("11/b", "80"), ("11/c", "70")] {
        tables.unit(unit_name(name), 1, unit("clinic"));
        tables.score("survey", 1, score(name, value)).unwrap();
    }
    // The directory withdraws a closed unit; its successor is announced as a unit of its own. The scores of the closed one
    // may still be published, and arrive after it was closed.
    tables.unit(unit_name("11/m"), 1, unit("clinic"));
    for name in ["11/a", "11/b"] {
        tables.unit(unit_name(name), 2, withdrawn("clinic"));
        tables.score("survey", 3, score(name, "99")).unwrap();
    }
    assert_eq!(shown(&tables, "clinic"), [row(1, "11/c", "70")]);
    tables.score("survey", 1, score("11/m", "85")).unwrap();
    assert_eq!(
        shown(&tables, "clinic"),
        [row(1, "11/m", "85"), row(2, "11/c", "70")]
    );
    tables.unit(unit_name("11/c"), 2, withdrawn("clinic"));
    for (name, value) in [("11/x", "60"), ("11/y", "95")] {
        tables.score("survey", 1, score(name, value)).unwrap();
        tables.unit(unit_name(name), 1, unit("clinic"));
    }
    let expected = [row(1, "11/y", "95"), row(2, "11/m", "85"), row(3, "11/x", "60")];
    assert_eq!(shown(&tables, "clinic"), expected);
    assert_eq!(shown(&tables, "units.11"), expected);
}

#[test]
fn a_metric_that_is_renamed_is_in_both_tables_until_the_old_one_is_withdrawn() {
    let mut tables = LeagueTables::default();
    let renamed = |withdrawn: bool, metric: &str, value: &str| Score {
        metric: metric.to_owned(),
        withdrawn,
        ..score("11/a", value)
    };
    tables.unit(unit_name("11/a"), 1, unit("clinic"));
    tables.score("survey", 1, renamed(false, "skm", "90")).unwrap();
    tables.score("survey", 2, renamed(false, "ikm", "91")).unwrap();
    let metrics = |tables: &LeagueTables| -> Vec<String> {
        let of_clinics = tables.tables().filter(|(key, _)| key.cohort == "clinic");
        of_clinics.map(|(key, _)| key.metric.clone()).collect()
    };
    assert_eq!(metrics(&tables), ["ikm", "skm"]);
    tables.score("survey", 3, renamed(true, "skm", "")).unwrap();
    assert_eq!(metrics(&tables), ["ikm"]);
    let late = tables.score("survey", 1, renamed(false, "skm", "90")).unwrap();
    assert!(late.is_empty());
    assert_eq!(metrics(&tables), ["ikm"], "a late state does not bring it back");
}

#[test]
fn a_period_that_ends_while_scores_arrive_ends_in_one_table_in_whatever_order() {
    let of_agency = |status, value: &str| {
        let mut score = score("12", value);
        (score.figures.units_counted, score.figures.units_expected) = (2, 3);
        score.figures.status = status;
        score
    };
    let states = [
        (1, score("12/a", "90")),
        (1, of_agency(Status::Provisional, "90")),
        (2, score("12/b", "80")),
        (2, of_agency(Status::Final, "85")),
        (3, score("12/b", "82")),
        (3, of_agency(Status::Final, "86")),
    ];
    let mut hashes = Vec::new();
    for start in 0..states.len() {
        let mut tables = LeagueTables::default();
        tables.agency(agency_name("12"), 1, agency(Kind::Kota, None));
        for (version, score) in states.iter().cycle().skip(start).take(states.len()) {
            tables.score("survey", *version, score.clone()).unwrap();
        }
        // The units are in one agency only, so that their table is not the only one.
        assert_eq!(shown(&tables, "kota"), [row(1, "12", "86")]);
        hashes.push(rows_hash::of_all(&tables));
    }
    hashes.dedup();
    assert_eq!(hashes.len(), 1);
}
