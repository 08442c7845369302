//! Categories of a rounded value.

use super::number::{self, Rational};

/// One category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// Letter or key, such as `A-` or `green`.
    pub key: String,
    /// Name, in Indonesian.
    pub name: String,
    /// Lowest rounded value of the band.
    pub lower: Rational,
    /// Colour zone; empty where there is none.
    pub zone: String,
}

/// The first band whose lower bound the value reaches. `bands` are ordered from the best down, and the value is
/// already rounded, so the printed value never contradicts its category.
pub fn band<'a>(bands: &'a [Band], rounded: &Rational) -> Option<&'a Band> {
    bands.iter().find(|band| band.lower <= *rounded)
}

/// A value as it is published; empty by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// The exact value.
    pub exact: Rational,
    /// The value rounded half up, once.
    pub value: String,
    /// Key of the category; empty where no category covers the value.
    pub category: String,
    /// Its name, in Indonesian.
    pub name: String,
    /// Its zone.
    pub zone: String,
}

/// Rounds once, half up to `decimals` places, and takes the category of the rounded value.
pub fn publish(bands: &[Band], exact: Rational, decimals: u32) -> Published {
    let rounded = number::round(&exact, decimals);
    let found = band(bands, &rounded);
    Published {
        value: number::decimal(&rounded, decimals),
        category: found.map(|b| b.key.clone()).unwrap_or_default(),
        name: found.map(|b| b.name.clone()).unwrap_or_default(),
        zone: found.map(|b| b.zone.clone()).unwrap_or_default(),
        exact,
    }
}
