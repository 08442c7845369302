//! The parts of a workflow: classes, states, transitions, deadlines and escalation levels.

use prima_platform::failure::Violation;
use serde::{Deserialize, Serialize};

use crate::domain::worktime::Length;

/// A fault of a document, with its path.
pub type Fault = Violation;

/// Key of the verification clock, on which `Case::verified_in_time` depends.
pub const VERIFICATION: &str = "verification";

/// The role in which somebody acts on a report (`sp4n.json`: roles).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Pelapor: submits, completes, replies and rates.
    Reporter,
    /// Pejabat penghubung: follows up and answers for a unit.
    LiaisonOfficer,
    /// Admin koordinator instansi: verifies reports and assigns them to units.
    CoordinatorAdmin,
    /// Admin nasional: supervises all agencies, forwards reports and reminds agencies.
    NationalAdmin,
    /// The system itself, when a time has come.
    System,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [
        Self::Reporter,
        Self::LiaisonOfficer,
        Self::CoordinatorAdmin,
        Self::NationalAdmin,
        Self::System,
    ];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::LiaisonOfficer => "liaison_officer",
            Self::CoordinatorAdmin => "coordinator_admin",
            Self::NationalAdmin => "national_admin",
            Self::System => "system",
        }
    }

    /// The role with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.key() == key)
    }

    /// Indonesian label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Reporter => "Pelapor",
            Self::LiaisonOfficer => "Pejabat penghubung",
            Self::CoordinatorAdmin => "Admin koordinator instansi",
            Self::NationalAdmin => "Admin nasional",
            Self::System => "Sistem",
        }
    }

    /// Whether this role includes the rights of `other`: those of a liaison officer are included in those of the
    /// coordinator, and those of the coordinator in those of the national admin. Every role includes itself.
    pub fn includes(self, other: Self) -> bool {
        match self {
            Self::NationalAdmin => matches!(
                other,
                Self::NationalAdmin | Self::CoordinatorAdmin | Self::LiaisonOfficer
            ),
            Self::CoordinatorAdmin => matches!(other, Self::CoordinatorAdmin | Self::LiaisonOfficer),
            Self::Reporter | Self::LiaisonOfficer | Self::System => self == other,
        }
    }
}

/// The kinds of actions on a report; `case::Action` adds their data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Start the verification.
    StartVerification,
    /// Disposisi: assign it to a unit, with its class and category.
    Disposition,
    /// Ask the reporter to complete it.
    Hold,
    /// Archive it with a reason.
    Reject,
    /// Forward it to the responsible agency or unit.
    Forward,
    /// Archive it as merged into another report.
    Merge,
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

impl ActionKind {
    /// All actions.
    pub const ALL: [Self; 12] = [
        Self::StartVerification,
        Self::Disposition,
        Self::Hold,
        Self::Reject,
        Self::Forward,
        Self::Merge,
        Self::StartFollowUp,
        Self::Respond,
        Self::Reply,
        Self::Close,
        Self::Reopen,
        Self::Expire,
    ];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::StartVerification => "start_verification",
            Self::Disposition => "disposition",
            Self::Hold => "hold",
            Self::Reject => "reject",
            Self::Forward => "forward",
            Self::Merge => "merge",
            Self::StartFollowUp => "start_follow_up",
            Self::Respond => "respond",
            Self::Reply => "reply",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Expire => "expire",
        }
    }

    /// Indonesian label.
    pub fn label(self) -> &'static str {
        match self {
            Self::StartVerification => "mulai verifikasi",
            Self::Disposition => "disposisi",
            Self::Hold => "minta kelengkapan",
            Self::Reject => "arsipkan dengan alasan",
            Self::Forward => "alihkan",
            Self::Merge => "gabungkan",
            Self::StartFollowUp => "mulai tindak lanjut",
            Self::Respond => "tanggapi",
            Self::Reply => "balas",
            Self::Close => "selesaikan",
            Self::Reopen => "buka lagi",
            Self::Expire => "arsipkan karena tidak dilengkapi",
        }
    }

    /// The action with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.key() == key)
    }

    /// Whether it archives the report, so that it must lead to a terminal state.
    pub fn archives(self) -> bool {
        matches!(self, Self::Reject | Self::Merge | Self::Expire)
    }
}

