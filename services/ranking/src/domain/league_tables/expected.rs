//! Who belongs in a table: the subjects of the directory in its cohort, with a score and without.

use std::sync::Arc;

use chrono::NaiveDate;
use prima_proto::{name::Subject, period::Period};

use super::counted::{Change, Counted};
use super::{LeagueTables, MemberId};
use crate::domain::{
    cohorts,
    definition::Definition,
    table::{Table, TableKey},
};

/// A subject that belongs in a table and has no score there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The unit or agency.
    pub subject: Subject,
    /// Its official name.
    pub display_name: String,
    /// Official name of a unit's agency; empty for an agency, and while the agency is unknown.
    pub agency_display_name: String,
}

impl LeagueTables {
    /// Number of units or agencies that belong in a table, with a score and without. In a cohort that depends on the score,
    /// only those with one do.
    pub fn expected(&self, key: &TableKey) -> usize {
        let definition = self.definition_of(&key.metric);
        let mut expected = self.expected.lock();
        let known = expected
            .iter()
            .position(|counted| counted.definition.has_cohort_rules_of(&definition));
        let at = known.unwrap_or_else(|| {
            expected.push(self.counted(definition));
            expected.len() - 1
        });
        let of_directory = expected
            .get(at)
            .and_then(|counted| counted.cohorts.get(&key.cohort));
        let of_directory = of_directory.map_or(0, |cohort| {
            let closing = cohort.closing.iter();
            let closing = closing.filter(|(id, day)| self.worked_in(**id, **day, key));
            cohort.active + closing.count()
        });
        of_directory.max(self.table(key).map_or(0, Table::len))
    }

    /// Up to `most` units or agencies after `after` that belong in a table and have no score there, in their order.
    pub fn missing(&self, key: &TableKey, after: Option<&Subject>, most: usize) -> Vec<Missing> {
        let definition = self.definition_of(&key.metric);
        let series = self.series.find(&[&key.metric, &key.period]);
        let of_agencies = cohorts::is_of_agencies(&key.cohort);
        let is_missing = |id: MemberId| {
            let member = self.member(id)?;
            let score = series.and_then(|series| member.score(series));
            let belongs = (member.agency == id) == of_agencies
                && score.is_none_or(|score| score.shown().is_none())
                && self.cohorts(id, &definition, None).contains(&key.cohort);
            let worked = |day| self.worked_in(id, day, key);
            (belongs && member.entry.close_date().is_none_or(worked)).then(|| self.subject(id))
        };
        let ids = (0..).zip(&self.members).map(|(id, _)| id);
        let mut subjects: Vec<Subject> = ids
            .filter_map(is_missing)
            .filter(|subject| after.is_none_or(|after| subject > after))
            .collect();
        subjects.sort();
        subjects.truncate(most);
        subjects
            .into_iter()
            .filter_map(|subject| self.as_missing(subject))
            .collect()
    }

    fn as_missing(&self, subject: Subject) -> Option<Missing> {
        let member = self.member(self.find(&subject)?)?;
        let agency = subject.unit_id().and_then(|_| self.agency_of(member));
        Some(Missing {
            display_name: member.entry.display_name().to_owned(),
            agency_display_name: agency.map_or_else(String::new, |agency| agency.display_name.clone()),
            subject,
        })
    }

    /// Changes the numbers of a subject that enters or leaves, and of an agency, those of its units.
    pub(super) fn count_expected(&mut self, id: MemberId, change: Change) {
        let mut expected = std::mem::take(&mut self.expected);
        for counted in expected.all() {
            let units = self.units.get(&id).into_iter().flatten();
            for id in units.chain([&id]) {
                let closes = self.member(*id).and_then(|member| member.entry.close_date());
                let names = self.cohorts(*id, &counted.definition, None);
                counted.change(change, *id, closes, names);
            }
        }
        self.expected = expected;
    }

    fn counted(&self, definition: Arc<Definition>) -> Counted {
        let mut counted = Counted::new(definition);
        for (id, member) in (0..).zip(&self.members) {
            let names = self.cohorts(id, &counted.definition, None);
            counted.change(Change::Enters, id, member.entry.close_date(), names);
        }
        counted
    }

    /// Whether a unit with this last day of work belongs in a table: it worked in its period, or has a score there.
    fn worked_in(&self, id: MemberId, last_day: NaiveDate, key: &TableKey) -> bool {
        let period: Option<Period> = key.period.parse().ok();
        let worked = period.is_some_and(|period| last_day >= period.first_day());
        let scored = || {
            let series = self.series.find(&[&key.metric, &key.period])?;
            self.member(id)?.score(series)?.shown()
        };
        worked || scored().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Kind, UnitFacts,
        tests::{agency, agency_name, key, score, unit, unit_name},
    };

