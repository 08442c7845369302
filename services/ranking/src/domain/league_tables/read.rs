//! What the tables show.

use prima_platform::number::{self, Rational};
use prima_proto::name::Subject;

use super::{DirectoryEntry, LeagueTables, MemberId, MemberScore, numbered};
use crate::domain::row::Row;
use crate::domain::{
    cohorts,
    facts::{Aggregate, Figures},
    table::{Table, TableKey},
};

impl LeagueTables {
    /// The table of this name; `None` when it has no member.
    pub fn table(&self, key: &TableKey) -> Option<Table<'_>> {
        let series = self.series.find(&[&key.metric, &key.period])?;
        self.tables
            .table(self.tables.find(series, &key.cohort)?, &self.subjects)
    }

    /// All tables, ordered by metric, period and cohort.
    pub fn tables(&self) -> impl Iterator<Item = (&TableKey, Table<'_>)> {
        self.tables.iter(&self.subjects)
    }

    /// The mean of the values of the ranked subjects of a table; only of agencies, of which there are few, so
    /// that it is computed when it is read.
    pub fn mean(&self, key: &TableKey) -> Option<Rational> {
        if !cohorts::is_of_agencies(&key.cohort) {
            return None;
        }
        let series = self.series.find(&[&key.metric, &key.period])?;
        let definition = self.definitions.of_series(series);
        let value = |id: MemberId| {
            let (_, parsed) = self.member(id)?.score(series)?.shown()?;
            definition.rational(&parsed.figures.figures(&self.names))
        };
        let ranked = self
            .table(key)?
            .ids_from(0)
            .take_while(|(rank, _)| rank.is_some());
        let values: Vec<Rational> = ranked.filter_map(|(_, id)| value(id)).collect();
        number::mean(&values)
    }

    /// The row of a subject in every table of a metric and period that it is in, ordered by cohort.
    pub fn standings(&self, subject: &Subject, metric: &str, period: &str) -> Vec<(TableKey, Row)> {
        let Some((id, score)) = self.found(subject, metric, period) else {
            return Vec::new();
        };
        let row = |table: &u32| {
            let rank = self.tables.table(*table, &self.subjects)?.rank(score.sort_key()?);
            let key = self.tables.key(*table)?;
            Some((TableKey::clone(key), self.row(id, score, rank)?))
        };
        let mut standings: Vec<_> = score.tables.iter().filter_map(row).collect();
        standings.sort_by(|(a, _), (b, _)| a.cmp(b));
        standings
    }

    /// Up to `limit` rows from position `offset` (counted from 0); `None` when there is no such table.
    pub fn rows(&self, key: &TableKey, offset: usize, limit: usize) -> Option<Vec<Row>> {
        let series = self.series.find(&[&key.metric, &key.period])?;
        let row = |(rank, id): (Option<usize>, MemberId)| self.row(id, self.member(id)?.score(series)?, rank);
        let rows = self.table(key)?.ids_from(offset).take(limit);
        Some(rows.filter_map(row).collect())
    }

    /// Rank of a subject in a table, without building its row; `None` when it has no rank there.
    pub fn rank(&self, key: &TableKey, subject: &Subject) -> Option<usize> {
        let (table, score) = self.placed(key, subject)?;
        table.rank(score.sort_key()?)
    }

    /// Number of scores that could be shown, but whose subject the directory has not announced. They are kept, and
    /// placed once it is announced.
    pub fn unplaced(&self) -> usize {
        self.unplaced
    }

    /// Version of the newest state that was applied of an aggregate, and whether it is a withdrawal.
    pub fn newest(&self, aggregate: &Aggregate) -> Option<(i64, bool)> {
        let entry = |id: Option<MemberId>| {
            let entry = &self.member(id?)?.entry;
            Some((entry.version()?, entry.is_withdrawn()))
        };
        match aggregate {
            Aggregate::Agency(name) => entry(self.subjects.find(&[&name.agency])),
            Aggregate::Unit(name) => entry(self.subjects.find(&[&name.agency, &name.unit])),
            Aggregate::Score(key) => {
                let (_, score) = self.found(&key.subject, &key.metric, &key.period)?;
                score.published(self.names.find(&[&key.service])?)
            }
            Aggregate::Definition(metric) => self.definitions.version(metric),
        }
    }

    /// The agencies and units of which the directory's newest state is not a withdrawal, with its version.
    pub fn announced(&self) -> impl Iterator<Item = (Subject, i64)> {
        let ids = (0..).zip(&self.members);
        ids.filter(|(_, member)| !member.entry.is_withdrawn())
            .filter_map(|(id, member)| Some((self.subject(id), member.entry.version()?)))
    }

    /// The scores of a service whose newest state is not a withdrawal: metric, period, subject and version.
    pub fn published(&self, service: &str) -> impl Iterator<Item = (&str, &str, Subject, i64)> {
        let source = self.names.find(&[service]);
        let scores = (0..)
            .zip(&self.members)
            .flat_map(|(id, member)| member.scores.iter().map(move |score| (id, score)));
        scores.filter_map(move |(id, score)| {
            let (version, is_withdrawn) = score.published(source?)?;
            let (metric, period) = self.metric_and_period(score.series);
            (!is_withdrawn).then(|| (metric, period, self.subject(id), version))
        })
    }

    /// Metric and period with this number.
    pub(super) fn metric_and_period(&self, series: u32) -> (&str, &str) {
        let series = numbered(&self.series, series);
        (series.metric, series.period)
    }

    pub(super) fn found(
        &self,
        subject: &Subject,
        metric: &str,
        period: &str,
    ) -> Option<(MemberId, &MemberScore)> {
        let id = self.find(subject)?;
        let series = self.series.find(&[metric, period])?;
        Some((id, self.member(id)?.score(series)?))
    }

    /// A table and the score of a subject that is in it.
    fn placed(&self, key: &TableKey, subject: &Subject) -> Option<(Table<'_>, &MemberScore)> {
        let (_, score) = self.found(subject, &key.metric, &key.period)?;
        let table = self.tables.find(score.series, &key.cohort);
        let table = table.filter(|own| score.tables.contains(own))?;
        Some((self.tables.table(table, &self.subjects)?, score))
    }

    fn row(&self, id: MemberId, score: &MemberScore, rank: Option<usize>) -> Option<Row> {
        let (version, parsed) = score.shown()?;
        let member = self.member(id)?;
        let agency = match &member.entry {
            DirectoryEntry::Unit(..) => self.agency_of(member),
            DirectoryEntry::Agency(..) | DirectoryEntry::Unknown | DirectoryEntry::Unreadable(_) => None,
        };
        let definition = self.definitions.of_series(score.series);
        let figures = parsed.figures.figures(&self.names);
        Some(Row {
            rank,
            subject: self.subject(id),
            display_name: member.entry.display_name().to_owned(),
            agency_display_name: agency.map_or_else(String::new, |agency| agency.display_name.clone()),
            unranked: score.unranked(parsed),
            units: score.units,
            units_required: parsed.units_required,
            score: Figures {
                value: definition.shown_value(&figures),
                sample_minimum: definition.sample_minimum(&figures),
                ..figures
            },
            version,
        })
    }
}
