//! Cells: what is counted about a report, and by which properties it is broken down.

use serde::{Deserialize, Serialize};

use crate::domain::case::Channel;

/// What is counted about a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// It was received and is not merged into another one.
    Received,
    /// It was archived with a reason.
    Archived,
    /// It was merged into another one; nothing else about it is counted then.
    Merged,
    /// It was verified.
    Verified,
    /// It was verified within the deadline for verification; without such a deadline it counts as in time.
    VerifiedInTime,
    /// It is closed.
    Resolved,
    /// It is closed, and was answered within the deadline of its class; without a deadline it counts as in time.
    ResolvedInTime,
    /// It is neither closed nor archived, and a deadline was escalated: that of its class, or that of verification
    /// while it is not verified. A clock that was stopped, as by forwarding, no longer counts.
    Overdue,
    /// It is neither closed nor archived.
    Open,
    /// It was reopened at least once.
    Reopened,
    /// The number of stars of its last rating.
    Rating,
    /// It is closed; the number of working days from disposition to closing.
    Days,
    /// It is closed; the number of working days from disposition to the answer that closed it.
    ResponseDays,
    /// The number of clock hours to the first answer, rounded up.
    ResponseHours,
    /// A deadline passed while this unit or agency held it, whatever happened to it before or after.
    Late,
    /// It is closed, and no deadline passed while this unit or agency held it.
    InTime,
}

impl Measure {
    /// All measures.
    pub const ALL: [Self; 16] = [
        Self::Received,
        Self::Archived,
        Self::Merged,
        Self::Verified,
        Self::VerifiedInTime,
        Self::Resolved,
        Self::ResolvedInTime,
        Self::Overdue,
        Self::Open,
        Self::Reopened,
        Self::Rating,
        Self::Days,
        Self::ResponseDays,
        Self::ResponseHours,
        Self::Late,
        Self::InTime,
    ];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Archived => "archived",
            Self::Merged => "merged",
            Self::Verified => "verified",
            Self::VerifiedInTime => "verified_in_time",
            Self::Resolved => "resolved",
            Self::ResolvedInTime => "resolved_in_time",
            Self::Overdue => "overdue",
            Self::Open => "open",
            Self::Reopened => "reopened",
            Self::Rating => "rating",
            Self::Days => "days",
            Self::ResponseDays => "response_days",
            Self::ResponseHours => "response_hours",
            Self::Late => "late",
            Self::InTime => "in_time",
        }
    }

    /// The measure with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.key() == key)
    }
}

/// The cell in which a report is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// Id of the agency that handles it.
    pub agency: String,
    /// Id of the unit that handles it; empty for what only the agency answers for.
    pub unit: String,
    /// Month of receipt in the time zone of the agency: year * 100 + month.
    pub month: i64,
    /// Key of its class; empty where the measure is not broken down.
    pub class: String,
    /// The channel by which it came; `None` where the measure is not broken down.
    pub channel: Option<Channel>,
    /// Whether it came through SP4N; false where the measure is not broken down.
    pub sp4n: bool,
    /// What is counted.
    pub measure: Measure,
    /// The stars, days or hours; 0 for measures without such a number.
    pub bucket: i64,
}
