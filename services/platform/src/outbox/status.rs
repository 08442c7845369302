//! What a relay says of itself.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use super::refused::Refused;

/// Status of a relay; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Status {
    pub(super) active: Arc<AtomicBool>,
    pub(super) full: Arc<AtomicBool>,
    pub(super) pending: Arc<AtomicI64>,
    refused: Arc<Mutex<Option<Refused>>>,
}

impl Status {
    /// Whether this replica holds the lease and publishes.
    pub fn active(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }

    /// Whether the stream is full; this must raise an alert.
    pub fn full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Why this database must not fill the stream, if it must not; nothing is published then, and this must raise an
    /// alert.
    pub fn refused(&self) -> Option<Refused> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether nothing is published, whichever replica tries.
    pub fn stopped(&self) -> bool {
        self.full() || self.refused().is_some()
    }

    /// Returns whether the refusal has changed.
    pub(super) fn set_refused(&self, refused: Option<Refused>) -> bool {
        let mut now = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *now, refused.clone()) != refused
    }
}