/// A source of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Citation {
    /// The regulation.
    pub citation: String,
    /// What the regulation has to do with the workflow.
    pub role: String,
    /// How reliable the source is, in the terms of `domain.md`.
    pub confidence: String,
}

/// A class of reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Stable key.
    pub key: String,
    /// Official Indonesian name.
    pub label: String,
    /// The deadline for its resolution; `None` without one.
    pub deadline: Option<Length>,
    /// Key of its flow.
    pub flow: String,
    /// How reliable the source is.
    pub confidence: String,
}

/// A state of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Stable key.
    pub key: String,
    /// Indonesian label for officials.
    pub label: String,
    /// Indonesian label for the reporter and the public.
    pub public_label: String,
    /// Whether reports begin in this state; true for exactly one state of a flow.
    pub initial: bool,
    /// Whether no transition leaves this state.
    pub terminal: bool,
}

/// A transition from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Key of the state that it leaves.
    pub from: String,
    /// Key of the state that it leads to.
    pub to: String,
    /// The action that takes it.
    pub action: ActionKind,
    /// The roles that may take it, besides those that include them.
    pub roles: Vec<Role>,
    /// Indonesian label.
    pub label: String,
    /// Whether another action may take it first: an officer who acts on a report that nobody has picked up yet picks it
    /// up by that.
    pub implied: bool,
    /// Key of the clock that must not be over; `None` when the transition is always possible.
    pub within: Option<String>,
    /// How reliable the source is; empty when it is that of the flow.
    pub confidence: String,
}

impl Transition {
    /// Whether `role` may take it.
    pub fn allows(&self, role: Role) -> bool {
        self.roles.iter().any(|r| role.includes(*r))
    }
}

/// The states and transitions that one or several classes follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Stable key.
    pub key: String,
    /// Indonesian label.
    pub label: String,
    /// How reliable the source is.
    pub confidence: String,
    /// States.
    pub states: Vec<State>,
    /// Transitions; at most one for a state and an action.
    pub transitions: Vec<Transition>,
}

impl Flow {
    /// The initial state; every parsed flow has one.
    pub fn initial(&self) -> Option<&State> {
        self.states.iter().find(|s| s.initial)
    }

    /// The state with this key.
    pub fn state(&self, key: &str) -> Option<&State> {
        self.states.iter().find(|s| s.key == key)
    }

    /// The transition that `action` takes from `state` directly.
    pub fn transition(&self, state: &str, action: ActionKind) -> Option<&Transition> {
        self.transitions
            .iter()
            .find(|t| t.from == state && t.action == action)
    }

    /// The transitions that `action` takes from `state`: only its own, or an implied one followed by its own.
    pub fn path(&self, state: &str, action: ActionKind) -> Option<(Option<&Transition>, &Transition)> {
        if let Some(own) = self.transition(state, action) {
            return Some((None, own));
        }
        let implied = self.transitions.iter().find(|t| t.from == state && t.implied)?;
        let own = self.transition(&implied.to, action)?;
        Some((Some(implied), own))
    }

    /// The actions that `role` may take in `state`, including those that need an implied transition first.
    pub fn actions(&self, state: &str, role: Role) -> Vec<ActionKind> {
        let may = |action: &ActionKind| {
            self.path(state, *action)
                .is_some_and(|(implied, own)| own.allows(role) && implied.is_none_or(|t| t.allows(role)))
        };
        ActionKind::ALL.into_iter().filter(may).collect()
    }
}

/// How long a clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockLength {
    /// The deadline of the class, or the one that the unit promises for it; the clock does not run for a class without
    /// a deadline.
    Class,
    /// A fixed length.
    Fixed(Length),
}

