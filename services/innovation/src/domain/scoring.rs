//! Combines the points of several evaluators into one score.

use std::collections::BTreeMap;

use prima_platform::{failure::Violation, request::shown};

use super::{
    number::{self, Rational, whole},
    round::{OutlierRule, Part},
};

/// Points of every part, by key, 0 to 100.
pub type Points = BTreeMap<String, i64>;

/// Checks the points of an evaluator: every part must have points exactly once.
///
/// # Errors
///
/// A part is not among `parts`, occurs twice, is missing, or does not have 0 to 100 points.
pub fn points(parts: &[Part], given: Vec<(String, i64)>) -> Result<Points, Vec<Violation>> {
    let mut faults = Vec::new();
    let mut points = Points::new();
    for (part, value) in given {
        let known = parts.iter().any(|p| p.key == part);
        if !known || !(0..=100).contains(&value) || points.insert(part.clone(), value).is_some() {
            faults.push(Violation::new(
                format!("parts[{}]", shown(&part)),
                "must be a part of the stage, once, with 0 to 100 points",
                "harus bagian dari tahap ini, satu kali, dengan nilai 0 sampai 100",
            ));
        }
    }
    let missing = parts.iter().filter(|p| !points.contains_key(&p.key));
    faults.extend(missing.map(|p| {
        Violation::new(
            format!("parts[{}]", p.key),
            "is missing",
            format!("Nilai untuk {} belum ada", p.name),
        )
    }));
    if faults.is_empty() {
        Ok(points)
    } else {
        Err(faults)
    }
}

/// The points of one evaluator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluatorPoints {
    /// Subject of the evaluator.
    pub evaluator: String,
    /// Points.
    pub points: Points,
}

/// The combined score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// Mean of the totals that count, exact.
    pub score: Rational,
    /// Mean of each part, exact.
    pub parts: BTreeMap<String, Rational>,
    /// Number of scores that count.
    pub counted: usize,
    /// Evaluators whose scores are left out.
    pub left_out: Vec<String>,
    /// Whether the scores differ too much for the rule.
    pub disputed: bool,
}

/// The weighted total of one evaluator's points, 0 to 100; a part without points counts as 0.
pub fn total(parts: &[Part], points: &Points) -> Rational {
    let sum: i64 = parts
        .iter()
        .map(|p| p.weight * points.get(&p.key).copied().unwrap_or(0))
        .sum();
    whole(sum) / whole(100)
}

