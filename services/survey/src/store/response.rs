//! Responses: inserted many at a time, each at most once.

use std::collections::{HashMap, HashSet};

use prima_platform::db::{Txn, placeholders, sql};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Value, sea_query::ArrayType};

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

const COLUMNS: &str = "survey_id, response_id, digest, submitted_at, accepted_at, answers, sex, age, education, \
                       occupation, service";
const WIDTH: usize = 11;

fn row(r: &NewResponse) -> [Value; WIDTH] {
    [
        r.survey_id.into(),
        r.response_id.clone().into(),
        r.digest.clone().into(),
        r.submitted_at.into(),
        r.accepted_at.into(),
        r.answers.clone().into(),
        r.sex.clone().into(),
        r.age.into(),
        r.education.clone().into(),
        r.occupation.clone().into(),
        r.service.clone().into(),
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
    let tail = "ON CONFLICT (survey_id, response_id) DO NOTHING RETURNING survey_id, response_id";
    if txn.get_database_backend() == DbBackend::Postgres {
        // One array per column: one prepared statement whatever the number of rows. Arrays carry no NULL here, so
        // what is absent travels as '' or 0, which no profile field may hold.
        let text = format!(
            "INSERT INTO response ({COLUMNS})
             SELECT a, b, c, d, e, f, NULLIF(g, ''), NULLIF(h, 0), NULLIF(i, ''), NULLIF(j, ''), NULLIF(k, '')
             FROM UNNEST($1::bigint[], $2::text[], $3::bytea[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                $8::bigint[], $9::text[], $10::text[], $11::text[]) AS r (a, b, c, d, e, f, g, h, i, j, k) {tail}"
        );
        let types = [
            ArrayType::BigInt,
            ArrayType::String,
            ArrayType::Bytes,
            ArrayType::BigInt,
            ArrayType::BigInt,
            ArrayType::String,
            ArrayType::String,
            ArrayType::BigInt,
            ArrayType::String,
            ArrayType::String,
            ArrayType::String,
        ];
        let mut columns: [Vec<Value>; WIDTH] = std::array::from_fn(|_| Vec::with_capacity(rows.len()));
        for response in rows {
            for (column, value) in columns.iter_mut().zip(row(response)) {
                column.push(match value {
                    Value::String(None) => String::new().into(),
                    Value::BigInt(None) => 0_i64.into(),
                    given => given,
                });
            }
        }
        let values = types
            .into_iter()
            .zip(columns)
            .map(|(t, c)| Value::Array(t, Some(Box::new(c))));
        let keys = KeyRow::find_by_statement(sql(txn, &text, values))
            .all(txn)
            .await?;
        inserted.extend(keys.into_iter().map(|k| (k.survey_id, k.response_id)));
        return Ok(inserted);
    }
    for chunk in rows.chunks(500) {
        let lines = placeholders(chunk.len(), WIDTH, 0);
        let text = format!("INSERT INTO response ({COLUMNS}) VALUES {lines} {tail}");
        let keys = KeyRow::find_by_statement(sql(txn, &text, chunk.iter().flat_map(row)))
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
        let casts: Vec<String> = (0..chunk.len())
            .map(|i| format!("(CAST(${} AS BIGINT), CAST(${} AS TEXT))", i * 2 + 1, i * 2 + 2))
            .collect();
        let text = format!(
            "SELECT r.survey_id, r.response_id, r.digest, r.accepted_at FROM (VALUES {}) AS v
             JOIN response r ON r.survey_id = v.column1 AND r.response_id = v.column2",
            casts.join(", ")
        );
        let values = chunk
            .iter()
            .flat_map(|(survey, id)| [Value::from(*survey), Value::from(id.clone())]);
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
