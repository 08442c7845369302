//! The tables by name. A table exists while it has a member.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::definition::Ties;
use super::sort_key::SortKey;
use super::table::{Ranks, Sought, Table, TableKey};
use super::texts::Texts;

/// Number of a table; it stays the same when the table loses its last member and gets another one.
pub(super) type TableId = u32;

/// The tables of a score; rarely more than four.
pub(super) type TableIds = SmallVec<[TableId; 4]>;

#[derive(Debug)]
struct Named {
    key: Arc<TableKey>,
    ranks: Ranks,
}

/// All tables: found by number, and listed in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct TableMap {
    /// Metric, period and cohort of each table.
    names: Texts,
    tables: Vec<Named>,
    /// Those that have a member.
    order: BTreeMap<Arc<TableKey>, TableId>,
}

impl TableMap {
    /// Number of the table with this name; `None` when there was never one.
    pub(super) fn find(&self, key: &TableKey) -> Option<TableId> {
        self.names.find(&[&key.metric, &key.period, &key.cohort])
    }

    /// The table with this name; `None` when it has no member.
    pub(super) fn get<'a>(&'a self, key: &TableKey, subjects: &'a Texts) -> Option<Table<'a>> {
        self.table(self.find(key)?, subjects)
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

    /// The tables of a metric and period in these cohorts.
    pub(super) fn ids(&mut self, metric: &str, period: &str, cohorts: &[String], ties: Ties) -> TableIds {
        let id = |cohort: &String| {
            let id = self.names.number(&[metric, period, cohort]);
            if id as usize == self.tables.len() {
                let key = TableKey {
                    metric: metric.to_owned(),
                    period: period.to_owned(),
                    cohort: cohort.clone(),
                };
                self.tables.push(Named {
                    key: Arc::new(key),
                    ranks: Ranks::new(ties),
                });
            }
            id
        };
        cohorts.iter().map(id).collect()
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

    /// Moves a subject in a table from one sort key to another; `None` means that it is not in the table.
    pub(super) fn shift(
        &mut self,
        id: TableId,
        subjects: &Texts,
        sought: Sought<'_>,
        from: Option<SortKey>,
        to: Option<SortKey>,
    ) {
        if from == to {
            return;
        }
        let Some(Named { key, ranks }) = self.tables.get_mut(id as usize) else {
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
