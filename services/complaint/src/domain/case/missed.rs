//! Deadlines that passed while somebody held a report. What happens to the report afterwards (an answer, archiving,
//! merging, forwarding) does not undo them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A deadline that passed, with who held the report then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// Key of the clock.
    pub clock: String,
    /// When this run of the clock started.
    pub started_at: DateTime<Utc>,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; empty when the agency had not assigned it to a unit.
    pub unit: String,
}
