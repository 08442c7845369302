//! A batch of responses: checked one by one, inserted together, each with its own outcome.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::Txn,
    failure::Failure,
};
use sea_orm::DbErr;

use super::{
    item::{First, Item, Outcome},
    permit::Permits,
};
use crate::{
    domain::{
        access::{Proof, Refusal, Secret},
        instrument,
        response::{Raw, check},
    },
    store::{
        comment::{self, comment_insert_in_txn, comments},
        response::{self, First as FirstRow, Key, response_find, response_insert_in_txn},
        survey::Stored,
        tally::Added,
    },
};

/// An item that brings or repeats a response.
struct Wanted<'a> {
    index: usize,
    item: &'a Item,
    row: response::Model,
    comments: Vec<comment::Model>,
}

impl Wanted<'_> {
    /// What becomes of an item whose id holds the body `digest`, that of `first`. That may be the body of all that was
    /// sent, where a release before took all of it and now only the answers are.
    fn repeats(&self, digest: &[u8], first: First) -> Outcome {
        if self.row.digest == digest || self.item.digest == digest {
            Outcome::Repeated(first)
        } else {
            Outcome::Refused(Failure::request_id_reused(self.item.id_field))
        }
    }

    /// Where a release before stored it, if that was under the client's id alone.
    fn key_before(&self) -> Option<Key> {
        let id = &self.item.raw.id;
        (self.row.response_id != *id).then(|| Key {
            survey_id: self.row.survey_id,
            response_id: id.clone(),
        })
    }

    /// What becomes of it when a release before accepted the same response, if one did.
    fn before(&self, firsts: &HashMap<Key, FirstRow>) -> Option<Outcome> {
        let first = firsts.get(&self.key_before()?)?;
        let same = first.source == self.row.source && first.digest == self.row.digest;
        same.then(|| Outcome::RepeatedOfBefore(repeated(first)))
    }

    /// Whether both came with the same token, or the same counter of one kiosk.
    fn same_proof(&self, other: &Self) -> bool {
        let proof = |w: &Self| (w.row.token.clone(), w.row.counter, w.row.source.clone());
        proof(self) == proof(other)
    }
}

/// A batch on its way: an outcome for each item, and what is to be inserted.
pub(super) struct Batch<'a> {
    now: DateTime<Utc>,
    secret: &'a Secret,
    permits: Permits,
    outcomes: Vec<Option<Outcome>>,
    added: HashMap<i64, Added>,
    /// Items of one key each, in order: the first brings the row, the others are repeats of it.
    wanted: Vec<Vec<Wanted<'a>>>,
    places: HashMap<Key, usize>,
    /// Items that are not taken now; a repeat of what was taken is answered all the same.
    late: Vec<(Wanted<'a>, Failure)>,
}

impl<'a> Batch<'a> {
    /// A batch of nothing.
    pub(super) fn new(now: DateTime<Utc>, secret: &'a Secret, permits: Permits) -> Self {
        Self {
            now,
            secret,
            permits,
            outcomes: Vec::new(),
            added: HashMap::new(),
            wanted: Vec::new(),
            places: HashMap::new(),
            late: Vec::new(),
        }
    }

    /// Checks the next item against its survey.
    pub(super) fn check(&mut self, item: &'a Item, stored: Option<&Stored>) {
        let index = self.outcomes.len();
        let (wanted, refusal) = match self.wanted(index, item, stored) {
            Ok(wanted) => wanted,
            Err(failure) => {
                self.outcomes.push(Some(Outcome::Refused(failure)));
                return;
            }
        };
        self.outcomes.push(None);
        if let Some(failure) = refusal {
            self.late.push((wanted, failure));
            return;
        }
        let place = *self.places.entry(wanted.row.key()).or_insert(self.wanted.len());
        match self.wanted.get_mut(place) {
            Some(same) => same.push(wanted),
            None => self.wanted.push(vec![wanted]),
        }
    }

