//! Who evaluates and decides objections: whom the cycle names, and never the assessed.

use std::collections::BTreeSet;

use prima_platform::failure::{Failure, Kind};

use super::cycle::{Cycle, Scheme};

/// An act of judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<'a> {
    /// Levels are given (F-02).
    Evaluate,
    /// An objection is decided; these evaluators gave the level that it is against.
    Decide(&'a BTreeSet<String>),
}

/// The evaluator who would judge, as the token tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judge<'a> {
    /// Subject of the token.
    pub subject: &'a str,
    /// Whether the token names the assessed agency itself.
    pub of_agency: bool,
    /// Whether the token makes its holder an operator of the assessed agency.
    pub operates: bool,
}

/// Why somebody does not judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Belongs to the assessed, or acted for them.
    Assessed,
    /// The cycle names its evaluators, and not this one.
    NotNamedEvaluator,
    /// The cycle names who decides objections, and not this one.
    NotNamedDecider,
    /// The objection is against the judge's own level, and the cycle names somebody else to decide it.
    GaveTheLevel,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let (reason, english, indonesian) = match refused {
            Refused::Assessed => (
                "ASSESSED_MAY_NOT_EVALUATE",
                "nobody of the assessed agency and nobody who acted for the unit evaluates it or decides its objections",
                "Pihak yang dinilai, atau yang mengisi dan mengajukan sanggah untuk unit, tidak boleh menilai maupun \
                 memutuskan sanggahnya",
            ),
            Refused::NotNamedEvaluator => (
                "NOT_NAMED_EVALUATOR",
                "the cycle names its evaluators, and the caller is none of them",
                "Anda tidak termasuk evaluator yang ditetapkan siklus ini",
            ),
            Refused::NotNamedDecider => (
                "NOT_NAMED_DECIDER",
                "the cycle names who decides its objections, and the caller is none of them",
                "Anda tidak termasuk pemutus sanggah yang ditetapkan siklus ini",
            ),
            Refused::GaveTheLevel => (
                "GAVE_THE_LEVEL",
                "the objection is against a level of the caller's; somebody else whom the cycle names decides it",
                "Sanggah atas tingkat yang Anda berikan diputuskan oleh orang lain yang ditetapkan siklus ini",
            ),
        };
        Self::new(Kind::Denied, reason, english, indonesian)
    }
}

