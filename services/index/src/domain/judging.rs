//! Who may evaluate and decide objections: those whom the cycle names, and never the assessed themselves.

use std::collections::BTreeSet;

use prima_platform::failure::{Failure, Kind};

use super::cycle::{Cycle, Scheme};

/// An act of judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<'a> {
    /// Giving levels (F-02).
    Evaluate,
    /// Deciding an objection; these evaluators gave the contested level.
    Decide(&'a BTreeSet<String>),
}

/// The evaluator who wants to judge, by the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judge<'a> {
    /// Subject of the token.
    pub subject: &'a str,
    /// Whether the token belongs to the assessed agency.
    pub of_agency: bool,
    /// Whether the token has the role of an operator of the assessed agency.
    pub operates: bool,
}

/// Why the caller may not judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The caller belongs to the assessed agency, or acted for the unit.
    Assessed,
    /// The cycle names its evaluators, and the caller is not one of them.
    NotNamedEvaluator,
    /// The cycle names who decides objections, and the caller is not one of them.
    NotNamedDecider,
    /// The caller gave the contested level, and the cycle names another person who could decide.
    GaveTheLevel,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let (reason, english, indonesian) = match refused {
            Refused::Assessed => (
                "ASSESSED_MAY_NOT_EVALUATE",
                "members of the assessed agency and those who acted for the unit may not evaluate it or decide its objections",
                "Pihak yang dinilai, atau yang mengisi dan mengajukan sanggah untuk unit, tidak boleh menilai maupun \
                 memutuskan sanggahnya",
            ),
            Refused::NotNamedEvaluator => (
                "NOT_NAMED_EVALUATOR",
                "the cycle names its evaluators, and the caller is not one of them",
                "Anda tidak termasuk evaluator yang ditetapkan siklus ini",
            ),
            Refused::NotNamedDecider => (
                "NOT_NAMED_DECIDER",
                "the cycle names who decides its objections, and the caller is not one of them",
                "Anda tidak termasuk pemutus sanggah yang ditetapkan siklus ini",
            ),
            Refused::GaveTheLevel => (
                "GAVE_THE_LEVEL",
                "the caller gave the contested level; another person whom the cycle names decides the objection",
                "Sanggah atas tingkat yang Anda berikan diputuskan oleh orang lain yang ditetapkan siklus ini",
            ),
        };
        Self::new(Kind::Denied, reason, english, indonesian)
    }
}

/// Succeeds when the caller, an evaluator, may judge a unit; `acted` are the subjects who submitted F-01 or evidence
/// for the unit, or filed an objection.
///
/// Operators of the agency and those who acted for the unit never judge it, whomever the cycle names. In a national
/// or special cycle no one of the agency does; an agency's own cycle is evaluated by its own people. Objections are
/// decided by those whom the cycle names for it, otherwise by its evaluators. The evaluator who gave the contested
/// level decides only when the cycle names no one else who could, so that an agency with a single evaluator can
/// settle its cycle.
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

    const OUTSIDER: Judge = Judge {
        subject: "e",
        of_agency: false,
        operates: false,
    };

    #[test]
    fn the_assessed_never_judge_whomever_the_cycle_names() {
        let of_agency = Judge {
            of_agency: true,
            ..OUTSIDER
        };
        let operator = Judge {
            operates: true,
            ..OUTSIDER
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
                    assert_eq!(check(&cycle, act, OUTSIDER, &none), Ok(()), "{scheme:?}");
                    assert_eq!(check(&cycle, act, of_agency, &none), own, "{scheme:?}");
                    assert_eq!(
                        check(&cycle, act, operator, &none),
                        Err(Refused::Assessed),
                        "{scheme:?}"
                    );
                    assert_eq!(
                        check(&cycle, act, OUTSIDER, &set(&["e"])),
                        Err(Refused::Assessed),
                        "{scheme:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn only_those_whom_the_cycle_names_judge() {
        let (none, givers) = (set(&[]), set(&["other"]));
        let ok = |evaluators: &[&str], deciders: &[&str], act| {
            check(
                &cycle(Scheme::Nasional, evaluators, deciders),
                act,
                OUTSIDER,
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
    fn the_evaluator_who_gave_the_level_decides_only_if_no_other_named_person_can() {
        let decide = |deciders: &[&str], givers: &[&str], acted: &[&str]| {
            let cycle = cycle(Scheme::Nasional, &[], deciders);
            check(&cycle, Act::Decide(&set(givers)), OUTSIDER, &set(acted))
        };
        assert_eq!(decide(&[], &["e"], &[]), Ok(()));
        assert_eq!(decide(&["e"], &["e"], &[]), Ok(()));
        assert_eq!(decide(&["e", "other"], &["e"], &[]), Err(Refused::GaveTheLevel));
        assert_eq!(decide(&["e", "other"], &["other"], &[]), Ok(()));
        assert_eq!(decide(&["e", "other"], &["e", "other"], &[]), Ok(()));
        assert_eq!(decide(&["e", "other"], &["e"], &["other"]), Ok(()));
    }
}
