//! Competition rounds as data: categories, groups, parts, rules, stages, cuts.

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, Utc};
use prima_platform::failure::{Failure, Kind};
use prima_proto::name;
use serde::{Deserialize, Serialize};

/// A rule of eligibility that the service evaluates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Rule {
    /// At work for at least `months` on the day on which submission closes.
    MinAge {
        /// Months.
        months: u32,
    },
    /// Its status is implemented.
    Implemented,
    /// Every part answered, at least one document.
    Complete,
    /// No part longer than its limit.
    WordLimits,
    /// No filler.
    NoFiller,
    /// One category of the round.
    OneCategory,
    /// No other entry of the agency with the same title.
    UniqueTitle,
    /// Never won any of these.
    NotPastWinner {
        /// Keys of awards.
        awards: Vec<String>,
    },
    /// Won these fewer than `times` times.
    NotWonTimes {
        /// Keys of awards.
        awards: Vec<String>,
        /// How often is too often.
        times: usize,
    },
    /// Won one of these in some years.
    FormerWinner {
        /// Keys of awards.
        awards: Vec<String>,
        /// First year; 0 for any.
        from_year: i32,
        /// Last year; 0 for any.
        to_year: i32,
    },
    /// Names its source.
    Replica,
}

impl Rule {
    /// Stable key.
    pub fn key(&self) -> &'static str {
        match self {
            Self::MinAge { .. } => "min-age",
            Self::Implemented => "implemented",
            Self::Complete => "complete",
            Self::WordLimits => "word-limits",
            Self::NoFiller => "no-filler",
            Self::OneCategory => "one-category",
            Self::UniqueTitle => "unique-title",
            Self::NotPastWinner { .. } => "not-past-winner",
            Self::NotWonTimes { .. } => "not-won-times",
            Self::FormerWinner { .. } => "former-winner",
            Self::Replica => "replica",
        }
    }
}

/// A part of a proposal, or an aspect that is scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Stable key.
    pub key: String,
    /// Official name.
    pub name: String,
    /// Weight, 0 to 100.
    pub weight: i64,
    /// Most words; 0 for no limit.
    #[serde(default)]
    pub max_words: usize,
}

/// A key with its official name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Stable key.
    pub key: String,
    /// Official name.
    pub name: String,
}

/// A group (kelompok), whose entries compete with each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Stable key.
    pub key: String,
    /// Official name.
    pub name: String,
    /// Parts of the proposal.
    pub parts: Vec<Part>,
    /// Rules of eligibility.
    pub rules: Vec<Rule>,
}

/// What is done with the entries in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// Units draft, agencies review and submit.
    Submission,
    /// The ministry passes or rejects.
    Screening,
    /// The panel scores.
    Scoring,
    /// Whoever holds a token scores.
    PublicScoring,
}

impl StageKind {
    /// Whether scores are given.
    pub fn is_scored(self) -> bool {
        matches!(self, Self::Scoring | Self::PublicScoring)
    }
}

/// Which of several scores are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutlierRule {
    /// From how many scores on.
    pub minimum_scores: usize,
    /// Points from the median.
    pub band: i64,
}

/// A stage whose score counts towards a standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Key of the stage.
    pub stage: String,
    /// Weight.
    pub weight: i64,
}

/// Takes the best of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Key of the group.
    pub group: String,
    /// How many.
    pub places: usize,
    /// Key of the award; empty for none.
    #[serde(default)]
    pub award: String,
    /// Official name of the award.
    #[serde(default)]
    pub award_name: String,
    /// Whether the others are out.
    #[serde(default)]
    pub eliminates: bool,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Stable key.
    pub key: String,
    /// Official name.
    pub name: String,
    /// What is done.
    pub kind: StageKind,
    /// What is scored; the proposal when empty.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Scores that each entry needs.
    #[serde(default)]
    pub minimum_scores: usize,
    /// Which scores are left out.
    #[serde(default)]
    pub outlier: Option<OutlierRule>,
    /// Which stages form the standing; this one alone when empty.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// Parts that break a tie.
    #[serde(default)]
    pub tie_break: Vec<String>,
    /// Who goes on, and awards.
    #[serde(default)]
    pub cuts: Vec<Cut>,
}

