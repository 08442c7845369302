//! Cuts, ties and stages that build on each other.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    contest::{Contender, Outcome, run},
    round::{Basis, Category, Cut, Group, Part, Rules, Stage, StageKind},
    scoring::{EvaluatorPoints, Points},
};

fn part(key: &str, weight: i64) -> Part {
    Part {
        key: key.into(),
        name: key.into(),
        weight,
        max_words: 0,
    }
}

fn stage(key: &str, kind: StageKind) -> Stage {
    Stage {
        key: key.into(),
        name: key.into(),
        kind,
        parts: Vec::new(),
        minimum_scores: usize::from(kind.is_scored()),
        outlier: None,
        basis: Vec::new(),
        tie_break: Vec::new(),
        cuts: Vec::new(),
    }
}

fn cut(places: usize, award: &str, eliminates: bool) -> Cut {
    Cut {
        group: "umum".into(),
        places,
        minimum_score: 0,
        award: award.into(),
        award_name: award.into(),
        eliminates,
    }
}

fn rules(stages: Vec<Stage>) -> Rules {
    Rules {
        citation: String::new(),
        categories: vec![Category {
            key: "a".into(),
            name: "A".into(),
        }],
        groups: vec![Group {
            key: "umum".into(),
            name: "Umum".into(),
            parts: vec![part("a", 50), part("b", 50)],
            rules: Vec::new(),
        }],
        stages,
        rejection_causes: Vec::new(),
    }
}

fn points(a: i64, b: i64) -> Vec<EvaluatorPoints> {
    vec![EvaluatorPoints {
        evaluator: "e".into(),
        points: Points::from([("a".into(), a), ("b".into(), b)]),
    }]
}

fn contender(n: usize, scores: &[(&str, Vec<EvaluatorPoints>)]) -> Contender {
    Contender {
        name: format!("rounds/r/entries/e{n}"),
        innovation: String::new(),
        title: String::new(),
        group: "umum".into(),
        screened: BTreeMap::new(),
        scores: scores.iter().map(|(s, g)| ((*s).to_owned(), g.clone())).collect(),
    }
}

fn brief(outcomes: &[Outcome]) -> Vec<(&str, usize, &str, bool)> {
    outcomes
        .iter()
        .map(|o| {
            (
                o.entry.rsplit('/').next().unwrap(),
                o.rank,
                o.score.as_str(),
                o.passed,
            )
        })
        .collect()
}

#[test]
fn all_entries_that_share_the_last_place_pass() {
    let scored = Stage {
        cuts: vec![cut(2, "top-2", true)],
        ..stage("s", StageKind::Scoring)
    };
    let rules = rules(vec![stage("submit", StageKind::Submission), scored]);
    let field: Vec<Contender> = [(90, 90), (80, 70), (70, 80), (10, 10)]
        .into_iter()
        .enumerate()
        .map(|(n, (a, b))| contender(n, &[("s", points(a, b))]))
        .collect();
    let stages = run(&rules, "s", &field).unwrap();
    let expected = [
        ("e0", 1, "90.00", true),
        ("e1", 2, "75.00", true),
        ("e2", 2, "75.00", true),
        ("e3", 4, "10.00", false),
    ];
    assert_eq!(brief(&stages[0].outcomes), expected);
    assert!(stages[0].outcomes[2].awards == ["top-2"] && stages[0].outcomes[3].awards.is_empty());
}

#[test]
fn the_named_part_breaks_a_tie() {
    let scored = Stage {
        tie_break: vec!["b".into()],
        cuts: vec![cut(1, "", true)],
        ..stage("s", StageKind::Scoring)
    };
    let rules = rules(vec![stage("submit", StageKind::Submission), scored]);
    let field = [
        contender(0, &[("s", points(80, 70))]),
        contender(1, &[("s", points(70, 80))]),
    ];
    let stages = run(&rules, "s", &field).unwrap();
    assert_eq!(
        brief(&stages[0].outcomes),
        [("e1", 1, "75.00", true), ("e0", 2, "75.00", false)]
    );
}

#[test]
fn a_standing_can_build_on_earlier_stages() {
    let first = Stage {
        parts: vec![part("a", 100)],
        ..stage("s1", StageKind::Scoring)
    };
    let second = Stage {
        parts: vec![part("a", 100)],
        basis: vec![
            Basis {
                stage: "s1".into(),
                weight: 70,
            },
            Basis {
                stage: "s2".into(),
                weight: 30,
            },
        ],
        ..stage("s2", StageKind::PublicScoring)
    };
    let rules = rules(vec![stage("submit", StageKind::Submission), first, second]);
    let field = [contender(0, &[("s1", points(100, 0)), ("s2", points(50, 0))])];
    let stages = run(&rules, "s2", &field).unwrap();
    assert_eq!(brief(&stages[1].outcomes), [("e0", 1, "85.00", true)]);
    assert_eq!(
        run(&rules, "s1", &field).unwrap().len(),
        1,
        "only up to the stage asked for"
    );
}

