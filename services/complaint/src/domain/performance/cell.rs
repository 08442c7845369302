//! What is counted of a report, and where.

use crate::domain::case::Channel;

/// What is counted of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// It came in and is no part of another one.
    Received,
    /// It was archived with a reason.
    Archived,
    /// It became a part of another one; then nothing else of it counts.
    Merged,
    /// It was verified.
    Verified,
    /// It was verified within the deadline of verification, or without one.
    VerifiedInTime,
    /// It is closed.
    Resolved,
    /// It is closed, and was answered within the deadline of its class, or of a class without one.
    ResolvedInTime,
    /// It is neither closed nor archived, and a deadline was told as passed: that of verification while it is not
    /// verified, or that of its class. A clock that has stopped, as at a forward, tells nothing any more.
    Overdue,
    /// It is neither closed nor archived.
    Open,
    /// It was opened again at least once.
    Reopened,
    /// It was rated last with so many stars.
    Rating,
    /// It is closed, so many working days after its disposition.
    Days,
    /// It is closed, and what closed it was answered so many working days after its disposition.
    ResponseDays,
    /// It was first answered within so many clock hours, rounded up.
    ResponseHours,
}

impl Measure {
    /// All measures.
    pub const ALL: [Self; 14] = [
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
        }
    }

    /// The measure with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.key() == key)
    }
}

/// Where a report is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Id of the agency that has it.
    pub agency: String,
    /// Id of the unit that has it.
    pub unit: String,
    /// When it was received: year * 100 + month, in Jakarta.
    pub month: i64,
    /// Key of its class; empty where the measure is not split.
    pub class: String,
    /// How it came; `None` where the measure is not split.
    pub channel: Option<Channel>,
    /// Whether it came by SP4N; false where the measure is not split.
    pub sp4n: bool,
    /// What is counted.
    pub measure: Measure,
    /// The stars, days or hours; 0 where there are none.
    pub bucket: i64,
}
