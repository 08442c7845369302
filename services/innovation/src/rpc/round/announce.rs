//! Announces the results of a round, which then never change.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{innovation::v1, name};
use sea_orm::ConnectionTrait;

use super::{
    announcement::{Results, compute, write},
    message,
};
use crate::{
    derived::portfolio,
    rpc::once::once,
    store::{
        Lock,
        announcement::announcement_insert_in_txn,
        award::awards_insert_in_txn,
        entry,
        round::{round_get, round_save_in_txn},
        stage_result::results_of,
    },
};

/// The round.
#[derive(Debug, Clone)]
pub struct Announce {
    once: IdempotencyKey,
    name: name::Round,
}

impl Command for Announce {
    type App = Context;
    type Message = v1::AnnounceResultsRequest;
    type Answer = v1::AnnounceResultsResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once("innovation.AnnounceResults", &message.request_id, &message));
        let name = faults.take(request::name("name", &message.name));
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = round_get(work.txn, &self.name, Lock::Update).await?;
        let mut round = found(locked, &self.name)?;
        if !round.stage.is_empty() || round.announced {
            return Err(Failure::new(
                Kind::Precondition,
                "NOT_TO_BE_ANNOUNCED",
                format!("{} has stages to close, or was announced", round.name),
                "Masih ada tahap yang berjalan, atau hasil sudah diumumkan",
            ));
        }
        let results = compute(work.txn, &round).await?;
        check(work.txn, &results).await?;
        let announcement = write(&round, &results, work.now())?;
        announcement_insert_in_txn(work.txn, announcement.clone()).await?;
        let by_name = by_name(&results);
        let (mut awards, mut keys) = (Vec::new(), BTreeSet::new());
        for outcome in results.stages.iter().flat_map(|s| &s.outcomes) {
            let Some(entry) = by_name.get(&outcome.entry) else {
                continue;
            };
            for award in &outcome.awards {
                awards.push((entry.id, entry.innovation_id, award.clone()));
                keys.extend(portfolio::keys(&entry.unit, [entry.year]));
            }
        }
        awards_insert_in_txn(work.txn, round.round.year, &round.name.to_string(), &awards).await?;
        round.announced = true;
        round_save_in_txn(work.txn, &round).await?;
        portfolio::recompute(work, &keys).await?;
        Ok(v1::AnnounceResultsResponse {
            announcement: Some(message::announcement(&round, &announcement)),
        })
    }
}

fn by_name(results: &Results) -> BTreeMap<String, &entry::Stored> {
    let entries = results.entries.iter();
    entries.map(|entry| (entry.name.to_string(), entry)).collect()
}

/// The announced results must equal those with which the stages were closed.
async fn check(conn: &impl ConnectionTrait, computed: &Results) -> Result<(), Failure> {
    let ids: Vec<i64> = computed.entries.iter().map(|e| e.id).collect();
    let stored = results_of(conn, &ids).await?;
    let by_name = by_name(computed);
    for stage in &computed.stages {
        for outcome in &stage.outcomes {
            let results = by_name
                .get(&outcome.entry)
                .and_then(|entry| stored.get(&entry.id));
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
