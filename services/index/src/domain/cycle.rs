//! Cycles of evaluation: which agency they belong to, how they compute, and when submissions are accepted.

use prima_platform::{
    caller::{Caller, Role},
    clock::from_micros,
    failure::{Failure, Kind},
};
use prima_proto::name;
use serde::{Deserialize, Serialize};

use super::instrument::{Policy, Weighting};

/// Scheme of PEKPPP; it determines the metric of the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// PEKPPP nasional.
    Nasional,
    /// PEKPPP mandiri, of one agency.
    Mandiri,
    /// PEKPPP khusus.
    Khusus,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nasional, Self::Mandiri, Self::Khusus];

    /// Name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nasional => "nasional",
            Self::Mandiri => "mandiri",
            Self::Khusus => "khusus",
        }
    }

    /// The scheme of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// Metric of its scores.
    pub fn metric(self) -> &'static str {
        match self {
            Self::Nasional => "ipp",
            Self::Mandiri => "ipp-mandiri",
            Self::Khusus => "ipp-khusus",
        }
    }

    /// Succeeds when the caller may run such a cycle of `agency`: the agency's admin for an agency's own cycle,
    /// otherwise the national admin.
    ///
    /// # Errors
    ///
    /// `PERMISSION_DENIED`.
    pub fn check_admin(self, caller: &Caller, agency: &str) -> Result<(), Failure> {
        match self {
            Self::Mandiri => caller.require(&[Role::Admin], agency),
            Self::Nasional | Self::Khusus => caller.require(&[Role::Admin], "*"),
        }
    }
}

/// A time in which submissions are accepted, unix microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Start.
    pub open: i64,
    /// End, exclusive; after `open`.
    pub close: i64,
}

/// A kind of submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// F-01.
    SelfAssessment,
    /// Evidence (bukti dukung).
    Evidence,
    /// F-02.
    Evaluation,
    /// Objections (sanggah).
    Objection,
}

impl Stage {
    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SelfAssessment => "self_assessment_window",
            Self::Evidence => "evidence_window",
            Self::Evaluation => "evaluation_window",
            Self::Objection => "objection_window",
        }
    }

    /// Its name for people, in Indonesian.
    pub fn title(self) -> &'static str {
        match self {
            Self::SelfAssessment => "penilaian mandiri (F-01)",
            Self::Evidence => "bukti dukung",
            Self::Evaluation => "penilaian evaluator (F-02)",
            Self::Objection => "sanggah",
        }
    }
}

/// How a cycle computes, its windows, its evaluators and deciders. What is not part of a [`Change`] stays as it was
/// opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Title.
    pub display_name: String,
    /// Weights within an aspect.
    pub weighting: Weighting,
    /// Method by which F-03 is aggregated.
    pub roll_up: String,
    /// Minimum number of respondents of F-03.
    pub minimum_respondents: i64,
    /// What happens to F-03 under the minimum.
    pub policy: Policy,
    /// Date as of which facts are evaluated, `YYYY-MM-DD`.
    pub evaluation_date: String,
    /// Whether a suggested level counts while no evaluator has given one.
    pub suggestions_count: bool,
    /// Window of F-01.
    pub self_assessment: Window,
    /// Window of evidence.
    pub evidence: Window,
    /// Window of F-02.
    pub evaluation: Window,
    /// Window of objections; without one no objections are accepted.
    pub objection: Option<Window>,
    /// Token subjects of the evaluators; when empty, every evaluator of the agency.
    #[serde(default)]
    pub evaluators: Vec<String>,
    /// Token subjects of those who decide objections; when empty, the evaluators.
    #[serde(default)]
    pub objection_deciders: Vec<String>,
}

/// A change of a cycle that is not settled; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Title.
    pub display_name: Option<String>,
    /// Token subjects of the evaluators.
    pub evaluators: Option<Vec<String>>,
    /// Token subjects of those who decide objections.
    pub objection_deciders: Option<Vec<String>>,
}

impl Settings {
    /// Applies a change.
    pub fn change(&mut self, change: Change) {
        if let Some(display_name) = change.display_name {
            self.display_name = display_name;
        }
        if let Some(evaluators) = change.evaluators {
            self.evaluators = evaluators;
        }
        if let Some(deciders) = change.objection_deciders {
            self.objection_deciders = deciders;
        }
    }
}

/// One round of evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// Key in the database.
    pub id: i64,
    /// The last part of its name.
    pub cycle: String,
    /// Scheme.
    pub scheme: Scheme,
    /// Year, the period of its scores.
    pub year: String,
    /// Id of the agency that the cycle belongs to; empty for every agency.
    pub agency: String,
    /// Id of the instrument.
    pub instrument: String,
    /// Settings.
    pub settings: Settings,
    /// When it was settled, unix microseconds.
    pub final_at: Option<i64>,
    /// Version.
    pub etag: i64,
    /// When it was opened, unix microseconds.
    pub created_at: i64,
}

