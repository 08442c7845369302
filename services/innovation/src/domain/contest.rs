//! A competition computed from its stored scores: one pure function, whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    number::{self, Rational, whole},
    round::{Cut, Rules, Stage, StageKind},
    scoring::{Given, Reconciled, reconcile},
};

/// An entry that was submitted, with everything that decides about it.
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
    /// What the ministry decided, by stage.
    pub screened: BTreeMap<String, bool>,
    /// Scores that were not recused, by stage.
    pub scores: BTreeMap<String, Vec<Given>>,
}

/// What an entry reached in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Resource name of the entry.
    pub entry: String,
    /// Key of its group.
    pub group: String,
    /// Score that forms the standing, two decimals; empty for screening.
    pub score: String,
    /// The same, exact.
    pub exact: Option<Rational>,
    /// Rank in its group, from 1; 0 for screening.
    pub rank: usize,
    /// Whether it goes on.
    pub passed: bool,
    /// Awards that the stage gives it, in the stage's order.
    pub awards: Vec<String>,
    /// Scores counted in this stage.
    pub counted: usize,
    /// Evaluators left out in this stage.
    pub left_out: Vec<String>,
    /// Whether they lie too far apart.
    pub disputed: bool,
}

impl Outcome {
    /// What the ministry decided of an entry at screening.
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
    /// One for each entry that was in it.
    pub outcomes: Vec<Outcome>,
}

/// Why a stage can't be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// Names of entries that lack a decision or scores.
    pub entries: Vec<String>,
}

/// Runs the stages after submission up to and with `until`, over every submitted entry.
///
/// # Errors
///
/// An entry lacks what a stage needs.
pub fn run(rules: &Rules, until: &str, contenders: &[Contender]) -> Result<Vec<StageOutcome>, Undecided> {
    let mut live: BTreeSet<&str> = contenders.iter().map(|c| c.name.as_str()).collect();
    let mut reached: BTreeMap<(&str, &str), Rational> = BTreeMap::new();
    let mut all = Vec::new();
    for stage in &rules.stages {
        if stage.kind != StageKind::Submission {
            let inside: Vec<&Contender> = contenders
                .iter()
                .filter(|c| live.contains(c.name.as_str()))
                .collect();
            let outcomes = if stage.kind == StageKind::Screening {
                screen(stage, &inside)?
            } else {
                score(rules, stage, &inside, &mut reached)?
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

fn screen(stage: &Stage, inside: &[&Contender]) -> Result<Vec<Outcome>, Undecided> {
    let decided = |c: &Contender| c.screened.get(&stage.key).copied();
    let missing: Vec<String> = inside
        .iter()
        .filter(|c| decided(c).is_none())
        .map(|c| c.name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(Undecided { entries: missing });
    }
    let mut outcomes: Vec<Outcome> = inside
        .iter()
        .map(|c| Outcome::screened(c.name.clone(), c.group.clone(), decided(c).unwrap_or(false)))
        .collect();
    outcomes.sort_by(|a, b| (&a.group, &a.entry).cmp(&(&b.group, &b.entry)));
    Ok(outcomes)
}

/// What an entry is ordered by: the published score, then the parts that break a tie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    published: num_bigint::BigInt,
    ties: Vec<Rational>,
}

fn score<'a>(
    rules: &Rules,
    stage: &'a Stage,
    inside: &[&'a Contender],
    reached: &mut BTreeMap<(&'a str, &'a str), Rational>,
) -> Result<Vec<Outcome>, Undecided> {
    let mut missing = Vec::new();
    let mut groups: BTreeMap<&str, Vec<(Worth, &Contender, Rational, Reconciled)>> = BTreeMap::new();
    for contender in inside {
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
        let worth = Worth {
            published: number::scaled(&standing, 2),
            ties: stage.tie_break.iter().map(tie).collect(),
        };
        groups
            .entry(&contender.group)
            .or_default()
            .push((worth, contender, standing, reconciled));
    }
    if !missing.is_empty() {
        return Err(Undecided { entries: missing });
    }
    let mut outcomes = Vec::new();
    for (group, mut entries) in groups {
        entries.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
        let cuts: Vec<&Cut> = stage.cuts.iter().filter(|c| c.group == group).collect();
        let (mut rank, mut last) = (0, None);
        for ((worth, contender, standing, reconciled), place) in entries.iter().zip(1..) {
            if last != Some(worth) {
                (rank, last) = (place, Some(worth));
            }
            // All who share a rank share what it brings.
            let within = |cut: &Cut| rank <= cut.places;
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

/// The score that forms the standing: of this stage, or the weighted mean of several.
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
