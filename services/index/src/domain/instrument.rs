//! Instruments of evaluation: each is one dated version, read from a document and never changed.

use std::sync::LazyLock;

use super::{band::Band, number::Rational, rule::Rule};

/// Decimals of a published index.
pub const DECIMALS: u32 = 2;

/// The built-in documents.
const BUILT_IN: [&str; 2] = [
    include_str!("../../data/pekppp-2017.json"),
    include_str!("../../data/pekppp-2022.json"),
];

static INSTRUMENTS: LazyLock<Vec<(Instrument, &'static str)>> = LazyLock::new(|| {
    let read = |text: &'static str| Some((Instrument::read(text).ok()?, text));
    BUILT_IN.into_iter().filter_map(read).collect()
});

/// One version of an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Id with version, such as `pekppp-2022`.
    pub id: String,
    /// Title, in Indonesian.
    pub title: String,
    /// Regulations and guidelines it follows.
    pub citations: Vec<String>,
    /// First and last year in which it was in force; `None` where there is no such bound.
    pub years: (Option<i32>, Option<i32>),
    /// Highest level or score; the lowest is 0.
    pub max: u32,
    /// Aspects in their order.
    pub aspects: Vec<Aspect>,
    /// Forms of units that serve face to face and online; `None` where scores are given per aspect.
    pub forms: Option<Forms>,
    /// Categories, best first.
    pub bands: Vec<Band>,
}

/// One part of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aspect {
    /// Stable key.
    pub key: String,
    /// Official name, in Indonesian.
    pub name: String,
    /// Weight in F-02; all of them sum to 1.
    pub weight: Rational,
    /// Whether F-03 asks about it.
    pub in_f03: bool,
}

/// The forms on which levels are given, and how their results are combined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forms {
    /// Of units that serve face to face (luring).
    pub offline: Form,
    /// Of units that serve electronically (daring).
    pub online: Form,
    /// Weights within an aspect, the default first.
    pub weightings: Vec<Weighting>,
    /// Names of the methods to aggregate F-03, the default first.
    pub roll_ups: Vec<String>,
    /// Weight of F-02 in the index.
    pub f02_weight: Rational,
    /// Weight of F-03 in the index.
    pub f03_weight: Rational,
    /// Minimum number of respondents of F-03.
    pub minimum_respondents: i64,
    /// Policies for F-03 under the minimum, the default first.
    pub policies: Vec<Policy>,
}

/// F-02 and F-03 of one kind of unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Rows of F-02.
    pub indicators: Vec<Indicator>,
    /// Rows of F-03.
    pub questions: Vec<Question>,
}

/// One row of F-02.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// Number in its form.
    pub number: u32,
    /// Stable key, the same in both forms.
    pub key: String,
    /// Key of the aspect; empty for a supplementary row.
    pub aspect: String,
    /// Short title, in Indonesian.
    pub title: String,
    /// Weight within the aspect; 0 for a supplementary row.
    pub weight: Rational,
    /// Whether it is shown but never scored.
    pub supplementary: bool,
    /// Criterion of each level from 0 on, in Indonesian.
    pub levels: Vec<String>,
    /// Evidence that evaluators look for, in Indonesian.
    pub evidence: Vec<String>,
    /// Metric of live data that suggests its level; empty where there is none.
    pub fed_by: String,
    /// How that metric suggests its level; `None` where there is none.
    pub rule: Option<Rule>,
}

/// One row of F-03.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Number in its form.
    pub number: u32,
    /// Stable key.
    pub key: String,
    /// Key of the aspect.
    pub aspect: String,
    /// Short title, in Indonesian.
    pub title: String,
}

/// Weights of the indicators within an aspect. Both variants are in use, so a cycle names its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// Each indicator has its own weight.
    PerIndicator,
    /// All scored indicators of an aspect have the same weight.
    EqualWithinAspect,
}

/// What happens to F-03 with fewer respondents than the minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// F-03 is missing, and so is the index.
    Incomplete,
    /// F-03 counts as 0.
    ScoreZero,
    /// F-03 counts as it is.
    UseAvailable,
}

impl Weighting {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::PerIndicator, Self::EqualWithinAspect];

    /// Name in documents and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerIndicator => "per_indicator",
            Self::EqualWithinAspect => "equal_within_aspect",
        }
    }

    /// Parses this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|w| w.as_str() == text)
    }
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Incomplete, Self::ScoreZero, Self::UseAvailable];

    /// Name in documents and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::ScoreZero => "score_zero",
            Self::UseAvailable => "use_available",
        }
    }

    /// Parses this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }
}

impl Instrument {
    /// Whether it was in force in a year.
    pub fn in_force(&self, year: i32) -> bool {
        let (from, to) = self.years;
        from.is_none_or(|from| from <= year) && to.is_none_or(|to| year <= to)
    }

    /// Its years in force for a message in English and in Indonesian.
    pub fn years_text(&self) -> [String; 2] {
        match self.years {
            (Some(from), Some(to)) => [
                format!("from {from} to {to}"),
                format!("tahun {from} sampai {to}"),
            ],
            (Some(from), None) => [format!("from {from}"), format!("sejak tahun {from}")],
            (None, Some(to)) => [format!("until {to}"), format!("sampai tahun {to}")],
            (None, None) => ["in all years", "pada semua tahun"].map(str::to_owned),
        }
    }

    /// The aspect of this key.
    pub fn aspect(&self, key: &str) -> Option<&Aspect> {
        self.aspects.iter().find(|a| a.key == key)
    }
}

impl Forms {
    /// The form of this name, `offline` or `online`.
    pub fn get(&self, name: &str) -> Option<&Form> {
        match name {
            "offline" => Some(&self.offline),
            "online" => Some(&self.online),
            _ => None,
        }
    }
}

/// An instrument with its document.
#[derive(Debug, Clone)]
pub struct InstrumentDocument {
    /// The parsed instrument.
    pub instrument: Instrument,
    /// The document as it was written.
    pub document: String,
    /// When it was added, unix microseconds; `None` for a built-in one.
    pub created_at: Option<i64>,
}

/// Every built-in instrument with its document, ordered by id.
pub fn built_in() -> &'static [(Instrument, &'static str)] {
    &INSTRUMENTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_the_release_is_sound() {
        for text in BUILT_IN {
            assert_eq!(Instrument::read(text).err(), None);
        }
        let ids: Vec<&str> = built_in().iter().map(|(i, _)| i.id.as_str()).collect();
        assert_eq!(ids, ["pekppp-2017", "pekppp-2022"]);
    }

    #[test]
    fn pekppp_2022_has_its_rows_and_weights() {
        let (instrument, _) = &built_in()[1];
        let forms = instrument.forms.as_ref().unwrap();
        let scored = |form: &Form| form.indicators.iter().filter(|i| !i.supplementary).count();
        assert_eq!((scored(&forms.offline), scored(&forms.online)), (30, 29));
        assert_eq!(
            (forms.offline.questions.len(), forms.online.questions.len()),
            (14, 11)
        );
        assert_eq!(forms.offline.indicators.len(), 31);
        assert_eq!(forms.weightings, Weighting::ALL);
        assert_eq!(forms.policies, Policy::ALL);
        assert_eq!(forms.roll_ups, ["mean_of_aspect_means", "mean_of_all_answers"]);
        assert_eq!(forms.minimum_respondents, 10);
        assert_eq!(instrument.bands.len(), 9);
        let fed = |form: &Form| form.indicators.iter().filter(|i| !i.fed_by.is_empty()).count();
        assert_eq!((fed(&forms.offline), fed(&forms.online)), (14, 14));
    }
}
