//! How many subjects of the directory are in each cohort.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::NaiveDate;

use crate::domain::{definition::Definition, table::MemberId};

/// The subjects of the directory in one cohort.
#[derive(Debug, Default)]
pub(super) struct Cohort {
    /// Number of those without a last day of work.
    pub(super) active: usize,
    /// The units that close or have closed, with their last day.
    pub(super) closing: BTreeMap<MemberId, NaiveDate>,
}

/// The cohorts of definitions with the same rules.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) definition: Arc<Definition>,
    pub(super) cohorts: HashMap<String, Cohort>,
}

/// The numbers of subjects by cohort. Those of a definition are counted when they are first asked for, in one pass, and then
/// follow the directory.
#[derive(Debug, Default)]
pub(super) struct Expected(Mutex<Vec<Counted>>);

/// Whether a subject enters its cohorts or leaves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Enters,
    Leaves,
}

impl Expected {
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn all(&mut self) -> &mut Vec<Counted> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    pub(super) fn new(definition: Arc<Definition>) -> Self {
        Self {
            definition,
            cohorts: HashMap::new(),
        }
    }

    /// Counts a subject that enters these cohorts, or leaves them; `closes` is the last day of work of a unit.
    pub(super) fn change(
        &mut self,
        change: Change,
        id: MemberId,
        closes: Option<NaiveDate>,
        names: Vec<String>,
    ) {
        for name in names {
            let cohort = self.cohorts.entry(name).or_default();
            match (change, closes) {
                (Change::Enters, None) => cohort.active += 1,
                (Change::Leaves, None) => cohort.active = cohort.active.saturating_sub(1),
                (Change::Enters, Some(day)) => _ = cohort.closing.insert(id, day),
                (Change::Leaves, Some(_)) => _ = cohort.closing.remove(&id),
            }
        }
    }
}
