//! The index from levels and scores, as one pure function for every caller.
//!
//! The level of an indicator is weighted into its aspect, the aspects into F-02, F-02 and F-03 into the index
//! (PermenPANRB 29/2022; `pekppp-2022.json` records what is confirmed and what is not). Where scores are given per
//! aspect, they are weighted into the index (`pekppp-2017.json`). The computation is exact; the index is rounded
//! once.

use std::collections::BTreeMap;

use num_traits::{One, Zero};

use super::{
    band::{self, Published},
    instrument::{DECIMALS, Form, Instrument, Policy, Weighting},
    number::Rational,
};

/// The inputs of an index. The caller checks keys and ranges.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// `offline` or `online`; empty where the instrument has no forms.
    pub form: String,
    /// Level per indicator, 0 to the instrument's highest; exact mean of its evaluators.
    pub levels: BTreeMap<String, Rational>,
    /// Score per aspect, where it is given instead of levels.
    pub aspect_scores: BTreeMap<String, Rational>,
    /// F-03, already aggregated.
    pub f03: Option<Rational>,
    /// Respondents of F-03; `None` to skip the check of the minimum.
    pub respondents: Option<i64>,
    /// Minimum number of respondents; `None` for the instrument's own.
    pub minimum_respondents: Option<i64>,
    /// What happens to F-03 under the minimum; `None` for the instrument's default.
    pub policy: Option<Policy>,
    /// Weights within an aspect; `None` for the instrument's default.
    pub weighting: Option<Weighting>,
    /// Weights of aspects that replace those of the instrument.
    pub aspect_weights: BTreeMap<String, Rational>,
    /// An aspect to leave out; the weights of the others are scaled to sum to 1.
    pub leave_out: Option<String>,
}

/// One addend: weight times value, and the terms of the value. The products of `terms` sum to `value` exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Key of the aspect, indicator or form.
    pub key: String,
    /// Its name, in Indonesian.
    pub name: String,
    /// Its weight in its parent.
    pub weight: Rational,
    /// Its value; `None` while an input of it is missing.
    pub value: Option<Rational>,
    /// Its terms; empty for an input.
    pub terms: Vec<Node>,
    /// The source of an input, in Indonesian.
    pub origin: &'static str,
}

/// An index with its computation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The index; `None` while an input is missing.
    pub published: Option<Published>,
    /// The tree, from the index down to levels.
    pub tree: Node,
    /// Keys of the missing inputs.
    pub missing: Vec<String>,
}

impl Index {
    /// The value of F-02 or F-03 in the tree.
    pub fn part(&self, key: &str) -> Option<&Rational> {
        self.tree.terms.iter().find(|n| n.key == key)?.value.as_ref()
    }

    /// What one point of each input contributes to the index: of every aspect, and of F-03.
    pub fn coefficients(&self) -> Vec<(&str, Rational)> {
        let f02 = self.tree.terms.iter().find(|n| n.key == F02);
        let of_aspects = f02.map_or_else(Rational::one, |f02| f02.weight.clone());
        let aspects = self
            .aspects()
            .iter()
            .map(|n| (n.key.as_str(), &n.weight * &of_aspects));
        let forms = self.tree.terms.iter().filter(|n| f02.is_some() && n.key != F02);
        aspects
            .chain(forms.map(|n| (n.key.as_str(), n.weight.clone())))
            .collect()
    }

    /// The aspects: below F-02, or directly below the index.
    pub fn aspects(&self) -> &[Node] {
        let f02 = self.tree.terms.iter().find(|n| n.key == F02);
        f02.map_or(&self.tree.terms, |f02| &f02.terms)
    }
}

/// Key of the evaluators' form.
pub const F02: &str = "f02";
/// Key of the users' form.
pub const F03: &str = "f03";

const ORIGIN_ASPECT_SCORE: &str = "nilai aspek yang dimasukkan langsung";
const ORIGIN_LEVEL: &str = "tingkat menurut evaluator (F-02)";
const ORIGIN_F03: &str = "penilaian pengguna layanan (F-03)";
const ORIGIN_MISSING: &str = "belum ada";
const ORIGIN_UNDER_MINIMUM: &str = "responden kurang dari minimum: belum dihitung";
const ORIGIN_UNDER_MINIMUM_ZERO: &str = "responden kurang dari minimum: dihitung 0";

fn leaf(key: &str, name: &str, weight: Rational, value: Option<Rational>, origin: &'static str) -> Node {
    let origin = if value.is_some() || origin == ORIGIN_UNDER_MINIMUM {
        origin
    } else {
        ORIGIN_MISSING
    };
    Node {
        key: key.to_owned(),
        name: name.to_owned(),
        weight,
        value,
        terms: Vec::new(),
        origin,
    }
}

/// A node whose value is the sum of the products of `terms`; `None` while a term with a weight has no value.
fn sum(key: &str, name: &str, weight: Rational, terms: Vec<Node>) -> Node {
    let value = terms
        .iter()
        .map(|t| match &t.value {
            Some(value) => Some(value * &t.weight),
            None => t.weight.is_zero().then(Rational::zero),
        })
        .sum();
    Node {
        key: key.to_owned(),
        name: name.to_owned(),
        weight,
        value,
        terms,
        origin: "",
    }
}

