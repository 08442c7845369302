//! Why a score is refused, or listed without a rank.

use prima_proto::name;
use rust_decimal::Decimal;

use super::stored_figures::small_value;

/// Why a score is refused. The same score would be refused again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadScore {
    /// The published value is not a decimal of at most 28 digits.
    #[error("the value `{value}` is not a decimal of at most 28 digits")]
    Value {
        /// The value, cut to 80 characters.
        value: String,
    },
    /// The metric cannot be part of the name of a table.
    #[error("the metric {0}")]
    Metric(#[source] name::Error),
    /// The period cannot be part of the name of a table.
    #[error("the period {0}")]
    Period(#[source] name::Error),
}

impl BadScore {
    /// The stable reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "SCORE_VALUE_INVALID",
            Self::Metric(_) => "SCORE_METRIC_INVALID",
            Self::Period(_) => "SCORE_PERIOD_INVALID",
        }
    }

    /// Always false: the same score would be refused again.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Value { .. } | Self::Metric(_) | Self::Period(_) => false,
        }
    }

    /// Checks the two parts of the name of a table that a score supplies.
    pub(super) fn check_names(metric: &str, period: &str) -> Result<(), Self> {
        name::token(metric, name::TOKEN_MAX).map_err(Self::Metric)?;
        name::token(period, name::TOKEN_MAX).map_err(Self::Period)?;
        Ok(())
    }
}

/// Why a subject is listed without a rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unranked {
    /// Fewer respondents or cases than the minimum sample.
    SampleTooSmall,
    /// An agency whose units are not all in, while the period may still change.
    UnitsMissing,
    /// An agency too few of whose units are fit to be ranked themselves.
    UnitsUnfit,
    /// Only a category was published, without a value.
    NoValue,
    /// The value is withheld, because it would be of too few respondents.
    TooFew,
    /// This release cannot read the newest definition of the metric.
    DefinitionUnreadable,
}

impl Unranked {
    /// The number of the reason, as in the contract, by which those without a rank are ordered.
    pub fn number(self) -> u8 {
        match self {
            Self::SampleTooSmall => 1,
            Self::UnitsMissing => 2,
            Self::UnitsUnfit => 3,
            Self::TooFew => 4,
            Self::NoValue => 10,
            Self::DefinitionUnreadable => 11,
        }
    }
}

/// Parses `[-]digits[.digits]`. The parser of `Decimal` is too lenient: it accepts `1_000`, and rounds a value with
/// more digits than it can hold, which could then tie with another.
pub(super) fn decimal(text: &str) -> Result<Decimal, BadScore> {
    if let Some((mantissa, scale)) = small_value(text) {
        return Ok(Decimal::new(mantissa, scale.into()));
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let formed = match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    };
    let value = if formed {
        Decimal::from_str_exact(text).ok()
    } else {
        None
    };
    value.ok_or_else(|| BadScore::Value {
        value: text.chars().take(80).collect(),
    })
}
