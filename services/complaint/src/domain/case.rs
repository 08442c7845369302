//! One report through its life: actions, clocks, what the system does by itself. Nothing personal is in here.

mod act;
mod clocks;
mod entry;
pub mod erase;
mod time;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use entry::{Entry, EntryKind};

use super::{
    workflow::{ActionKind, Role, Workflow},
    worktime::{Clock, Due},
};

/// How a report came in (`sp4n.json`: channels, and the ways in which units take reports themselves).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A site.
    Web,
    /// An application on a phone.
    MobileApp,
    /// A short message.
    Sms,
    /// A message in a social medium.
    SocialMedia,
    /// At the counter.
    FaceToFace,
    /// On paper.
    Letter,
    /// Another system that is connected.
    Integrated,
    /// By e-mail.
    Email,
    /// By telephone.
    Phone,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 9] = [
        Self::Web,
        Self::MobileApp,
        Self::Sms,
        Self::SocialMedia,
        Self::FaceToFace,
        Self::Letter,
        Self::Integrated,
        Self::Email,
        Self::Phone,
    ];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::MobileApp => "mobile_app",
            Self::Sms => "sms",
            Self::SocialMedia => "social_media",
            Self::FaceToFace => "face_to_face",
            Self::Letter => "letter",
            Self::Integrated => "integrated",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// The channel with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.key() == key)
    }
}

/// Who closed a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closer {
    /// The reporter, content with the answer.
    Reporter,
    /// The system, when the time for a reply was over.
    System,
}

/// What is known of a report when it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// Key of the class.
    pub class: String,
    /// Key of the category; may be empty.
    pub category: String,
    /// How it came.
    pub channel: Channel,
    /// Whether it came by SP4N.
    pub sp4n: bool,
    /// Anonim: the reporter is hidden from the public and the unit.
    pub anonymous: bool,
    /// Rahasia: the content is hidden from the public.
    pub confidential: bool,
    /// Id of the agency it was sent to.
    pub agency: String,
    /// Id of the unit; empty until known.
    pub unit: String,
}

/// A report, as far as its life is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Key of the class.
    pub class: String,
    /// Key of the category; may be empty.
    pub category: String,
    /// How it came.
    pub channel: Channel,
    /// Whether it came by SP4N.
    pub sp4n: bool,
    /// Anonim: the reporter is hidden from the public and the unit.
    pub anonymous: bool,
    /// Rahasia: the content is hidden from the public.
    pub confidential: bool,
    /// Id of the agency that has it.
    pub agency: String,
    /// Id of the unit that has it; empty until known.
    pub unit: String,
    /// Key of the state.
    pub state: String,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// What led to the state; `None` before anything was done.
    pub state_by: Option<ActionKind>,
    /// The last event; none is ever written before it.
    pub changed_at: DateTime<Utc>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// Clocks by key: the last run of each, running or stopped.
    pub clocks: BTreeMap<String, Clock>,
    /// Highest level told in the run of a clock.
    pub fired: BTreeMap<String, i32>,
    /// Level of escalation now; 0 without. Falls when a deadline that escalates is met or begins anew.
    pub level: i32,
    /// When the agency that has it had verified it: disposition or archiving with a reason; begins anew when forwarded.
    pub verified_at: Option<DateTime<Utc>>,
    /// Whether that was in time.
    pub verified_in_time: Option<bool>,
    /// Last disposition.
    pub dispositioned_at: Option<DateTime<Utc>>,
    /// First answer.
    pub first_response_at: Option<DateTime<Utc>>,
    /// Last answer.
    pub responded_at: Option<DateTime<Utc>>,
    /// When it was closed; `None` again once reopened.
    pub closed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub closed_by: Option<Closer>,
    /// Whether the answer with which it was closed came within the deadline of its class; `None` while it is not
    /// closed and for classes without deadline.
    pub resolved_in_time: Option<bool>,
    /// Working days from the last disposition to closing, counted with the calendar of that day; `None` while it is not
    /// closed.
    pub days_to_close: Option<u32>,
    /// The same to the answer with which it was closed.
    pub days_to_answer: Option<u32>,
    /// Key of the reason for which it was archived.
    pub archive_reason: Option<String>,
    /// Id of the report of which it became a part.
    pub merged_into: Option<String>,
    /// How often it was reopened.
    pub reopened: u32,
    /// Last rating, 1 to 5.
    pub rating: Option<u8>,
    /// When it was given; `None` again once reopened, so that the next closing can be rated.
    pub rated_at: Option<DateTime<Utc>>,
    /// How often it was forwarded.
    pub hops: u32,
}

