//! Sums of surveys, of every counted response, and the changes among them that are not released yet.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc};
use prima_platform::{clock::micros, db::Txn};
use prima_proto::zone::zone_of_agency;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Value};

use super::{
    delta::Line,
    element::{Model as Element, elements_add_in_txn, elements_get},
    quarantine::{quarantines_add_in_txn, responses_quarantine_in_txn},
    survey::{self, Stored, survey_pending_save_in_txn, survey_sums_save_in_txn},
};
use crate::domain::{
    flags,
    moments::Moments,
    questioned::Taken,
    release::{Change, Changes, Entry, Rules, Sender, Voided},
    survey::State,
    tally::Tally,
};

/// Most rows that one statement changes.
const CHUNK: usize = 1000;

/// Tallies of one survey, by element key.
pub type Tallies = HashMap<String, Tally>;

fn by_survey(rows: Vec<Element>) -> HashMap<i64, Tallies> {
    let mut all: HashMap<i64, Tallies> = HashMap::new();
    for row in rows {
        let tally = row.tally();
        all.entry(row.survey_id).or_default().insert(row.element, tally);
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
    /// Number of responses that were voided.
    pub voided: i64,
    /// Signed changes of the tallies, by element key.
    pub tallies: Vec<(String, Tally)>,
    /// Signed changes of the moments.
    pub moments: Moments,
    /// How the changes are released.
    pub changes: Changes,
}

impl Added {
    /// No change of a survey.
    pub fn nothing(stored: &Stored) -> Self {
        let asked = &stored.survey.asked;
        Self {
            survey_id: stored.id,
            respondents: 0,
            voided: 0,
            tallies: asked.iter().map(|a| (a.key.clone(), Tally::default())).collect(),
            moments: Moments::none(asked.len()),
            changes: Changes::default(),
        }
    }

    /// Adds one stored response.
    pub fn add(&mut self, line: Line<'_>) {
        self.respondents += 1;
        self.each(line.answers, Tally::add);
        self.moments.add(line.answers);
        self.changes.add(line.entry);
    }

    /// Subtracts one response that was stored under version `batch` of its survey and voided at `now`, its answers as stored.
    pub fn remove(&mut self, id: &str, answers: &str, batch: i64, now: DateTime<Utc>) {
        self.voided += 1;
        self.subtract(answers);
        let entry = Entry {
            sender: Sender::Own,
            change: Change::Void,
            id: id.to_owned(),
            answers: answers.to_owned(),
            at: now.timestamp_millis(),
            device: String::new(),
            source: String::new(),
        };
        self.changes.voided.push(Voided { entry, batch });
    }

    fn subtract(&mut self, answers: &str) {
        self.respondents -= 1;
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

    /// Takes the bursts out of the responses through the open link that are new or wait in `stored`, and returns them.
    fn without_bursts(&mut self, stored: &mut Stored) -> Vec<Taken> {
        self.changes.added.sort_by(|a, b| a.id.cmp(&b.id));
        let new = std::mem::take(&mut self.changes.added);
        let (link, own): (Vec<_>, Vec<_>) = new.into_iter().partition(|entry| entry.sender == Sender::Link);
        self.changes.added = own;
        let mut queue = std::mem::take(&mut stored.pending.link);
        queue.extend(link);
        let Some(rule) = flags::rule() else {
            stored.pending.link = queue;
            return Vec::new();
        };
        let (kept, taken) = stored.questioned.take(queue, &rule.quarantine);
        stored.pending.link = kept;
        for one in &taken {
            self.subtract(&one.entry.answers);
        }
        taken
    }
}

/// Changes the sums of locked surveys, and releases the steps that are full. `surveys` may contain others that do not
/// change; each that changes is updated in place. Returns the new tallies of those that changed.
pub async fn tallies_add_in_txn(
    txn: &Txn,
    surveys: &mut [Stored],
    mut added: HashMap<i64, Added>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<HashMap<i64, Tallies>, DbErr> {
    let (mut sums, mut lines) = (Vec::new(), Vec::new());
    for stored in surveys.iter_mut() {
        let Some(mut change) = added.remove(&stored.id) else {
            continue;
        };
        let taken = count(stored, &mut change, rules, now);
        if !taken.is_empty() {
            responses_quarantine_in_txn(txn, stored.id, &taken).await?;
            quarantines_add_in_txn(txn, stored, &taken).await?;
        }
        sums.push([
            stored.id.into(),
            stored.respondents.into(),
            stored.voided.into(),
            stored.moments.text().into(),
            stored.version.into(),
            stored.pending.text(stored.voided).into(),
            stored.correction_at.unwrap_or_default().into(),
            stored.questioned.text().into(),
        ]);
        for (element, tally) in change.tallies {
            let [c0, c1, c2, c3, c4, c5] = tally.counts.map(Value::from);
            lines.push([stored.id.into(), element.into(), c0, c1, c2, c3, c4, c5]);
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

/// Changes a survey in memory. Returns the responses that are in question from now on.
fn count(stored: &mut Stored, change: &mut Added, rules: &Rules, now: DateTime<Utc>) -> Vec<Taken> {
    stored.pending.begin(stored.respondents, rules);
    let taken = change.without_bursts(stored);
    stored.respondents += change.respondents;
    stored.voided += change.voided;
    stored.moments.merge(&change.moments);
    stored.counted_at = micros(now);
    let changes = std::mem::take(&mut change.changes);
    let (total, version) = (stored.respondents, stored.version);
    stored.pending.apply(changes, total, version, rules);
    close(stored, rules, now);
    stored.questioned.show(rules.minimum);
    taken
}

/// Applies the closing of a survey that has ended, once, and sets the time of its correction.
fn close(stored: &mut Stored, rules: &Rules, now: DateTime<Utc>) {
    if stored.survey.state(now) == State::Closed && !stored.pending.closed {
        stored.pending.close(stored.respondents, stored.version, rules);
    }
    stored.correction_at = if stored.pending.in_correction(stored.respondents, rules) {
        let agency = &stored.survey.name.unit.agency;
        let next = || micros(correction_day(agency, rules.correction_day, now));
        Some(stored.correction_at.unwrap_or_else(next))
    } else {
        None
    };
}

/// Applies the closing of a locked survey, and saves what waits.
pub async fn tallies_close_in_txn(
    txn: &Txn,
    stored: &mut Stored,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    close(stored, rules, now);
    survey_pending_save_in_txn(txn, stored).await
}

/// What waits of a locked survey that was opened again is released by the rules of an open one.
pub async fn tallies_reopen_in_txn(txn: &Txn, stored: &mut Stored) -> Result<(), DbErr> {
    stored.pending.reopen();
    stored.correction_at = None;
    survey_pending_save_in_txn(txn, stored).await
}

/// Releases what waits of a locked survey.
pub async fn tallies_release_in_txn(txn: &Txn, stored: &mut Stored, rules: &Rules) -> Result<(), DbErr> {
    stored.pending.release(stored.version, rules);
    stored.correction_at = None;
    survey_pending_save_in_txn(txn, stored).await
}

/// Ids of the closed surveys of an agency whose day of corrections has come, unix microseconds.
pub async fn surveys_to_correct(txn: &Txn, agency: &str, now: i64) -> Result<Vec<i64>, DbErr> {
    survey::Entity::find()
        .select_only()
        .column(survey::Column::Id)
        .filter(survey::Column::Agency.eq(agency))
        .filter(survey::Column::CorrectionAt.lte(now))
        .into_tuple()
        .all(txn)
        .await
}

/// The beginning of the next day with this number in its month, in the time zone of an agency.
fn correction_day(agency: &str, day: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    let offset = zone_of_agency(agency).offset();
    let today = (now + offset).date_naive();
    let mut next = today + TimeDelta::days(1);
    // A day up to the 28th is in every month.
    while next.day() != day.clamp(1, 28) {
        next += TimeDelta::days(1);
    }
    next.and_time(NaiveTime::MIN).and_utc() - offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_are_made_at_midnight_of_the_agency_on_the_next_such_day() {
        let next = |agency: &str, day, now: &str| {
            let at = correction_day(agency, day, now.parse().unwrap());
            at.format("%Y-%m-%dT%H").to_string()
        };
        // Jakarta is 7 hours ahead of UTC, Jayapura 9.
        assert_eq!(next("3271", 1, "2024-07-01T00:00:00Z"), "2024-07-31T17");
        assert_eq!(next("3271", 1, "2024-06-30T16:59:00Z"), "2024-06-30T17");
        assert_eq!(next("3271", 1, "2024-06-30T17:00:00Z"), "2024-07-31T17");
        assert_eq!(next("9171", 28, "2024-01-29T00:00:00Z"), "2024-02-27T15");
    }
}