/// Computes the index.
pub fn compute(instrument: &Instrument, input: &Input) -> Index {
    let aspects = |form: Option<&Form>| -> Vec<Node> {
        weights(instrument, input)
            .into_iter()
            .map(|(at, weight)| {
                let given = input.aspect_scores.get(&at.key);
                match (given, form) {
                    (Some(score), _) => leaf(
                        &at.key,
                        &at.name,
                        weight,
                        Some(score.clone()),
                        ORIGIN_ASPECT_SCORE,
                    ),
                    (None, None) => leaf(&at.key, &at.name, weight, None, ORIGIN_ASPECT_SCORE),
                    (None, Some(form)) => {
                        let weighting = input.weighting.or_else(|| default_weighting(instrument));
                        let rows = indicators(form, &at.key, weighting.unwrap_or(Weighting::PerIndicator));
                        let terms = rows.into_iter().map(|(row, weight)| {
                            leaf(
                                &row.key,
                                &row.title,
                                weight,
                                input.levels.get(&row.key).cloned(),
                                ORIGIN_LEVEL,
                            )
                        });
                        sum(&at.key, &at.name, weight, terms.collect())
                    }
                }
            })
            .collect()
    };
    let tree = match &instrument.forms {
        None => sum("ipp", "Indeks Pelayanan Publik", Rational::one(), aspects(None)),
        Some(forms) => {
            let f02 = sum(
                F02,
                "Penilaian evaluator (F-02)",
                forms.f02_weight.clone(),
                aspects(forms.get(&input.form)),
            );
            let minimum = input.minimum_respondents.unwrap_or(forms.minimum_respondents);
            let policy = input.policy.or_else(|| forms.policies.first().copied());
            let under = input.respondents.is_some_and(|n| n < minimum);
            let (value, origin) = match (under, policy) {
                (false, _) | (true, Some(Policy::UseAvailable)) => (input.f03.clone(), ORIGIN_F03),
                (true, Some(Policy::ScoreZero)) => (Some(Rational::zero()), ORIGIN_UNDER_MINIMUM_ZERO),
                (true, Some(Policy::Incomplete) | None) => (None, ORIGIN_UNDER_MINIMUM),
            };
            let f03 = leaf(
                F03,
                "Penilaian pengguna layanan (F-03)",
                forms.f03_weight.clone(),
                value,
                origin,
            );
            sum("ipp", "Indeks Pelayanan Publik", Rational::one(), vec![f02, f03])
        }
    };
    let mut missing = Vec::new();
    collect_missing(&tree, &mut missing);
    let published = tree
        .value
        .clone()
        .map(|v| band::publish(&instrument.bands, v, DECIMALS));
    Index {
        published,
        tree,
        missing,
    }
}

fn default_weighting(instrument: &Instrument) -> Option<Weighting> {
    instrument.forms.as_ref()?.weightings.first().copied()
}

/// The aspects that count, with their weights, which sum to 1.
fn weights<'a>(instrument: &'a Instrument, input: &Input) -> Vec<(&'a super::instrument::Aspect, Rational)> {
    let own = |key: &str, weight: &Rational| input.aspect_weights.get(key).unwrap_or(weight).clone();
    let counted: Vec<_> = instrument
        .aspects
        .iter()
        .filter(|a| input.leave_out.as_ref() != Some(&a.key))
        .map(|a| (a, own(&a.key, &a.weight)))
        .collect();
    let sum: Rational = counted.iter().map(|(_, weight)| weight.clone()).sum();
    if sum.is_zero() || input.leave_out.is_none() {
        return counted;
    }
    counted
        .into_iter()
        .map(|(a, weight)| (a, weight / &sum))
        .collect()
}

/// The scored rows of an aspect with their weights, which sum to 1.
fn indicators<'a>(
    form: &'a Form,
    aspect: &str,
    weighting: Weighting,
) -> Vec<(&'a super::instrument::Indicator, Rational)> {
    let rows: Vec<_> = form
        .indicators
        .iter()
        .filter(|row| !row.supplementary && row.aspect == aspect)
        .collect();
    let equal = Rational::new(1.into(), rows.len().max(1).into());
    rows.into_iter()
        .map(|row| match weighting {
            Weighting::PerIndicator => (row, row.weight.clone()),
            Weighting::EqualWithinAspect => (row, equal.clone()),
        })
        .collect()
}

fn collect_missing(node: &Node, missing: &mut Vec<String>) {
    if node.value.is_none() && node.terms.is_empty() && !node.weight.is_zero() {
        missing.push(node.key.clone());
    }
    for term in &node.terms {
        collect_missing(term, missing);
    }
}

/// The index of an agency: the mean of the exact indexes of its units, rounded once.
pub fn agency(instrument: &Instrument, units: &[Rational]) -> Option<Published> {
    let mean = super::number::mean(units)?;
    Some(band::publish(&instrument.bands, mean, DECIMALS))
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
