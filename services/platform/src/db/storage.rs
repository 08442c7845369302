//! Whether the storage under a database takes writes, noticed where it is written to.

use std::sync::Arc;

use sea_orm::DbErr;
use tokio::sync::watch;

use super::cause;

/// Whether the storage of a database takes writes; cheap to clone. Any write that it refuses makes this false, and a
/// [`super::Database::probe`] that it takes makes it true again.
#[derive(Debug, Clone)]
pub(super) struct Storage(Arc<watch::Sender<bool>>);

impl Default for Storage {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }
}

impl Storage {
    pub(super) fn subscribe(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    pub(super) fn set(&self, works: bool) {
        self.0
            .send_if_modified(|was| std::mem::replace(was, works) != works);
    }

    /// Looks at the outcome of a statement.
    pub(super) fn note<T>(&self, outcome: Result<T, DbErr>) -> Result<T, DbErr> {
        if outcome.as_ref().is_err_and(|error| cause(error).is_storage()) {
            self.set(false);
        }
        outcome
    }
}
