//! What is in no table, or listed without a rank.

use std::collections::BTreeMap;

use prima_proto::{name::Subject, scope::Scope};

use super::{DirectoryEntry, LeagueTables, Member, MemberId, MemberScore};
use crate::domain::{
    cohorts::UNITS,
    definition::Definition,
    uncounted::{Kind, Uncounted},
};

type Rows = Vec<(String, Uncounted)>;

/// The name of a metric in a period.
fn period_name(metric: &str, period: &str) -> String {
    format!("metrics/{metric}/periods/{period}")
}

impl LeagueTables {
    /// Up to `most` things of a kind in the scope whose keys come after `after`, in their order, each with its key. States
    /// that can't be read are not among them, since they are not in the tables.
    pub fn uncounted(&self, kind: Kind, scope: &Scope, after: &str, most: usize) -> Rows {
        let members = || {
            (0..)
                .zip(&self.members)
                .map(|(id, member)| (self.subject(id), id, member))
                .filter(|(subject, ..)| scope.includes(subject))
        };
        let mut rows: Rows = match kind {
            Kind::ScoreSubjectUnknown => members()
                .filter(|(_, _, member)| !member.entry.is_known())
                .flat_map(|(subject, _, member)| self.shown_scores(&subject, member, |_| true))
                .collect(),
            Kind::ScoreWithoutTable => members()
                .filter(|(_, _, member)| member.entry.is_known())
                .flat_map(|(subject, _, member)| {
                    self.shown_scores(&subject, member, |score| score.tables.is_empty())
                })
                .collect(),
            Kind::UnitWithoutCohort => members()
                .filter_map(|(subject, id, member)| self.without_cohort(subject, id, member))
                .collect(),
            Kind::PeriodWithoutTable => self.periods(members().map(|(_, _, member)| member)),
            Kind::ScoreUnranked => members()
                .flat_map(|(subject, _, member)| {
                    self.shown_scores(&subject, member, |score| !score.tables.is_empty())
                })
                .filter(|(_, found)| found.unranked.is_some())
                .collect(),
            Kind::StateUnreadable => Vec::new(),
        };
        rows.retain(|(key, _)| key.as_str() > after);
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        rows.truncate(most);
        rows
    }

    /// The shown scores of a subject that `which` selects.
    fn shown_scores(&self, subject: &Subject, member: &Member, which: impl Fn(&MemberScore) -> bool) -> Rows {
        let row = |score: &MemberScore| {
            let (version, parsed) = score.shown()?;
            let (metric, period) = self.metric_and_period(score.series);
            let name = period_name(metric, period);
            let found = Uncounted {
                subject: Some(subject.clone()),
                period: period.to_owned(),
                version,
                unranked: score.unranked(parsed),
                name: name.clone(),
            };
            Some((format!("{subject} {name}"), found))
        };
        let selected = member.scores.iter().filter(|score| which(score));
        selected.filter_map(row).collect()
    }

    /// The unit, when it is in no other cohort than that of all units of its agency.
    fn without_cohort(&self, subject: Subject, id: MemberId, member: &Member) -> Option<(String, Uncounted)> {
        let DirectoryEntry::Unit(version, unit) = &member.entry else {
            return None;
        };
        let of_agency = format!("{UNITS}.{}", subject.agency_id());
        if unit.withdrawn
            || self
                .cohorts(id, Definition::fallback(), None)
                .iter()
                .any(|cohort| *cohort != of_agency)
        {
            return None;
        }
        let name = subject.to_string();
        let found = Uncounted {
            subject: Some(subject),
            period: String::new(),
            version: *version,
            unranked: None,
            name: name.clone(),
        };
        Some((name, found))
    }

