//! The history: every received state with the time by which it was known. The statements are written by hand: rows are inserted
//! many at once under a condition on the newest row of their subject, and read as of two times.
//!
//! Of a subject, versions and times grow together, and a row is only inserted with a time after the one up to which the
//! history is written. So what was read as of a time before that is read again in the same way for ever.

use std::collections::BTreeMap;

use prima_platform::db::{Column, Database, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, QueryResult};

use super::snapshot::StoredState;

/// Rows of one statement.
const ROWS: usize = 500;
/// Subjects of the snapshot that are compared with the history at once.
const SUBJECTS: i64 = 10_000;

/// Inserts rows `v` of (subject, known_at, version, withdrawn, payload) whose version is newer than the newest of the subject.
const NEWER: &str = "version > COALESCE(
    (SELECT h.version FROM history h WHERE h.subject = v.subject ORDER BY h.known_at DESC LIMIT 1), -1)";
const REPLACE: &str = "ON CONFLICT (subject, known_at) DO UPDATE SET
    version = excluded.version, withdrawn = excluded.withdrawn, payload = excluded.payload
    WHERE excluded.version > history.version";

/// How far the history goes; times are unix microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromQueryResult)]
pub struct Span {
    /// From when on it is complete; 0 before it is.
    pub began_at: i64,
    /// All rows up to this time are written.
    pub written_to: i64,
}

const SPAN: &str = "SELECT began_at, written_to FROM history_span";

/// How far the history goes.
pub async fn history_span(db: &Database) -> Result<Span, DbErr> {
    span(db.reader(), SPAN).await
}

/// The same, and no other transaction writes to the history until this one ends.
pub async fn history_lock(txn: &Txn) -> Result<Span, DbErr> {
    let lock = match txn.get_database_backend() {
        DbBackend::Postgres => format!("{SPAN} FOR UPDATE"),
        _ => SPAN.to_owned(),
    };
    span(txn, &lock).await
}

async fn span(conn: &impl ConnectionTrait, text: &str) -> Result<Span, DbErr> {
    let row = conn.query_one_raw(sql(conn, text, [])).await?;
    row.map_or_else(|| Ok(Span::default()), |row| Span::from_query_result(&row, ""))
}

/// Records how far the history goes.
pub async fn history_span_set(txn: &Txn, span: Span) -> Result<(), DbErr> {
    let text = "UPDATE history_span SET began_at = $1, written_to = $2";
    txn.execute_raw(sql(txn, text, [span.began_at.into(), span.written_to.into()]))
        .await?;
    Ok(())
}

