//! Working time: working days of the national calendar, hours of an agency, its time zone, pauses.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How long a deadline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Working days: it ends with the agency's hours on the last of them.
    WorkingDays(u32),
    /// Calendar days: it ends after so many times 24 hours; 0 ends at once.
    Days(u32),
}

/// A time in which a clock stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended; `None` while it goes on.
    pub to: Option<DateTime<Utc>>,
}

/// One running deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The event from which it counts.
    pub started_at: DateTime<Utc>,
    /// How long it is.
    pub length: Length,
    /// Pauses in order; only the last may go on.
    pub pauses: Vec<Pause>,
    /// When what it waits for happened; `None` while it runs.
    pub stopped_at: Option<DateTime<Utc>>,
    /// When it is due as computed last; kept so that a change can be told.
    pub due: Option<Due>,
}

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The time.
    pub at: DateTime<Utc>,
    /// Whether it passes the last year whose calendar is loaded, and so may still change.
    pub provisional: bool,
}

/// The working time of one agency.
#[derive(Debug, Clone, Copy)]
pub struct WorkTime;

impl WorkTime {
    /// When a clock is due; `None` while it is paused or when it has stopped.
    pub fn due(&self, clock: &Clock) -> Option<Due> {
        clock.due
    }
}
