//! The change of a score against the period before. It is refused where the two scores do not measure the same thing, unless it
//! was asked for by name.

use std::collections::BTreeSet;

use prima_platform::number::{
    self,
    change::{self, Change},
};

use super::facts::Figures;

/// A score as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared<'a> {
    /// Its published figures.
    pub figures: &'a Figures,
    /// Its era.
    pub era: String,
    /// The types of the units that it is made of; none of a unit.
    pub unit_types: BTreeSet<String>,
    /// Whether it has a rank, or would have one with more units.
    pub sample_suffices: bool,
}

/// Why a change is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// One of them has no value, or too small a sample.
    NoValue,
    /// They are of unlike eras: made by unlike methods.
    UnlikeInstruments,
    /// One was recorded and the other one computed, or those of an agency are made of unlike units.
    UnlikeCompositions,
}

/// What may be compared although it is unlike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Across {
    /// Scores of unlike instruments.
    pub instruments: bool,
    /// Scores of unlike compositions.
    pub compositions: bool,
}

impl Across {
    fn includes(self, refusal: Refusal) -> bool {
        match refusal {
            Refusal::NoValue => false,
            Refusal::UnlikeInstruments => self.instruments,
            Refusal::UnlikeCompositions => self.compositions,
        }
    }
}

/// A change, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trend {
    /// The change; `None` when it is refused.
    pub change: Option<Change>,
    /// Why it is refused.
    pub refusals: Vec<Refusal>,
    /// What is unlike although the change is given.
    pub given_across: Vec<Refusal>,
}

/// The change from one score to a later one.
pub fn between(old: &Compared<'_>, new: &Compared<'_>, across: Across) -> Trend {
    let value = |compared: &Compared<'_>| number::parse_decimal(&compared.figures.value);
    let values = value(old)
        .zip(value(new))
        .filter(|_| old.sample_suffices && new.sample_suffices);
    let composition = |c: &Compared<'_>| (c.figures.recorded, c.figures.aggregation.clone());
    // A recorded score does not say of which units it was made.
    let same_units = old.figures.recorded || old.unit_types == new.unit_types;
    let is_unlike = [
        (Refusal::NoValue, values.is_none()),
        (Refusal::UnlikeInstruments, old.era != new.era),
        (
            Refusal::UnlikeCompositions,
            composition(old) != composition(new) || !same_units,
        ),
    ];
    let unlike = is_unlike
        .into_iter()
        .filter_map(|(refusal, is_so)| is_so.then_some(refusal));
    let (given_across, refusals): (Vec<_>, Vec<_>) = unlike.partition(|refusal| across.includes(*refusal));
    match values.filter(|_| refusals.is_empty()) {
        Some((old_value, new_value)) => Trend {
            change: Some(change::between(&old_value, &new_value, places(old, new))),
            refusals,
            given_across,
        },
        None => Trend {
            change: None,
            refusals,
            given_across: Vec::new(),
        },
    }
}

/// The decimals of the two published values.
fn places(old: &Compared<'_>, new: &Compared<'_>) -> u32 {
    let places = |c: &Compared<'_>| {
        c.figures
            .value
            .split_once('.')
            .map_or(0, |(_, decimals)| decimals.len())
    };
    u32::try_from(places(old).max(places(new))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::score;

    fn figures(value: &str, change: impl FnOnce(&mut Figures)) -> Figures {
        let mut figures = score("12", value).figures;
        change(&mut figures);
        figures
    }

    fn compared<'a>(figures: &'a Figures, types: &[&str]) -> Compared<'a> {
        Compared {
            figures,
            era: figures.instrument.clone(),
            unit_types: types.iter().map(ToString::to_string).collect(),
            sample_suffices: true,
        }
    }

    fn refused(old: &Compared<'_>, new: &Compared<'_>) -> Vec<Refusal> {
        let trend = between(old, new, Across::default());
        assert_eq!(trend.change.is_none(), !trend.refusals.is_empty());
        trend.refusals
    }

    #[test]
    fn a_change_is_in_points_and_percent_with_the_decimals_of_the_values() {
        let (old, new) = (figures("80.98", |_| {}), figures("81.9", |_| {}));
        let trend = between(
            &compared(&old, &["a"]),
            &compared(&new, &["a"]),
            Across::default(),
        );
        let change = trend.change.unwrap();
        assert_eq!(
            (change.points.as_str(), change.relative_percent.as_deref()),
            ("0.92", Some("1.14"))
        );
    }

    #[test]
    fn scores_that_measure_something_else_are_not_compared() {
        let old = figures("80.00", |_| {});
        let recorded = figures("80.00", |f| f.recorded = true);
        let weighted = figures("90.00", |f| f.aggregation = "respondent_weighted".into());
        let other = figures("90.00", |f| f.instrument = "other".into());
        let none = figures("", |_| {});
        let of = |figures| compared(figures, &["a"]);
        assert_eq!(refused(&of(&old), &of(&other)), [Refusal::UnlikeInstruments]);
        assert_eq!(refused(&of(&old), &of(&weighted)), [Refusal::UnlikeCompositions]);
        assert_eq!(refused(&of(&recorded), &of(&old)), [Refusal::UnlikeCompositions]);
        assert_eq!(
            refused(&of(&old), &compared(&old, &["a", "b"])),
            [Refusal::UnlikeCompositions]
        );
        assert!(refused(&of(&recorded), &compared(&recorded, &[])).is_empty());
        assert_eq!(refused(&of(&none), &of(&old)), [Refusal::NoValue]);
        let mut small = of(&old);
        small.sample_suffices = false;
        assert_eq!(refused(&of(&old), &small), [Refusal::NoValue]);
    }

    #[test]
    fn each_kind_of_comparison_must_be_asked_for_by_its_own_name() {
        let old = figures("80.00", |_| {});
        let new = figures("90.00", |f| (f.recorded, f.instrument) = (true, "other".into()));
        let (old, new) = (compared(&old, &[]), compared(&new, &[]));
        let all = [Refusal::UnlikeInstruments, Refusal::UnlikeCompositions];
        assert_eq!(refused(&old, &new), all);
        let (instruments, compositions) = (true, true);
        let one = between(
            &old,
            &new,
            Across {
                instruments,
                ..Across::default()
            },
        );
        assert_eq!(
            (one.change, one.refusals),
            (None, vec![Refusal::UnlikeCompositions])
        );
        let both = between(
            &old,
            &new,
            Across {
                instruments,
                compositions,
            },
        );
        assert_eq!(
            (both.change.unwrap().points.as_str(), both.given_across.as_slice()),
            ("10.00", all.as_slice())
        );
    }
}
