//! Sums of surveys: kept while responses come and go, and disclosed in steps while a survey is open.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    db::{Column as Type, Txn, sql, table},
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::survey::Stored;
use crate::domain::{moments::Moments, survey::State, tally::Tally};

/// Rows that one statement changes at most.
const CHUNK: usize = 1000;

/// The tally of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Of every response that counts.
    pub current: Tally,
    /// Of the responses that are disclosed.
    pub disclosed: Tally,
}

/// Tallies of one survey, by element key.
pub type Tallies = HashMap<String, Counts>;

#[derive(Debug, FromQueryResult)]
struct TallyRow {
    survey_id: i64,
    element: String,
    c0: i64,
    c1: i64,
    c2: i64,
    c3: i64,
    c4: i64,
    c5: i64,
    d0: i64,
    d1: i64,
    d2: i64,
    d3: i64,
    d4: i64,
    d5: i64,
}

impl TallyRow {
    fn counts(&self) -> Counts {
        Counts {
            current: Tally {
                counts: [self.c0, self.c1, self.c2, self.c3, self.c4, self.c5],
            },
            disclosed: Tally {
                counts: [self.d0, self.d1, self.d2, self.d3, self.d4, self.d5],
            },
        }
    }
}

fn by_survey(rows: Vec<TallyRow>) -> HashMap<i64, Tallies> {
    let mut all: HashMap<i64, Tallies> = HashMap::new();
    for row in rows {
        let counts = row.counts();
        all.entry(row.survey_id).or_default().insert(row.element, counts);
    }
    all
}

/// The tallies of surveys, read in a transaction so that they fit the surveys read there.
pub async fn tallies_get(txn: &Txn, ids: &[i64]) -> Result<HashMap<i64, Tallies>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (from, values) = table(txn, [Type::Int], ids.iter().map(|id| [(*id).into()]), 0);
    let text = format!("SELECT survey_element.* FROM {from} JOIN survey_element ON survey_id = v.column1");
    let rows = TallyRow::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    Ok(by_survey(rows))
}

/// What a transaction adds to one survey, and takes away from it.
#[derive(Debug, Clone)]
pub struct Added {
    /// The survey.
    pub survey_id: i64,
    /// Responses added less responses removed.
    pub respondents: i64,
    /// Responses added and removed together: what counts for a step of disclosure.
    pub changes: i64,
    /// Responses removed because they were voided.
    pub voided: i64,
    /// Per element key, signed.
    pub tallies: Vec<(String, Tally)>,
    /// Moments, signed.
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

    /// Adds one response that was inserted, its answers as stored.
    pub fn add(&mut self, answers: &str) {
        self.respondents += 1;
        self.changes += 1;
        self.each(answers, Tally::add);
        self.moments.add(answers);
    }

    /// Takes away one response that was voided, its answers as stored.
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

const TALLY: [Type; 9] = {
    use Type::{Int, Text};
    [Int, Text, Int, Int, Int, Int, Int, Int, Int]
};

const SUMS: [Type; 7] = {
    use Type::{Int, Text};
    [Int, Int, Int, Text, Int, Int, Int]
};

/// Changes the sums of surveys that are locked, and discloses them where a step is full or the survey has ended.
/// `surveys` may hold others that do not change; each that does is updated in place. `step` is the configured step.
/// Returns the tallies afterwards of those that changed.
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
        rows.extend(elements_add(txn, chunk).await?);
    }
    for chunk in sums.chunks(CHUNK) {
        sums_save(txn, chunk, micros(now)).await?;
    }
    Ok(by_survey(rows))
}

/// Changes a survey in memory; tells whether it is disclosed now.
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

async fn elements_add(txn: &Txn, lines: &[[Value; 9]]) -> Result<Vec<TallyRow>, DbErr> {
    let (from, values) = table(txn, TALLY, lines.iter().cloned(), 0);
    let set: Vec<String> = (0..6)
        .map(|n| {
            let column = n + 3;
            format!(
                "c{n} = c{n} + v.column{column},
                 d{n} = CASE WHEN v.column9 = 1 THEN c{n} + v.column{column} ELSE d{n} END"
            )
        })
        .collect();
    let text = format!(
        "UPDATE survey_element SET {} FROM {from} WHERE survey_id = v.column1 AND element = v.column2
         RETURNING survey_id, element, c0, c1, c2, c3, c4, c5, d0, d1, d2, d3, d4, d5",
        set.join(", ")
    );
    TallyRow::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await
}

async fn sums_save(txn: &Txn, sums: &[[Value; 7]], now: i64) -> Result<(), DbErr> {
    let (from, mut values) = table(txn, SUMS, sums.iter().cloned(), 0);
    values.push(now.into());
    let text = format!(
        "UPDATE survey SET respondents = v.column2, voided = v.column3, moments = v.column4,
            disclosed_version = CASE WHEN v.column5 = 1 THEN v.column6 ELSE disclosed_version END,
            disclosed_respondents = CASE WHEN v.column5 = 1 THEN v.column2 ELSE disclosed_respondents END,
            disclosed_moments = CASE WHEN v.column5 = 1 THEN v.column4 ELSE disclosed_moments END,
            undisclosed = v.column7, counted_at = ${}
         FROM {from} WHERE id = v.column1",
        values.len()
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// Discloses everything of a survey that is locked, such as when it closes.
pub async fn tallies_disclose_in_txn(txn: &Txn, stored: &mut Stored) -> Result<(), DbErr> {
    stored.disclose();
    let text = "UPDATE survey SET disclosed_version = version, disclosed_respondents = respondents,
                    disclosed_moments = moments, undisclosed = 0 WHERE id = $1";
    txn.execute_raw(sql(txn, text, [stored.id.into()])).await?;
    let text =
        "UPDATE survey_element SET d0 = c0, d1 = c1, d2 = c2, d3 = c3, d4 = c4, d5 = c5 WHERE survey_id = $1";
    txn.execute_raw(sql(txn, text, [stored.id.into()])).await?;
    Ok(())
}
