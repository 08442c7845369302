//! Weight variants: how the index is computed from the means of the elements.

use std::fmt;
use std::str::FromStr;

/// Number of elements for which the compatible weights 0.111 and 0.11 are meant.
pub const COMPATIBLE_ELEMENTS: usize = 9;

/// How the index is computed from the means of the elements. All variants are in use, so each survey stores its own, and
/// published figures can be reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeightVariant {
    /// 1/N, for any number of elements N.
    Exact,
    /// 0.111, which many worksheets use; for nine elements only.
    W0111,
    /// 0.11, which some worksheets use; for nine elements only.
    W011,
    /// F-03: the mean over the aspects of the mean over each aspect's questions.
    MeanOfAspectMeans,
    /// F-03: the mean of every answer of every respondent.
    MeanOfAllAnswers,
}

/// The text is not a weight variant.
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

    /// Its text: `exact`, `0.111`, `0.11`, `mean_of_aspect_means` or `mean_of_all_answers`.
    pub fn as_str(self) -> &'static str {
        match self {
            WeightVariant::Exact => "exact",
            WeightVariant::W0111 => "0.111",
            WeightVariant::W011 => "0.11",
            WeightVariant::MeanOfAspectMeans => "mean_of_aspect_means",
            WeightVariant::MeanOfAllAnswers => "mean_of_all_answers",
        }
    }

    /// Whether this variant can be used with `n` elements.
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