    /// What an item brings, and why it would not be taken now.
    fn wanted(
        &mut self,
        index: usize,
        item: &'a Item,
        stored: Option<&Stored>,
    ) -> Result<(Wanted<'a>, Option<Failure>), Failure> {
        let stored = stored.ok_or_else(|| match item.proof {
            // Whoever can sign for no survey does not learn which there are. Tokens and links were told from false ones
            // without looking, and agents have their role.
            Proof::Kiosk(_) => Refusal::SignatureInvalid.into(),
            Proof::Agent | Proof::Link | Proof::Token(_) => Failure::not_found(&item.survey.to_string()),
        })?;
        let survey = &stored.survey;
        let known = instrument::find(&survey.instrument)
            .ok_or_else(|| Failure::internal(format!("instrument {} is not known", survey.instrument)))?;
        let granted = self.permits.grant(item, stored, self.now)?;
        let answers = granted.answers_alone.then(|| item.raw.answers_alone());
        let digest = answers.as_ref().map_or_else(|| item.digest.clone(), Raw::digest);
        let import_id = Some(&item.import_id).filter(|id| !id.is_empty() && answers.is_none());
        let raw = answers.as_ref().unwrap_or(&item.raw);
        let response = check(raw, survey, known, self.now, item.id_field)?;
        let refusal = survey
            .accepts(response.submitted_at, self.now, granted.grace)
            .err()
            .map(Failure::from)
            .or_else(|| granted.refusal.map(Failure::from));
        self.added
            .entry(stored.id)
            .or_insert_with(|| Added::nothing(stored));
        let answers = response
            .answers
            .iter()
            .map(|a| a.map_or('-', |score| char::from(b'0'.saturating_add(score))))
            .collect();
        let device = response
            .device
            .map(|mark| self.secret.device_digest(&survey.name, mark.text()));
        let profile = response.profile;
        let row = response::Model {
            survey_id: stored.id,
            response_id: item.stored_id(),
            digest,
            submitted_at: micros(response.submitted_at),
            accepted_at: micros(self.now),
            batch: stored.version,
            answers,
            sex: profile.sex,
            age: profile.age.map(i64::from),
            age_group: profile.age_group,
            education: profile.education,
            occupation: profile.occupation,
            service: profile.service.or(granted.service),
            channel: profile.channel,
            hour_band: profile.hour_band,
            source: granted.source,
            token: granted.token,
            counter: granted.counter,
            device,
            import_id: import_id.cloned(),
            voided: None,
        };
        let wanted = Wanted {
            index,
            item,
            comments: comments(
                &survey.name.unit.agency,
                &row,
                response.suggestion.as_ref(),
                response.criticism.as_ref(),
            ),
            row,
        };
        Ok((wanted, refusal))
    }

    /// Inserts the rows; every item gets its outcome, every survey what was added to it.
    pub(super) async fn insert(mut self, txn: &Txn) -> Result<(Vec<Outcome>, HashMap<i64, Added>), DbErr> {
        self.settle_those_of_before(txn).await?;
        let mut wanted = std::mem::take(&mut self.wanted);
        while !wanted.is_empty() {
            wanted = self.insert_firsts(txn, wanted).await?;
        }
        let late = std::mem::take(&mut self.late);
        let keys: Vec<Key> = late.iter().map(|(wanted, _)| wanted.row.key()).collect();
        let firsts = response_find(txn, &keys).await?;
        for ((wanted, failure), key) in late.into_iter().zip(keys) {
            let outcome = match firsts.get(&key) {
                None => Outcome::Refused(failure),
                Some(first) => wanted.repeats(&first.digest, repeated(first)),
            };
            self.settle(&wanted, outcome);
        }
        self.added.retain(|_, added| added.changes > 0);
        let missing = || Outcome::Refused(Failure::internal("an item without outcome"));
        Ok((
            self.outcomes
                .into_iter()
                .map(|o| o.unwrap_or_else(missing))
                .collect(),
            self.added,
        ))
    }

