//! Tells the `WatchResult` streams of this replica that a result has changed somewhere.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

use prima_platform::{bus::Delivery, consume::Projection};
use tokio::sync::watch;

type Bell = watch::Sender<i64>;

/// Which results are watched here.
#[derive(Debug, Default)]
pub struct Results {
    watched: Mutex<HashMap<String, Weak<Bell>>>,
}

impl Results {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Weak<Bell>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A bell that rings when the state under `subject` changes, for as long as it is held.
    pub fn watch(&self, subject: &str) -> std::sync::Arc<Bell> {
        let mut watched = self.lock();
        if let Some(bell) = watched.get(subject).and_then(Weak::upgrade) {
            return bell;
        }
        watched.retain(|_, bell| bell.strong_count() > 0);
        let bell = std::sync::Arc::new(watch::Sender::new(0));
        watched.insert(subject.to_owned(), std::sync::Arc::downgrade(&bell));
        bell
    }
}

impl Projection for Results {
    fn apply(&self, delivery: &Delivery) {
        let bell = self.lock().get(&delivery.event.subject).and_then(Weak::upgrade);
        if let Some(bell) = bell {
            bell.send_replace(delivery.event.version);
        }
    }
}
