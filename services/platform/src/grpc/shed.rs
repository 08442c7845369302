//! Calls that are shed leave one line a second together: a flood must neither fill the log nor cost what a line costs.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::failure::Failure;

const PAUSE: Duration = Duration::from_secs(1);

/// Counts what was shed since the last line.
#[derive(Debug, Default)]
pub(super) struct Shed {
    since: Mutex<Since>,
}

#[derive(Debug, Default)]
struct Since {
    line: Option<Instant>,
    calls: u64,
}

impl Shed {
    /// Notes a call to `method` that was shed. The line tells of the last one, and how many there were; each is in the
    /// metric `grpc.refused`, with the limit and whose share it was.
    pub(super) fn note(&self, method: &str, failure: &Failure) {
        if let Some(calls) = self.count(Instant::now()) {
            tracing::warn!(calls, %method, reason = failure.reason, error = %failure.message, "calls are shed");
        }
    }

    /// How many calls a line is to tell of; none when one was written just now.
    fn count(&self, now: Instant) -> Option<u64> {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.calls += 1;
        if since.line.is_some_and(|line| now < line + PAUSE) {
            return None;
        }
        since.line = Some(now);
        Some(std::mem::take(&mut since.calls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_one_line_and_every_call_is_told_of() {
        let (shed, start) = (Shed::default(), Instant::now());
        let told: Vec<u64> = (0..2500_u32)
            .filter_map(|n| shed.count(start + Duration::from_millis(1) * n))
            .collect();
        assert_eq!(told, [1, 1000, 1000]);
    }
}
