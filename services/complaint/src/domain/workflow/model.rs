//! What a workflow is made of: classes, states, transitions, deadlines, levels of escalation.

use prima_platform::failure::Violation;
use serde::{Deserialize, Serialize};

use crate::domain::worktime::Length;

/// One thing that is wrong with a document, and where.
pub type Fault = Violation;

/// Key of the clock of verification, from which `Case::verified_at` follows.
pub const VERIFICATION: &str = "verification";

/// Who acts on a report (`sp4n.json`: roles).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Pelapor: sends, completes, replies, rates.
    Reporter,
    /// Pejabat penghubung: follow-up and answer of a unit.
    LiaisonOfficer,
    /// Admin koordinator instansi: verifies, assigns to units.
    CoordinatorAdmin,
    /// Admin nasional: checks, passes on, reminds.
    NationalAdmin,
    /// The system by itself, when a time has come.
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

    /// Name for people, in Indonesian.
    pub fn label(self) -> &'static str {
        match self {
            Self::Reporter => "Pelapor",
            Self::LiaisonOfficer => "Pejabat penghubung",
            Self::CoordinatorAdmin => "Admin koordinator instansi",
            Self::NationalAdmin => "Admin nasional",
            Self::System => "Sistem",
        }
    }

    /// Whether it may do what is left to `other`: the coordinator all that a liaison officer may, the national admin
    /// all that a coordinator may, everyone what is their own.
    pub fn stands_for(self, other: Self) -> bool {
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

/// What can be done to a report; `case::Action` is the same with what it needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Takes it up for verification.
    StartVerification,
    /// Disposisi: gives it to a unit, with its class and category.
    Disposition,
    /// Asks the reporter to complete it.
    Hold,
    /// Archives it with a reason.
    Reject,
    /// Passes it to the agency or unit in charge.
    Forward,
    /// Archives it as a part of another report.
    Merge,
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

    /// Name for people, in Indonesian.
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

    /// Whether it ends the report for good: only a terminal state may follow it.
    pub fn archives(self) -> bool {
        matches!(self, Self::Reject | Self::Merge | Self::Expire)
    }
}

/// A source of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Citation {
    /// The regulation.
    pub citation: String,
    /// What it has to do with this.
    pub role: String,
    /// How sure it is, in the words of `domain.md`.
    pub mark: String,
}

/// A class of reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Stable key.
    pub key: String,
    /// Official name, in Indonesian.
    pub label: String,
    /// How long its resolution may take; `None` without deadline.
    pub deadline: Option<Length>,
    /// Key of its flow.
    pub flow: String,
    /// How sure it is.
    pub mark: String,
}

/// A state in which a report can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Stable key.
    pub key: String,
    /// Name for officials, in Indonesian.
    pub label: String,
    /// Name for the reporter and the public, in Indonesian.
    pub public_label: String,
    /// Whether a report begins here; one state of a flow.
    pub initial: bool,
    /// Whether nothing leads out of it.
    pub terminal: bool,
}

/// A way from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Key of the state it leaves.
    pub from: String,
    /// Key of the state it leads to.
    pub to: String,
    /// What takes it.
    pub action: ActionKind,
    /// Who may take it, besides those who stand for them.
    pub roles: Vec<Role>,
    /// Name for people, in Indonesian.
    pub label: String,
    /// Whether another action takes it on its way (picking up what is then acted on).
    pub implied: bool,
    /// Key of the clock that must not be over; `None` at any time.
    pub within: Option<String>,
    /// How sure it is; empty as its flow.
    pub mark: String,
}

impl Transition {
    /// Whether `role` may take it.
    pub fn allows(&self, role: Role) -> bool {
        self.roles.iter().any(|r| role.stands_for(*r))
    }
}

/// The states and transitions of one or several classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Stable key.
    pub key: String,
    /// Name, in Indonesian.
    pub label: String,
    /// How sure it is.
    pub mark: String,
    /// States.
    pub states: Vec<State>,
    /// Transitions; at most one for a state and an action.
    pub transitions: Vec<Transition>,
}

impl Flow {
    /// Where a report begins; a parsed flow always has it.
    pub fn initial(&self) -> Option<&State> {
        self.states.iter().find(|s| s.initial)
    }

    /// A state.
    pub fn state(&self, key: &str) -> Option<&State> {
        self.states.iter().find(|s| s.key == key)
    }

    /// The transition that `action` takes from `state` directly.
    pub fn transition(&self, state: &str, action: ActionKind) -> Option<&Transition> {
        self.transitions
            .iter()
            .find(|t| t.from == state && t.action == action)
    }