    /// The metrics and periods of these subjects of which no score is in a table.
    fn periods<'a>(&self, members: impl Iterator<Item = &'a Member>) -> Rows {
        // Whether a score is in a table, and the newest version of one that is not.
        let mut found: BTreeMap<u32, (bool, i64)> = BTreeMap::new();
        for score in members.flat_map(|member| &member.scores) {
            let Some((version, _)) = score.shown() else {
                continue;
            };
            let (in_table, newest) = found.entry(score.series).or_default();
            *in_table |= !score.tables.is_empty();
            *newest = version.max(*newest);
        }
        let row = |(series, (in_table, version)): (u32, (bool, i64))| {
            let (metric, period) = self.metric_and_period(series);
            let name = period_name(metric, period);
            let found = Uncounted {
                name: name.clone(),
                subject: None,
                period: period.to_owned(),
                version,
                unranked: None,
            };
            (!in_table).then_some((name, found))
        };
        found.into_iter().filter_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Kind as AgencyKind, UnitFacts, Unranked,
        tests::{agency, agency_name, score, unit, unit_name},
    };

    fn keys(tables: &LeagueTables, kind: Kind, scope: &str) -> Vec<String> {
        let rows = tables.uncounted(kind, &scope.parse().unwrap(), "", 100);
        rows.into_iter().map(|(key, _)| key).collect()
    }

    const ALL: &str = "agencies/-";
    const SCORE: &str = "metrics/skm/periods/2024";

    #[test]
    fn a_score_of_an_unknown_subject_and_its_period_are_listed_until_it_is_announced() {
        let mut tables = LeagueTables::default();
        tables.score("survey", 7, score("11/a", "90")).unwrap();
        let expected = [format!("agencies/11/units/a {SCORE}")];
        for scope in [ALL, "agencies/11", "agencies/11/units/a"] {
            assert_eq!(
                keys(&tables, Kind::ScoreSubjectUnknown, scope),
                expected,
                "{scope}"
            );
        }
        assert!(keys(&tables, Kind::ScoreSubjectUnknown, "agencies/12").is_empty());
        assert!(keys(&tables, Kind::ScoreSubjectUnknown, "agencies/11/units/b").is_empty());
        assert_eq!(keys(&tables, Kind::PeriodWithoutTable, ALL), [SCORE]);
        let rows = tables.uncounted(Kind::ScoreSubjectUnknown, &Scope::default(), "", 9);
        assert_eq!((rows[0].1.version, rows[0].1.period.as_str()), (7, "2024"));
        tables.unit(unit_name("11/a"), 1, unit("clinic"));
        for kind in Kind::ALL {
            assert!(keys(&tables, kind, ALL).is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn a_score_in_no_cohort_is_listed() {
        let mut tables = LeagueTables::default();
        let unknown_kind = crate::domain::AgencyFacts {
            kind: None,
            ..agency(AgencyKind::Kota, None)
        };
        tables.agency(agency_name("11"), 1, unknown_kind);
        tables.score("survey", 1, score("11", "90")).unwrap();
        tables.unit(
            unit_name("12/a"),
            1,
            UnitFacts {
                withdrawn: true,
                ..unit("clinic")
            },
        );
        tables.score("survey", 1, score("12/a", "90")).unwrap();
        let expected = [
            format!("agencies/11 {SCORE}"),
            format!("agencies/12/units/a {SCORE}"),
        ];
        assert_eq!(keys(&tables, Kind::ScoreWithoutTable, ALL), expected);
        // The order of the keys is that of the pages.
        let scope = Scope::default();
        let first = tables.uncounted(Kind::ScoreWithoutTable, &scope, "", 1);
        let second = tables.uncounted(Kind::ScoreWithoutTable, &scope, &first[0].0, 9);
        assert_eq!([first[0].0.clone(), second[0].0.clone()], expected);
        tables.agency(agency_name("11"), 2, agency(AgencyKind::Kota, Some("32")));
        tables.unit(unit_name("12/a"), 2, unit("clinic"));
        assert!(keys(&tables, Kind::ScoreWithoutTable, ALL).is_empty());
    }

    #[test]
    fn a_unit_that_is_compared_with_no_unit_of_its_type_is_listed() {
        let mut tables = LeagueTables::default();
        tables.unit(unit_name("11/a"), 3, unit("kota"));
        tables.unit(unit_name("11/b"), 1, unit("clinic"));
        assert_eq!(
            keys(&tables, Kind::UnitWithoutCohort, ALL),
            ["agencies/11/units/a"]
        );
        tables.unit(unit_name("11/a"), 4, unit("clinic"));
        assert!(keys(&tables, Kind::UnitWithoutCohort, ALL).is_empty());
    }

    #[test]
    fn a_score_without_a_rank_is_listed_with_its_reason() {
        let mut tables = LeagueTables::default();
        tables.unit(unit_name("11/a"), 1, unit("clinic"));
        let mut small = score("11/a", "90");
        small.figures.sample_minimum = 30;
        tables.score("survey", 1, small.clone()).unwrap();
        let rows = tables.uncounted(Kind::ScoreUnranked, &Scope::default(), "", 9);
        let reasons: Vec<_> = rows.iter().map(|(_, found)| found.unranked).collect();
        assert_eq!(reasons, [Some(Unranked::SampleTooSmall)]);
        assert!(!Kind::ScoreUnranked.reason(reasons[0]).is_empty());
        small.figures.sample_size = 30;
        tables.score("survey", 2, small).unwrap();
        assert!(keys(&tables, Kind::ScoreUnranked, ALL).is_empty());
    }
}
