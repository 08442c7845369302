//! Closes the current stage of a round and opens the next one.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::{caller::Caller, db::Txn, failure::Failure};
use prima_proto::{innovation::v1, name};

use super::{App, Once, portfolio_keys, portfolios, precondition, require_ministry, round_locked};
use crate::{
    domain::{
        announcement::counts,
        contest::{self, Undecided},
        entry::State,
        round::{Stage, StageKind},
    },
    grpc::render,
    store::{
        Lock,
        contest::{contenders, results_put},
        entry::{entries_in, entries_move_in_txn},
        round::{self, round_save_in_txn},
    },
};

const METHOD: &str = "innovation.AdvanceRound";

/// Which stage to close.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The round.
    pub name: name::Round,
    /// Must be the current one.
    pub stage: String,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::AdvanceRoundResponse, Failure> {
    require_ministry(caller)?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let mut round = round_locked(&txn, &request.name, Lock::Update).await?;
    let stage = round
        .round
        .rules
        .stage(&round.stage)
        .filter(|s| s.key == request.stage)
        .cloned();
    let Some(stage) = stage else {
        return Err(precondition(
            "OTHER_STAGE",
            format!("{} is in the stage `{}`", round.name, round.stage),
            "Tahap itu bukan tahap yang sedang berjalan",
        ));
    };
    let counts = if stage.kind == StageKind::Submission {
        close_submission(app, &txn, &round).await?
    } else {
        close_stage(app, &txn, &round, &stage).await?
    };
    let next = round.round.rules.stage_after(&stage.key);
    round.stage = next.map(|s| s.key.clone()).unwrap_or_default();
    round.stage_at = app.now_micros();
    round_save_in_txn(&txn, &round).await?;
    let answer = v1::AdvanceRoundResponse {
        round: Some(render::round(&round, true)),
        counts,
    };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}

fn number(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// What was not submitted lapses.
async fn close_submission(
    app: &App,
    txn: &Txn,
    round: &round::Stored,
) -> Result<Vec<v1::GroupCount>, Failure> {
    if round
        .round
        .submission_closes()
        .is_some_and(|close| app.now() < close)
    {
        return Err(precondition(
            "SUBMISSION_OPEN",
            format!("{} still takes submissions", round.name),
            "Masa pengajuan belum berakhir",
        ));
    }
    let states = [State::Draft, State::InReview, State::Returned, State::Submitted];
    let entries = entries_in(txn, round.id, &states).await?;
    let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut lapsed, mut keys) = (Vec::new(), BTreeSet::new());
    for entry in &entries {
        let (entered, passed) = groups.entry(&entry.proposal.group).or_default();
        *entered += 1;
        if entry.state == State::Submitted {
            *passed += 1;
        } else {
            lapsed.push(entry.id);
            keys.extend(portfolio_keys(&entry.unit, [entry.year]));
        }
    }
    entries_move_in_txn(txn, &lapsed, State::Lapsed, app.now_micros()).await?;
    portfolios::recompute(app, txn, &keys).await?;
    Ok(groups
        .into_iter()
        .map(|(group, (entered, passed))| v1::GroupCount {
            group: group.to_owned(),
            entered: number(entered),
            passed: number(passed),
        })
        .collect())
}

/// Computes the stage from what is stored, and cuts the field.
async fn close_stage(
    app: &App,
    txn: &Txn,
    round: &round::Stored,
    stage: &Stage,
) -> Result<Vec<v1::GroupCount>, Failure> {
    let field = contenders(txn, round.id).await?;
    let (entries, field): (Vec<_>, Vec<_>) = field.into_iter().unzip();
    let stages = contest::run(&round.round.rules, &stage.key, &field).map_err(|u| undecided(&u))?;
    let Some(outcome) = stages.last() else {
        return Ok(Vec::new());
    };
    let by_name: BTreeMap<String, _> = entries.iter().map(|e| (e.name.to_string(), e)).collect();
    let (mut results, mut out, mut on, mut keys) = (Vec::new(), Vec::new(), Vec::new(), BTreeSet::new());
    for one in &outcome.outcomes {
        let Some(entry) = by_name.get(&one.entry) else {
            continue;
        };
        results.push((entry.id, one));
        if one.passed {
            on.push(entry.id);
        } else if stage.kind.is_scored() {
            out.push(entry.id);
            keys.extend(portfolio_keys(&entry.unit, [entry.year]));
        }
    }
    if stage.kind.is_scored() {
        let position = round.round.rules.stages.iter().position(|s| s.key == stage.key);
        let position = i64::try_from(position.unwrap_or_default()).unwrap_or_default();
        results_put(txn, &stage.key, position, &results).await?;
    }
    entries_move_in_txn(txn, &out, State::Eliminated, app.now_micros()).await?;
    // Who goes on waits from now on.
    entries_move_in_txn(txn, &on, State::Competing, app.now_micros()).await?;
    portfolios::recompute(app, txn, &keys).await?;
    Ok(counts(outcome)
        .into_iter()
        .map(|c| v1::GroupCount {
            group: c.group.to_owned(),
            entered: number(c.entered),
            passed: number(c.passed),
        })
        .collect())
}

fn undecided(undecided: &Undecided) -> Failure {
    let first: Vec<&str> = undecided.entries.iter().take(5).map(String::as_str).collect();
    precondition(
        "STAGE_INCOMPLETE",
        format!(
            "{} entries lack a decision or scores, such as {}",
            undecided.entries.len(),
            first.join(", ")
        ),
        format!(
            "{} usulan belum diputuskan atau belum cukup nilai",
            undecided.entries.len()
        ),
    )
}
