//! Competition rounds as data: categories, groups, parts, rules, stages, cuts.

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, Utc};
use num_bigint::BigInt;
use prima_platform::failure::{Failure, Kind};
use prima_proto::name;
use serde::{Deserialize, Serialize};

/// A rule of eligibility that the service evaluates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Rule {
    /// In operation for at least `months` on the day on which submission closes.
    MinAge {
        /// Months.
        months: u32,
        /// Keys of the categories in which this is required; every one when empty.
        #[serde(default)]
        categories: Vec<String>,
    },
    /// Its status is implemented.
    Implemented,
    /// Every part is answered, and there is at least one document.
    Complete,
    /// No part is longer than its limit.
    WordLimits,
    /// No answer is filler text.
    NoFiller,
    /// It names one category of the round.
    OneCategory,
    /// The agency has no other entry with the same title.
    UniqueTitle,
    /// The innovation never won any of these awards.
    NotPastWinner {
        /// Keys of awards.
        awards: Vec<String>,
    },
    /// The innovation won these awards fewer than `times` times.
    NotWonTimes {
        /// Keys of awards.
        awards: Vec<String>,
        /// The number of times that is too many.
        times: usize,
    },
    /// The innovation won one of these awards in some years.
    FormerWinner {
        /// Keys of awards.
        awards: Vec<String>,
        /// First year; 0 for any.
        from_year: i32,
        /// Last year; 0 for any.
        to_year: i32,
    },
    /// It names the innovation that it replicates.
    Replica,
    /// It is among the first `most` entries that the agency has submitted in the group.
    AgencyLimit {
        /// Number of entries.
        most: usize,
    },
}

/// Key of the rule that limits the entries of an agency.
pub const AGENCY_LIMIT: &str = "agency-limit";

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
            Self::AgencyLimit { .. } => AGENCY_LIMIT,
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
    /// Maximum number of words; 0 for no limit.
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

/// A group (kelompok); its entries compete with each other.
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

/// Kind of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// Units draft entries; agencies review and submit them.
    Submission,
    /// The ministry passes or rejects entries.
    Screening,
    /// The panel scores entries.
    Scoring,
    /// The public scores entries, through systems with a token.
    PublicScoring,
}

impl StageKind {
    /// Whether scores are given.
    pub fn is_scored(self) -> bool {
        matches!(self, Self::Scoring | Self::PublicScoring)
    }
}

/// A rule that leaves out outliers among scores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutlierRule {
    /// Minimum number of scores for the rule to apply.
    pub minimum_scores: usize,
    /// Greatest distance from the median, in points.
    pub band: i64,
}

/// A stage whose score counts in the ranking of another stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Key of the stage.
    pub stage: String,
    /// Weight.
    pub weight: i64,
}

/// A cut: the best entries of a group, or all that reach a score, pass or get an award.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Key of the group.
    pub group: String,
    /// Number of places; 0 for no limit, with a minimum score.
    #[serde(default)]
    pub places: usize,
    /// Score that an entry must reach (nilai batas), 0 to 100, compared with its published score; 0 for none.
    #[serde(default)]
    pub minimum_score: i64,
    /// Key of the award; empty for none.
    #[serde(default)]
    pub award: String,
    /// Official name of the award.
    #[serde(default)]
    pub award_name: String,
    /// Whether the other entries are eliminated.
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
    /// Kind.
    pub kind: StageKind,
    /// The parts that are scored; the parts of the proposal when empty.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Minimum number of scores for each entry.
    #[serde(default)]
    pub minimum_scores: usize,
    /// Rule for outliers.
    #[serde(default)]
    pub outlier: Option<OutlierRule>,
    /// Stages whose scores form the ranking; only this one when empty.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// Parts that break a tie.
    #[serde(default)]
    pub tie_break: Vec<String>,
    /// Cuts and awards.
    #[serde(default)]
    pub cuts: Vec<Cut>,
}

/// The rules of a round, which differ from year to year.
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
    /// Causes for which the ministry may reject an entry.
    #[serde(default)]
    pub rejection_causes: Vec<Category>,
}

impl Cut {
    /// Whether an entry with this rank and published score, in hundredths, is within the cut.
    pub fn includes(&self, rank: usize, published: &BigInt) -> bool {
        let placed = self.places == 0 || rank <= self.places;
        placed && *published >= BigInt::from(self.minimum_score.saturating_mul(100))
    }
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

    /// Position of a stage among all, counted from 0; 0 for an unknown one.
    pub fn position(&self, key: &str) -> i64 {
        let position = self.stages.iter().position(|s| s.key == key);
        i64::try_from(position.unwrap_or_default()).unwrap_or_default()
    }

    /// The parts that an evaluator scores of an entry of `group` in `stage`.
    pub fn scored_parts<'a>(&'a self, stage: &'a Stage, group: &str) -> &'a [Part] {
        if !stage.parts.is_empty() {
            return &stage.parts;
        }
        self.group(group).map(|g| g.parts.as_slice()).unwrap_or_default()
    }
}

/// The window of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Key of the stage.
    pub stage: String,
    /// Start.
    pub open: Option<DateTime<Utc>>,
    /// End.
    pub close: Option<DateTime<Utc>>,
}

/// An evaluator of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Subject of the token.
    pub subject: String,
    /// Id of the home agency; may be empty.
    pub agency: String,
    /// Stages that the evaluator scores; all when empty.
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
    /// The evaluators.
    pub panel: Vec<Member>,
}

impl Round {
    /// The window of a stage, if it has one.
    pub fn window(&self, stage: &str) -> Option<&Window> {
        self.windows.iter().find(|w| w.stage == stage)
    }

    /// When submission closes.
    pub fn submission_closes(&self) -> Option<DateTime<Utc>> {
        let first = self.rules.stages.first()?;
        self.window(&first.key)?.close
    }

    /// Succeeds while the round `name`, now in `stage`, accepts submissions.
    ///
    /// # Errors
    ///
    /// `SUBMISSION_NOT_OPEN`: the round is in another stage, or `now` is outside the window of submission.
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
    /// `NOT_SCORING`: entries are not scored in it.
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

/// The built-in rules by key: those of real rounds (`reference/kipp.json`).
pub fn templates() -> &'static BTreeMap<String, Rules> {
    static TEMPLATES: LazyLock<BTreeMap<String, Rules>> =
        LazyLock::new(|| serde_json::from_str(include_str!("../../data/rounds.json")).unwrap_or_default());
    &TEMPLATES
}