    /// The transitions that `action` takes from `state`: its own, or an implied one and then its own.
    pub fn way(&self, state: &str, action: ActionKind) -> Option<(Option<&Transition>, &Transition)> {
        if let Some(own) = self.transition(state, action) {
            return Some((None, own));
        }
        let pick_up = self.transitions.iter().find(|t| t.from == state && t.implied)?;
        let own = self.transition(&pick_up.to, action)?;
        Some((Some(pick_up), own))
    }

    /// What `role` may do in `state`, also by an implied transition.
    pub fn actions(&self, state: &str, role: Role) -> Vec<ActionKind> {
        let may = |action: &ActionKind| {
            self.way(state, *action)
                .is_some_and(|(pick_up, own)| own.allows(role) && pick_up.is_none_or(|t| t.allows(role)))
        };
        ActionKind::ALL.into_iter().filter(may).collect()
    }
}

/// How long a clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockLength {
    /// As long as the class, or what its unit promises for it; no clock when the class has no deadline.
    Class,
    /// This long.
    Fixed(Length),
}

/// In which states a clock stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stops {
    /// In these.
    On(Vec<String>),
    /// In all in which it neither starts nor pauses; `"others"` in data.
    Others,
}

/// What happens when a clock is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDue {
    /// Nothing; a window that only `Transition::within` asks for.
    Nothing,
    /// Reminders and escalations, by the levels of the workflow.
    Escalate,
    /// The system acts.
    Act(ActionKind),
}

/// When a deadline begins, stands still and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRule {
    /// Stable key.
    pub key: String,
    /// Name for people, in Indonesian.
    pub label: String,
    /// How long it is.
    pub length: ClockLength,
    /// States that begin it, each time anew.
    pub starts_on: Vec<String>,
    /// States that end it.
    pub stops_on: Stops,
    /// States in which it stands still.
    pub pauses_in: Vec<String>,
    /// What happens then.
    pub on_due: OnDue,
    /// The rule's source; empty when there is none.
    pub citation: String,
    /// How sure it is.
    pub mark: String,
}

impl ClockRule {
    /// Whether entering `state` begins it.
    pub fn starts(&self, state: &str) -> bool {
        self.starts_on.iter().any(|s| s == state)
    }

    /// Whether it stands still in `state`.
    pub fn pauses(&self, state: &str) -> bool {
        self.pauses_in.iter().any(|s| s == state)
    }

    /// Whether entering `state` ends it.
    pub fn stops(&self, state: &str) -> bool {
        match &self.stops_on {
            Stops::On(states) => states.iter().any(|s| s == state),
            Stops::Others => !self.starts(state) && !self.pauses(state),
        }
    }
}

/// Who is told, and when, that a deadline nears or has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// 0 for the reminder, then 1, 2, ….
    pub level: i32,
    /// Name for people, in Indonesian.
    pub label: String,
    /// When: so many working days after the deadline, before it when negative.
    pub working_days: i32,
    /// Who is told.
    pub role: Role,
    /// How sure it is.
    pub mark: String,
}

/// Why a report is archived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// Stable key.
    pub key: String,
    /// Name for people, in Indonesian.
    pub label: String,
}

/// The whole life of a report, in one version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workflow {
    /// Version, such as `sp4n-2018`.
    pub id: String,
    /// Title, in Indonesian.
    pub title: String,
    /// Sources.
    pub basis: Vec<Citation>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Flows.
    pub flows: Vec<Flow>,
    /// Clocks.
    pub clocks: Vec<ClockRule>,
    /// Levels of escalation, in order of time; the first is the reminder.
    pub escalations: Vec<Level>,
    /// Why a report may be rejected; never for its address (no wrong door).
    pub rejection_reasons: Vec<Reason>,
    /// The reason that `expire` writes.
    pub completion: Reason,
}

impl Workflow {
    /// A class.
    pub fn class(&self, key: &str) -> Option<&Class> {
        self.classes.iter().find(|c| c.key == key)
    }

    /// The flow of a class.
    pub fn flow_of(&self, class: &str) -> Option<&Flow> {
        let flow = &self.class(class)?.flow;
        self.flows.iter().find(|f| f.key == *flow)
    }

    /// A clock.
    pub fn clock(&self, key: &str) -> Option<&ClockRule> {
        self.clocks.iter().find(|c| c.key == key)
    }

    /// The clock whose length is that of the class: the deadline of the resolution.
    pub fn resolution(&self) -> Option<&ClockRule> {
        self.clocks.iter().find(|c| c.length == ClockLength::Class)
    }

    /// A reason for which a report may be rejected.
    pub fn rejection_reason(&self, key: &str) -> Option<&Reason> {
        self.rejection_reasons.iter().find(|r| r.key == key)
    }

    /// The highest level of escalation; 0 when there is none.
    pub fn top_level(&self) -> i32 {
        self.escalations.iter().map(|l| l.level).max().unwrap_or_default()
    }
}
