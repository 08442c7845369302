//! Decides what becomes of the responses of a quarantine: they are counted, or voided.

use std::{collections::HashMap, slice};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, Work},
    etag, failpoint,
    failure::{Failure, Kind, found},
    request::{self, Choice, Faults, text},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::{results::survey_lock, unit_scores, voiding},
    domain::{
        flags,
        release::{Change, Entry, Sender},
        selection::Selection,
    },
    service::App,
    store::{
        delta::Line,
        quarantine::{
            self, ACCEPTED, OPEN, quarantine_get, quarantine_release_in_txn, quarantine_save_in_txn,
        },
        selection::selected_void_in_txn,
        tally::{Added, tallies_add_in_txn},
        void::{self, void_insert_in_txn, void_next_number_in_txn},
    },
};

const DECISION: Choice = Choice {
    english: "decision",
    indonesian: "Keputusan",
};
/// Most rows that are in memory at a time.
const PAGE: u64 = 5000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Accept,
    Void,
}

/// The decision of a quarantine, and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decide {
    name: name::Quarantine,
    decision: Decision,
    reason: String,
    etag: String,
}

impl Command for Decide {
    type App = App;
    type Message = pb::DecideQuarantineRequest;
    type Answer = pb::DecideQuarantineResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let name = faults.take(request::name("name", &message.name));
        let decision = DECISION.required("decision", message.decision, |decision| match decision {
            pb::QuarantineDecision::Unspecified => None,
            pb::QuarantineDecision::Accept => Some(Decision::Accept),
            pb::QuarantineDecision::Void => Some(Decision::Void),
        });
        let decision = faults.take(decision);
        let reason = faults.take(text::line("reason", &message.reason, 5, 500));
        faults.build(|| {
            Some(Self {
                name: name?,
                decision: decision?,
                reason: reason?,
                etag: message.etag,
            })
        })
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now, name) = (work.txn, work.now(), &self.name);
        let rules = work.app.rules();
        // The number must be written as the service writes it, for example without leading zeros.
        let number = name.quarantine.parse::<i64>().ok();
        let number = found(number.filter(|n| n.to_string() == name.quarantine), name)?;
        // Responses that arrived before are counted first, so those that join are decided with the others.
        let locked = survey_lock(txn, &name.survey.to_string(), &rules, now).await?;
        let mut stored = found(locked, name)?;
        let mut decided = found(quarantine_get(txn, stored.id, number).await?, name)?;
        if decided.state != OPEN {
            return Err(decided_already(name));
        }
        etag::check(&self.etag, decided.etag, name)?;
        let mut added = Added::nothing(&stored);
        match self.decision {
            Decision::Accept => {
                // Fewer than a step wait like responses of others; so many move the figures at once.
                let mut few = None;
                loop {
                    let page =
                        quarantine_release_in_txn(txn, stored.id, number, stored.version, PAGE).await?;
                    if page.is_empty() {
                        break;
                    }
                    let few = *few.get_or_insert(page.len() < rules.step);
                    for held in &page {
                        stored.questioned.remove(&held.answers);
                        added.add(Line {
                            answers: &held.answers,
                            entry: few.then(|| entry(held, now)),
                        });
                    }
                }
                (decided.state, decided.decided_at) = (ACCEPTED, Some(micros(now)));
                (decided.actor, decided.reason) = (work.caller.subject().to_owned(), self.reason);
                decided.etag = work.next_version(decided.etag);
                stored.questioned.close(number);
                quarantine_save_in_txn(txn, &decided).await?;
            }
            Decision::Void => {
                let rule =
                    flags::rule().ok_or_else(|| Failure::internal("the flagging rule is not available"))?;
                let mut void = void::Model {
                    survey_id: stored.id,
                    number: void_next_number_in_txn(txn, stored.id).await?,
                    voided_at: micros(now),
                    actor: work.caller.subject().to_owned(),
                    reason: self.reason,
                    import_id: String::new(),
                    responses: 0,
                    erased_at: None,
                };
                let of = Selection {
                    quarantine: number,
                    ..Selection::default()
                };
                selected_void_in_txn(txn, stored.id, &of, rule, void.number).await?;
                voiding::marked(txn, &mut stored, &mut void, &mut added, now).await?;
                void_insert_in_txn(txn, void).await?;
                decided = found(quarantine_get(txn, stored.id, number).await?, name)?;
            }
        }
        failpoint::hit("quarantine.decided").await;
        let added = HashMap::from([(stored.id, added)]);
        tallies_add_in_txn(txn, slice::from_mut(&mut stored), added, &rules, now).await?;
        let states = unit_scores::follow(txn, [&stored], &rules, now).await?;
        states.into_iter().for_each(|state| work.stage(state));
        Ok(pb::DecideQuarantineResponse {
            quarantine: Some(message::quarantine(&name.survey, &decided)),
        })
    }
}

/// An accepted response, as a change that waits.
fn entry(held: &quarantine::Held, now: DateTime<Utc>) -> Entry {
    Entry {
        sender: Sender::Own,
        change: Change::Add,
        id: held.response_id.clone(),
        answers: held.answers.clone(),
        at: now.timestamp_millis(),
        device: String::new(),
        source: String::new(),
    }
}

fn decided_already(what: &name::Quarantine) -> Failure {
    Failure::new(
        Kind::Precondition,
        "QUARANTINE_DECIDED",
        format!("{what} is decided already"),
        format!("{what} sudah diputuskan"),
    )
}
