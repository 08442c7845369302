//! Publishes the results of a round, once and for all.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use prima_platform::{caller::Caller, clock::from_micros, failure::Failure};
use prima_proto::{innovation::v1, name};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use super::{App, Once, portfolio_keys, portfolios, precondition, require_ministry, round_locked};
use crate::{
    domain::{
        announcement,
        contest::{self, Contender, StageOutcome},
    },
    grpc::render,
    store::{
        Lock,
        contest::{awards_put, contenders, results_of},
        entry,
        round::{self, Announcement, announcement_insert, round_save_in_txn},
    },
};

const METHOD: &str = "innovation.AnnounceResults";

/// Which round.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The round.
    pub name: name::Round,
}

struct Computed {
    entries: Vec<entry::Stored>,
    field: Vec<Contender>,
    stages: Vec<StageOutcome>,
}

/// Everything from the stored decisions and scores, as if nothing had been computed before.
async fn compute(conn: &impl ConnectionTrait, round: &round::Stored) -> Result<Computed, Failure> {
    let (entries, field): (Vec<_>, Vec<_>) = contenders(conn, round.id).await?.into_iter().unzip();
    let last = round
        .round
        .rules
        .stages
        .last()
        .map(|s| s.key.as_str())
        .unwrap_or_default();
    let stages = contest::run(&round.round.rules, last, &field).map_err(|undecided| {
        Failure::internal(format!(
            "{}: {} entries undecided",
            round.name,
            undecided.entries.len()
        ))
    })?;
    Ok(Computed {
        entries,
        field,
        stages,
    })
}

fn write(round: &round::Stored, computed: &Computed, at: DateTime<Utc>) -> Result<Announcement, Failure> {
    let name = round.name.to_string();
    let content = announcement::text(&name, &round.round, &computed.stages, &computed.field, at);
    let content = content.ok_or_else(|| Failure::internal(format!("{name}: announcement not written")))?;
    let sha256: String = Sha256::digest(&content)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    Ok(Announcement {
        content,
        sha256,
        announced_at: prima_platform::clock::micros(at),
    })
}

/// The announcement of a round computed again from its stored scores, as of `announced_at` (unix microseconds).
pub async fn recompute(
    conn: &impl ConnectionTrait,
    round: &round::Stored,
    announced_at: i64,
) -> Result<Announcement, Failure> {
    write(round, &compute(conn, round).await?, from_micros(announced_at))
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<v1::AnnounceResultsResponse, Failure> {
    require_ministry(caller)?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let mut round = round_locked(&txn, &request.name, Lock::Update).await?;
    if !round.stage.is_empty() || round.announced {
        return Err(precondition(
            "NOT_TO_BE_ANNOUNCED",
            format!("{} has stages to close, or was announced", round.name),
            "Masih ada tahap yang berjalan, atau hasil sudah diumumkan",
        ));
    }
    let computed = compute(&txn, &round).await?;
    check_results(&txn, &computed).await?;
    let announcement = write(&round, &computed, app.now())?;
    announcement_insert(&txn, round.id, &announcement).await?;
    let by_name: BTreeMap<String, &entry::Stored> =
        computed.entries.iter().map(|e| (e.name.to_string(), e)).collect();
    let (mut awards, mut keys) = (Vec::new(), BTreeSet::new());
    for outcome in computed.stages.iter().flat_map(|s| &s.outcomes) {
        let Some(entry) = by_name.get(&outcome.entry) else {
            continue;
        };
        for award in &outcome.awards {
            awards.push((entry.id, entry.innovation_id, award.clone()));
            keys.extend(portfolio_keys(&entry.unit, [entry.year]));
        }
    }
    awards_put(&txn, round.round.year, &round.name.to_string(), &awards).await?;
    round.announced = true;
    round_save_in_txn(&txn, &round).await?;
    portfolios::recompute(app, &txn, &keys).await?;
    let answer = v1::AnnounceResultsResponse {
        announcement: Some(render::announcement(&round, &announcement)),
    };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}

/// What is announced must be what the stages were closed with.
async fn check_results(conn: &impl ConnectionTrait, computed: &Computed) -> Result<(), Failure> {
    let ids: Vec<i64> = computed.entries.iter().map(|e| e.id).collect();
    let stored = results_of(conn, &ids).await?;
    let by_name: BTreeMap<String, i64> = computed
        .entries
        .iter()
        .map(|e| (e.name.to_string(), e.id))
        .collect();
    for stage in &computed.stages {
        for outcome in &stage.outcomes {
            let results = by_name.get(&outcome.entry).and_then(|id| stored.get(id));
            let same = results.into_iter().flatten().any(|r| {
                r.stage == stage.stage
                    && r.score == outcome.score
                    && usize::try_from(r.place) == Ok(outcome.rank)
                    && (r.passed != 0) == outcome.passed
            });
            if !same {
                let text = format!("{} in {}: computed other than stored", outcome.entry, stage.stage);
                return Err(Failure::internal(text));
            }
        }
    }
    Ok(())
}
