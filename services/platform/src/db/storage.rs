//! Whether the storage of a database accepts writes, detected from the outcome of statements.

use std::sync::Arc;

use sea_orm::DbErr;
use tokio::sync::watch;

use super::cause;

/// Whether the storage of a database accepts writes; cheap to clone. A refused write sets it to false, and a successful
/// [`super::Database::probe`] to true.
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

    /// Records the outcome of a statement, and returns it.
    pub(super) fn note<T>(&self, outcome: Result<T, DbErr>) -> Result<T, DbErr> {
        if outcome.as_ref().is_err_and(|error| cause(error).is_storage()) {
            self.set(false);
        }
        outcome
    }
}