    fn missing(tables: &LeagueTables, cohort: &str) -> Vec<String> {
        let missing = tables.missing(&key(cohort), None, 100).into_iter();
        missing.map(|missing| missing.subject.to_string()).collect()
    }

    fn closed(unit_type: &str, day: &str) -> UnitFacts {
        UnitFacts {
            close_date: Some(day.parse().unwrap()),
            ..unit(unit_type)
        }
    }

    #[test]
    fn who_belongs_in_a_table_is_expected_and_missing_without_a_score() {
        let mut tables = LeagueTables::default();
        tables.agency(agency_name("11"), 1, agency(Kind::Kota, Some("32")));
        tables.agency(agency_name("12"), 1, agency(Kind::Kota, Some("32")));
        for name in ["11/b", "11/a", "12/c"] {
            tables.unit(unit_name(name), 1, unit("clinic"));
        }
        tables.score("survey", 1, score("11/a", "90")).unwrap();
        let expected = |tables: &LeagueTables, cohort: &str| tables.expected(&key(cohort));
        assert_eq!(expected(&tables, "clinic"), 3);
        assert_eq!(
            missing(&tables, "clinic"),
            ["agencies/11/units/b", "agencies/12/units/c"]
        );
        assert_eq!(
            (expected(&tables, "units.11"), expected(&tables, "clinic.32")),
            (2, 3)
        );
        assert_eq!((expected(&tables, "kota"), expected(&tables, "school")), (2, 0));
        assert_eq!(missing(&tables, "kota"), ["agencies/11", "agencies/12"]);
        // The numbers follow the directory after they were counted.
        tables.agency(agency_name("12"), 2, agency(Kind::Kota, Some("33")));
        assert_eq!(
            (expected(&tables, "clinic.32"), expected(&tables, "clinic.33")),
            (2, 1)
        );
        tables.unit(unit_name("12/d"), 1, unit("clinic"));
        assert_eq!(
            (expected(&tables, "clinic"), expected(&tables, "clinic.33")),
            (4, 2)
        );
        tables.unit(unit_name("12/c"), 2, unit("school"));
        assert_eq!((expected(&tables, "clinic"), expected(&tables, "school")), (3, 1));
        let gone = UnitFacts {
            withdrawn: true,
            ..unit("clinic")
        };
        tables.unit(unit_name("12/d"), 2, gone);
        assert_eq!(
            (expected(&tables, "clinic"), expected(&tables, "clinic.33")),
            (2, 0)
        );
        let second = tables.missing(&key("kota"), Some(&Subject::Agency(agency_name("11"))), 9);
        assert_eq!(second.len(), 1);
        assert_eq!(second[0].display_name, "Agency");
    }

    #[test]
    fn a_unit_that_closed_before_the_period_is_expected_only_with_a_score() {
        let mut tables = LeagueTables::default();
        for (name, day) in [("11/a", "2023-12-31"), ("11/b", "2024-01-01")] {
            tables.unit(unit_name(name), 1, closed("clinic", day));
        }
        assert_eq!(tables.expected(&key("clinic")), 1);
        assert_eq!(missing(&tables, "clinic"), ["agencies/11/units/b"]);
        tables.score("survey", 1, score("11/a", "90")).unwrap();
        assert_eq!(tables.expected(&key("clinic")), 2);
        tables.unit(unit_name("11/a"), 2, closed("school", "2023-12-31"));
        assert_eq!(
            (tables.expected(&key("clinic")), tables.expected(&key("school"))),
            (1, 1)
        );
    }

    #[test]
    fn the_numbers_follow_the_definition_of_the_metric() {
        let mut tables = LeagueTables::default();
        tables.unit(unit_name("11/a"), 1, unit("clinic"));
        assert_eq!(tables.expected(&key("units.11")), 1);
        let document = r#"{"metric": "skm", "version": 1000, "title": {"id": "M", "en": "M"}, "better": "higher",
            "cohorts": [["unit-type"]], "citation": "c", "mark": "m"}"#;
        tables.definition("skm", 1, Some(Definition::read(document).unwrap()));
        assert_eq!(
            (tables.expected(&key("units.11")), tables.expected(&key("clinic"))),
            (0, 1)
        );
    }
}
