//! Responses: inserted many at a time, each at most once.

use std::collections::{HashMap, HashSet};

use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{DbErr, FromQueryResult, Value};

/// A response to be stored.
#[derive(Debug, Clone)]
pub struct NewResponse {
    /// The survey.
    pub survey_id: i64,
    /// Client-made id, unique in the survey.
    pub response_id: String,
    /// Digest of the response as parsed.
    pub digest: Vec<u8>,
    /// When the citizen answered, unix microseconds.
    pub submitted_at: i64,
    /// When it was accepted, unix microseconds.
    pub accepted_at: i64,
    /// Version of the survey when it was taken in.
    pub batch: i64,
    /// `agent`, `link`, `token:<batch>` or `kiosk:<device>`.
    pub source: String,
    /// One character per element asked; `-` where there is none.
    pub answers: String,
    /// Sex, education, occupation, service.
    pub sex: Option<String>,
    /// Age in years.
    pub age: Option<i64>,
    /// Education.
    pub education: Option<String>,
    /// Occupation.
    pub occupation: Option<String>,
    /// Public service received.
    pub service: Option<String>,
}

const COLUMNS: [Column; 13] = {
    use Column::{Bytes, Int, Text};
    [
        Int, Text, Bytes, Int, Int, Text, Text, Int, Text, Text, Text, Int, Text,
    ]
};

/// What is absent travels as '' or 0, which no profile field may hold.
fn row(r: &NewResponse) -> [Value; 13] {
    [
        r.survey_id.into(),
        r.response_id.clone().into(),
        r.digest.clone().into(),
        r.submitted_at.into(),
        r.accepted_at.into(),
        r.answers.clone().into(),
        r.sex.clone().unwrap_or_default().into(),
        r.age.unwrap_or_default().into(),
        r.education.clone().unwrap_or_default().into(),
        r.occupation.clone().unwrap_or_default().into(),
        r.service.clone().unwrap_or_default().into(),
        r.batch.into(),
        r.source.clone().into(),
    ]
}

/// The key of a response.
pub type Key = (i64, String);

#[derive(Debug, FromQueryResult)]
struct KeyRow {
    survey_id: i64,
    response_id: String,
}

/// Inserts what is not there yet and returns the keys that were really inserted. Keys in `rows` are distinct.
pub async fn response_insert_in_txn(txn: &Txn, rows: &[NewResponse]) -> Result<HashSet<Key>, DbErr> {
    let mut inserted = HashSet::with_capacity(rows.len());
    for chunk in rows.chunks(2500) {
        let (from, values) = table(txn, COLUMNS, chunk.iter().map(row), 0);
        let text = format!(
            "INSERT INTO response (survey_id, response_id, digest, submitted_at, accepted_at, answers, sex, age,
                education, occupation, service, batch, source)
             SELECT column1, column2, column3, column4, column5, column6, NULLIF(column7, ''), NULLIF(column8, 0),
                NULLIF(column9, ''), NULLIF(column10, ''), NULLIF(column11, ''),
                column12, column13 FROM {from} WHERE TRUE
             ON CONFLICT (survey_id, response_id) DO NOTHING RETURNING survey_id, response_id"
        );
        let keys = KeyRow::find_by_statement(sql(txn, &text, values))
            .all(txn)
            .await?;
        inserted.extend(keys.into_iter().map(|k| (k.survey_id, k.response_id)));
    }
    Ok(inserted)
}

/// What is stored of a response, to compare a repeat with it.
#[derive(Debug, Clone)]
pub struct First {
    /// Digest of the response as parsed.
    pub digest: Vec<u8>,
    /// When it was accepted, unix microseconds.
    pub accepted_at: i64,
}

#[derive(Debug, FromQueryResult)]
struct FirstRow {
    survey_id: i64,
    response_id: String,
    digest: Vec<u8>,
    accepted_at: i64,
}

/// What is stored under these keys.
pub async fn response_find(txn: &Txn, keys: &[&Key]) -> Result<HashMap<Key, First>, DbErr> {
    let mut found = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(1000) {
        let keys = chunk
            .iter()
            .map(|(survey, id)| [(*survey).into(), id.clone().into()]);
        let (from, values) = table(txn, [Column::Int, Column::Text], keys, 0);
        let text = format!(
            "SELECT r.survey_id, r.response_id, r.digest, r.accepted_at FROM {from}
             JOIN response r ON r.survey_id = v.column1 AND r.response_id = v.column2"
        );
        for row in FirstRow::find_by_statement(sql(txn, &text, values))
            .all(txn)
            .await?
        {
            let first = First {
                digest: row.digest,
                accepted_at: row.accepted_at,
            };
            found.insert((row.survey_id, row.response_id), first);
        }
    }
    Ok(found)
}
