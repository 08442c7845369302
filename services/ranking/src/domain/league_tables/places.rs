//! Where a subject is: its place in a table, and its region.

use super::LeagueTables;
use crate::domain::{SortKey, Subject, TableKey};

impl LeagueTables {
    /// The sort key of a subject in a table; `None` when it is not in the table.
    pub fn sort_key(&self, key: &TableKey, subject: &Subject) -> Option<SortKey> {
        let (_, score) = self.found(subject, &key.metric, &key.period)?;
        let table = self.tables.find(score.series, &key.cohort)?;
        score.sort_key().filter(|_| score.tables.contains(&table))
    }

    /// Position of a subject in a table, counted from 0; `None` when it is not in the table.
    pub fn position(&self, key: &TableKey, subject: &Subject) -> Option<usize> {
        let sort_key = self.sort_key(key, subject)?;
        self.table(key)?.up_to(subject, sort_key).checked_sub(1)
    }

    /// Id of the province of a subject: of a province itself, of a regency or city the one that it is in, of a unit that of
    /// its agency. `None` for ministries and national bodies, and for what the directory has not announced.
    pub fn province<'a>(&'a self, subject: &'a Subject) -> Option<&'a str> {
        let member = self.member(self.find(subject)?)?;
        self.agency_of(member)?.province(subject.agency_id())
    }
}
