//! The definitions by which the tables are made.
//!
//! Of the definitions of a metric that were created here the newest state counts, and else the newest one of the release.
//! When it changes, every score of the metric is placed and sorted again, so that the tables follow from the newest states
//! alone, in whatever order these arrive.

use std::sync::Arc;

use super::counted::Expected;
use super::defined::Newest;
use super::{Changed, LeagueTables, MemberId, Sought, TableKey};
use crate::domain::definition::Definition;
use crate::domain::definition::placing::Placed;
use crate::domain::facts::Figures;
use crate::domain::member::DirectoryEntry;
use crate::domain::sort_key::SortKey;
use crate::domain::table_map::TableIds;

impl LeagueTables {
    /// Applies the definition of the tables of a metric; `None` when it was withdrawn, and that of the release counts again.
    pub fn definition(&mut self, metric: &str, version: i64, definition: Option<Definition>) -> Changed {
        let is_withdrawn = definition.is_none();
        let definition = definition.map_or_else(|| Definition::built_in_or_default(metric), Arc::new);
        self.define(metric, version, is_withdrawn, definition)
    }

    /// Applies a definition that this release cannot read: nobody is ranked by an older one, which is no longer true.
    pub(super) fn unreadable_definition(&mut self, metric: &str, version: i64) -> Changed {
        let definition = Arc::new(Definition::unreadable(metric, 0));
        self.define(metric, version, false, definition)
    }

    /// The definition that counts for a metric.
    pub fn definition_of(&self, metric: &str) -> Arc<Definition> {
        self.definitions.of(metric)
    }

    /// The metrics whose definition was created here and is not withdrawn, with the version of its state.
    pub fn defined(&self) -> impl Iterator<Item = (&str, i64)> {
        let newest = self.definitions.newest.iter();
        newest.filter_map(|(metric, newest)| {
            (!newest.is_withdrawn).then_some((metric.as_str(), newest.version))
        })
    }

    fn define(
        &mut self,
        metric: &str,
        version: i64,
        is_withdrawn: bool,
        definition: Arc<Definition>,
    ) -> Changed {
        if self
            .definitions
            .version(metric)
            .is_some_and(|(newest, _)| newest >= version)
        {
            return Changed::default();
        }
        let newest = Newest {
            version,
            is_withdrawn,
            definition: Arc::clone(&definition),
        };
        self.definitions.newest.insert(metric.to_owned(), newest);
        self.expected = Expected::default();
        let count = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        let all: Vec<u32> = (0..count)
            .filter(|series| self.metric_and_period(*series).0 == metric)
            .collect();
        for series in &all {
            if let Some(of_series) = self.definitions.of_series.get_mut(*series as usize) {
                *of_series = Arc::clone(&definition);
            }
        }
        self.tables.set_ties(metric, definition.ties);
        // Every table of the metric has another title or another rule, also where no row moves.
        let mut keys: Vec<Arc<TableKey>> = self.tables.of_metric(metric).collect();
        let members = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        for id in 0..members {
            for series in &all {
                self.redefine_score(id, *series, &definition, &mut keys);
            }
        }
        keys.sort();
        keys.dedup();
        Changed {
            is_newer: true,
            keys: keys.into(),
        }
    }

    /// Places and sorts a score by another definition.
    fn redefine_score(
        &mut self,
        id: MemberId,
        series: u32,
        definition: &Definition,
        changed: &mut Vec<Arc<TableKey>>,
    ) {
        let subject = self.subject(id);
        let names = &self.names;
        let Some(score) = self
            .members
            .get_mut(id as usize)
            .and_then(|member| member.score_mut(series))
        else {
            return;
        };
        let (before, counted) = (score.sort_key(), score.as_unit());
        score.redefine(&subject, definition, names);
        let counts = score.as_unit();
        let tables = self.tables_of(id, series, definition);
        self.move_score(id, series, before, tables, changed);
        let mut of_agency = Changed::default();
        self.count_unit(id, series, [counted, counts], &mut of_agency);
        changed.extend(of_agency.keys);
    }

    /// Moves a score, whose sort key was `before`, to these tables. All of them have changed, and those that it leaves.
    pub(super) fn move_score(
        &mut self,
        id: MemberId,
        series: u32,
        before: Option<SortKey>,
        tables: TableIds,
        changed: &mut impl Extend<Arc<TableKey>>,
    ) {
        let Some(score) = self
            .members
            .get_mut(id as usize)
            .and_then(|member| member.score_mut(series))
        else {
            return;
        };
        let after = score.sort_key();
        let left = std::mem::replace(&mut score.tables, tables.clone());
        if before.is_none() && after.is_none() {
            return;
        }
        let sought = Sought::new(&self.subjects, id);
        for table in left.iter().filter(|table| !tables.contains(table)) {
            self.tables.shift(*table, &self.subjects, sought, before, None);
            changed.extend(self.tables.key(*table).cloned());
        }
        for table in &tables {
            let from = before.filter(|_| left.contains(table));
            self.tables.shift(*table, &self.subjects, sought, from, after);
            changed.extend(self.tables.key(*table).cloned());
        }
    }

    /// The tables of a score by its definition, its subject and its figures.
    pub(super) fn tables_of(&mut self, id: MemberId, series: u32, definition: &Definition) -> TableIds {
        let score = self.member(id).and_then(|member| member.score(series));
        let figures = match definition.cohorts_depend_on_score() {
            true => score
                .and_then(|score| score.shown())
                .map(|(_, parsed)| parsed.figures.figures(&self.names)),
            false => None,
        };
        let cohorts = self.cohorts(id, definition, figures.as_ref());
        self.tables_in(series, &cohorts, definition.ties)
    }

    /// The cohorts of a subject by a definition and its directory entry, those of a score with these figures.
    pub(super) fn cohorts(
        &self,
        id: MemberId,
        definition: &Definition,
        figures: Option<&Figures>,
    ) -> Vec<String> {
        let Some(member) = self.member(id) else {
            return Vec::new();
        };
        let subject = self.subject(id);
        match &member.entry {
            DirectoryEntry::Unit(_, unit) => {
                let facts = unit.facts(&self.names);
                definition.cohorts(&subject, Placed::Unit(&facts, self.agency_of(member)), figures)
            }
            DirectoryEntry::Agency(_, agency) => {
                definition.cohorts(&subject, Placed::Agency(agency), figures)
            }
            DirectoryEntry::Unknown | DirectoryEntry::Unreadable(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
#[path = "definitions_tests.rs"]
mod tests;
