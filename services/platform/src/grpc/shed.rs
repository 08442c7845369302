//! Logs the calls that are shed, in one line a second for all of them: a flood must neither fill the log nor slow the
//! server by logging.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::failure::Failure;

const PAUSE: Duration = Duration::from_secs(1);

/// Counts the calls that were shed since the last log line.
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
    /// Counts a call to `method` that was shed. The log line describes the last one and says how many there were; the
    /// metric `grpc.refused` counts each with its limit and the kind of holder.
    pub(super) fn note(&self, method: &str, failure: &Failure) {
        if let Some(calls) = self.count(Instant::now()) {
            tracing::warn!(calls, %method, reason = failure.reason, error = %failure.message, "calls are shed");
        }
    }

    /// How many calls a log line is to report; `None` when one was written within the last second.
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
    fn a_second_has_one_line_and_every_call_is_counted() {
        let (shed, start) = (Shed::default(), Instant::now());
        let reported: Vec<u64> = (0..2500_u32)
            .filter_map(|n| shed.count(start + Duration::from_millis(1) * n))
            .collect();
        assert_eq!(reported, [1, 1000, 1000]);
    }
}
