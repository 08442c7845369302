//! The published figures of a score as they are kept: small, since all scores of the nation are in memory.

use std::fmt::Write;

use rust_decimal::Decimal;

use super::facts::{Figures, Status};
use super::texts::Texts;

/// Stands for no value: no decimal has so many places.
const WITHOUT_VALUE: u8 = u8::MAX;
/// Stands for no standard error.
const WITHOUT_ERROR: u32 = u32::MAX;
/// Decimal places of the units in which a standard error is held; services publish four.
const ERROR_PLACES: u32 = 6;

/// The figures of a score. Nearly all take the small form; any that it can't hold exactly are kept as they came.
#[derive(Debug)]
pub(super) enum StoredFigures {
    Small(Small),
    Whole(Box<Figures>),
}

/// Figures with a value of at most 18 digits, written as its number is printed, and numbers below 2^32.
#[derive(Debug)]
pub(super) struct Small {
    mantissa: i64,
    category: u32,
    category_display_name: u32,
    instrument: u32,
    exact: Option<Decimal>,
    /// In millionths.
    standard_error: u32,
    aggregation: u32,
    sample_size: u32,
    sample_minimum: u32,
    units_counted: u32,
    units_expected: u32,
    counted: u32,
    pending: u32,
    in_question: u32,
    /// Decimal places of the value.
    scale: u8,
    status: Status,
    recorded: bool,
    too_few: bool,
}

/// Mantissa and decimal places of a decimal of at most 18 digits that is written as its number is printed; `None` for
/// all other texts.
pub(super) fn small_value(text: &str) -> Option<(i64, u8)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let is_plain = whole == "0" || !(whole.is_empty() || whole.starts_with('0'));
    if !is_plain || whole.len() + fraction.len() > 18 {
        return None;
    }
    let mut mantissa: i64 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        mantissa = mantissa * 10 + i64::from(byte - b'0');
    }
    let places = u8::try_from(fraction.len()).ok()?;
    match unsigned.len() == text.len() {
        true => Some((mantissa, places)),
        // A negative zero does not print its sign.
        false if mantissa == 0 => None,
        false => Some((-mantissa, places)),
    }
}

/// A standard error in millionths; `None` when that is not exact, or too large.
fn small_error(error: Option<Decimal>) -> Option<u32> {
    let Some(error) = error.map(|error| error.normalize()) else {
        return Some(WITHOUT_ERROR);
    };
    let factor = 10_i128.checked_pow(ERROR_PLACES.checked_sub(error.scale())?)?;
    let millionths = error.mantissa().checked_mul(factor)?;
    u32::try_from(millionths)
        .ok()
        .filter(|error| *error != WITHOUT_ERROR)
}

impl StoredFigures {
    pub(super) fn new(figures: Figures, names: &mut Texts) -> Self {
        match Self::small(&figures, names) {
            Some(small) => Self::Small(small),
            None => Self::Whole(Box::new(figures)),
        }
    }

    fn small(figures: &Figures, names: &mut Texts) -> Option<Small> {
        // What depends on it is listed in full, so that a field added to the figures is not forgotten here.
        let Figures {
            value,
            category,
            category_display_name,
            sample_size,
            sample_minimum,
            units_counted,
            units_expected,
            status,
            recorded,
            counted,
            pending,
            too_few,
            in_question,
            value_with_questioned,
            exact,
            standard_error,
            instrument,
            aggregation,
        } = figures;
        if !value_with_questioned.is_empty() {
            return None;
        }
        let (mantissa, scale) = match value.as_str() {
            "" => (0, WITHOUT_VALUE),
            value => small_value(value)?,
        };
        let number = |n: &i64| u32::try_from(*n).ok();
        Some(Small {
            mantissa,
            scale,
            sample_size: number(sample_size)?,
            sample_minimum: number(sample_minimum)?,
            units_counted: number(units_counted)?,
            units_expected: number(units_expected)?,
            counted: number(counted)?,
            pending: number(pending)?,
            in_question: number(in_question)?,
            status: *status,
            recorded: *recorded,
            too_few: *too_few,
            category: names.number(&[category]),
            category_display_name: names.number(&[category_display_name]),
            exact: *exact,
            standard_error: small_error(*standard_error)?,
            instrument: names.number(&[instrument]),
            aggregation: names.number(&[aggregation]),
        })
    }

    /// The figures as they were published.
    pub(super) fn figures(&self, names: &Texts) -> Figures {
        match self {
            Self::Whole(figures) => Figures::clone(figures),
            Self::Small(small) => small.figures(names),
        }
    }

    /// The standard error of the value.
    pub(super) fn standard_error(&self) -> Option<Decimal> {
        match self {
            Self::Whole(figures) => figures.standard_error,
            Self::Small(small) => small.standard_error(),
        }
    }

