//! Which definition counts for a metric.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::definition::Definition;

/// The newest state of the definition of a metric.
#[derive(Debug)]
pub(super) struct Newest {
    pub(super) version: i64,
    pub(super) is_withdrawn: bool,
    pub(super) definition: Arc<Definition>,
}

/// What is known of definitions.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    pub(super) newest: BTreeMap<String, Newest>,
    /// The definition of each metric and period, by the number of these.
    pub(super) of_series: Vec<Arc<Definition>>,
}

impl Definitions {
    /// The definition that counts for a metric.
    pub(super) fn of(&self, metric: &str) -> Arc<Definition> {
        match self.newest.get(metric) {
            Some(newest) => Arc::clone(&newest.definition),
            None => Definition::built_in_or_default(metric),
        }
    }

    /// Adds a metric and period, which have the next number.
    pub(super) fn add_series(&mut self, metric: &str) {
        self.of_series.push(self.of(metric));
    }

    /// The definition of a metric and period.
    pub(super) fn of_series(&self, series: u32) -> Arc<Definition> {
        match self.of_series.get(series as usize) {
            Some(definition) => Arc::clone(definition),
            None => Definition::built_in_or_default(""),
        }
    }

    /// The same, only read.
    pub(super) fn get(&self, series: u32) -> &Definition {
        match self.of_series.get(series as usize) {
            Some(definition) => definition,
            None => Definition::fallback(),
        }
    }

    /// Version of the newest state of the definition of a metric, and whether it is a withdrawal.
    pub(super) fn version(&self, metric: &str) -> Option<(i64, bool)> {
        let newest = self.newest.get(metric)?;
        Some((newest.version, newest.is_withdrawn))
    }
}
