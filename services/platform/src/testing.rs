//! For tests: waiting for a condition.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

/// Asks `condition` again until it is met; `None` after `deadline`.
pub async fn eventually<T, F>(deadline: Duration, mut condition: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + deadline;
    loop {
        if let Some(met) = condition().await {
            return Some(met);
        }
        if Instant::now() >= end {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
