//! Differencing attacks: one person's answers cannot be computed from one set of figures or from the difference of two.

use std::collections::{BTreeMap, BTreeSet};

use prima_proto::survey::v1 as pb;

use crate::{
    analysis::{Dice, analyze, respond_as, sex},
    corrections::by_ids,
    fixture::*,
};

/// What a reader can compute from a figure: the respondents and, per element, the number of answers and the sum of scores.
type Vector = (i64, Vec<(i64, i64)>);

fn total(answers: i64, mean: &str) -> i64 {
    // Four decimals determine the sum of fewer than 5000 answers exactly.
    let mean: f64 = if mean.is_empty() {
        0.0
    } else {
        mean.parse().unwrap()
    };
    (mean * answers as f64).round() as i64
}

fn minus(a: &Vector, b: &Vector) -> Vector {
    let elements =
        a.1.iter()
            .zip(&b.1)
            .map(|(x, y)| (x.0 - y.0, x.1 - y.1))
            .collect();
    (a.0 - b.0, elements)
}

/// Every published figure of a survey at this moment, by the group that it covers.
async fn figures(t: &mut World, survey: &str) -> BTreeMap<String, Vector> {
    let result = t.result(survey).await;
    let analysis = analyze(t, survey).await;
    let unit = pb::GetUnitResultRequest {
        unit: "agencies/3271/units/dpmptsp".into(),
        period: "2024".into(),
        ..Default::default()
    };
    let unit = t
        .client
        .get_unit_result(operator(unit))
        .await
        .unwrap()
        .into_inner()
        .result
        .unwrap();
    let mut figures = BTreeMap::new();
    let disclosed = result.disclosed_respondents;
    let all: Vector = (
        disclosed,
        result.elements.iter().map(|e| (e.answers, e.total)).collect(),
    );
    assert_eq!(analysis.respondents, disclosed);
    let own: Vec<(i64, i64)> = unit
        .elements
        .iter()
        .map(|e| (e.answers, total(e.answers, &e.mean)))
        .collect();
    assert_eq!(own, all.1, "both have the same disclosure step");
    assert_eq!(result.index_exact.is_empty(), disclosed == 0);
    assert_eq!(unit.index_exact, result.index_exact);
    for dimension in &analysis.dimensions {
        let mut rest = all.clone();
        for group in dimension.groups.iter().filter(|g| !g.suppressed) {
            let elements = group
                .elements
                .iter()
                .map(|e| (e.answers, total(e.answers, &e.mean)))
                .collect();
            let vector = (group.respondents, elements);
            rest = minus(&rest, &vector);
            figures.insert(format!("{} {}", dimension.key, group.key), vector);
        }
        figures.insert(format!("{} rest", dimension.key), rest);
    }
    figures.insert("all".into(), all);
    figures
}

/// Someone who answered.
struct Person {
    sex: &'static str,
    education: &'static str,
    service: &'static str,
    scores: [i32; 9],
}

