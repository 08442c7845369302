//! Which levels count in an assessment, and the stored inputs of its index.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    instrument::{Policy, Weighting},
    number::{self, Rational},
    score,
};

/// Where a level that counts comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The exact mean of the evaluators' levels (F-02).
    Evaluators,
    /// The decision of an objection (sanggah).
    Objection,
    /// The level that live data supports.
    Suggestion,
}

impl Origin {
    /// Its name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evaluators => "evaluators",
            Self::Objection => "objection",
            Self::Suggestion => "suggestion",
        }
    }
}

/// A level that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The level.
    #[serde(with = "fraction")]
    pub level: Rational,
    /// Where it comes from.
    pub origin: Origin,
    /// Number of evaluators who gave a level.
    pub evaluators: usize,
}

/// F-03 as counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct F03 {
    /// Names of the surveys, ordered.
    pub surveys: Vec<String>,
    /// The value.
    #[serde(with = "fraction")]
    pub value: Rational,
    /// Respondents of all surveys together.
    pub respondents: i64,
    /// Highest version of the surveys' events.
    pub version: i64,
}

/// All inputs of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// `offline` or `online`.
    pub form: String,
    /// Weights within an aspect.
    pub weighting: Weighting,
    /// Minimum number of respondents of F-03.
    pub minimum_respondents: i64,
    /// What happens to F-03 under the minimum.
    pub policy: Policy,
    /// Level per indicator.
    pub levels: BTreeMap<String, Level>,
    /// F-03.
    pub f03: Option<F03>,
}

impl Inputs {
    /// The input for [`score::compute`]. Without F-03 the number of respondents is 0, which is under any minimum.
    pub fn input(&self) -> score::Input {
        score::Input {
            form: self.form.clone(),
            levels: self
                .levels
                .iter()
                .map(|(key, level)| (key.clone(), level.level.clone()))
                .collect(),
            f03: self.f03.as_ref().map(|f| f.value.clone()),
            respondents: Some(self.f03.as_ref().map_or(0, |f| f.respondents)),
            minimum_respondents: Some(self.minimum_respondents),
            policy: Some(self.policy),
            weighting: Some(self.weighting),
            ..score::Input::default()
        }
    }
}

/// The level of each indicator: that of the last granted objection; otherwise the exact mean of its evaluators;
/// otherwise the suggested one. `given` has one row for each evaluator and indicator, `granted` is in the order of
/// decision.
pub fn counted(
    given: &[(String, i64)],
    granted: &[(String, i64)],
    suggested: &BTreeMap<String, u32>,
) -> BTreeMap<String, Level> {
    let mut levels: BTreeMap<String, Level> = suggested
        .iter()
        .map(|(key, level)| {
            let level = Level {
                level: Rational::from_integer((*level).into()),
                origin: Origin::Suggestion,
                evaluators: 0,
            };
            (key.clone(), level)
        })
        .collect();
    let mut by_indicator: BTreeMap<&String, Vec<Rational>> = BTreeMap::new();
    for (key, level) in given {
        let values = by_indicator.entry(key).or_default();
        values.push(Rational::from_integer((*level).into()));
    }
    for (key, values) in by_indicator {
        if let Some(level) = number::mean(&values) {
            let level = Level {
                level,
                origin: Origin::Evaluators,
                evaluators: values.len(),
            };
            levels.insert(key.clone(), level);
        }
    }
    for (key, level) in granted {
        let evaluators = levels.get(key).map_or(0, |l| l.evaluators);
        let level = Level {
            level: Rational::from_integer((*level).into()),
            origin: Origin::Objection,
            evaluators,
        };
        levels.insert(key.clone(), level);
    }
    levels
}

mod fraction {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{Rational, number};

    pub fn serialize<S: Serializer>(value: &Rational, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&number::fraction(value))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Rational, D::Error> {
        let text = String::deserialize(from)?;
        number::parse_fraction(&text).ok_or_else(|| D::Error::custom("not a fraction"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn given() -> impl Strategy<Value = Vec<(String, i64)>> {
        prop::collection::vec(("[abc]", 0..=5i64), 0..40)
    }

    proptest! {
        #[test]
        fn the_order_of_evaluations_does_not_matter(
            (one, other) in given().prop_flat_map(|g| (Just(g.clone()), Just(g).prop_shuffle()))
        ) {
            let suggested = BTreeMap::from([("d".to_owned(), 3)]);
            prop_assert_eq!(counted(&one, &[], &suggested), counted(&other, &[], &suggested));
        }

        #[test]
        fn stored_inputs_are_read_back_the_same(given in given()) {
            let inputs = Inputs {
                form: "offline".into(),
                weighting: Weighting::PerIndicator,
                minimum_respondents: 10,
                policy: Policy::Incomplete,
                levels: counted(&given, &[], &BTreeMap::new()),
                f03: Some(F03 {
                    surveys: vec!["s".into()],
                    value: Rational::new(58.into(), 15.into()),
                    respondents: 10,
                    version: 1,
                }),
            };
            let text = serde_json::to_string(&inputs).unwrap();
            prop_assert_eq!(serde_json::from_str::<Inputs>(&text).unwrap(), inputs);
        }
    }

    #[test]
    fn a_decision_overrides_evaluators_and_they_override_a_suggestion() {
        let given = [("a", 2), ("a", 5), ("b", 1)].map(|(k, l)| (k.to_owned(), l));
        let granted = [("b".to_owned(), 3), ("b".to_owned(), 4)];
        let suggested = ["a", "b", "c"].map(|k| (k.to_owned(), 0)).into();
        let levels = counted(&given, &granted, &suggested);
        let of = |key: &str| {
            let level = &levels[key];
            (number::fraction(&level.level), level.origin, level.evaluators)
        };
        assert_eq!(of("a"), ("7/2".to_owned(), Origin::Evaluators, 2));
        assert_eq!(of("b"), ("4/1".to_owned(), Origin::Objection, 1));
        assert_eq!(of("c"), ("0/1".to_owned(), Origin::Suggestion, 0));
    }
}
