//! The model of an instrument.

use crate::domain::number::Rational;
use crate::domain::sample;
use crate::domain::weights::WeightVariant;

/// Prefix of the key of a unit's own element.
pub const OWN_PREFIX: &str = "own_";

/// The embedded data of an instrument is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("embedded instrument {file}: {fault}")]
pub struct Malformed {
    /// The file.
    pub file: &'static str,
    /// Its faults.
    pub fault: String,
}

/// One version of a questionnaire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Id with version, such as `skm-2017`.
    pub id: String,
    /// Title, in Indonesian.
    pub title: String,
    /// Regulations and guidelines it follows.
    pub citations: Vec<Citation>,
    /// First year in which it was in force, in whole or in part.
    pub from_year: i32,
    /// Last year in which it was in force, in whole or in part; `None` while it is in force.
    pub to_year: Option<i32>,
    /// Lowest score.
    pub min: u8,
    /// Highest score.
    pub max: u8,
    /// Elements in the order of the annex.
    pub elements: Vec<Element>,
    /// Aspects in their order, each with at least one element; empty when the instrument has none.
    pub aspects: Vec<Aspect>,
    /// Factor that converts the weighted mean of the scores to the index: 25 for SKM (nilai interval konversi), 1 for F-03.
    pub conversion: u8,
    /// Weight variants that a survey may choose, the default first; at least one.
    pub variants: Vec<WeightVariant>,
    /// Whether a survey may ask the unit's own elements.
    pub own_elements: bool,
    /// Categories, the best first; empty when the index has none of its own.
    pub categories: Vec<Category>,
    /// Fields of the respondent profile, each a choice of codes.
    pub profile: Vec<ProfileField>,
    /// Parameters of the minimum sample, if the instrument states them.
    pub sample: Option<sample::Parameters>,
    /// Minimum number of respondents when no population is declared, at least 1.
    pub minimum: i64,
    /// Metric of its scores, such as `skm`; `None` when it has no scores of its own.
    pub metric: Option<String>,
}

/// A regulation or guideline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Its name, in Indonesian.
    pub text: String,
    /// First year that it governs, when it is younger than the instrument.
    pub from_year: Option<i32>,
    /// Whether it governs only surveys that citizens answer online.
    pub online: bool,
}

/// Whose words citizens are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wording {
    /// Those of this system.
    #[default]
    Plain,
    /// Those of the regulation.
    Official,
}

impl Wording {
    /// Its key, `plain` or `official`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Official => "official",
        }
    }
}

impl std::str::FromStr for Wording {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "plain" => Ok(Self::Plain),
            "official" => Ok(Self::Official),
            _ => Err(()),
        }
    }
}

impl Element {
    /// Question and answers in this wording.
    pub fn worded(&self, wording: Wording) -> (&str, &[String]) {
        match (&self.official, wording) {
            (Some((question, answers)), Wording::Official) => (question, answers),
            _ => (&self.question, &self.answers),
        }
    }
}

/// Unsur: one element that a survey asks about; in F-03, a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Stable key, such as `requirements`.
    pub key: String,
    /// Code in the annex, such as `U8`. Published reports also use the order of the printed form; a survey
    /// may therefore print another code.
    pub code: String,
    /// Code on the printed form, such as `U9`.
    pub form_code: String,
    /// Official name, in Indonesian.
    pub name: String,
    /// Question, in Indonesian.
    pub question: String,
    /// Label of the answer for each score, the lowest score first, in Indonesian; empty when the scale has no labels.
    pub answers: Vec<String>,
    /// Question and answers as the regulation words them; `None` when they are not known.
    pub official: Option<(String, Vec<String>)>,
    /// Key of its aspect; `None` when the instrument has no aspects.
    pub aspect: Option<String>,
}

/// Aspek: a group of questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aspect {
    /// Stable key, such as `service_policy`.
    pub key: String,
    /// Official name, in Indonesian.
    pub name: String,
}

/// Mutu pelayanan: a band of the index with its grade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Grade, `A` to `D`.
    pub grade: String,
    /// Kinerja unit: the meaning of the grade, in Indonesian.
    pub name: String,
    /// Lowest rounded index (NIK, 25 to 100) of the band.
    pub lower: Rational,
}

/// A field of the respondent profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileField {
    /// `sex`, `age_group`, `education`, `occupation`, `channel` or `hour_band`.
    pub key: String,
    /// Display label, in Indonesian.
    pub label: String,
    /// Choices in their order.
    pub choices: Vec<Choice>,
}

/// One code of a profile field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Code that a response contains.
    pub code: String,
    /// Display label, in Indonesian.
    pub label: String,
    /// For an age group, its youngest and oldest age in years, both included.
    pub ages: Option<(i32, i32)>,
}

impl Instrument {
    /// The category of an index that has been rounded to two decimals. The table of PermenPANRB 14/2017 has
    /// gaps between its two-decimal bounds; a rounded index never falls into one. `None` for a negative
    /// value, and when the instrument has no categories.
    pub fn category(&self, rounded: &Rational) -> Option<&Category> {
        self.categories.iter().find(|c| c.lower <= *rounded)
    }

    /// Whether it was in force in a year, in whole or in part.
    pub fn in_force(&self, year: i32) -> bool {
        self.from_year <= year && self.to_year.is_none_or(|last| year <= last)
    }

    /// The regulations and guidelines that govern a survey of a year.
    pub fn governing(&self, year: i32, online: bool) -> impl Iterator<Item = &str> {
        let governs =
            move |c: &&Citation| c.from_year.is_none_or(|from| from <= year) && (online || !c.online);
        self.citations.iter().filter(governs).map(|c| c.text.as_str())
    }

    /// The element with this key.
    pub fn element(&self, key: &str) -> Option<&Element> {
        self.elements.iter().find(|e| e.key == key)
    }

    /// The default weight variant.
    pub fn default_variant(&self) -> WeightVariant {
        self.variants.first().copied().unwrap_or(WeightVariant::Exact)
    }

    /// The profile field with this key, such as `age_group`.
    pub fn field(&self, key: &str) -> Option<&ProfileField> {
        self.profile.iter().find(|f| f.key == key)
    }

    /// The choices of a profile field in their order; empty when the instrument has no such field.
    pub fn choices(&self, key: &str) -> &[Choice] {
        self.field(key).map(|f| f.choices.as_slice()).unwrap_or_default()
    }

    /// The age group of an age in years; `None` when no group covers it.
    pub fn age_group(&self, age: i32) -> Option<&Choice> {
        self.choices("age_group")
            .iter()
            .find(|c| c.ages.is_some_and(|(from, to)| (from..=to).contains(&age)))
    }
}
