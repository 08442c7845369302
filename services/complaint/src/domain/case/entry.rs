//! Lines of a timeline.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::workflow::{ActionKind, Role};

/// The kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The report was received.
    Received,
    /// The state changed.
    Transition,
    /// A deadline is near.
    Reminder,
    /// A deadline has passed.
    Escalation,
    /// Somebody raised the escalation level.
    EscalatedByHand,
    /// A deadline moved, because the calendar, the working hours or the agency changed.
    Rescheduled,
    /// The reporter rated the report.
    Rated,
    /// The identity, or the texts and attachments, were erased; `reason` says which.
    Erased,
    /// Another report was merged into this one.
    Merged,
}

impl EntryKind {
    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Transition => "transition",
            Self::Reminder => "reminder",
            Self::Escalation => "escalation",
            Self::EscalatedByHand => "escalated_by_hand",
            Self::Rescheduled => "rescheduled",
            Self::Rated => "rated",
            Self::Erased => "erased",
            Self::Merged => "merged",
        }
    }
}

/// One line of a timeline, without personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Time of the event; never before that of the previous line.
    pub at: DateTime<Utc>,
    /// The kind of line.
    pub kind: EntryKind,
    /// The action that was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionKind>,
    /// Who took the action, or to whom a reminder or an escalation is addressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Key of the previous state; empty for the first line.
    pub from: String,
    /// Key of the new state; equal to `from` when the state did not change.
    pub to: String,
    /// Id of the previous agency.
    pub from_agency: String,
    /// Id of the new agency.
    pub to_agency: String,
    /// Id of the previous unit; may be empty.
    pub from_unit: String,
    /// Id of the new unit; may be empty.
    pub to_unit: String,
    /// Key of the new class.
    pub class: String,
    /// Key of the new category; may be empty.
    pub category: String,
    /// Key of the clock that the line is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Escalation level that was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<i32>,
    /// For `Rescheduled`, the previous due time of the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<DateTime<Utc>>,
    /// Due time of the clock: the new one for `Rescheduled`, the one concerned for a reminder or an escalation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DateTime<Utc>>,
    /// Key of the reason for archiving, or of what was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Id of the report that this one was merged into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// Id of the report that was merged into this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<String>,
    /// Number of stars, 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<u8>,
}
