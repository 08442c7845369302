//! The announcement: a text that follows from the stored scores to the byte.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    contest::{Contender, StageOutcome},
    round::Round,
};

#[derive(Serialize)]
struct Text<'a> {
    round: &'a str,
    title: &'a str,
    year: i32,
    basis: &'a str,
    announced: String,
    tie_rule: &'static str,
    stages: Vec<StageText<'a>>,
    awards: Vec<AwardText<'a>>,
}

#[derive(Serialize)]
struct StageText<'a> {
    stage: &'a str,
    name: &'a str,
    groups: Vec<Count<'a>>,
}

/// The number of entries of a group in a stage, and of those that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count<'a> {
    /// Key of the group.
    pub group: &'a str,
    /// Entries in the stage.
    pub entered: usize,
    /// Entries that passed.
    pub passed: usize,
}

#[derive(Serialize)]
struct AwardText<'a> {
    award: &'a str,
    name: &'a str,
    group: &'a str,
    stage: &'a str,
    winners: Vec<Winner<'a>>,
}

#[derive(Serialize)]
struct Winner<'a> {
    rank: usize,
    score: &'a str,
    title: &'a str,
    innovation: &'a str,
    entry: &'a str,
}

const TIE_RULE: &str = "Urut menurut nilai dua desimal, lalu bagian pemutus seri; yang masih sama berbagi peringkat, dan \
                        semua yang berbagi tempat terakhir ikut";

/// Counts of a stage, per group in the order of their keys.
pub fn counts(outcome: &StageOutcome) -> Vec<Count<'_>> {
    let groups: BTreeSet<&str> = outcome.outcomes.iter().map(|o| o.group.as_str()).collect();
    let of = |group| {
        let inside = outcome.outcomes.iter().filter(move |o| o.group == group);
        Count {
            group,
            entered: inside.clone().count(),
            passed: inside.filter(|o| o.passed).count(),
        }
    };
    groups.into_iter().map(of).collect()
}

/// The announcement as JSON. `None` when it cannot be serialised, which does not happen.
pub fn text(
    name: &str,
    round: &Round,
    stages: &[StageOutcome],
    contenders: &[Contender],
    announced: DateTime<Utc>,
) -> Option<Vec<u8>> {
    let entries: BTreeMap<&str, &Contender> = contenders.iter().map(|c| (c.name.as_str(), c)).collect();
    let mut awards = Vec::new();
    for outcome in stages {
        let cuts = round.rules.stage(&outcome.stage)?.cuts.iter();
        for cut in cuts.filter(|c| !c.award.is_empty()) {
            let won = outcome
                .outcomes
                .iter()
                .filter(|o| o.group == cut.group && o.awards.contains(&cut.award));
            let winner = |o: &'_ super::contest::Outcome| entries.get(o.entry.as_str()).copied();
            awards.push(AwardText {
                award: &cut.award,
                name: &cut.award_name,
                group: &cut.group,
                stage: &outcome.stage,
                winners: won
                    .filter_map(|o| {
                        let entry = winner(o)?;
                        Some(Winner {
                            rank: o.rank,
                            score: &o.score,
                            title: &entry.title,
                            innovation: &entry.innovation,
                            entry: &entry.name,
                        })
                    })
                    .collect(),
            });
        }
    }
    let stage_text = |outcome| {
        let stage: &StageOutcome = outcome;
        Some(StageText {
            stage: &stage.stage,
            name: &round.rules.stage(&stage.stage)?.name,
            groups: counts(stage),
        })
    };
    serde_json::to_vec_pretty(&Text {
        round: name,
        title: &round.display_name,
        year: round.year,
        basis: &round.rules.citation,
        announced: announced.to_rfc3339_opts(SecondsFormat::Secs, true),
        tie_rule: TIE_RULE,
        stages: stages.iter().filter_map(stage_text).collect(),
        awards,
    })
    .ok()
}