/// Combines scores; `None` without any.
///
/// The rule for outliers: from `minimum_scores` scores on, a score whose total is further than `band` points from the
/// median of the totals is left out. When fewer than two would remain, none is left out and the score is disputed.
pub fn reconcile(
    parts: &[Part],
    rule: Option<&OutlierRule>,
    given: &[EvaluatorPoints],
) -> Option<Reconciled> {
    let totals: Vec<(&EvaluatorPoints, Rational)> =
        given.iter().map(|g| (g, total(parts, &g.points))).collect();
    let values: Vec<Rational> = totals.iter().map(|(_, t)| t.clone()).collect();
    let median = number::median(&values)?;
    let rule = rule.filter(|r| given.len() >= r.minimum_scores);
    let near = |value: &Rational| {
        let distance = if *value > median {
            value - &median
        } else {
            &median - value
        };
        rule.is_none_or(|r| distance <= whole(r.band))
    };
    let remaining = totals.iter().filter(|(_, t)| near(t)).count();
    let disputed = rule.is_some() && remaining < 2;
    let (counting, left): (Vec<_>, Vec<_>) = totals.iter().partition(|(_, t)| disputed || near(t));
    let mean_of = |part: &Part| {
        let points: Vec<Rational> = counting
            .iter()
            .map(|(g, _)| whole(g.points.get(&part.key).copied().unwrap_or(0)))
            .collect();
        number::mean(&points).map(|mean| (part.key.clone(), mean))
    };
    Some(Reconciled {
        score: number::mean(counting.iter().map(|(_, t)| t))?,
        parts: parts.iter().filter_map(mean_of).collect(),
        counted: counting.len(),
        left_out: left.iter().map(|(g, _)| g.evaluator.clone()).collect(),
        disputed,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::round::templates;

    fn one_part() -> Vec<Part> {
        vec![Part {
            key: "a".into(),
            name: "A".into(),
            weight: 100,
            max_words: 0,
        }]
    }

    fn given(points: &[i64]) -> Vec<EvaluatorPoints> {
        let one = |(n, p): (usize, &i64)| EvaluatorPoints {
            evaluator: format!("e{n}"),
            points: Points::from([("a".into(), *p)]),
        };
        points.iter().enumerate().map(one).collect()
    }

    fn rule() -> OutlierRule {
        OutlierRule {
            minimum_scores: 3,
            band: 15,
        }
    }

    /// Keys of the reference data and of the template.
    const KEYS: [(&str, &str); 8] = [
        ("summary", "ringkasan"),
        ("background", "latar-belakang"),
        ("novelty", "kebaruan"),
        ("implementation", "implementasi"),
        ("significance", "signifikansi"),
        ("adaptability", "adaptabilitas"),
        ("resources", "sumber-daya"),
        ("sustainability", "keberlanjutan"),
    ];

    #[test]
    fn totals_agree_with_the_reference() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/innovation.json")).unwrap();
        let rows = golden["proposal_score_vectors"]["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 3);
        let parts = &templates()["kipp-2022"].group("umum").unwrap().parts;
        for row in rows {
            let points: Points = KEYS
                .iter()
                .map(|(theirs, ours)| ((*ours).to_owned(), row["parts"][theirs].as_i64().unwrap()))
                .collect();
            assert_eq!(
                number::decimal(&total(parts, &points), 2),
                row["total"].as_str().unwrap()
            );
        }
    }

    #[test]
    fn a_score_far_from_the_median_is_left_out() {
        let reconciled = reconcile(&one_part(), Some(&rule()), &given(&[80, 82, 20])).unwrap();
        assert_eq!(
            (reconciled.score, reconciled.left_out),
            (whole(81), vec!["e2".to_owned()])
        );
        let edge = reconcile(&one_part(), Some(&rule()), &given(&[80, 80, 65])).unwrap();
        assert_eq!(edge.counted, 3, "exactly the band away still counts");
    }

    #[test]
    fn two_scores_have_no_outlier() {
        let reconciled = reconcile(&one_part(), Some(&rule()), &given(&[0, 100])).unwrap();
        assert_eq!(
            (reconciled.score, reconciled.counted, reconciled.disputed),
            (whole(50), 2, false)
        );
        assert_eq!(reconcile(&one_part(), Some(&rule()), &[]), None);
    }

    #[test]
    fn scores_that_lie_far_apart_are_disputed_and_all_count() {
        let reconciled = reconcile(&one_part(), Some(&rule()), &given(&[0, 50, 100])).unwrap();
        assert_eq!(
            (reconciled.score, reconciled.counted, reconciled.disputed),
            (whole(50), 3, true)
        );
    }

    proptest! {
        #[test]
        fn a_score_lies_between_the_lowest_and_the_highest_in_any_order(
            mut points in prop::collection::vec(0i64..=100, 1..12),
        ) {
            let one = reconcile(&one_part(), Some(&rule()), &given(&points)).unwrap();
            let (least, most) = (*points.iter().min().unwrap(), *points.iter().max().unwrap());
            prop_assert!(one.score >= whole(least) && one.score <= whole(most));
            prop_assert_eq!(one.counted + one.left_out.len(), points.len());
            prop_assert!(one.counted >= points.len().min(2));
            points.reverse();
            let other = reconcile(&one_part(), Some(&rule()), &given(&points)).unwrap();
            prop_assert_eq!((one.score, one.counted), (other.score, other.counted));
        }
    }
}
