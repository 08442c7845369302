//! Responses: inserted many at a time, each at most once.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use prima_platform::{
    clock::from_micros,
    db::{Column, Txn, rows_at_once, sql, table},
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use crate::domain::response::Words;

/// A response to be stored.
#[derive(Debug, Clone)]
pub struct NewResponse {
    /// The survey.
    pub survey_id: i64,
    /// Id, unique in the survey: the client's, with the digest of the body after it where the client is nobody in
    /// particular.
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
    /// Sex.
    pub sex: Option<String>,
    /// Age in years.
    pub age: Option<i64>,
    /// Age group.
    pub age_group: Option<String>,
    /// Education.
    pub education: Option<String>,
    /// Occupation.
    pub occupation: Option<String>,
    /// Public service received.
    pub service: Option<String>,
    /// How the service was received.
    pub channel: Option<String>,
    /// Hour band.
    pub hour_band: Option<String>,
    /// Digest of the token it came with; unique in the survey.
    pub token: Option<Vec<u8>>,
    /// Counter of the kiosk it came from; unique in the survey for that kiosk.
    pub counter: Option<i64>,
    /// Digest of the mark of the device that was used.
    pub device: Option<Vec<u8>>,
    /// Label of the import it came with.
    pub import_id: Option<String>,
    /// Saran.
    pub suggestion: Option<Words>,
    /// Kritik.
    pub criticism: Option<Words>,
}

impl NewResponse {
    /// Its key.
    pub fn key(&self) -> Key {
        (self.survey_id, self.response_id.clone())
    }

    /// Whether the citizen wrote something.
    pub fn has_comments(&self) -> bool {
        self.suggestion.is_some() || self.criticism.is_some()
    }
}

const COLUMNS: [Column; 20] = {
    use Column::{Bytes, Int, Text};
    [
        Int, Text, Bytes, Int, Int, Int, Text, Text, // survey to source
        Text, Int, Text, Text, Text, Text, Text, Text, // sex to hour band
        Bytes, Int, Bytes, Text, // token to import
    ]
};

/// What is absent travels as '' or 0, which none of these may hold.
fn row(r: &NewResponse) -> [Value; 20] {
    let text = |t: &Option<String>| Value::from(t.clone().unwrap_or_default());
    let bytes = |b: &Option<Vec<u8>>| Value::from(b.clone().unwrap_or_default());
    [
        r.survey_id.into(),
        r.response_id.clone().into(),
        r.digest.clone().into(),
        r.submitted_at.into(),
        r.accepted_at.into(),
        r.batch.into(),
        r.source.clone().into(),
        r.answers.clone().into(),
        text(&r.sex),
        r.age.unwrap_or_default().into(),
        text(&r.age_group),
        text(&r.education),
        text(&r.occupation),
        text(&r.service),
        text(&r.channel),
        text(&r.hour_band),
        bytes(&r.token),
        r.counter.unwrap_or_default().into(),
        bytes(&r.device),
        text(&r.import_id),
    ]
}

/// The key of a response.
pub type Key = (i64, String);

#[derive(Debug, FromQueryResult)]
struct KeyRow {
    survey_id: i64,
    response_id: String,
}

/// Inserts what is not there yet and returns the keys that were really inserted. Keys in `rows` are distinct. A row
/// whose key, token or counter is taken is left out; of rows with the same token or counter the first is inserted.
pub async fn response_insert_in_txn(txn: &Txn, rows: &[&NewResponse]) -> Result<HashSet<Key>, DbErr> {
    let mut inserted = HashSet::with_capacity(rows.len());
    for chunk in rows.chunks(rows_at_once(txn, COLUMNS.len())) {
        let (from, values) = table(txn, COLUMNS, chunk.iter().map(|r| row(r)), 0);
        let text = format!(
            "INSERT INTO response (survey_id, response_id, digest, submitted_at, accepted_at, batch, source, answers,
                sex, age, age_group, education, occupation, service, channel, hour_band, token, counter, device,
                import_id)
             SELECT column1, column2, column3, column4, column5, column6, column7, column8,
                NULLIF(column9, ''), NULLIF(column10, 0), NULLIF(column11, ''), NULLIF(column12, ''),
                NULLIF(column13, ''), NULLIF(column14, ''), NULLIF(column15, ''), NULLIF(column16, ''),
                CASE WHEN length(column17) > 0 THEN column17 END, NULLIF(column18, 0),
                CASE WHEN length(column19) > 0 THEN column19 END, NULLIF(column20, '') FROM {from} WHERE TRUE
             ON CONFLICT DO NOTHING RETURNING survey_id, response_id"
        );
        let keys = KeyRow::find_by_statement(sql(txn, &text, values))
            .all(txn)
            .await?;
        inserted.extend(keys.into_iter().map(|k| (k.survey_id, k.response_id)));
    }
    Ok(inserted)
}