/// Why a cycle refuses a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The cycle is settled.
    Final,
    /// The time is outside the window; `None` where the cycle has no such window.
    Closed(Stage, Option<Window>),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (reason, english, indonesian) = match refusal {
            Refusal::Final => (
                "CYCLE_FINAL",
                "the cycle is settled".to_owned(),
                "siklus sudah final".to_owned(),
            ),
            Refusal::Closed(stage, None) => (
                "WINDOW_CLOSED",
                format!("the cycle has no {}", stage.as_str()),
                format!("siklus ini tidak memiliki masa {}", stage.title()),
            ),
            Refusal::Closed(stage, Some(window)) => {
                let [open, close] = [window.open, window.close].map(|at| from_micros(at).to_rfc3339());
                (
                    "WINDOW_CLOSED",
                    format!("the {} is from {open} to {close}", stage.as_str()),
                    format!("masa {} berlangsung dari {open} sampai {close}", stage.title()),
                )
            }
        };
        Self::new(Kind::Precondition, reason, english, indonesian)
    }
}

impl Cycle {
    /// Its name.
    pub fn name(&self) -> name::Cycle {
        let cycle = self.cycle.clone();
        name::Cycle { cycle }
    }

    /// Id of the agency that the cycle belongs to; `*` for every agency.
    pub fn agency_or_all(&self) -> &str {
        match self.agency.as_str() {
            "" => "*",
            agency => agency,
        }
    }

    /// The window of a stage.
    pub fn window(&self, stage: Stage) -> Option<Window> {
        match stage {
            Stage::SelfAssessment => Some(self.settings.self_assessment),
            Stage::Evidence => Some(self.settings.evidence),
            Stage::Evaluation => Some(self.settings.evaluation),
            Stage::Objection => self.settings.objection,
        }
    }

    /// Succeeds while the cycle may still change.
    pub fn check_open(&self) -> Result<(), Refusal> {
        match self.final_at {
            Some(_) => Err(Refusal::Final),
            None => Ok(()),
        }
    }

    /// Succeeds when the cycle accepts submissions of `stage` at `now`, unix microseconds.
    pub fn check(&self, stage: Stage, now: i64) -> Result<(), Refusal> {
        self.check_open()?;
        match self.window(stage) {
            Some(window) if window.open <= now && now < window.close => Ok(()),
            window => Err(Refusal::Closed(stage, window)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Cycle {
        /// A cycle for tests of the rules.
        pub fn sample(scheme: Scheme) -> Self {
            let window = |open, close| Window { open, close };
            Self {
                id: 1,
                cycle: "c".into(),
                scheme,
                year: "2025".into(),
                agency: String::new(),
                instrument: "pekppp-2022".into(),
                settings: Settings {
                    display_name: "C".into(),
                    weighting: Weighting::PerIndicator,
                    roll_up: "mean_of_aspect_means".into(),
                    minimum_respondents: 10,
                    policy: Policy::Incomplete,
                    evaluation_date: "2025-07-01".into(),
                    suggestions_count: false,
                    self_assessment: window(10, 20),
                    evidence: window(12, 22),
                    evaluation: window(20, 30),
                    objection: None,
                    evaluators: Vec::new(),
                    objection_deciders: Vec::new(),
                },
                final_at: None,
                etag: 1,
                created_at: 0,
            }
        }
    }

    #[test]
    fn settings_stored_without_evaluators_are_read_as_an_empty_list() {
        let settings = Cycle::sample(Scheme::Nasional).settings;
        let mut stored = serde_json::to_value(&settings).unwrap();
        let fields = stored.as_object_mut().unwrap();
        assert!(fields.remove("evaluators").is_some() && fields.remove("objection_deciders").is_some());
        assert_eq!(serde_json::from_value::<Settings>(stored).unwrap(), settings);
    }

    #[test]
    fn a_window_is_open_from_its_first_moment_to_just_before_its_last() {
        let mut cycle = Cycle::sample(Scheme::Nasional);
        for (now, open) in [(9, false), (10, true), (19, true), (20, false)] {
            assert_eq!(cycle.check(Stage::SelfAssessment, now).is_ok(), open, "{now}");
        }
        assert_eq!(
            cycle.check(Stage::Objection, 15),
            Err(Refusal::Closed(Stage::Objection, None))
        );
        cycle.final_at = Some(16);
        assert_eq!(cycle.check(Stage::SelfAssessment, 15), Err(Refusal::Final));
    }
}