/// The people of a figure of this many, of all who have answered: the first ones, or the first ones of a group.
fn covered(people: &[Person], figure: &str, size: i64) -> BTreeSet<usize> {
    let (dimension, code) = figure.split_once(' ').unwrap_or((figure, ""));
    let is_in = |person: &Person| match dimension {
        "sex" => person.sex == code,
        "education" => person.education == code,
        "service" => person.service == code,
        "all" => true,
        // Nobody stated it.
        _ => code.is_empty(),
    };
    let members = people.iter().enumerate().filter(|(_, person)| is_in(person));
    members
        .map(|(at, _)| at)
        .take(usize::try_from(size).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persons_answers_cannot_be_computed_from_two_figures_of_a_survey() {
    in_steps(async |mut t| {
        let survey = t.survey("a").await.name;
        let mut dice = Dice(3);
        let mut people: Vec<Person> = Vec::new();
        let mut shown: BTreeMap<String, BTreeSet<BTreeSet<usize>>> = BTreeMap::new();
        for n in 0..160 {
            people.push(Person {
                sex: ["L", "L", "P", ""][dice.below(4) as usize],
                education: ["SD", "SMA", "SMA", "SMA", "S1", "S1", "S3"][dice.below(7) as usize],
                service: if n % 40 == 0 { "kia" } else { "ktp" },
                scores: [0; 9].map(|_| 1 + dice.below(4) as i32),
            });
            let person = &people[n];
            let profile = pb::RespondentProfile {
                sex: person.sex.into(),
                education: person.education.into(),
                service: person.service.into(),
                ..Default::default()
            };
            respond_as(&mut t, &survey, &format!("r-{n:03}"), profile, person.scores).await;
            if n == 159 {
                t.close(&survey).await;
            }
            for (figure, (size, elements)) in figures(&mut t, &survey).await {
                assert!(size == 0 || size >= 5, "after {n}: {figure} is of {size} people");
                if size == 0 || figure.ends_with("rest") {
                    continue;
                }
                let of = covered(&people, &figure, size);
                let sum = |at: usize| of.iter().map(|of| i64::from(people[*of].scores[at])).sum();
                let told: Vec<(i64, i64)> = (0..9).map(|at| (size, sum(at))).collect();
                assert_eq!(elements, told, "after {n}: {figure} has other people");
                shown.entry(figure).or_default().insert(of);
            }
        }
        let figures = || {
            shown
                .iter()
                .flat_map(|(figure, sets)| sets.iter().map(move |set| (figure, set)))
        };
        for (figure, set) in figures() {
            for (other, of_other) in figures() {
                let apart = set.symmetric_difference(of_other).count();
                assert!(
                    apart == 0 || apart >= 5,
                    "{figure} of {} and {other} of {} differ by {apart} people",
                    set.len(),
                    of_other.len()
                );
            }
        }
        assert_eq!(shown["all"].last().map(BTreeSet::len), Some(160));
        // All but one of forty are in the group of a service.
        for (figure, least) in [("sex L", 3), ("education SMA", 3), ("service ktp", 1)] {
            assert!(
                shown.get(figure).map_or(0, BTreeSet::len) >= least,
                "{figure} was hardly ever shown: the test would prove nothing"
            );
        }
        assert!(
            !shown.contains_key("service kia"),
            "four of all are a small group"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn voided_responses_stay_in_the_figures_until_the_next_step() {
    in_steps(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..20 {
            let code = if n % 2 == 0 { "L" } else { "P" };
            respond_as(&mut t, &survey, &format!("r-{n:02}"), sex(code), [1 + n % 4; 9]).await;
        }
        let before = figures(&mut t, &survey).await;
        t.client
            .void_responses(operator(by_ids("void-1", &survey, &["r-04"])))
            .await
            .unwrap();
        assert_eq!(figures(&mut t, &survey).await, before);
        assert_eq!(t.result(&survey).await.respondents, 19);
        t.close(&survey).await;
        let closed = figures(&mut t, &survey).await;
        assert_eq!(
            (closed["all"].0, closed["sex L"].0, closed["sex P"].0),
            (19, 9, 10)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_after_closing_reveals_nobody_by_the_difference() {
    in_steps(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..40 {
            let code = if n % 2 == 0 { "L" } else { "P" };
            respond_as(&mut t, &survey, &format!("r-{n:02}"), sex(code), [1 + n % 4; 9]).await;
        }
        t.close(&survey).await;
        let closed = figures(&mut t, &survey).await;
        assert_eq!((closed["all"].0, closed["sex L"].0), (40, 20));
        for (n, id) in ["r-00", "r-01", "r-03", "r-05"].into_iter().enumerate() {
            let void = by_ids(&format!("void-{n}"), &survey, &[id]);
            t.client.void_responses(operator(void)).await.unwrap();
            assert_eq!(figures(&mut t, &survey).await, closed);
            let result = t.result(&survey).await;
            assert!(result.in_correction);
            assert_eq!((result.counted, result.pending), (40, n as i64 + 1));
        }
        let void = by_ids("void-last", &survey, &["r-07"]);
        t.client.void_responses(operator(void)).await.unwrap();
        let result = t.result(&survey).await;
        assert_eq!(
            (result.counted, result.pending, result.in_correction),
            (35, 0, false)
        );
        t.assert_sums(&survey).await;
        // One man and four women are gone, so that both groups would reveal one.
        let analysis = analyze(&mut t, &survey).await;
        let sexes = analysis.dimensions.iter().find(|d| d.key == "sex").unwrap();
        assert!(sexes.groups.is_empty() && sexes.incomplete, "{sexes:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_corrections_reveals_no_few_of_a_group() {
    in_steps(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..60 {
            let code = if n % 2 == 0 { "L" } else { "P" };
            respond_as(&mut t, &survey, &format!("r-{n:02}"), sex(code), [1 + n % 4; 9]).await;
        }
        t.close(&survey).await;
        let mut correct = async |id: &str, people: &[i32]| {
            let ids: Vec<String> = people.iter().map(|n| format!("r-{n:02}")).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            t.voided(by_ids(id, &survey, &ids)).await;
            let figures = figures(&mut t, &survey).await;
            let of = |key: &str| figures.get(key).map(|figure| figure.0);
            (of("all"), of("sex L"), of("sex P"))
        };
        let first: Vec<i32> = (0..10).collect();
        assert_eq!(correct("v-1", &first).await, (Some(50), Some(25), Some(25)));
        // Two men and three women: seven and eight of each have changed since the closing, but not since the first correction.
        let second = [10, 12, 11, 13, 15];
        assert_eq!(correct("v-2", &second).await, (Some(45), None, None));
    })
    .await;
}
