//! Closes the current stage of a round and opens the next one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::message;
use crate::{
    derived::portfolio,
    domain::{
        announcement::{self, counts},
        contest::{self, Undecided},
        entry::State,
        round::{Stage, StageKind},
    },
    rpc::{message::small, once::once},
    store::{
        Lock,
        contest::contenders,
        entry::{entries_in, entries_move_in_txn},
        round::{self, round_get, round_save_in_txn},
        stage_result::results_save_in_txn,
    },
};

/// The stage to close, which must be the current one.
#[derive(Debug, Clone)]
pub struct Advance {
    once: IdempotencyKey,
    name: name::Round,
    stage: String,
}

impl Command for Advance {
    type App = Context;
    type Message = v1::AdvanceRoundRequest;
    type Answer = v1::AdvanceRoundResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once("innovation.AdvanceRound", &message.request_id, &message));
        let name = faults.take(request::name("name", &message.name));
        let stage = faults.take(request::new_id("stage", &message.stage, name::id));
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name?,
                stage: stage?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = round_get(work.txn, &self.name, Lock::Update).await?;
        let mut round = found(locked, &self.name)?;
        let stage = round.round.rules.stage(&round.stage);
        let Some(stage) = stage.filter(|s| s.key == self.stage).cloned() else {
            return Err(Failure::new(
                Kind::Precondition,
                "OTHER_STAGE",
                format!("{} is in the stage `{}`", round.name, round.stage),
                "Tahap itu bukan tahap yang sedang berjalan",
            ));
        };
        let counts = if stage.kind == StageKind::Submission {
            close_submission(work, &round).await?
        } else {
            close_stage(work, &round, &stage).await?
        };
        let next = round.round.rules.stage_after(&stage.key);
        round.stage = next.map(|s| s.key.clone()).unwrap_or_default();
        round.stage_at = micros(work.now());
        round_save_in_txn(work.txn, &round).await?;
        Ok(v1::AdvanceRoundResponse {
            round: Some(message::round(&round, true)),
            counts,
        })
    }
}

/// Closes the submission: entries that were not submitted lapse.
async fn close_submission(
    work: &mut Work<'_, Context>,
    round: &round::Stored,
) -> Result<Vec<v1::GroupCount>, Failure> {
    let now = work.now();
    if round.round.submission_closes().is_some_and(|close| now < close) {
        return Err(Failure::new(
            Kind::Precondition,
            "SUBMISSION_OPEN",
            format!("{} still accepts submissions", round.name),
            "Masa pengajuan belum berakhir",
        ));
    }
    let states = [State::Draft, State::InReview, State::Returned, State::Submitted];
    let entries = entries_in(work.txn, round.id, &states).await?;
    let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut lapsed, mut keys) = (Vec::new(), BTreeSet::new());
    for entry in &entries {
        let (entered, passed) = groups.entry(&entry.proposal.group).or_default();
        *entered += 1;
        if entry.state == State::Submitted {
            *passed += 1;
        } else {
            lapsed.push(entry.id);
            keys.extend(portfolio::keys(&entry.unit, [entry.year]));
        }
    }
    entries_move_in_txn(work.txn, &lapsed, State::Lapsed, micros(now)).await?;
    portfolio::recompute(work, &keys).await?;
    let count = |(group, (entered, passed))| group_count(group, entered, passed);
    Ok(groups.into_iter().map(count).collect())
}

/// Computes the results of the stage, and moves entries that did not pass out of the competition.
async fn close_stage(
    work: &mut Work<'_, Context>,
    round: &round::Stored,
    stage: &Stage,
) -> Result<Vec<v1::GroupCount>, Failure> {
    let field = contenders(work.txn, round.id).await?;
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
            keys.extend(portfolio::keys(&entry.unit, [entry.year]));
        }
    }
    if stage.kind.is_scored() {
        results_save_in_txn(
            work.txn,
            &stage.key,
            round.round.rules.position(&stage.key),
            &results,
        )
        .await?;
    }
    let now = micros(work.now());
    entries_move_in_txn(work.txn, &out, State::Eliminated, now).await?;
    // Entries that passed wait for the next stage from now on.
    entries_move_in_txn(work.txn, &on, State::Competing, now).await?;
    portfolio::recompute(work, &keys).await?;
    let count = |c: announcement::Count<'_>| group_count(c.group, c.entered, c.passed);
    Ok(counts(outcome).into_iter().map(count).collect())
}

fn group_count(group: &str, entered: usize, passed: usize) -> v1::GroupCount {
    v1::GroupCount {
        group: group.to_owned(),
        entered: small(entered),
        passed: small(passed),
    }
}

fn undecided(undecided: &Undecided) -> Failure {
    let entries = &undecided.entries;
    let first: Vec<&str> = entries.iter().take(5).map(String::as_str).collect();
    Failure::new(
        Kind::Precondition,
        "STAGE_INCOMPLETE",
        format!(
            "{} entries lack a decision or scores, such as {}",
            entries.len(),
            first.join(", ")
        ),
        format!("{} usulan belum diputuskan atau belum cukup nilai", entries.len()),
    )
}