#[test]
fn entries_that_lack_a_score_or_a_decision_are_named() {
    let scored = Stage {
        minimum_scores: 2,
        ..stage("s", StageKind::Scoring)
    };
    let screening = stage("screen", StageKind::Screening);
    let rules = rules(vec![stage("submit", StageKind::Submission), screening, scored]);
    let mut field = [contender(0, &[("s", points(1, 1))]), contender(1, &[])];
    field[0].screened.insert("screen".into(), true);
    assert_eq!(
        run(&rules, "s", &field).unwrap_err().entries,
        ["rounds/r/entries/e1"]
    );
    field[1].screened.insert("screen".into(), false);
    assert_eq!(
        run(&rules, "s", &field).unwrap_err().entries,
        ["rounds/r/entries/e0"]
    );
    assert_eq!(
        brief(&run(&rules, "screen", &field).unwrap()[0].outcomes)[1],
        ("e1", 0, "", false)
    );
}

proptest! {
    #[test]
    fn no_passed_entry_scores_less_than_one_that_did_not_pass(
        worth in prop::collection::vec((0i64..=20, 0i64..=20), 1..40),
        places in 1usize..20,
    ) {
        let scored = Stage { cuts: vec![cut(places, "", true)], ..stage("s", StageKind::Scoring) };
        let rules = rules(vec![stage("submit", StageKind::Submission), scored]);
        let mut field: Vec<Contender> = worth
            .iter()
            .enumerate()
            .map(|(n, (a, b))| contender(n, &[("s", points(*a, *b))]))
            .collect();
        let stages = run(&rules, "s", &field).unwrap();
        let outcomes = &stages[0].outcomes;
        let on: Vec<_> = outcomes.iter().filter(|o| o.passed).collect();
        let out: Vec<_> = outcomes.iter().filter(|o| !o.passed).collect();
        prop_assert_eq!(on.len() + out.len(), worth.len());
        prop_assert!(on.len() >= places.min(worth.len()));
        for (winner, loser) in on.iter().zip(&out) {
            prop_assert!(winner.exact > loser.exact);
        }
        field.reverse();
        prop_assert_eq!(run(&rules, "s", &field).unwrap(), stages, "the order of entries does not matter");
    }
}

/// The rules of 2025: every entry that reaches 85 is a finalist, however many there are.
fn pass_mark(places: usize) -> Rules {
    let mut stage = stage("nilai", StageKind::Scoring);
    stage.cuts = vec![Cut {
        minimum_score: 85,
        ..cut(places, "top-inovasi", true)
    }];
    rules(vec![stage])
}

#[test]
fn a_pass_mark_admits_all_who_reach_it_by_the_published_score() {
    // 273 reach it as in 2025, three of them exactly; 84.5 and less do not.
    let field: Vec<Contender> = (0..400)
        .map(|n| {
            let (a, b) = match n {
                0..270 => (86 + i64::try_from(n % 15).unwrap(), 90),
                270..273 => (85, 85),
                273 => (84, 85),
                _ => (i64::try_from(n % 84).unwrap(), 80),
            };
            contender(n, &[("nilai", points(a, b))])
        })
        .collect();
    let passed = |places| {
        let stages = run(&pass_mark(places), "nilai", &field).unwrap();
        let passed: Vec<Outcome> = stages[0].outcomes.iter().filter(|o| o.passed).cloned().collect();
        assert!(passed.iter().all(|o| o.awards == ["top-inovasi"]));
        passed.len()
    };
    assert_eq!(passed(0), 273);
    // With places too, both limits hold.
    assert!(passed(1) < 273);
}

proptest! {
    #[test]
    fn who_passes_a_pass_mark_is_decided_by_the_exact_score_alone(scores in prop::collection::vec((0..=100_i64, 0..=100_i64), 1..40)) {
        let field: Vec<Contender> = scores
            .iter()
            .enumerate()
            .map(|(n, (a, b))| contender(n, &[("nilai", points(*a, *b))]))
            .collect();
        let stages = run(&pass_mark(0), "nilai", &field).unwrap();
        for outcome in &stages[0].outcomes {
            let n: usize = outcome.entry.trim_start_matches("rounds/r/entries/e").parse().unwrap();
            // The mean of two parts has one decimal at most, so the published score is exact.
            prop_assert_eq!(outcome.passed, scores[n].0 + scores[n].1 >= 170);
        }
    }
}
