//! Levels on a form, as the unit itself and its evaluators give them.

use std::collections::BTreeSet;

use prima_platform::request::{Faults, shown};

use crate::{derived::Assessed, domain::field};

/// Longest note and reason, characters.
pub const TEXT_MAX: usize = 2000;
/// Shortest reason, characters.
pub const REASON_MIN: usize = 5;
/// Highest level while the instrument is not known.
const LEVEL_MAX: u32 = 5;
/// Levels of one request at most.
const LEVELS_MAX: usize = 100;

/// A level of one indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Key of the indicator.
    pub indicator: String,
    /// The level.
    pub level: i32,
    /// Why.
    pub note: String,
}

/// A level on the scale of the instrument.
pub fn level(field: &str, level: i32, of: Option<&Assessed>, faults: &mut Faults) -> i32 {
    let max = of.map_or(LEVEL_MAX, |assessed| assessed.instrument.max);
    faults.range(field, level, 0, i32::try_from(max).unwrap_or(i32::MAX))
}

/// Notes what is wrong with levels; without the assessment, what tells without its form.
pub fn check(field: &str, given: &[Level], of: Option<&Assessed>, faults: &mut Faults) {
    if !(1..=LEVELS_MAX).contains(&given.len()) {
        faults.add(field, "must be 1 to 100", "harus 1 sampai 100 butir");
    }
    let mut seen = BTreeSet::new();
    for (at, one) in given.iter().take(LEVELS_MAX).enumerate() {
        let path = |part: &str| format!("{field}[{at}].{part}");
        if of.is_some_and(|assessed| !assessed.has(&one.indicator)) {
            let shown = shown(&one.indicator);
            faults.add(
                path("indicator"),
                format!("`{shown}` is no indicator of the form"),
                format!("`{shown}` bukan indikator formulir ini"),
            );
        } else if !seen.insert(&one.indicator) {
            faults.add(path("indicator"), "comes twice", "muncul dua kali");
        }
        level(&path("level"), one.level, of, faults);
        faults.take(field::lines(&path("note"), one.note.clone(), 0, TEXT_MAX));
    }
}
