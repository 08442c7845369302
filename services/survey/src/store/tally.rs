//! Sums of surveys: updated as responses are counted and voided, and disclosed in steps while a survey is open.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use prima_platform::{clock::micros, db::Txn};
use sea_orm::{DbErr, Value};

pub use super::element::Counts;
use super::{
    element::{Model as Element, elements_add_in_txn, elements_disclose_in_txn, elements_get},
    survey::{Stored, survey_disclose_in_txn, survey_sums_save_in_txn},
};
use crate::domain::{moments::Moments, survey::State, tally::Tally};

/// Most rows that one statement changes.
const CHUNK: usize = 1000;

/// Tallies of one survey, by element key.
pub type Tallies = HashMap<String, Counts>;

fn by_survey(rows: Vec<Element>) -> HashMap<i64, Tallies> {
    let mut all: HashMap<i64, Tallies> = HashMap::new();
    for row in rows {
        let counts = row.counts();
        all.entry(row.survey_id).or_default().insert(row.element, counts);
    }
    all
}

/// The tallies of surveys, read in the transaction in which the surveys were read, so that they are consistent.
pub async fn tallies_get(txn: &Txn, ids: &[i64]) -> Result<HashMap<i64, Tallies>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(by_survey(elements_get(txn, ids).await?))
}

/// The changes of the sums of one survey by a transaction.
#[derive(Debug, Clone)]
pub struct Added {
    /// The survey.
    pub survey_id: i64,
    /// Number of responses added minus number of responses removed.
    pub respondents: i64,
    /// Number of responses added plus number of responses removed, on which a step of disclosure depends.
    pub changes: i64,
    /// Number of responses that were voided.
    pub voided: i64,
    /// Signed changes of the tallies, by element key.
    pub tallies: Vec<(String, Tally)>,
    /// Signed changes of the moments.
    pub moments: Moments,
}

impl Added {
    /// No change of a survey.
    pub fn nothing(stored: &Stored) -> Self {
        let asked = &stored.survey.asked;
        Self {
            survey_id: stored.id,
            respondents: 0,
            changes: 0,
            voided: 0,
            tallies: asked.iter().map(|a| (a.key.clone(), Tally::default())).collect(),
            moments: Moments::none(asked.len()),
        }
    }

    /// Adds one stored response, its answers as stored.
    pub fn add(&mut self, answers: &str) {
        self.respondents += 1;
        self.changes += 1;
        self.each(answers, Tally::add);
        self.moments.add(answers);
    }

    /// Subtracts one response that was voided, its answers as stored.
    pub fn remove(&mut self, answers: &str) {
        self.respondents -= 1;
        self.changes += 1;
        self.voided += 1;
        self.each(answers, Tally::subtract);
        self.moments.remove(answers);
    }

    fn each(&mut self, answers: &str, apply: impl Fn(&mut Tally, &Tally)) {
        for ((_, tally), answer) in self.tallies.iter_mut().zip(answers.bytes()) {
            if answer.is_ascii_digit() {
                apply(tally, &Tally::of(answer - b'0'));
            }
        }
    }
}

/// Changes the sums of locked surveys, and discloses them when a step is full or the survey has ended. `surveys` may
/// contain others that do not change; each that changes is updated in place. `step` is the configured step. Returns the
/// new tallies of those that changed.
pub async fn tallies_add_in_txn(
    txn: &Txn,
    surveys: &mut [Stored],
    added: &HashMap<i64, Added>,
    step: i64,
    now: DateTime<Utc>,
) -> Result<HashMap<i64, Tallies>, DbErr> {
    let (mut sums, mut lines) = (Vec::new(), Vec::new());
    for stored in surveys {
        let Some(change) = added.get(&stored.id) else {
            continue;
        };
        let shown = count(stored, change, step, now);
        sums.push([
            stored.id.into(),
            stored.respondents.into(),
            stored.voided.into(),
            stored.moments.text().into(),
            i64::from(shown).into(),
            stored.version.into(),
            stored.disclosed.undisclosed.into(),
        ]);
        for (element, tally) in &change.tallies {
            let [c0, c1, c2, c3, c4, c5] = tally.counts.map(Value::from);
            let (id, element) = (stored.id.into(), element.clone().into());
            lines.push([id, element, c0, c1, c2, c3, c4, c5, i64::from(shown).into()]);
        }
    }
    let mut rows = Vec::new();
    for chunk in lines.chunks(CHUNK) {
        rows.extend(elements_add_in_txn(txn, chunk).await?);
    }
    for chunk in sums.chunks(CHUNK) {
        survey_sums_save_in_txn(txn, chunk, micros(now)).await?;
    }
    Ok(by_survey(rows))
}

/// Changes a survey in memory; returns whether its sums are to be disclosed now.
fn count(stored: &mut Stored, change: &Added, step: i64, now: DateTime<Utc>) -> bool {
    stored.respondents += change.respondents;
    stored.voided += change.voided;
    stored.moments.merge(&change.moments);
    stored.counted_at = micros(now);
    let ended = stored.survey.state(now) == State::Closed;
    let shown = stored.disclosed.due(change.changes, step, ended);
    if shown {
        stored.disclose();
    } else {
        stored.disclosed.undisclosed += change.changes;
    }
    shown
}

/// Discloses all responses of a locked survey, such as when it closes.
pub async fn tallies_disclose_in_txn(txn: &Txn, stored: &mut Stored) -> Result<(), DbErr> {
    stored.disclose();
    survey_disclose_in_txn(txn, stored.id).await?;
    elements_disclose_in_txn(txn, stored.id).await
}
