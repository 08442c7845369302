//! Weight variants: how the index is computed from the means of the elements.

use std::fmt;
use std::str::FromStr;

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
    /// 0.071, as KepmenPAN 25/2004 prints 1/14; for fourteen elements only.
    W0071,
    /// F-03: the mean over the aspects of the mean over each aspect's questions.
    MeanOfAspectMeans,
    /// F-03: the mean of every answer of every respondent.
    MeanOfAllAnswers,
}

/// The text is not a weight variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `exact`, `0.111`, `0.11`, `0.071`, `mean_of_aspect_means` or `mean_of_all_answers`")]
pub struct UnknownVariant;

impl WeightVariant {
    /// Every variant.
    pub const ALL: [WeightVariant; 6] = [
        WeightVariant::Exact,
        WeightVariant::W0111,
        WeightVariant::W011,
        WeightVariant::W0071,
        WeightVariant::MeanOfAspectMeans,
        WeightVariant::MeanOfAllAnswers,
    ];

    /// Its text: `exact`, `0.111`, `0.11`, `0.071`, `mean_of_aspect_means` or `mean_of_all_answers`.
    pub fn as_str(self) -> &'static str {
        match self {
            WeightVariant::Exact => "exact",
            WeightVariant::W0111 => "0.111",
            WeightVariant::W011 => "0.11",
            WeightVariant::W0071 => "0.071",
            WeightVariant::MeanOfAspectMeans => "mean_of_aspect_means",
            WeightVariant::MeanOfAllAnswers => "mean_of_all_answers",
        }
    }

    /// The number of elements for which it is meant; `None` when it is for any number.
    pub fn elements(self) -> Option<usize> {
        match self {
            WeightVariant::Exact | WeightVariant::MeanOfAspectMeans | WeightVariant::MeanOfAllAnswers => None,
            WeightVariant::W0111 | WeightVariant::W011 => Some(9),
            WeightVariant::W0071 => Some(14),
        }
    }

    /// Whether this variant can be used with `n` elements.
    pub fn fits(self, n: usize) -> bool {
        self.elements().map_or(n > 0, |elements| n == elements)
    }

    /// Whether this variant belongs to instruments that have aspects.
    pub fn needs_aspects(self) -> bool {
        match self {
            WeightVariant::Exact | WeightVariant::W0111 | WeightVariant::W011 | WeightVariant::W0071 => false,
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
