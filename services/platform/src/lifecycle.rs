//! Tracked tasks with two ways to stop: a soft stop (accept no more work) and a hard stop (drop everything).

use std::{future::Future, sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of one process. A task that ends before the soft stop stops the process.
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    soft: CancellationToken,
    hard: CancellationToken,
    failed: Arc<std::sync::atomic::AtomicBool>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            tracker: TaskTracker::new(),
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
            failed: Arc::default(),
        }
    }
}

impl Tasks {
    /// Cancelled when no more work should be accepted.
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Runs `task` until it ends or the hard stop drops it. It should end soon after the soft stop; if it ends before
    /// that, the whole process stops.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let tasks = self.clone();
        #[expect(clippy::disallowed_methods, reason = "the task is tracked")]
        tokio::spawn(self.tracker.track_future(async move {
            let ended = std::panic::AssertUnwindSafe(task);
            tokio::select! {
                () = tasks.hard.cancelled() => {}
                result = futures::FutureExt::catch_unwind(ended) => {
                    if result.is_err() || !tasks.soft.is_cancelled() {
                        tracing::error!(task = name, "a task ended too early; stopping");
                        tasks.failed.store(true, std::sync::atomic::Ordering::SeqCst);
                        tasks.soft.cancel();
                    }
                }
            }
        }));
    }

    /// Runs a short task that may end at any time, such as the sender of one stream.
    pub fn spawn_short(&self, task: impl Future<Output = ()> + Send + 'static) {
        let hard = self.hard.clone();
        #[expect(clippy::disallowed_methods, reason = "the task is tracked")]
        tokio::spawn(self.tracker.track_future(async move {
            tokio::select! { () = hard.cancelled() => {} () = task => {} }
        }));
    }

    /// Begins the soft stop, waits at most `grace`, then drops the remaining tasks. True when no task has failed.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.soft.cancel();
        self.tracker.close();
        if tokio::time::timeout(grace, self.tracker.wait()).await.is_err() {
            tracing::warn!("tasks did not end in time; dropping them");
            self.hard.cancel();
            self.tracker.wait().await;
        }
        !self.failed.load(std::sync::atomic::Ordering::SeqCst)
    }
}
