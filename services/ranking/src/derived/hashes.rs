//! The hashes of tables that were asked for, until the tables change.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::domain::{
    Changed, LeagueTables, Table, TableKey,
    rows_hash::{self, Hash},
};

/// Most rows of a table that is hashed for a reader, about 2 ms.
const MOST_ROWS: usize = 1000;
/// Most hashes that are kept.
const KEPT: usize = 4096;

/// Hashes by table. They are read and forgotten under the lock of the tables, so that none is of other rows.
#[derive(Debug, Default)]
pub struct Hashes(Mutex<HashMap<TableKey, Hash>>);

impl Hashes {
    /// The hash of the rows of a table; `None` when it has too many.
    pub fn of(&self, league_tables: &LeagueTables, key: &TableKey) -> Option<Hash> {
        if league_tables.table(key).map_or(0, Table::len) > MOST_ROWS {
            return None;
        }
        if let Some(known) = self.lock().get(key) {
            return Some(*known);
        }
        let hash = rows_hash::of_table(league_tables, key);
        let mut hashes = self.lock();
        if hashes.len() >= KEPT {
            hashes.clear();
        }
        hashes.insert(key.clone(), hash);
        Some(hash)
    }

    /// Forgets the hashes of tables that have changed.
    pub fn forget(&self, changed: &Changed) {
        let mut hashes = self.lock();
        if !hashes.is_empty() {
            for key in changed.iter() {
                hashes.remove(key);
            }
        }
    }

    /// Forgets all hashes.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TableKey, Hash>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
