//! A batch of responses: checked one by one, inserted together, each with its own outcome.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::Txn,
    failure::Failure,
};
use sea_orm::DbErr;
use smallvec::{SmallVec, smallvec};

use super::{
    draft::{Draft, Maker},
    item::{First, Item, Outcome},
    known::{Taking, Version},
    permit::Permits,
};
use crate::{
    domain::{
        access::{Proof, Refusal},
        digest,
        release::{Change, Entry, Sender},
    },
    store::{
        comment::{self, comment_insert_in_txn},
        delta::Delta,
        response::{self, First as FirstRow, Key, response_find, response_insert_in_txn},
    },
};

/// An item with a valid response, which is new or repeats a stored one.
struct Wanted<'a> {
    index: usize,
    item: &'a Item,
    row: Box<response::Model>,
    comments: Vec<comment::Model>,
}

impl Wanted<'_> {
    /// The outcome of an item under whose id `first` was stored, with the body `digest`. That digest may cover
    /// everything that was sent, because release 0.1.0 accepted all of it where now only the answers are accepted.
    fn repeats(&self, digest: &[u8], first: First) -> Outcome {
        if self.row.digest == digest || self.item.digest == digest {
            Outcome::Repeated(first)
        } else {
            Outcome::Refused(Failure::request_id_reused(self.item.id_field).into())
        }
    }

    /// The key under which release 0.1.0 stored it, if that was the client's id alone.
    fn key_before(&self) -> Option<Key> {
        let id = &self.item.raw.id;
        (self.row.response_id != *id).then(|| Key {
            survey_id: self.row.survey_id,
            response_id: id.clone(),
        })
    }

    /// It is accepted at `at`.
    fn accepted(&self, at: DateTime<Utc>) -> First {
        First {
            accepted_at: at,
            voided: false,
            counted: self.row.counted.unwrap_or_default(),
            pending: self.row.pending.unwrap_or_default(),
        }
    }

    /// The response as one that is to be released, of the person who sent it.
    fn entry(&self) -> Entry {
        let device = self.row.device.as_deref().unwrap_or_default().iter();
        Entry {
            source: self.item.source.clone(),
            sender: match self.item.proof {
                Proof::Link => Sender::Link,
                Proof::Agent | Proof::Token(_) | Proof::Kiosk(_) => Sender::Own,
            },
            change: Change::Add,
            device: device
                .take(DEVICE_BYTES)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            id: self.row.response_id.clone(),
            answers: self.row.answers.clone(),
            at: from_micros(self.row.accepted_at).timestamp_millis(),
        }
    }

    /// Its outcome when release 0.1.0 has accepted the same response; `None` when it has not.
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

/// Items of one key.
type Same<'a> = SmallVec<[Wanted<'a>; 1]>;

/// Bytes of the digest of a device's identifier that a delta has.
const DEVICE_BYTES: usize = 4;

/// The inserted rows of a survey.
#[derive(Default)]
struct Inserted<'a> {
    /// Of many that an agent sent together.
    bulk: Vec<Wanted<'a>>,
    /// Others.
    single: Vec<Wanted<'a>>,
}

impl Inserted<'_> {
    /// The delta. When an agent sent many, all but the last step of them are released at once, so the delta does not tell them
    /// apart. A step stays to wait for the end of the import, so that its last rows never wait alone.
    fn delta(mut self, step: usize) -> Delta {
        let mut delta = Delta::default();
        let many = match self.bulk.len() {
            len if len >= step.saturating_mul(2) => len - step,
            _ => 0,
        };
        if many > 0 {
            let id = |a: &Wanted, b: &Wanted| a.row.response_id.cmp(&b.row.response_id);
            self.bulk.select_nth_unstable_by(many, id);
        }
        let (many, last) = self.bulk.split_at(many);
        many.iter().for_each(|wanted| delta.add(&wanted.row.answers));
        last.iter()
            .chain(&self.single)
            .for_each(|wanted| delta.add_entry(&wanted.entry()));
        delta
    }
}

