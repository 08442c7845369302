//! The announcement of a round, recomputed from its stored decisions and scores without using stored results.

use chrono::{DateTime, Utc};
use prima_platform::{clock::micros, failure::Failure};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use crate::{
    domain::{
        announcement,
        contest::{self, Contender, StageOutcome},
    },
    store::{announcement::Announcement, contest::contenders, entry, round},
};

/// The results of a round.
pub struct Results {
    /// Every entry that was submitted.
    pub entries: Vec<entry::Stored>,
    /// The outcome of each stage.
    pub stages: Vec<StageOutcome>,
    field: Vec<Contender>,
}

/// The results of a round whose stages are all closed.
///
/// # Errors
///
/// `INTERNAL`: an entry lacks a decision or scores.
pub async fn compute(conn: &impl ConnectionTrait, round: &round::Stored) -> Result<Results, Failure> {
    let (entries, field): (Vec<_>, Vec<_>) = contenders(conn, round.id).await?.into_iter().unzip();
    let rules = &round.round.rules;
    let last = rules.stages.last().map(|s| s.key.as_str()).unwrap_or_default();
    let stages = contest::run(rules, last, &field).map_err(|undecided| {
        let count = undecided.entries.len();
        Failure::internal(format!("{}: {count} entries undecided", round.name))
    })?;
    Ok(Results {
        entries,
        stages,
        field,
    })
}

/// The announcement of results at the time `at`.
///
/// # Errors
///
/// `INTERNAL`: it cannot be serialised.
pub fn write(round: &round::Stored, results: &Results, at: DateTime<Utc>) -> Result<Announcement, Failure> {
    let name = round.name.to_string();
    let content = announcement::text(&name, &round.round, &results.stages, &results.field, at);
    let content = content.ok_or_else(|| Failure::internal(format!("{name}: announcement not written")))?;
    let digest = Sha256::digest(&content);
    Ok(Announcement {
        round_id: round.id,
        content,
        sha256: digest.iter().map(|b| format!("{b:02x}")).collect(),
        announced_at: micros(at),
    })
}
