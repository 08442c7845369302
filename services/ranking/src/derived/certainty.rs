//! How sure the ranks of the tables are that were asked for last.

use std::sync::{Arc, Mutex, PoisonError};

use prima_platform::failure::Failure;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::{
    certainty::{self, Certainty, Confidence, DRAWS, Estimate},
    rows_hash::Hash,
};

/// Most tables that are kept. One of the largest takes 200 KB.
const KEPT: usize = 64;

/// By the hash of the estimates.
type Key = (Hash, Confidence);

/// What was computed, and the turn to compute.
#[derive(Debug)]
pub struct Certainties {
    /// The last one that was asked for is at the end.
    kept: Mutex<Vec<(Key, Arc<[Certainty]>)>>,
    /// One table at a time, so that requests for many take no more processors and memory than one.
    turn: Arc<Semaphore>,
}

impl Default for Certainties {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Certainties {
    /// What is known of these estimates.
    pub fn known(&self, hash: Hash, confidence: Confidence) -> Option<Arc<[Certainty]>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(key, _)| *key == (hash, confidence))?;
        let found = kept.remove(at);
        let certainties = Arc::clone(&found.1);
        kept.push(found);
        Some(certainties)
    }

    /// Number of tables that are kept; one that was computed twice counts twice.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits for the turn to compute. Callers should read their rows after that, so that those who wait hold none, and ask
    /// once more what is known: the one before may have computed the same.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.turn)
            .acquire_owned()
            .await
            .map_err(Failure::internal)
    }

    /// How sure the ranks of these estimates are, the best first: what is known, or else computed in turn.
    pub async fn of(
        self: &Arc<Self>,
        estimates: Vec<Estimate>,
        confidence: Confidence,
    ) -> Result<Arc<[Certainty]>, Failure> {
        let hash = certainty::hash(&estimates);
        if let Some(known) = self.known(hash, confidence) {
            return Ok(known);
        }
        let turn = self.turn().await?;
        match self.known(hash, confidence) {
            Some(known) => Ok(known),
            None => Arc::clone(self).compute(turn, estimates, hash, confidence).await,
        }
    }

    /// Computes beside the executor, and keeps the result, also for the next caller when this one has left.
    pub async fn compute(
        self: Arc<Self>,
        turn: OwnedSemaphorePermit,
        estimates: Vec<Estimate>,
        hash: Hash,
        confidence: Confidence,
    ) -> Result<Arc<[Certainty]>, Failure> {
        let computed = tokio::task::spawn_blocking(move || {
            let seed = certainty::seed(&hash);
            let certainties: Arc<[Certainty]> = certainty::assess(&estimates, confidence, DRAWS, seed).into();
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT {
                kept.remove(0);
            }
            kept.push(((hash, confidence), Arc::clone(&certainties)));
            drop(kept);
            drop(turn);
            certainties
        });
        computed.await.map_err(Failure::internal)
    }
}