impl Case {
    /// Whether somebody still has something to do: neither closed nor archived.
    pub fn is_open(&self) -> bool {
        !self.is_settled()
    }

    /// Whether nothing can happen to it any more, except by reopening within the window.
    pub fn is_settled(&self) -> bool {
        self.state_by
            .is_some_and(|by| by.archives() || by == ActionKind::Close)
    }

    /// Whether it stands answered, and so can be rated.
    pub fn is_answered(&self) -> bool {
        matches!(self.state_by, Some(ActionKind::Respond | ActionKind::Close))
    }

    /// The deadline to show: the key of the clock and the time, the earliest of those that run and escalate.
    pub fn next_due<'w>(&self, workflow: &'w Workflow) -> Option<(&'w str, Due)> {
        self.escalating(workflow)
            .filter_map(|(rule, clock)| Some((rule.key.as_str(), clock.due?)))
            .min_by_key(|(_, due)| due.at)
    }
}

/// An action with what it needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Takes it up for verification.
    StartVerification,
    /// Gives it to a unit; the class and category as verified.
    Disposition {
        /// Id of the unit.
        unit: String,
        /// Key of the class.
        class: String,
        /// Key of the category.
        category: String,
    },
    /// Asks the reporter to complete it.
    Hold,
    /// Archives it.
    Reject {
        /// Key of the reason.
        reason: String,
    },
    /// Passes it on.
    Forward {
        /// Id of the agency.
        agency: String,
        /// Id of the unit; empty when not known.
        unit: String,
    },
    /// Archives it as a part of another report.
    Merge {
        /// Id of the other report; that it is another is for the caller to check.
        into: String,
    },
    /// The unit begins to follow it up.
    StartFollowUp,
    /// Answers it.
    Respond,
    /// The reporter completes it, or replies to an answer.
    Reply,
    /// Ends it.
    Close,
    /// Takes it up again.
    Reopen,
    /// Archives it since the reporter did not complete it.
    Expire,
}

impl Action {
    /// What it is, without its data.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::StartVerification => ActionKind::StartVerification,
            Self::Disposition { .. } => ActionKind::Disposition,
            Self::Hold => ActionKind::Hold,
            Self::Reject { .. } => ActionKind::Reject,
            Self::Forward { .. } => ActionKind::Forward,
            Self::Merge { .. } => ActionKind::Merge,
            Self::StartFollowUp => ActionKind::StartFollowUp,
            Self::Respond => ActionKind::Respond,
            Self::Reply => ActionKind::Reply,
            Self::Close => ActionKind::Close,
            Self::Reopen => ActionKind::Reopen,
            Self::Expire => ActionKind::Expire,
        }
    }
}

/// Why something cannot be done; the case is as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The class is not in the workflow.
    UnknownClass,
    /// The state does not allow the action.
    IllegalTransition {
        /// Key of the state.
        state: String,
        /// What was to be done.
        action: ActionKind,
        /// What the role may do in this state.
        allowed: Vec<ActionKind>,
    },
    /// The state allows it, but not to this role.
    WrongRole {
        /// Who may.
        needs: Vec<Role>,
    },
    /// The time for it is over.
    WindowPassed {
        /// Key of the clock.
        clock: String,
    },
    /// The reason is not in the workflow.
    UnknownReason,
    /// It is to be forwarded to where it is.
    SameAgency,
    /// A rating has 1 to 5 stars.
    StarsOutOfRange,
    /// Only what was answered is rated.
    NotAnswered,
    /// It was rated since it was last opened.
    AlreadyRated,
    /// There is no level above.
    TopLevel,
    /// It is closed or archived.
    Settled,
}

impl Refusal {
    /// Stable reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownClass => "UNKNOWN_CLASS",
            Self::IllegalTransition { .. } => "ILLEGAL_TRANSITION",
            Self::WrongRole { .. } => "WRONG_ROLE",
            Self::WindowPassed { .. } => "WINDOW_PASSED",
            Self::UnknownReason => "UNKNOWN_REASON",
            Self::SameAgency => "SAME_AGENCY",
            Self::StarsOutOfRange => "STARS_OUT_OF_RANGE",
            Self::NotAnswered => "NOT_ANSWERED",
            Self::AlreadyRated => "ALREADY_RATED",
            Self::TopLevel => "TOP_LEVEL",
            Self::Settled => "SETTLED",
        }
    }
}

#[cfg(test)]
mod tests;