    /// Answers the repeats of what a release before stored under the client's id alone, and leaves the others.
    async fn settle_those_of_before(&mut self, txn: &Txn) -> Result<(), DbErr> {
        let firsts = self.wanted.iter().filter_map(|items| items.first());
        let late = self.late.iter().map(|(wanted, _)| wanted);
        let keys: BTreeSet<Key> = firsts.chain(late).filter_map(Wanted::key_before).collect();
        let found = response_find(txn, &Vec::from_iter(keys)).await?;
        if found.is_empty() {
            return Ok(());
        }
        for items in std::mem::take(&mut self.wanted) {
            // Items of one key have one body.
            match items.first().and_then(|item| item.before(&found)) {
                Some(outcome) => items.iter().for_each(|item| self.settle(item, outcome.clone())),
                None => self.wanted.push(items),
            }
        }
        for (item, failure) in std::mem::take(&mut self.late) {
            match item.before(&found) {
                Some(outcome) => self.settle(&item, outcome),
                None => self.late.push((item, failure)),
            }
        }
        Ok(())
    }

    /// Inserts the first item of each key. Returns what is still open: items under a key whose first item had a token
    /// or counter that is used, with another one of their own.
    async fn insert_firsts(
        &mut self,
        txn: &Txn,
        wanted: Vec<Vec<Wanted<'a>>>,
    ) -> Result<Vec<Vec<Wanted<'a>>>, DbErr> {
        let firsts: Vec<&Wanted> = wanted.iter().filter_map(|items| items.first()).collect();
        let rows: Vec<&response::Model> = firsts.iter().map(|first| &first.row).collect();
        let inserted = response_insert_in_txn(txn, &rows).await?;
        let (mut written, mut old) = (Vec::new(), Vec::new());
        for first in firsts {
            let key = first.row.key();
            if inserted.contains(&key) {
                written.extend(&first.comments);
            } else {
                old.push(key);
            }
        }
        comment_insert_in_txn(txn, &written).await?;
        let firsts = response_find(txn, &old).await?;
        let mut open = Vec::new();
        for items in wanted {
            let mut items = items.into_iter();
            let Some(first) = items.next() else { continue };
            let key = first.row.key();
            if inserted.contains(&key) {
                if let Some(added) = self.added.get_mut(&key.survey_id) {
                    added.add(&first.row.answers);
                }
                self.settle(&first, Outcome::Accepted(self.now));
                let accepted = First::accepted(self.now);
                for item in items {
                    self.settle(&item, item.repeats(&first.row.digest, accepted));
                }
            } else if let Some(stored) = firsts.get(&key) {
                for item in std::iter::once(first).chain(items) {
                    self.settle(&item, item.repeats(&stored.digest, repeated(stored)));
                }
            } else {
                let (same, others): (Vec<_>, Vec<_>) = items.partition(|item| item.same_proof(&first));
                for item in std::iter::once(first).chain(same) {
                    self.settle(&item, Outcome::Refused(used(&item.row)));
                }
                if !others.is_empty() {
                    open.push(others);
                }
            }
        }
        Ok(open)
    }

    fn settle(&mut self, item: &Wanted, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(item.index) {
            *slot = Some(outcome);
        }
    }
}

/// What a repeat of a stored response is told.
fn repeated(first: &FirstRow) -> First {
    First {
        accepted_at: from_micros(first.accepted_at),
        voided: first.voided.is_some(),
    }
}

/// Why a row was not inserted though its id is free: what it was proven by is used.
fn used(row: &response::Model) -> Failure {
    if row.token.is_some() {
        Refusal::TokenUsed.into()
    } else if row.counter.is_some() {
        Refusal::CounterUsed.into()
    } else {
        Failure::internal("a response was neither stored nor found")
    }
}