/// A batch in progress: the outcome of each item so far, and the rows to insert.
pub(super) struct Batch<'a> {
    now: DateTime<Utc>,
    maker: Maker<'a>,
    permits: Permits,
    outcomes: Vec<Option<Outcome>>,
    /// The inserted rows, by survey.
    added: BTreeMap<i64, Inserted<'a>>,
    /// Changes by which the figures of an open survey move.
    step: usize,
    /// Items grouped by key, in order: the row of the first one is inserted, the others are repeats of it.
    wanted: Vec<Same<'a>>,
    places: hashbrown::HashMap<(i64, Cow<'a, str>), usize>,
    /// Items that are refused unless they repeat a stored response, each with its failure.
    late: Vec<(Wanted<'a>, Failure)>,
}

impl<'a> Batch<'a> {
    /// An empty batch.
    pub(super) fn new(now: DateTime<Utc>, maker: Maker<'a>, permits: Permits, step: usize) -> Self {
        Self {
            now,
            maker,
            permits,
            outcomes: Vec::new(),
            added: BTreeMap::new(),
            step,
            wanted: Vec::new(),
            places: hashbrown::HashMap::new(),
            late: Vec::new(),
        }
    }

    /// Checks the next item against its survey.
    ///
    /// `draft` is what was found before the transaction began; it is used if the survey has not changed since.
    pub(super) fn check(
        &mut self,
        item: &'a Item,
        taking: Option<&Taking>,
        draft: Option<(Version, Result<Draft, Failure>)>,
    ) {
        let index = self.outcomes.len();
        let (wanted, refusal) = match self.wanted(index, item, taking, draft) {
            Ok(wanted) => wanted,
            Err(failure) => {
                self.outcomes.push(Some(Outcome::Refused(failure.into())));
                return;
            }
        };
        self.outcomes.push(None);
        if let Some(failure) = refusal {
            self.late.push((wanted, failure));
            return;
        }
        let key = (wanted.row.survey_id, item.stored_id());
        let place = *self.places.entry(key).or_insert(self.wanted.len());
        match self.wanted.get_mut(place) {
            Some(same) => same.push(wanted),
            None => self.wanted.push(smallvec![wanted]),
        }
    }

    /// The row and comments of an item, and why it is refused if it is not a repeat.
    fn wanted(
        &mut self,
        index: usize,
        item: &'a Item,
        taking: Option<&Taking>,
        draft: Option<(Version, Result<Draft, Failure>)>,
    ) -> Result<(Wanted<'a>, Option<Failure>), Failure> {
        let taking = taking.ok_or_else(|| match item.proof {
            // A caller without a valid signature must not learn which surveys exist. Tokens and links were verified
            // before any lookup, and agents have their role.
            Proof::Kiosk(_) => Refusal::SignatureInvalid.into(),
            Proof::Agent | Proof::Link | Proof::Token(_) => Failure::not_found(&item.survey.to_string()),
        })?;
        let definition = &taking.definition;
        let granted = self.permits.grant(item, taking, self.now)?;
        let draft = draft.filter(|(version, _)| *version == definition.version());
        let Draft {
            mut row,
            mut comments,
        } = match (granted.answers_alone, draft) {
            (false, Some((_, draft))) => draft,
            (false, None) => self.maker.draft(item, definition, self.now),
            (true, _) => {
                let part = item.raw.answers_alone();
                self.maker.draft_of_part(item, &part, definition, self.now)
            }
        }?;
        if granted.answers_alone || item.raw.submitted_at.is_none() {
            row.submitted_at = micros(self.now);
        }
        let survey = &*definition.survey;
        let refusal = survey
            .accepts(from_micros(row.submitted_at), self.now, granted.grace)
            .err()
            .map(Failure::from)
            .or_else(|| granted.refusal.map(Failure::from));
        row.accepted_at = micros(self.now);
        row.batch = taking.batch;
        row.service = row.service.or(granted.service);
        row.source = granted.source;
        row.token = granted.token;
        row.counter = granted.counter;
        row.counted = (!item.bulk).then_some(taking.counted);
        row.pending = (!item.bulk).then_some(taking.pending + 1);
        for comment in &mut comments {
            comment.follow(&survey.name.unit.agency, &row);
        }
        let wanted = Wanted {
            index,
            item,
            row,
            comments,
        };
        Ok((wanted, refusal))
    }

    /// Inserts the rows. Returns the outcome of each item, and the answers that were inserted for each survey. Unless
    /// `known` rows are expected, it fails with a unique violation at the first of them.
    pub(super) async fn insert(
        mut self,
        txn: &Txn,
        known: bool,
    ) -> Result<(Vec<Outcome>, BTreeMap<i64, Delta>), DbErr> {
        self.settle_repeats_of_previous_release(txn).await?;
        let mut wanted = std::mem::take(&mut self.wanted);
        while !wanted.is_empty() {
            wanted = self.insert_firsts(txn, wanted, known).await?;
        }
        let late = std::mem::take(&mut self.late);
        let keys: Vec<Key> = late.iter().map(|(wanted, _)| wanted.row.key()).collect();
        let firsts = self.stored(txn, &keys).await?;
        for ((wanted, failure), key) in late.into_iter().zip(keys) {
            let outcome = match firsts.get(&key) {
                None => Outcome::Refused(failure.into()),
                Some(first) => wanted.repeats(&first.digest, repeated(first)),
            };
            self.settle(&wanted, outcome);
        }
        let missing = || Outcome::Refused(Failure::internal("an item without outcome").into());
        Ok((
            self.outcomes
                .into_iter()
                .map(|o| o.unwrap_or_else(missing))
                .collect(),
            self.added
                .into_iter()
                .map(|(survey, rows)| (survey, rows.delta(self.step)))
                .collect(),
        ))
    }

    /// Settles repeats of responses that release 0.1.0 stored under the client's id alone; the other items remain.
    async fn settle_repeats_of_previous_release(&mut self, txn: &Txn) -> Result<(), DbErr> {
        let firsts = self.wanted.iter().filter_map(|items| items.first());
        let late = self.late.iter().map(|(wanted, _)| wanted);
        let keys: BTreeSet<Key> = firsts.chain(late).filter_map(Wanted::key_before).collect();
        let found = self.stored(txn, &Vec::from_iter(keys)).await?;
        if found.is_empty() {
            return Ok(());
        }
        for items in std::mem::take(&mut self.wanted) {
            // Items that share such a key have the same body.
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

    /// Inserts the first item of each key. Returns the items to try next: those whose key is still free because the
    /// token or counter of the first item was used, and that have another token or counter.
    async fn insert_firsts(
        &mut self,
        txn: &Txn,
        wanted: Vec<Same<'a>>,
        known: bool,
    ) -> Result<Vec<Same<'a>>, DbErr> {
        let firsts: Vec<&Wanted> = wanted.iter().filter_map(|items| items.first()).collect();
        let rows: Vec<&response::Model> = firsts.iter().map(|first| &*first.row).collect();
        let skipped = response_insert_in_txn(txn, &rows, known).await?;
        let inserted = |first: &Wanted| skipped.is_empty() || !skipped.contains(&first.row.key());
        let written = firsts.into_iter().filter(|first| inserted(first));
        let written: Vec<_> = written.flat_map(|first| &first.comments).collect();
        comment_insert_in_txn(txn, &written).await?;
        let old: Vec<Key> = skipped.iter().cloned().collect();
        let firsts = self.stored(txn, &old).await?;
        let mut open = Vec::new();
        for items in wanted {
            let mut items = items.into_iter();
            let Some(first) = items.next() else { continue };
            if inserted(&first) {
                let accepted = first.accepted(self.now);
                self.settle(&first, Outcome::Accepted(accepted));
                for item in items {
                    self.settle(&item, item.repeats(&first.row.digest, accepted));
                }
                let added = self.added.entry(first.row.survey_id).or_default();
                let rows = if first.item.bulk {
                    &mut added.bulk
                } else {
                    &mut added.single
                };
                rows.push(first);
            } else if let Some(stored) = firsts.get(&first.row.key()) {
                for item in std::iter::once(first).chain(items) {
                    self.settle(&item, item.repeats(&stored.digest, repeated(stored)));
                }
            } else {
                let (same, others): (Same, Same) = items.partition(|item| item.same_proof(&first));
                for item in std::iter::once(first).chain(same) {
                    self.settle(&item, Outcome::Refused(used(&item.row).into()));
                }
                if !others.is_empty() {
                    open.push(others);
                }
            }
        }
        Ok(open)
    }

    /// The responses stored under these keys, each with its keyed digest.
    async fn stored(&self, txn: &Txn, keys: &[Key]) -> Result<HashMap<Key, FirstRow>, DbErr> {
        let mut found = response_find(txn, keys).await?;
        for first in found.values_mut() {
            first.digest = digest::keyed(self.maker.vault, std::mem::take(&mut first.digest));
        }
        Ok(found)
    }

    fn settle(&mut self, item: &Wanted, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(item.index) {
            *slot = Some(outcome);
        }
    }
}

/// The stored response, as it is reported to a repeat.
fn repeated(first: &FirstRow) -> First {
    First {
        accepted_at: from_micros(first.accepted_at),
        voided: first.voided.is_some(),
        counted: first.counted.unwrap_or_default(),
        pending: first.pending.unwrap_or_default(),
    }
}

/// Why a row was not inserted although its id is free: its token or counter was used before.
fn used(row: &response::Model) -> Failure {
    if row.token.is_some() {
        Refusal::TokenUsed.into()
    } else if row.counter.is_some() {
        Refusal::CounterUsed.into()
    } else {
        Failure::internal("a response was neither stored nor found")
    }
}