    /// Instrument and version that produced the value.
    pub(super) fn instrument<'a>(&'a self, names: &'a Texts) -> &'a str {
        match self {
            Self::Whole(figures) => &figures.instrument,
            Self::Small(small) => names.get(small.instrument),
        }
    }

    pub(super) fn recorded(&self) -> bool {
        match self {
            Self::Whole(figures) => figures.recorded,
            Self::Small(small) => small.recorded,
        }
    }
}

impl Small {
    fn value(&self) -> String {
        let mut value = String::new();
        if self.scale != WITHOUT_VALUE {
            // Room for all usual values at once; writing to a text does not fail.
            value.reserve_exact(8);
            let _written = write!(value, "{}", Decimal::new(self.mantissa, u32::from(self.scale)));
        }
        value
    }

    fn standard_error(&self) -> Option<Decimal> {
        let millionths = Some(self.standard_error).filter(|error| *error != WITHOUT_ERROR);
        millionths.map(|millionths| Decimal::new(millionths.into(), ERROR_PLACES))
    }

    fn figures(&self, names: &Texts) -> Figures {
        Figures {
            value: self.value(),
            category: names.get(self.category).to_owned(),
            category_display_name: names.get(self.category_display_name).to_owned(),
            sample_size: self.sample_size.into(),
            sample_minimum: self.sample_minimum.into(),
            units_counted: self.units_counted.into(),
            units_expected: self.units_expected.into(),
            status: self.status,
            recorded: self.recorded,
            counted: self.counted.into(),
            pending: self.pending.into(),
            too_few: self.too_few,
            in_question: self.in_question.into(),
            value_with_questioned: String::new(),
            exact: self.exact,
            standard_error: self.standard_error(),
            instrument: names.get(self.instrument).to_owned(),
            aggregation: names.get(self.aggregation).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::tests::score;

    fn values() -> impl Strategy<Value = String> {
        let decimal = (any::<i64>(), 0..63_u32, 0..=18_u32);
        let decimal = decimal.prop_map(|(m, shift, scale)| Decimal::new(m >> shift, scale).to_string());
        prop_oneof![
            decimal,
            "-?[0-9]{0,4}[.]?[0-9]{0,3}",
            Just(String::new()),
            ".{0,3}"
        ]
    }

    proptest! {
        #[test]
        fn figures_are_given_back_as_they_came(
            (value, questioned) in (values(), prop_oneof![3 => Just(String::new()), 1 => values()]),
            numbers in prop::array::uniform7(prop_oneof![0..400_i64, any::<i64>()]),
            small in any::<bool>(),
            (recorded, too_few, settled) in any::<(bool, bool, bool)>(),
            error in prop::option::of((0..=i64::MAX, 0..63_u32, 0..=8_u32)),
            category in "[a-z]{0,2}",
        ) {
            let [sample_size, sample_minimum, units_counted, units_expected, counted, pending, in_question] =
                numbers.map(|n| if small { n.rem_euclid(1000) } else { n });
            let figures = Figures {
                value, category_display_name: category.to_uppercase(), sample_size, sample_minimum,
                units_counted, units_expected, counted, pending, in_question, recorded, too_few,
                status: if settled { Status::Final } else { Status::Provisional },
                value_with_questioned: questioned,
                exact: small.then(|| Decimal::new(sample_size, 3)),
                standard_error: error.map(|(m, shift, scale)| Decimal::new(m >> shift, scale)),
                instrument: category.repeat(2),
                aggregation: category.repeat(3),
                category,
            };
            let mut names = Texts::default();
            let stored = StoredFigures::new(figures.clone(), &mut names);
            prop_assert_eq!(stored.recorded(), recorded);
            prop_assert_eq!(stored.standard_error(), figures.standard_error);
            prop_assert_eq!(stored.figures(&names), figures);
        }
    }

    #[test]
    fn usual_figures_take_the_small_form() {
        let stored = |value| StoredFigures::new(score("1/a", value).figures, &mut Texts::default());
        for value in ["", "0", "91.40", "-3.25", "100", "0.000", "123456789.123456789"] {
            assert!(matches!(stored(value), StoredFigures::Small(_)), "{value}");
        }
        let with_error = |error: &str| Figures {
            standard_error: Some(error.parse().unwrap()),
            ..Figures::of("91.40")
        };
        for (error, is_small) in [
            ("0", true),
            ("0.8123", true),
            ("4294.967294", true),
            ("4294.967295", false),
            ("0.0000001", false),
        ] {
            let stored = StoredFigures::new(with_error(error), &mut Texts::default());
            assert_eq!(matches!(stored, StoredFigures::Small(_)), is_small, "{error}");
        }
        for value in [
            "-0",
            "007.5",
            "5.",
            "9223372036854775808",
            "1234567890.1234567890",
        ] {
            assert!(matches!(stored(value), StoredFigures::Whole(_)), "{value}");
        }
    }
}
