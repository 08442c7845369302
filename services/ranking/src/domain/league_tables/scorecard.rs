//! What a subject has scores of, and of which units the score of an agency consists.

use std::collections::BTreeSet;

use prima_proto::name::Subject;

use super::{DirectoryEntry, LeagueTables};

impl LeagueTables {
    /// Metric and period of every score that is shown of a subject, in their order.
    pub fn scores_of(&self, subject: &Subject) -> Vec<(String, String)> {
        let member = self.find(subject).and_then(|id| self.member(id));
        let shown = member
            .into_iter()
            .flat_map(|member| &member.scores)
            .filter(|score| score.shown().is_some());
        let names = shown.map(|score| self.metric_and_period(score.series));
        let mut names: Vec<_> = names
            .map(|(metric, period)| (metric.to_owned(), period.to_owned()))
            .collect();
        names.sort_unstable();
        names
    }

    /// The types of the units of an agency that have a score of a metric and period; none for a unit.
    pub fn unit_types(&self, subject: &Subject, metric: &str, period: &str) -> BTreeSet<String> {
        let series = self.series.find(&[metric, period]);
        let units = self.find(subject).and_then(|id| self.units.get(&id));
        let members = units.into_iter().flatten().filter_map(|unit| self.member(*unit));
        members
            .filter(|member| series.and_then(|series| member.score(series)?.shown()).is_some())
            .filter_map(|member| match &member.entry {
                DirectoryEntry::Unit(_, unit) => Some(unit.facts(&self.names).unit_type),
                DirectoryEntry::Unknown | DirectoryEntry::Unreadable(_) | DirectoryEntry::Agency(..) => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::{score, subject, unit, unit_name};

    #[test]
    fn the_types_of_an_agency_are_those_of_its_units_with_a_score() {
        let mut tables = LeagueTables::default();
        for (name, unit_type) in [
            ("12/a", "clinic"),
            ("12/b", "school"),
            ("12/c", "office"),
            ("13/a", "court"),
        ] {
            tables.unit(unit_name(name), 1, unit(unit_type));
        }
        for name in ["12/a", "12/b", "13/a"] {
            tables.score("index", 1, score(name, "90")).unwrap();
        }
        let types = |of: &str| -> Vec<String> {
            tables
                .unit_types(&subject(of), "skm", "2024")
                .into_iter()
                .collect()
        };
        assert_eq!(types("12"), ["clinic", "school"]);
        assert!(types("12/a").is_empty());
        assert!(tables.unit_types(&subject("12"), "skm", "2023").is_empty());
    }

    #[test]
    fn a_withdrawn_score_is_none_of_a_subject() {
        let mut tables = LeagueTables::default();
        tables.score("index", 1, score("12/a", "90")).unwrap();
        assert_eq!(
            tables.scores_of(&subject("12/a")),
            [("skm".to_owned(), "2024".to_owned())]
        );
        let mut withdrawn = score("12/a", "90");
        withdrawn.withdrawn = true;
        tables.score("index", 2, withdrawn).unwrap();
        assert!(tables.scores_of(&subject("12/a")).is_empty());
        assert!(tables.scores_of(&subject("12/b")).is_empty());
    }
}
