//! Levels on a form, from the unit itself or from an evaluator.

use std::collections::BTreeSet;

use prima_platform::request::Faults;

use crate::{
    derived::Assessed,
    domain::{field, text},
    rpc::submission::Submitted,
};

/// Highest level to accept while the instrument is not known.
const LEVEL_MAX: u32 = 5;
/// Maximum number of levels in one request.
const LEVELS_MAX: usize = 100;

/// A level of one indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Key of the indicator.
    pub indicator: String,
    /// The level.
    pub level: i32,
    /// Reason.
    pub note: String,
}

/// The levels in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// The field.
    pub field: &'static str,
    /// Its levels.
    pub given: Vec<Level>,
}

/// Checks a level against the scale of the instrument.
pub fn level(field: &str, level: i32, of: Option<&Assessed>, faults: &mut Faults) -> i32 {
    let max = of.map_or(LEVEL_MAX, |assessed| assessed.instrument.max);
    faults.range(field, level, 0, i32::try_from(max).unwrap_or(i32::MAX))
}

impl Submitted for Levels {
    type Valid = Vec<Level>;

    fn check(&self, of: Option<&Assessed>, faults: &mut Faults) -> Option<Vec<Level>> {
        let Self { field, given } = self;
        if !(1..=LEVELS_MAX).contains(&given.len()) {
            faults.add(*field, "must be 1 to 100", "harus 1 sampai 100 butir");
        }
        let mut seen = BTreeSet::new();
        let each = given.iter().take(LEVELS_MAX).enumerate();
        let valid = each.map(|(at, one)| {
            let path = |part: &str| format!("{field}[{at}].{part}");
            let has = of.is_none_or(|assessed| assessed.has(&one.indicator));
            let known = faults.take(field::indicator(&path("indicator"), &one.indicator, has));
            if known.is_some() && !seen.insert(&one.indicator) {
                faults.add(path("indicator"), "occurs twice", "muncul dua kali");
            }
            Level {
                indicator: one.indicator.clone(),
                level: level(&path("level"), one.level, of, faults),
                note: faults.or_default(text::NOTE.check(&path("note"), &one.note)),
            }
        });
        Some(valid.collect())
    }
}
