//! Room for files that come: each is held in memory until it is whole.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Uploads at once.
const UPLOADS: usize = 16;
/// Uploads of one reporter at once, and of one token, so that nobody takes all the room.
const TURNS: (usize, usize) = (2, UPLOADS / 2);

/// How many uploads of each uploader are under way.
type Taken = Arc<Mutex<HashMap<String, usize>>>;

/// The room; cheap to clone.
#[derive(Clone)]
pub struct Uploads {
    room: Arc<Semaphore>,
    taken: Taken,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(UPLOADS)),
            taken: Taken::default(),
        }
    }
}

/// One of the uploads that an uploader may have under way; dropped it leaves its room to another.
pub struct Turn {
    _room: OwnedSemaphorePermit,
    taken: Taken,
    uploader: String,
}

impl Uploads {
    /// A turn for `uploader`; `None` while there is no room, or the uploader has taken its share.
    pub fn take(&self, uploader: &str, is_reporter: bool) -> Option<Turn> {
        let room = self.room.clone().try_acquire_owned().ok()?;
        let most = if is_reporter { TURNS.0 } else { TURNS.1 };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.entry(uploader.to_owned()).or_default();
        if *own >= most {
            return None;
        }
        *own += 1;
        Some(Turn {
            _room: room,
            taken: self.taken.clone(),
            uploader: uploader.to_owned(),
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.uploader) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.uploader);
            }
        }
    }
}
