//! What an instrument is.

use crate::domain::number::Rational;
use crate::domain::sample;
use crate::domain::weights::WeightVariant;

/// What the key of an element of a unit's own starts with.
pub const OWN_PREFIX: &str = "own_";

/// Why embedded data is no instrument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("embedded instrument {file}: {fault}")]
pub struct Malformed {
    /// Which file.
    pub file: &'static str,
    /// What is wrong with it.
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
    pub citations: Vec<String>,
    /// Lowest score.
    pub min: u8,
    /// Highest score.
    pub max: u8,
    /// Elements in the order of the annex.
    pub elements: Vec<Element>,
    /// Aspects in their order; each has an element. Empty where there are none.
    pub aspects: Vec<Aspect>,
    /// What turns the weighted mean of the scores into the index: 25 for SKM (nilai interval konversi), 1 for F-03.
    pub conversion: u8,
    /// Weight variants that a survey may choose, the default first; at least one.
    pub variants: Vec<WeightVariant>,
    /// Whether a survey may ask elements of the unit's own.
    pub own_elements: bool,
    /// Categories, best first; empty where the index has none of its own.
    pub categories: Vec<Category>,
    /// What a respondent may say about himself, each a choice of codes.
    pub profile: Vec<ProfileField>,
    /// Parameters of the minimum sample, where the instrument states them.
    pub sample: Option<sample::Parameters>,
    /// Least respondents where no population is declared, at least 1.
    pub minimum: i64,
    /// Metric of the scores it gives, such as `skm`; `None` where it gives none by itself.
    pub metric: Option<String>,
}

/// Unsur: one element that the survey asks about; of F-03, a question.
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
    /// Answer per score, lowest score first, in Indonesian; empty where the scale has no labels of its own.
    pub answers: Vec<String>,
    /// Key of its aspect; `None` where the instrument has none.
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

/// Mutu pelayanan: a band of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Grade, `A` to `D`.
    pub grade: String,
    /// Kinerja unit: what the grade means, in Indonesian.
    pub name: String,
    /// Lowest rounded index (NIK, 25 to 100) of the band.
    pub lower: Rational,
}

/// One thing that a respondent may say about himself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileField {
    /// `sex`, `age_group`, `education`, `occupation`, `channel` or `hour_band`.
    pub key: String,
    /// Label for people, in Indonesian.
    pub label: String,
    /// Choices in their order.
    pub choices: Vec<Choice>,
}

/// One code of a profile field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Code, as a response gives it.
    pub code: String,
    /// Label for people, in Indonesian.
    pub label: String,
    /// Of an age group: its youngest and oldest age in years, both included.
    pub ages: Option<(i32, i32)>,
}

impl Instrument {
    /// The category of an index that has been rounded to two decimals. The table of PermenPANRB 14/2017 has
    /// gaps between its two-decimal bounds; a rounded index never falls into one. `None` for a negative
    /// value, and where the instrument has no categories.
    pub fn category(&self, rounded: &Rational) -> Option<&Category> {
        self.categories.iter().find(|c| c.lower <= *rounded)
    }

    /// The element with this key.
    pub fn element(&self, key: &str) -> Option<&Element> {
        self.elements.iter().find(|e| e.key == key)
    }

    /// The weight variant of a survey that names none.
    pub fn default_variant(&self) -> WeightVariant {
        self.variants.first().copied().unwrap_or(WeightVariant::Exact)
    }

    /// The profile field with this key, such as `age_group`.
    pub fn field(&self, key: &str) -> Option<&ProfileField> {
        self.profile.iter().find(|f| f.key == key)
    }

    /// The choices of a profile field in their order; none when the instrument has no such field.
    pub fn choices(&self, key: &str) -> &[Choice] {
        self.field(key).map(|f| f.choices.as_slice()).unwrap_or_default()
    }

    /// The age group of an age in years; `None` for an age that no group covers.
    pub fn age_group(&self, age: i32) -> Option<&Choice> {
        self.choices("age_group")
            .iter()
            .find(|c| c.ages.is_some_and(|(from, to)| (from..=to).contains(&age)))
    }
}
