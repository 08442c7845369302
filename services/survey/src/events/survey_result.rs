//! Notifies the `WatchResult` streams of this replica when any replica has changed a result.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

use prima_platform::{bus::Delivery, consume::Projection};
use tokio::sync::watch;

/// The watch channel of one result; it carries the version of the last event.
type Channel = watch::Sender<i64>;

/// The watch channels of the results that are watched on this replica, by subject.
#[derive(Debug, Default)]
pub struct Results {
    watched: Mutex<HashMap<String, Weak<Channel>>>,
}

impl Results {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Weak<Channel>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The watch channel of `subject`. It is notified of changes for as long as the caller keeps it.
    pub fn watch(&self, subject: &str) -> std::sync::Arc<Channel> {
        let mut watched = self.lock();
        if let Some(channel) = watched.get(subject).and_then(Weak::upgrade) {
            return channel;
        }
        watched.retain(|_, channel| channel.strong_count() > 0);
        let channel = std::sync::Arc::new(watch::Sender::new(0));
        watched.insert(subject.to_owned(), std::sync::Arc::downgrade(&channel));
        channel
    }
}

impl Projection for Results {
    fn apply(&self, delivery: &Delivery) {
        let channel = self.lock().get(&delivery.event.subject).and_then(Weak::upgrade);
        if let Some(channel) = channel {
            channel.send_replace(delivery.event.version);
        }
    }
}