/// Inserts states with the time by which each was known, unless the history has the same or a newer version of the subject.
pub async fn history_insert(txn: &Txn, states: &BTreeMap<(i64, String), StoredState>) -> Result<(), DbErr> {
    let states: Vec<_> = states.iter().collect();
    for chunk in states.chunks(ROWS) {
        let rows = chunk.iter().map(|((known_at, subject), state)| {
            [
                subject.clone().into(),
                (*known_at).into(),
                state.version.into(),
                state.withdrawn.into(),
                state.payload.clone().into(),
            ]
        });
        let columns = [Column::Text, Column::Int, Column::Int, Column::Int, Column::Bytes];
        let (from, values) = table(txn, columns, rows, 0);
        let text = format!(
            "INSERT INTO history (subject, known_at, version, withdrawn, payload)
             SELECT v.subject, v.known_at, v.version, v.withdrawn, v.payload FROM (
                SELECT column1 AS subject, column2 AS known_at, column3 AS version, column4 AS withdrawn,
                    column5 AS payload FROM {from}) v
             WHERE v.{NEWER} {REPLACE}"
        );
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

/// Inserts the states of the snapshot that the history lacks, each at the end of the step of `step` microseconds in which it was
/// received, but after what is written already. `after` is the subject after which to begin; returns the one up to which it
/// was done, `None` at the end.
pub async fn history_insert_snapshot(
    txn: &Txn,
    after: &str,
    written_to: i64,
    step: i64,
) -> Result<Option<String>, DbErr> {
    let last = "SELECT subject FROM snapshot WHERE subject > $1 ORDER BY subject LIMIT 1 OFFSET $2";
    let row = txn
        .query_one_raw(sql(txn, last, [after.into(), (SUBJECTS - 1).into()]))
        .await?;
    let last: Option<String> = row.map(|row| row.try_get("", "subject")).transpose()?;
    let mut values = vec![after.into(), written_to.into(), step.into()];
    let up_to = match &last {
        Some(last) => {
            values.push(last.clone().into());
            "AND v.subject <= $4"
        }
        None => "",
    };
    let text = format!(
        "INSERT INTO history (subject, known_at, version, withdrawn, payload)
         SELECT v.subject, CASE WHEN v.applied_at < $2 THEN $2 + $3 ELSE (v.applied_at / $3 + 1) * $3 END, v.version,
            v.withdrawn, v.payload
         FROM snapshot v WHERE v.subject > $1 {up_to} AND v.{NEWER} {REPLACE}"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(last)
}

/// Two times, unix microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// States were staged by their owner by then.
    pub as_of: i64,
    /// States were known here by then.
    pub known_at: i64,
}

impl Moment {
    /// The newest version that a state has which was staged by then: a version is the time in milliseconds, or one more than
    /// the version before.
    fn version(self) -> i64 {
        self.as_of.div_euclid(1000)
    }
}

/// The states of up to `limit` subjects after `after` that begin with `prefix`, which ends in a dot: of each the newest of the
/// moment, if it has one. Every subject continues after the dot. Returns the last subject as well; `None` at the end.
///
/// The subjects are found one after the other, and then the row of each, so that the states of other moments are not read.
pub async fn history_page(
    db: &Database,
    prefix: &str,
    after: &str,
    moment: Moment,
    limit: usize,
) -> Result<(Vec<StoredState>, Option<String>), DbErr> {
    let reader = db.reader();
    let text = "WITH RECURSIVE s (subject) AS (
            SELECT (SELECT MIN(f.subject) FROM history f WHERE f.subject > $1 AND f.subject < $2)
            UNION ALL
            SELECT (SELECT MIN(f.subject) FROM history f WHERE f.subject > s.subject AND f.subject < $2)
            FROM s WHERE s.subject IS NOT NULL)
        SELECT s.subject, (SELECT n.known_at FROM history n
            WHERE n.subject = s.subject AND n.known_at <= $3 AND n.version <= $4
            ORDER BY n.known_at DESC LIMIT 1) AS known_at
        FROM s WHERE s.subject IS NOT NULL LIMIT $5";
    let values = [
        after.max(prefix).into(),
        end(prefix).into(),
        moment.known_at.into(),
        moment.version().into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let rows = reader.query_all_raw(sql(reader, text, values)).await?;
    let mut last = None;
    let mut keys = Vec::new();
    for row in &rows {
        let subject: String = row.try_get("", "subject")?;
        if let Some(known_at) = row.try_get::<Option<i64>>("", "known_at")? {
            keys.push([subject.clone().into(), known_at.into()]);
        }
        last = last.max(Some(subject));
    }
    if keys.is_empty() {
        return Ok((Vec::new(), last));
    }
    let (from, values) = table(reader, [Column::Text, Column::Int], keys, 0);
    let text = format!(
        "SELECT h.subject, h.version, h.withdrawn, h.payload, h.known_at AS applied_at FROM {from}
         JOIN history h ON h.subject = v.column1 AND h.known_at = v.column2 ORDER BY h.subject"
    );
    let rows = reader.query_all_raw(sql(reader, &text, values)).await?;
    Ok((rows.iter().map(state).collect::<Result<_, _>>()?, last))
}

/// The state of a subject at a moment.
pub async fn history_get(db: &Database, subject: &str, moment: Moment) -> Result<Option<StoredState>, DbErr> {
    let reader = db.reader();
    let text = "SELECT subject, version, withdrawn, payload, known_at AS applied_at FROM history
        WHERE subject = $1 AND known_at <= $2 AND version <= $3 ORDER BY known_at DESC LIMIT 1";
    let values = [subject.into(), moment.known_at.into(), moment.version().into()];
    let row = reader.query_one_raw(sql(reader, text, values)).await?;
    row.as_ref().map(state).transpose()
}

fn state(row: &QueryResult) -> Result<StoredState, DbErr> {
    Ok(StoredState {
        subject: row.try_get("", "subject")?,
        version: row.try_get("", "version")?,
        withdrawn: row.try_get("", "withdrawn")?,
        payload: row.try_get("", "payload")?,
        applied_at: row.try_get("", "applied_at")?,
    })
}

/// The first text after all that begin with `prefix`: a slash follows the dot.
fn end(prefix: &str) -> String {
    format!("{}/", prefix.trim_end_matches('.'))
}

/// Removes the states up to `cutoff` that a newer one up to then has replaced, of the subjects after `after`. Returns the subject
/// up to which it was done, `None` at the end.
pub async fn history_thin(db: &Database, after: &str, cutoff: i64) -> Result<Option<String>, DbErr> {
    let reader = db.reader();
    let last = "SELECT subject FROM snapshot WHERE subject > $1 ORDER BY subject LIMIT 1 OFFSET $2";
    let row = reader
        .query_one_raw(sql(reader, last, [after.into(), (SUBJECTS - 1).into()]))
        .await?;
    let last: Option<String> = row.map(|row| row.try_get("", "subject")).transpose()?;
    let mut values = vec![after.into(), cutoff.into()];
    let up_to = match &last {
        Some(last) => {
            values.push(last.clone().into());
            "AND subject <= $3"
        }
        None => "",
    };
    let text = format!(
        "DELETE FROM history WHERE subject > $1 {up_to} AND known_at < (
            SELECT MAX(n.known_at) FROM history n WHERE n.subject = history.subject AND n.known_at <= $2)"
    );
    let writer = db.writer();
    writer.execute_raw(sql(writer, &text, values)).await?;
    Ok(last)
}
