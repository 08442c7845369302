//! A batch of responses: checked one by one, inserted together, each with its own outcome.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::Txn,
    failure::Failure,
};
use sea_orm::DbErr;

use super::{Item, Outcome};
use crate::{
    app::update_survey::refused,
    domain::{instrument, response},
    store::{
        response::{Key, NewResponse, response_find, response_insert_in_txn},
        survey::Stored,
        tally::Added,
    },
};

/// An item that brings or repeats a response.
struct Wanted {
    index: usize,
    digest: Vec<u8>,
    answers: String,
    id_field: &'static str,
}

/// A batch on its way: an outcome for each item, and the rows to insert.
pub(super) struct Batch {
    now: DateTime<Utc>,
    outcomes: Vec<Option<Outcome>>,
    rows: Vec<NewResponse>,
    added: HashMap<i64, Added>,
    /// Items by key: the first brings the row, the others are repeats of it.
    wanted: HashMap<Key, Vec<Wanted>>,
    /// Items that the survey does not take now; a repeat of what it took is answered all the same.
    late: Vec<(Wanted, Key, Failure)>,
}

impl Batch {
    /// A batch of nothing.
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            now,
            outcomes: Vec::new(),
            rows: Vec::new(),
            added: HashMap::new(),
            wanted: HashMap::new(),
            late: Vec::new(),
        }
    }

    /// Checks the next item against its survey.
    pub(super) fn check(&mut self, item: &Item, stored: Option<&Stored>) {
        let index = self.outcomes.len();
        let refusal = match self.row(item, stored) {
            Err(failure) => Some(Outcome::Refused(failure)),
            Ok((row, refusal)) => {
                let key = (row.survey_id, row.response_id.clone());
                let wanted = Wanted {
                    index,
                    digest: row.digest.clone(),
                    answers: row.answers.clone(),
                    id_field: item.id_field,
                };
                if let Some(failure) = refusal {
                    self.late.push((wanted, key, failure));
                    self.outcomes.push(None);
                    return;
                }
                match self.wanted.entry(key) {
                    Entry::Occupied(mut same) => same.get_mut().push(wanted),
                    Entry::Vacant(first) => {
                        first.insert(vec![wanted]);
                        self.rows.push(row);
                    }
                }
                None
            }
        };
        self.outcomes.push(refusal);
    }

    /// The row of an item, and why the survey would not take it now.
    fn row(
        &mut self,
        item: &Item,
        stored: Option<&Stored>,
    ) -> Result<(NewResponse, Option<Failure>), Failure> {
        let stored = stored.ok_or_else(|| Failure::not_found(&item.survey.to_string()))?;
        let survey = &stored.survey;
        let known = instrument::find(&survey.instrument)
            .ok_or_else(|| Failure::internal(format!("instrument {} is not known", survey.instrument)))?;
        let response = response::check(&item.raw, survey, known, self.now, item.id_field)?;
        let refusal = survey
            .accepts(response.submitted_at, self.now)
            .err()
            .map(|refusal| refused(&refusal));
        let digest = digest(&item.raw);
        self.added
            .entry(stored.id)
            .or_insert_with(|| Added::nothing(stored));
        let answers = response
            .answers
            .iter()
            .map(|a| a.map_or('-', |score| char::from(b'0'.saturating_add(score))))
            .collect();
        let row = NewResponse {
            survey_id: stored.id,
            response_id: response.id,
            digest,
            submitted_at: micros(response.submitted_at),
            accepted_at: micros(self.now),
            batch: stored.version,
            source: "agent".to_owned(),
            answers,
            sex: response.profile.sex,
            age: response.profile.age.map(i64::from),
            education: response.profile.education,
            occupation: response.profile.occupation,
            service: response.profile.service,
        };
        Ok((row, refusal))
    }

    /// Inserts the rows; every item gets its outcome, every survey what was added to it.
    pub(super) async fn insert(mut self, txn: &Txn) -> Result<(Vec<Outcome>, HashMap<i64, Added>), DbErr> {
        let inserted = if self.rows.is_empty() {
            HashSet::new()
        } else {
            response_insert_in_txn(txn, &self.rows).await?
        };
        let late = self.late.iter().map(|(_, key, _)| key);
        let old: Vec<&Key> = self
            .wanted
            .keys()
            .filter(|key| !inserted.contains(*key))
            .chain(late)
            .collect();
        let firsts = response_find(txn, &old).await?;
        for (wanted, key, failure) in self.late {
            let outcome = match firsts.get(&key) {
                None => Outcome::Refused(failure),
                Some(first) if first.digest == wanted.digest => {
                    Outcome::Repeated(from_micros(first.accepted_at))
                }
                Some(_) => Outcome::Refused(Failure::request_id_reused(wanted.id_field)),
            };
            if let Some(slot) = self.outcomes.get_mut(wanted.index) {
                *slot = Some(outcome);
            }
        }
        for (key, items) in &self.wanted {
            let new = inserted.contains(key);
            let first = match firsts.get(key) {
                Some(first) => (first.digest.clone(), first.accepted_at),
                None => (
                    items.first().map(|w| w.digest.clone()).unwrap_or_default(),
                    micros(self.now),
                ),
            };
            let at = from_micros(first.1);
            for (place, wanted) in items.iter().enumerate() {
                let outcome = if wanted.digest != first.0 {
                    Outcome::Refused(Failure::request_id_reused(wanted.id_field))
                } else if new && place == 0 {
                    Outcome::Accepted(at)
                } else {
                    Outcome::Repeated(at)
                };
                if let Some(slot) = self.outcomes.get_mut(wanted.index) {
                    *slot = Some(outcome);
                }
            }
            if let Some((added, first)) = self.added.get_mut(&key.0).zip(items.first()).filter(|_| new) {
                added.add(&first.answers);
            }
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
}

/// Digest of a response as parsed: what makes two bodies under one id the same.
fn digest(raw: &response::Raw) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let profile = &raw.profile;
    let at = raw
        .submitted_at
        .map(|t| micros(t).to_string())
        .unwrap_or_default();
    let age = profile.age.map(|a| a.to_string()).unwrap_or_default();
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part(&at);
    for text in [
        &profile.sex,
        &profile.education,
        &profile.occupation,
        &profile.service,
    ] {
        part(text.as_deref().unwrap_or_default());
    }
    part(&age);
    for (key, score) in &raw.answers {
        part(key);
        part(&score.to_string());
    }
    hash.finalize().iter().take(16).copied().collect()
}
