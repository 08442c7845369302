//! The tables by name. A table exists while it has a member.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use smallvec::SmallVec;

use super::definition::Ties;
use super::sort_key::{KeptKey, SortKey};
use super::table::{MemberId, Ranks, Sought, Table, TableKey};
use super::texts::Texts;

/// Number of a table; it stays the same when the table loses its last member and gets another one.
pub(super) type TableId = u32;

/// The tables of a score; rarely more than four.
pub(super) type TableIds = SmallVec<[TableId; 4]>;

/// A metric and period, with its number.
pub(super) struct Series<'a> {
    pub(super) number: u32,
    pub(super) metric: &'a str,
    pub(super) period: &'a str,
}

#[derive(Debug)]
struct Named {
    key: Arc<TableKey>,
    /// Number of its cohort.
    cohort: u32,
    ranks: Ranks,
}

/// All tables: found by number, and listed in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct TableMap {
    cohorts: Texts,
    /// The tables by the numbers of metric with period, and of the cohort.
    ids: HashMap<(u32, u32), TableId>,
    tables: Vec<Named>,
    /// Those that have a member.
    order: BTreeMap<Arc<TableKey>, TableId>,
    /// Whether members are not added until all are known.
    is_deferred: bool,
}

impl TableMap {
    /// Number of the table of a metric with period in a cohort; `None` when there was never one.
    pub(super) fn find(&self, series: u32, cohort: &str) -> Option<TableId> {
        let cohort = self.cohorts.find(&[cohort])?;
        self.ids.get(&(series, cohort)).copied()
    }

    /// The table with this number; `None` when it has no member.
    pub(super) fn table<'a>(&'a self, id: TableId, subjects: &'a Texts) -> Option<Table<'a>> {
        let named = self.tables.get(id as usize)?;
        (named.ranks.len() > 0).then(|| Table::new(&named.ranks, subjects))
    }

    /// The name of the table with this number.
    pub(super) fn key(&self, id: TableId) -> Option<&Arc<TableKey>> {
        Some(&self.tables.get(id as usize)?.key)
    }

    pub(super) fn iter<'a>(&'a self, subjects: &'a Texts) -> impl Iterator<Item = (&'a TableKey, Table<'a>)> {
        self.order
            .iter()
            .filter_map(|(key, id)| Some((key.as_ref(), self.table(*id, subjects)?)))
    }

    /// The tables of a metric and period, whose number is `series`, in these cohorts.
    pub(super) fn ids(&mut self, series: &Series<'_>, cohorts: &[String], ties: Ties) -> TableIds {
        let numbers = cohorts.iter().map(|cohort| self.cohorts.number(&[cohort]));
        let numbers: SmallVec<[u32; 4]> = numbers.collect();
        numbers
            .into_iter()
            .map(|cohort| self.id(series, cohort, ties))
            .collect()
    }

    /// The tables of a metric and period in the cohorts of other tables.
    pub(super) fn alike(&mut self, others: &[TableId], series: &Series<'_>, ties: Ties) -> TableIds {
        let cohorts = others.iter().filter_map(|id| self.tables.get(*id as usize));
        let cohorts: SmallVec<[u32; 4]> = cohorts.map(|named| named.cohort).collect();
        cohorts
            .into_iter()
            .map(|cohort| self.id(series, cohort, ties))
            .collect()
    }

    fn id(&mut self, series: &Series<'_>, cohort: u32, ties: Ties) -> TableId {
        let tables = &mut self.tables;
        let cohorts = &self.cohorts;
        *self.ids.entry((series.number, cohort)).or_insert_with(|| {
            let id = u32::try_from(tables.len()).unwrap_or(u32::MAX);
            let key = TableKey {
                metric: series.metric.to_owned(),
                period: series.period.to_owned(),
                cohort: cohorts.get(cohort).to_owned(),
            };
            tables.push(Named {
                key: Arc::new(key),
                cohort,
                ranks: Ranks::new(ties),
            });
            id
        })
    }

    /// The names of the tables of a metric that have a member.
    pub(super) fn of_metric(&self, metric: &str) -> impl Iterator<Item = Arc<TableKey>> {
        self.order.keys().filter(move |key| key.metric == metric).cloned()
    }

    /// Sets the rule of shared ranks in the tables of a metric.
    pub(super) fn set_ties(&mut self, metric: &str, ties: Ties) {
        for named in self.tables.iter_mut().filter(|named| named.key.metric == metric) {
            named.ranks.ties = ties;
        }
    }

    /// Leaves all tables as they are until [`TableMap::arrange`]: to sort all members at once takes less time than to find the
    /// place of each.
    pub(super) fn defer(&mut self) {
        self.is_deferred = true;
    }

    /// Whether members are not added until all are known.
    pub(super) fn is_deferred(&self) -> bool {
        self.is_deferred
    }

    /// Sets the members of all tables, each a list by the number of its table.
    pub(super) fn arrange(&mut self, subjects: &Texts, members: &[Vec<(MemberId, KeptKey)>]) {
        self.is_deferred = false;
        self.order.clear();
        for ((id, named), members) in (0..).zip(&mut self.tables).zip(members) {
            named.ranks = Ranks::of(named.ranks.ties, subjects, members);
            if !members.is_empty() {
                self.order.insert(Arc::clone(&named.key), id);
            }
        }
    }

    /// Number of tables, with and without members.
    pub(super) fn len(&self) -> usize {
        self.tables.len()
    }

    /// Moves a subject in a table from one sort key to another; `None` means that it is not in the table.
    pub(super) fn shift(
        &mut self,
        id: TableId,
        subjects: &Texts,
        sought: Sought<'_>,
        from: Option<SortKey>,
        to: Option<SortKey>,
    ) {
        if from == to || self.is_deferred {
            return;
        }
        let Some(Named { key, ranks, .. }) = self.tables.get_mut(id as usize) else {
            return;
        };
        let was_empty = ranks.len() == 0;
        if let Some(sort_key) = from {
            ranks.remove(subjects, sought, sort_key);
        }
        if let Some(sort_key) = to {
            ranks.insert(subjects, sought, sort_key);
        }
        match (was_empty, ranks.len() == 0) {
            (true, false) => _ = self.order.insert(Arc::clone(key), id),
            (false, true) => _ = self.order.remove(key),
            (true, true) | (false, false) => {}
        }
    }
}
