//! Limits concurrent uploads, because each is kept in memory until it is complete.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many uploads may run at the same time.
const UPLOADS: usize = 16;
/// How many of them one reporter, and one token, may have, so that none uses up the limit.
const PER_REPORTER: usize = 2;
const PER_TOKEN: usize = UPLOADS / 2;

/// Number of running uploads of each uploader.
type Running = Arc<Mutex<HashMap<String, usize>>>;

/// The limits; cheap to clone.
#[derive(Clone)]
pub struct Uploads {
    slots: Arc<Semaphore>,
    running: Running,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(UPLOADS)),
            running: Running::default(),
        }
    }
}

/// A slot for one running upload; dropping it frees the slot.
pub struct UploadSlot {
    _permit: OwnedSemaphorePermit,
    running: Running,
    uploader: String,
}

impl Uploads {
    /// A slot for `uploader`; `None` when all slots are in use, or all that the uploader may have.
    pub fn acquire(&self, uploader: &str, is_reporter: bool) -> Option<UploadSlot> {
        let slots = self.slots.clone().try_acquire_owned().ok()?;
        let most = if is_reporter { PER_REPORTER } else { PER_TOKEN };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let own = running.entry(uploader.to_owned()).or_default();
        if *own >= most {
            return None;
        }
        *own += 1;
        Some(UploadSlot {
            _permit: slots,
            running: self.running.clone(),
            uploader: uploader.to_owned(),
        })
    }
}

impl Drop for UploadSlot {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = running.get_mut(&self.uploader) {
            *own -= 1;
            if *own == 0 {
                running.remove(&self.uploader);
            }
        }
    }
}