/// Suggestions and criticism are told apart by the numbers of `CommentKind` in the contract.
const SUGGESTION: i64 = 1;
const CRITICISM: i64 = 2;

/// Hours that Western Indonesia Time (WIB) is ahead of UTC, all year round.
const WIB_HOURS: i64 = 7;

/// Day of a time in Western Indonesia Time, `YYYY-MM-DD`.
fn day(at: i64) -> String {
    (from_micros(at) + TimeDelta::hours(WIB_HOURS))
        .format("%F")
        .to_string()
}

/// Keeps what the citizens of newly inserted responses wrote, if they did.
pub async fn comment_insert_in_txn(txn: &Txn, rows: &[&NewResponse]) -> Result<(), DbErr> {
    let comments: Vec<[Value; 7]> = rows
        .iter()
        .flat_map(|r| [(SUGGESTION, &r.suggestion, r), (CRITICISM, &r.criticism, r)])
        .filter_map(|(kind, words, r)| {
            Some([
                r.survey_id.into(),
                r.response_id.clone().into(),
                kind.into(),
                day(r.submitted_at).into(),
                r.service.clone().unwrap_or_default().into(),
                r.batch.into(),
                words.as_ref()?.text().into(),
            ])
        })
        .collect();
    let columns = {
        use Column::{Int, Text};
        [Int, Text, Int, Text, Text, Int, Text]
    };
    for chunk in comments.chunks(2000) {
        let (from, values) = table(txn, columns, chunk.iter().cloned(), 0);
        let text = format!(
            "INSERT INTO comment (survey_id, response_id, kind, day, service, batch, body)
             SELECT column1, column2, column3, column4, NULLIF(column5, ''), column6, column7 FROM {from} WHERE TRUE"
        );
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

/// What is stored of a response, to compare a repeat with it.
#[derive(Debug, Clone)]
pub struct First {
    /// Digest of the response as parsed.
    pub digest: Vec<u8>,
    /// When it was accepted, unix microseconds.
    pub accepted_at: i64,
    /// As in [`NewResponse`].
    pub source: String,
}

#[derive(Debug, FromQueryResult)]
struct FirstRow {
    survey_id: i64,
    response_id: String,
    digest: Vec<u8>,
    accepted_at: i64,
    source: String,
}

/// What is stored under these keys.
pub async fn response_find(txn: &Txn, keys: &[Key]) -> Result<HashMap<Key, First>, DbErr> {
    let mut found = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(1000) {
        let keys = chunk
            .iter()
            .map(|(survey, id)| [(*survey).into(), id.clone().into()]);
        let (from, values) = table(txn, [Column::Int, Column::Text], keys, 0);
        let text = format!(
            "SELECT r.survey_id, r.response_id, r.digest, r.accepted_at, r.source FROM {from}
             JOIN response r ON r.survey_id = v.column1 AND r.response_id = v.column2"
        );
        for row in FirstRow::find_by_statement(sql(txn, &text, values))
            .all(txn)
            .await?
        {
            let first = First {
                digest: row.digest,
                accepted_at: row.accepted_at,
                source: row.source,
            };
            found.insert((row.survey_id, row.response_id), first);
        }
    }
    Ok(found)
}