/// The states in which a clock stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stops {
    /// These states.
    On(Vec<String>),
    /// All states in which it neither starts nor pauses; `"others"` in data.
    Others,
}

/// What happens when a clock is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDue {
    /// Nothing: it is a window, which only `Transition::within` refers to.
    Nothing,
    /// Reminders and escalations at the levels of the workflow.
    Escalate,
    /// The system takes this action.
    Act(ActionKind),
}

/// When a clock starts, pauses and stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRule {
    /// Stable key.
    pub key: String,
    /// Indonesian label.
    pub label: String,
    /// How long it is.
    pub length: ClockLength,
    /// States that start it; each entry starts it again.
    pub starts_on: Vec<String>,
    /// States that stop it.
    pub stops_on: Stops,
    /// States in which it is paused.
    pub pauses_in: Vec<String>,
    /// What happens when it is due.
    pub on_due: OnDue,
    /// Source of the rule; empty when there is none.
    pub citation: String,
    /// How reliable the source is.
    pub confidence: String,
}

impl ClockRule {
    /// Whether entering `state` starts it.
    pub fn starts(&self, state: &str) -> bool {
        self.starts_on.iter().any(|s| s == state)
    }

    /// Whether it is paused in `state`.
    pub fn pauses(&self, state: &str) -> bool {
        self.pauses_in.iter().any(|s| s == state)
    }

    /// Whether entering `state` stops it.
    pub fn stops(&self, state: &str) -> bool {
        match &self.stops_on {
            Stops::On(states) => states.iter().any(|s| s == state),
            Stops::Others => !self.starts(state) && !self.pauses(state),
        }
    }
}

/// An escalation level: when somebody is notified that a deadline is near or has passed, and in which role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// 0 for the reminder, then 1, 2, ….
    pub level: i32,
    /// Indonesian label.
    pub label: String,
    /// Working days after the deadline; negative for days before it.
    pub working_days: i32,
    /// The role that is notified.
    pub role: Role,
    /// How reliable the source is.
    pub confidence: String,
}

/// A reason for archiving a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// Stable key.
    pub key: String,
    /// Indonesian label.
    pub label: String,
}

/// A workflow: everything that governs the life of a report, in one version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workflow {
    /// Version, such as `sp4n-2018`.
    pub id: String,
    /// Indonesian title.
    pub title: String,
    /// Sources.
    pub basis: Vec<Citation>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Flows.
    pub flows: Vec<Flow>,
    /// Clocks.
    pub clocks: Vec<ClockRule>,
    /// Escalation levels in order of time; the first is the reminder.
    pub escalations: Vec<Level>,
    /// Reasons for which a report may be rejected. A wrong address is never one (no wrong door).
    pub rejection_reasons: Vec<Reason>,
    /// The reason that `expire` records.
    pub completion: Reason,
}

impl Workflow {
    /// The class with this key.
    pub fn class(&self, key: &str) -> Option<&Class> {
        self.classes.iter().find(|c| c.key == key)
    }

    /// The flow of a class.
    pub fn flow_of(&self, class: &str) -> Option<&Flow> {
        let flow = &self.class(class)?.flow;
        self.flows.iter().find(|f| f.key == *flow)
    }

    /// The clock with this key.
    pub fn clock(&self, key: &str) -> Option<&ClockRule> {
        self.clocks.iter().find(|c| c.key == key)
    }

    /// The clock whose length is that of the class: the deadline for the resolution.
    pub fn resolution(&self) -> Option<&ClockRule> {
        self.clocks.iter().find(|c| c.length == ClockLength::Class)
    }

    /// The rejection reason with this key.
    pub fn rejection_reason(&self, key: &str) -> Option<&Reason> {
        self.rejection_reasons.iter().find(|r| r.key == key)
    }

    /// The highest level of escalation; 0 when there is none.
    pub fn top_level(&self) -> i32 {
        self.escalations.iter().map(|l| l.level).max().unwrap_or_default()
    }
}