/// Whether an evaluator of the assessed agency or of all of them may judge a unit; `acted` are the subjects who handed in
/// for that unit or objected.
///
/// Operators of the agency and whoever acted for the unit never judge it, whomever the cycle names. In a national or
/// special cycle nobody of the agency does; a cycle of the agency's own is evaluated by its own people. Objections are
/// decided by whom the cycle names for it, else by its evaluators. Whoever gave the level decides an objection to it only
/// where the cycle names nobody for it who could do it instead: an agency with a single evaluator can settle its cycle, too.
pub fn check(cycle: &Cycle, act: Act, judge: Judge, acted: &BTreeSet<String>) -> Result<(), Refused> {
    let own = cycle.scheme == Scheme::Mandiri;
    if judge.operates || (judge.of_agency && !own) || acted.contains(judge.subject) {
        return Err(Refused::Assessed);
    }
    let settings = &cycle.settings;
    let named = match act {
        Act::Decide(_) if !settings.objection_deciders.is_empty() => &settings.objection_deciders,
        Act::Decide(_) | Act::Evaluate => &settings.evaluators,
    };
    if !named.is_empty() && !named.iter().any(|subject| subject == judge.subject) {
        return Err(match act {
            Act::Evaluate => Refused::NotNamedEvaluator,
            Act::Decide(_) => Refused::NotNamedDecider,
        });
    }
    match act {
        Act::Decide(givers) if givers.contains(judge.subject) => {
            let instead = |subject: &String| !givers.contains(subject) && !acted.contains(subject);
            match settings.objection_deciders.iter().any(instead) {
                true => Err(Refused::GaveTheLevel),
                false => Ok(()),
            }
        }
        Act::Decide(_) | Act::Evaluate => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycle(scheme: Scheme, evaluators: &[&str], deciders: &[&str]) -> Cycle {
        let mut cycle = Cycle::sample(scheme);
        cycle.settings.evaluators = evaluators.iter().map(|s| (*s).to_owned()).collect();
        cycle.settings.objection_deciders = deciders.iter().map(|s| (*s).to_owned()).collect();
        cycle
    }

    fn set(subjects: &[&str]) -> BTreeSet<String> {
        subjects.iter().map(|s| (*s).to_owned()).collect()
    }

    const STRANGER: Judge = Judge {
        subject: "e",
        of_agency: false,
        operates: false,
    };

    #[test]
    fn the_assessed_never_judge_whomever_the_cycle_names() {
        let of_agency = Judge {
            of_agency: true,
            ..STRANGER
        };
        let operator = Judge {
            operates: true,
            ..STRANGER
        };
        for named in [&[][..], &["e"]] {
            for scheme in Scheme::ALL {
                let cycle = cycle(scheme, named, named);
                let own = match scheme {
                    Scheme::Mandiri => Ok(()),
                    Scheme::Nasional | Scheme::Khusus => Err(Refused::Assessed),
                };
                for act in [Act::Evaluate, Act::Decide(&set(&["other"]))] {
                    let none = set(&[]);
                    assert_eq!(check(&cycle, act, STRANGER, &none), Ok(()), "{scheme:?}");
                    assert_eq!(check(&cycle, act, of_agency, &none), own, "{scheme:?}");
                    assert_eq!(
                        check(&cycle, act, operator, &none),
                        Err(Refused::Assessed),
                        "{scheme:?}"
                    );
                    assert_eq!(
                        check(&cycle, act, STRANGER, &set(&["e"])),
                        Err(Refused::Assessed),
                        "{scheme:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn only_whom_the_cycle_names_judges() {
        let (none, givers) = (set(&[]), set(&["other"]));
        let ok = |evaluators: &[&str], deciders: &[&str], act| {
            check(
                &cycle(Scheme::Nasional, evaluators, deciders),
                act,
                STRANGER,
                &none,
            )
        };
        assert_eq!(
            ok(&["other"], &[], Act::Evaluate),
            Err(Refused::NotNamedEvaluator)
        );
        assert_eq!(
            ok(&["other"], &["e"], Act::Evaluate),
            Err(Refused::NotNamedEvaluator)
        );
        assert_eq!(ok(&["other", "e"], &[], Act::Evaluate), Ok(()));
        assert_eq!(ok(&[], &["other"], Act::Evaluate), Ok(()));
        assert_eq!(
            ok(&["other"], &[], Act::Decide(&givers)),
            Err(Refused::NotNamedDecider)
        );
        assert_eq!(
            ok(&["e"], &["other"], Act::Decide(&givers)),
            Err(Refused::NotNamedDecider)
        );
        assert_eq!(ok(&["other"], &["e"], Act::Decide(&givers)), Ok(()));
    }

    #[test]
    fn who_gave_the_level_decides_only_where_nobody_else_is_named_who_could() {
        let decide = |deciders: &[&str], givers: &[&str], acted: &[&str]| {
            let cycle = cycle(Scheme::Nasional, &[], deciders);
            check(&cycle, Act::Decide(&set(givers)), STRANGER, &set(acted))
        };
        assert_eq!(decide(&[], &["e"], &[]), Ok(()));
        assert_eq!(decide(&["e"], &["e"], &[]), Ok(()));
        assert_eq!(decide(&["e", "other"], &["e"], &[]), Err(Refused::GaveTheLevel));
        assert_eq!(decide(&["e", "other"], &["other"], &[]), Ok(()));
        assert_eq!(decide(&["e", "other"], &["e", "other"], &[]), Ok(()));
        assert_eq!(decide(&["e", "other"], &["e"], &["other"]), Ok(()));
    }
}
