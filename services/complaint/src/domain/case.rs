//! The life of one report: actions, clocks, and what the system does when time has passed. It contains no personal
//! data.

mod act;
mod clocks;
mod entry;
pub mod erase;
mod missed;
mod time;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use entry::{Entry, EntryKind};
pub use missed::Missed;

use super::{
    workflow::{ActionKind, Role, Workflow},
    worktime::{Clock, Due},
};

/// The channel by which a report came in (`sp4n.json`: channels, and how units receive reports themselves).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A web site.
    Web,
    /// A mobile application.
    MobileApp,
    /// An SMS.
    Sms,
    /// A message in social media.
    SocialMedia,
    /// At the counter.
    FaceToFace,
    /// A letter.
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
    /// The reporter, who accepted the answer.
    Reporter,
    /// The system, when the reply window was over.
    System,
}

/// A new report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// Key of the class.
    pub class: String,
    /// Key of the category; may be empty.
    pub category: String,
    /// The channel by which it came.
    pub channel: Channel,
    /// Whether it came through SP4N.
    pub sp4n: bool,
    /// Anonim: the reporter is hidden from the public and the unit.
    pub anonymous: bool,
    /// Rahasia: the content is hidden from the public.
    pub confidential: bool,
    /// Id of the agency to which it is addressed.
    pub agency: String,
    /// Id of the unit; empty while unknown.
    pub unit: String,
}

/// The state of a report and the facts from which figures are computed. It is stored as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Key of the class.
    pub class: String,
    /// Key of the category; may be empty.
    pub category: String,
    /// The channel by which it came.
    pub channel: Channel,
    /// Whether it came through SP4N.
    pub sp4n: bool,
    /// Anonim: the reporter is hidden from the public and the unit.
    pub anonymous: bool,
    /// Rahasia: the content is hidden from the public.
    pub confidential: bool,
    /// Id of the agency that handles it.
    pub agency: String,
    /// Id of the unit that handles it; empty while unknown.
    pub unit: String,
    /// Key of the state.
    pub state: String,
    /// When the state was entered.
    pub state_since: DateTime<Utc>,
    /// The action that led to the state; `None` before the first action.
    pub state_by: Option<ActionKind>,
    /// Time of the last event; no later event is given an earlier time.
    pub changed_at: DateTime<Utc>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// Clocks by key: the latest run of each, running or stopped.
    pub clocks: BTreeMap<String, Clock>,
    /// For each clock, the highest escalation level reached in its current run; 0 is the reminder.
    pub fired: BTreeMap<String, i32>,
    /// Current escalation level; 0 without one. It falls when an escalating deadline is met or starts again.
    pub level: i32,
    /// When the current agency had verified it, by disposition or by archiving it with a reason. Forwarding resets it.
    pub verified_at: Option<DateTime<Utc>>,
    /// Whether the verification was in time.
    pub verified_in_time: Option<bool>,
    /// Time of the last disposition.
    pub dispositioned_at: Option<DateTime<Utc>>,
    /// Time of the first answer.
    pub first_response_at: Option<DateTime<Utc>>,
    /// Time of the last answer.
    pub responded_at: Option<DateTime<Utc>>,
    /// When it was closed; reset by reopening.
    pub closed_at: Option<DateTime<Utc>>,
    /// Who closed it.
    pub closed_by: Option<Closer>,
    /// Whether the answer with which it was closed came within the deadline of its class; `None` while it is not
    /// closed, and for classes without a deadline.
    pub resolved_in_time: Option<bool>,
    /// Working days from the last disposition to the closing, counted with the calendar that was valid then; `None`
    /// while it is not closed.
    pub days_to_close: Option<u32>,
    /// Working days from the last disposition to the answer with which it was closed.
    pub days_to_answer: Option<u32>,
    /// Key of the reason for archiving.
    pub archive_reason: Option<String>,
    /// Id of the report that it was merged into.
    pub merged_into: Option<String>,
    /// How often it was reopened.
    pub reopened: u32,
    /// Last rating, 1 to 5.
    pub rating: Option<u8>,
    /// When the last rating was given; reset by reopening, so that the next closing can be rated.
    pub rated_at: Option<DateTime<Utc>>,
    /// How often it was forwarded.
    pub hops: u32,
    /// Deadlines that passed, each with who held the report then. They are stored in a column of their own, because a
    /// process of an earlier release, which may run beside this one, would drop them from the facts.
    #[serde(skip)]
    pub missed: Vec<Missed>,
}

impl Case {
    /// Whether somebody still has to act on it: it is neither closed nor archived.
    pub fn is_open(&self) -> bool {
        !self.is_settled()
    }

    /// Whether it is closed or archived. A closed report can still be reopened within the window.
    pub fn is_settled(&self) -> bool {
        self.state_by
            .is_some_and(|by| by.archives() || by == ActionKind::Close)
    }

    /// Whether it is in an answered or closed state, and so can be rated.
    pub fn is_answered(&self) -> bool {
        matches!(self.state_by, Some(ActionKind::Respond | ActionKind::Close))
    }

    /// The deadline to show: key and due time of the running escalating clock that is due first.
    pub fn next_due<'w>(&self, workflow: &'w Workflow) -> Option<(&'w str, Due)> {
        self.escalating(workflow)
            .filter_map(|(rule, clock)| Some((rule.key.as_str(), clock.due?)))
            .min_by_key(|(_, due)| due.at)
    }
}

/// An action of the workflow, with its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start the verification.
    StartVerification,
    /// Assign it to a unit (disposisi), with the verified class and category.
    Disposition {
        /// Id of the unit.
        unit: String,
        /// Key of the class.
        class: String,
        /// Key of the category.
        category: String,
    },
    /// Ask the reporter to complete it.
    Hold,
    /// Archive it with a reason.
    Reject {
        /// Key of the reason.
        reason: String,
    },
    /// Forward it.
    Forward {
        /// Id of the agency.
        agency: String,
        /// Id of the unit; empty when unknown.
        unit: String,
    },
    /// Archive it as merged into another report.
    Merge {
        /// Id of the other report; the caller must check that it is not the same one.
        into: String,
    },
    /// The unit starts the follow-up.
    StartFollowUp,
    /// Answer it.
    Respond,
    /// The reporter completes it, or replies to an answer.
    Reply,
    /// Close it.
    Close,
    /// Reopen it.
    Reopen,
    /// Archive it because the reporter did not complete it in time.
    Expire,
}

impl Action {
    /// The kind of action, without its data.
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

/// Why an action is refused; the case is unchanged then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The class is not in the workflow.
    UnknownClass,
    /// The state does not allow the action.
    IllegalTransition {
        /// Key of the state.
        state: String,
        /// The action that was refused.
        action: ActionKind,
        /// The actions that the role may take in this state.
        allowed: Vec<ActionKind>,
    },
    /// The state allows the action, but not to this role.
    WrongRole {
        /// The roles that may take it.
        needs: Vec<Role>,
    },
    /// The window for the action is over.
    WindowPassed {
        /// Key of the clock.
        clock: String,
    },
    /// The reason is not one of the workflow.
    UnknownReason,
    /// The report is already there.
    SameAgency,
    /// A rating must be 1 to 5 stars.
    StarsOutOfRange,
    /// Only an answered report can be rated.
    NotAnswered,
    /// It was rated since it was last opened or answered.
    AlreadyRated,
    /// The escalation level is already the highest.
    TopLevel,
    /// The report is closed or archived.
    Settled,
}

impl Refusal {
    /// The stable reason of the error that callers get.
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
