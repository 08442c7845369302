//! One line of a timeline.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::workflow::{ActionKind, Role};

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// It came in.
    Received,
    /// Its state changed.
    Transition,
    /// A deadline is near.
    Reminder,
    /// A deadline has passed.
    Escalation,
    /// Somebody raised the level.
    EscalatedByHand,
    /// A deadline moved: the calendar, the hours or the agency changed.
    Rescheduled,
    /// The reporter rated it.
    Rated,
    /// The identity, or texts and files, were erased; the reason says which.
    Erased,
    /// Another report became a part of it.
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

/// One line of a timeline, without anything personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When; never before the line above.
    pub at: DateTime<Utc>,
    /// What it tells.
    pub kind: EntryKind,
    /// What was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionKind>,
    /// Who did it, or who is told by a reminder or an escalation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Key of the state before; empty for the first line.
    pub from: String,
    /// Key of the state after; the same when it did not change.
    pub to: String,
    /// Id of the agency before.
    pub from_agency: String,
    /// Id of the agency after.
    pub to_agency: String,
    /// Id of the unit before; may be empty.
    pub from_unit: String,
    /// Id of the unit after; may be empty.
    pub to_unit: String,
    /// Key of the class after.
    pub class: String,
    /// Key of the category after; may be empty.
    pub category: String,
    /// Key of the clock it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Level of escalation told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<i32>,
    /// When the clock was due before, for `Rescheduled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<DateTime<Utc>>,
    /// When the clock is due: by `Rescheduled` now, by a reminder or an escalation the deadline told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DateTime<Utc>>,
    /// Key of the reason for archiving, or of what was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Id of the report of which it became a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// Id of the report that became a part of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<String>,
    /// Stars given, 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<u8>,
}