/// Everything that differs from year to year.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// Regulation it follows.
    pub citation: String,
    /// Categories.
    pub categories: Vec<Category>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Stages, in order.
    pub stages: Vec<Stage>,
    /// Causes for which the ministry rejects.
    #[serde(default)]
    pub rejection_causes: Vec<Category>,
}

impl Rules {
    /// A group.
    pub fn group(&self, key: &str) -> Option<&Group> {
        self.groups.iter().find(|g| g.key == key)
    }

    /// A stage.
    pub fn stage(&self, key: &str) -> Option<&Stage> {
        self.stages.iter().find(|s| s.key == key)
    }

    /// The stage after this one.
    pub fn stage_after(&self, key: &str) -> Option<&Stage> {
        self.stages.iter().skip_while(|s| s.key != key).nth(1)
    }

    /// Where a stage stands among all, counted from 0; 0 for an unknown one.
    pub fn position(&self, key: &str) -> i64 {
        let position = self.stages.iter().position(|s| s.key == key);
        i64::try_from(position.unwrap_or_default()).unwrap_or_default()
    }

    /// What an evaluator scores of an entry of `group` in `stage`.
    pub fn scored_parts<'a>(&'a self, stage: &'a Stage, group: &str) -> &'a [Part] {
        if !stage.parts.is_empty() {
            return &stage.parts;
        }
        self.group(group).map(|g| g.parts.as_slice()).unwrap_or_default()
    }
}

/// When a stage takes place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Key of the stage.
    pub stage: String,
    /// From when.
    pub open: Option<DateTime<Utc>>,
    /// Until when.
    pub close: Option<DateTime<Utc>>,
}

/// An evaluator of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Subject of the token.
    pub subject: String,
    /// Id of the home agency; may be empty.
    pub agency: String,
    /// Stages they score; all when empty.
    pub stages: Vec<String>,
}

/// A round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Title.
    pub display_name: String,
    /// Year.
    pub year: i32,
    /// Its rules.
    pub rules: Rules,
    /// Windows of stages.
    pub windows: Vec<Window>,
    /// Who scores.
    pub panel: Vec<Member>,
}

impl Round {
    /// The window of a stage, as far as it has one.
    pub fn window(&self, stage: &str) -> Option<&Window> {
        self.windows.iter().find(|w| w.stage == stage)
    }

    /// When submission closes.
    pub fn submission_closes(&self) -> Option<DateTime<Utc>> {
        let first = self.rules.stages.first()?;
        self.window(&first.key)?.close
    }

    /// `Ok` while the round `name`, now in `stage`, takes submissions.
    ///
    /// # Errors
    ///
    /// `SUBMISSION_NOT_OPEN`: another stage is on, or `now` lies outside the window of submission.
    pub fn check_submission(
        &self,
        name: &name::Round,
        stage: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let first = self.rules.stages.first().filter(|first| first.key == stage);
        let window = first.and_then(|first| self.window(&first.key));
        let open = window.is_some_and(|w| {
            w.open.is_none_or(|open| now >= open) && w.close.is_some_and(|close| now < close)
        });
        if open {
            return Ok(());
        }
        Err(Failure::new(
            Kind::Precondition,
            "SUBMISSION_NOT_OPEN",
            format!("{name} takes no submissions now"),
            "Pengajuan untuk kompetisi ini belum dibuka atau sudah ditutup",
        ))
    }

    /// The stage `stage`, in which the round `name` is now.
    ///
    /// # Errors
    ///
    /// `NOT_SCORING`: it is not scored.
    pub fn scored_stage(&self, name: &name::Round, stage: &str) -> Result<&Stage, Failure> {
        let stage = self.rules.stage(stage).filter(|stage| stage.kind.is_scored());
        stage.ok_or_else(|| {
            Failure::new(
                Kind::Precondition,
                "NOT_SCORING",
                format!("{name} is not in a stage that is scored"),
                "Kompetisi tidak sedang dalam tahap penilaian",
            )
        })
    }
}

/// Rules that come with the service, by key: those of real rounds (`reference/kipp.json`).
pub fn templates() -> &'static BTreeMap<String, Rules> {
    static TEMPLATES: LazyLock<BTreeMap<String, Rules>> =
        LazyLock::new(|| serde_json::from_str(include_str!("../../data/rounds.json")).unwrap_or_default());
    &TEMPLATES
}
