//! The results of a competition, computed from its stored decisions and scores by one pure function.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    number::{self, Rational, whole},
    round::{Cut, Rules, Stage, StageKind},
    scoring::{EvaluatorPoints, Reconciled, reconcile},
};

/// A submitted entry with everything that decides its result.
#[derive(Debug, Clone)]
pub struct Contender {
    /// Resource name of the entry.
    pub name: String,
    /// Resource name of the innovation.
    pub innovation: String,
    /// Title.
    pub title: String,
    /// Key of its group.
    pub group: String,
    /// Decisions of the ministry at screening, by stage.
    pub screened: BTreeMap<String, bool>,
    /// Scores that were not recused, by stage.
    pub scores: BTreeMap<String, Vec<EvaluatorPoints>>,
}

/// The result of an entry in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Resource name of the entry.
    pub entry: String,
    /// Key of its group.
    pub group: String,
    /// The score that it is ranked by, two decimals; empty for screening.
    pub score: String,
    /// The exact score that it is ranked by.
    pub exact: Option<Rational>,
    /// Rank in its group, from 1; 0 for screening.
    pub rank: usize,
    /// Whether it passed.
    pub passed: bool,
    /// Awards of the stage, in the stage's order.
    pub awards: Vec<String>,
    /// Scores counted in this stage.
    pub counted: usize,
    /// Evaluators left out in this stage.
    pub left_out: Vec<String>,
    /// Whether the scores are disputed because they differ too much.
    pub disputed: bool,
}

impl Outcome {
    /// The result of an entry at screening.
    pub fn screened(entry: String, group: String, passed: bool) -> Self {
        Self {
            entry,
            group,
            score: String::new(),
            exact: None,
            rank: 0,
            passed,
            awards: Vec::new(),
            counted: 0,
            left_out: Vec::new(),
            disputed: false,
        }
    }
}

/// A stage with its outcomes, by group, then rank, then name of the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageOutcome {
    /// Key of the stage.
    pub stage: String,
    /// One result for each entry in the stage.
    pub outcomes: Vec<Outcome>,
}

/// A stage that cannot be closed, because entries are undecided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// Names of entries that lack a decision or scores.
    pub entries: Vec<String>,
}

/// Computes the stages after submission up to and including `until`, over every submitted entry.
///
/// # Errors
///
/// An entry lacks a decision or scores that a stage needs.
pub fn run(rules: &Rules, until: &str, contenders: &[Contender]) -> Result<Vec<StageOutcome>, Undecided> {
    let mut live: BTreeSet<&str> = contenders.iter().map(|c| c.name.as_str()).collect();
    let mut reached: BTreeMap<(&str, &str), Rational> = BTreeMap::new();
    let mut all = Vec::new();
    for stage in &rules.stages {
        if stage.kind != StageKind::Submission {
            let entrants: Vec<&Contender> = contenders
                .iter()
                .filter(|c| live.contains(c.name.as_str()))
                .collect();
            let outcomes = if stage.kind == StageKind::Screening {
                screen(stage, &entrants)?
            } else {
                score(rules, stage, &entrants, &mut reached)?
            };
            for outcome in outcomes.iter().filter(|o| !o.passed) {
                live.remove(outcome.entry.as_str());
            }
            all.push(StageOutcome {
                stage: stage.key.clone(),
                outcomes,
            });
        }
        if stage.key == until {
            break;
        }
    }
    Ok(all)
}

fn screen(stage: &Stage, entrants: &[&Contender]) -> Result<Vec<Outcome>, Undecided> {
    let decided = |c: &Contender| c.screened.get(&stage.key).copied();
    let missing: Vec<String> = entrants
        .iter()
        .filter(|c| decided(c).is_none())
        .map(|c| c.name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(Undecided { entries: missing });
    }
    let mut outcomes: Vec<Outcome> = entrants
        .iter()
        .map(|c| Outcome::screened(c.name.clone(), c.group.clone(), decided(c).unwrap_or(false)))
        .collect();
    outcomes.sort_by(|a, b| (&a.group, &a.entry).cmp(&(&b.group, &b.entry)));
    Ok(outcomes)
}

/// The sort key of an entry: the published score, then the parts that break a tie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct SortKey {
    published: num_bigint::BigInt,
    ties: Vec<Rational>,
}

fn score<'a>(
    rules: &Rules,
    stage: &'a Stage,
    entrants: &[&'a Contender],
    reached: &mut BTreeMap<(&'a str, &'a str), Rational>,
) -> Result<Vec<Outcome>, Undecided> {
    let mut missing = Vec::new();
    let mut groups: BTreeMap<&str, Vec<(SortKey, &Contender, Rational, Reconciled)>> = BTreeMap::new();
    for contender in entrants {
        let given = contender
            .scores
            .get(&stage.key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let parts = rules.scored_parts(stage, &contender.group);
        let reconciled = reconcile(parts, stage.outlier.as_ref(), given);
        let Some(reconciled) = reconciled.filter(|_| given.len() >= stage.minimum_scores) else {
            missing.push(contender.name.clone());
            continue;
        };
        reached.insert((&contender.name, &stage.key), reconciled.score.clone());
        let standing = standing(stage, &contender.name, &reconciled, reached);
        let tie = |key: &String| reconciled.parts.get(key).cloned().unwrap_or_else(|| whole(0));
        let sort_key = SortKey {
            published: number::scaled(&standing, 2),
            ties: stage.tie_break.iter().map(tie).collect(),
        };
        groups
            .entry(&contender.group)
            .or_default()
            .push((sort_key, contender, standing, reconciled));
    }
    if !missing.is_empty() {
        return Err(Undecided { entries: missing });
    }
    let mut outcomes = Vec::new();
    for (group, mut entries) in groups {
        entries.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
        let cuts: Vec<&Cut> = stage.cuts.iter().filter(|c| c.group == group).collect();
        let (mut rank, mut last) = (0, None);
        for ((sort_key, contender, standing, reconciled), place) in entries.iter().zip(1..) {
            if last != Some(sort_key) {
                (rank, last) = (place, Some(sort_key));
            }
            // All entries with the same rank pass together and get the same awards.
            let within = |cut: &Cut| cut.includes(rank, &sort_key.published);
            outcomes.push(Outcome {
                entry: contender.name.clone(),
                group: group.to_owned(),
                score: number::decimal(standing, 2),
                exact: Some(standing.clone()),
                rank,
                passed: cuts.iter().all(|c| !c.eliminates || within(c)),
                awards: cuts
                    .iter()
                    .filter(|c| !c.award.is_empty() && within(c))
                    .map(|c| c.award.clone())
                    .collect(),
                counted: reconciled.counted,
                left_out: reconciled.left_out.clone(),
                disputed: reconciled.disputed,
            });
        }
    }
    Ok(outcomes)
}

/// The score that an entry is ranked by: that of this stage, or the weighted mean of several stages.
fn standing(
    stage: &Stage,
    entry: &str,
    own: &Reconciled,
    reached: &BTreeMap<(&str, &str), Rational>,
) -> Rational {
    if stage.basis.is_empty() {
        return own.score.clone();
    }
    let mut sum = whole(0);
    for basis in &stage.basis {
        if let Some(value) = reached.get(&(entry, basis.stage.as_str())) {
            sum += value * whole(basis.weight);
        }
    }
    sum / whole(stage.basis.iter().map(|b| b.weight).sum::<i64>().max(1))
}
