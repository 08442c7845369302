//! How the means of the elements become the index.

use std::fmt;
use std::str::FromStr;

/// Elements that the compatible weights 0.111 and 0.11 stand for.
pub const COMPATIBLE_ELEMENTS: usize = 9;

/// How the means of the elements become the index. All are in real use, so that a survey keeps its choice and
/// published figures can be computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeightVariant {
    /// 1/N, for any number of elements N.
    Exact,
    /// 0.111, as many worksheets have it; nine elements only.
    W0111,
    /// 0.11, as some worksheets have it; nine elements only.
    W011,
    /// F-03: the mean over the aspects of the mean over each aspect's questions.
    MeanOfAspectMeans,
    /// F-03: the mean of every answer of every respondent.
    MeanOfAllAnswers,
}

/// A text that names no weight variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `exact`, `0.111`, `0.11`, `mean_of_aspect_means` or `mean_of_all_answers`")]
pub struct UnknownVariant;

impl WeightVariant {
    /// Every variant.
    pub const ALL: [WeightVariant; 5] = [
        WeightVariant::Exact,
        WeightVariant::W0111,
        WeightVariant::W011,
        WeightVariant::MeanOfAspectMeans,
        WeightVariant::MeanOfAllAnswers,
    ];

    /// `exact`, `0.111`, `0.11`, `mean_of_aspect_means` or `mean_of_all_answers`.
    pub fn as_str(self) -> &'static str {
        match self {
            WeightVariant::Exact => "exact",
            WeightVariant::W0111 => "0.111",
            WeightVariant::W011 => "0.11",
            WeightVariant::MeanOfAspectMeans => "mean_of_aspect_means",
            WeightVariant::MeanOfAllAnswers => "mean_of_all_answers",
        }
    }

    /// Whether this variant can weigh `n` elements.
    pub fn fits(self, n: usize) -> bool {
        match self {
            WeightVariant::Exact | WeightVariant::MeanOfAspectMeans | WeightVariant::MeanOfAllAnswers => {
                n > 0
            }
            WeightVariant::W0111 | WeightVariant::W011 => n == COMPATIBLE_ELEMENTS,
        }
    }

    /// Whether this variant belongs to instruments that have aspects.
    pub fn needs_aspects(self) -> bool {
        match self {
            WeightVariant::Exact | WeightVariant::W0111 | WeightVariant::W011 => false,
            WeightVariant::MeanOfAspectMeans | WeightVariant::MeanOfAllAnswers => true,
        }
    }
}

impl FromStr for WeightVariant {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        let mut all = WeightVariant::ALL.into_iter();
        all.find(|v| v.as_str() == text).ok_or(UnknownVariant)
    }
}

impl fmt::Display for WeightVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
