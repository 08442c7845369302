//! The tables by name. A table exists while it has a member.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use prima_proto::name::Subject;

use super::table::{SortKey, Table, TableKey};

/// All tables: found by hash, since every score looks up two of perhaps 100,000, and listed in the order of their
/// keys.
#[derive(Debug, Default)]
pub(super) struct TableMap {
    tables: HashMap<Arc<TableKey>, Table>,
    order: BTreeSet<Arc<TableKey>>,
}

impl TableMap {
    pub(super) fn get(&self, key: &TableKey) -> Option<&Table> {
        self.tables.get(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&TableKey, &Table)> {
        self.order
            .iter()
            .filter_map(|key| Some((key.as_ref(), self.tables.get(key)?)))
    }

    /// The keys of a metric and period in these cohorts, shared with the tables that exist.
    pub(super) fn keys(&self, metric: &str, period: &str, cohorts: &[String]) -> Vec<Arc<TableKey>> {
        let key = |cohort: &String| {
            let key = TableKey {
                metric: metric.to_owned(),
                period: period.to_owned(),
                cohort: cohort.clone(),
            };
            match self.tables.get_key_value(&key) {
                Some((known, _)) => Arc::clone(known),
                None => Arc::new(key),
            }
        };
        cohorts.iter().map(key).collect()
    }

    /// Moves a subject in a table from one sort key to another; `None` means that it is not in the table.
    pub(super) fn shift(
        &mut self,
        key: &Arc<TableKey>,
        subject: &Arc<Subject>,
        from: Option<SortKey>,
        to: Option<SortKey>,
    ) {
        if from == to {
            return;
        }
        if let Some(table) = self.tables.get_mut(key) {
            if let Some(sort_key) = from {
                table.remove(subject, sort_key);
            }
            if let Some(sort_key) = to {
                table.insert(subject, sort_key);
            }
            if table.is_empty() {
                self.tables.remove(key);
                self.order.remove(key);
            }
        } else if let Some(sort_key) = to {
            let mut table = Table::default();
            table.insert(subject, sort_key);
            self.tables.insert(Arc::clone(key), table);
            self.order.insert(Arc::clone(key));
        }
    }
}
