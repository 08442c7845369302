//! The snapshot: the last received state of every subject.

use prima_platform::db::{Column as Type, Database, at_once, plain_rows, sql, table};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Value};

use super::snapshot_segment::{Segment, segments_insert};

/// The last received state of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredState {
    /// Bus subject.
    pub subject: String,
    /// Version of the aggregate.
    pub version: i64,
    /// Not zero when the aggregate was withdrawn.
    pub withdrawn: i64,
    /// The payload, protobuf.
    pub payload: Vec<u8>,
    /// When it was applied, unix microseconds.
    pub applied_at: i64,
}

const COLUMNS: usize = 5;
/// Rows of one statement.
const ROWS: usize = 4096;
const INSERT: &str = "INSERT INTO snapshot (subject, version, withdrawn, payload, applied_at)";
const UNLESS_OLDER: &str =
    "ON CONFLICT (subject) DO UPDATE SET version = excluded.version, withdrawn = excluded.withdrawn,
     payload = excluded.payload, applied_at = excluded.applied_at WHERE excluded.version > snapshot.version";

/// Saves states, with the segments that contain them, in one transaction; an older version changes no row. Subjects are
/// distinct and in order, so that replicas do not deadlock.
pub async fn snapshot_save(db: &Database, rows: &[StoredState], segments: Vec<Segment>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let txn = db.begin().await?;
    for rows in rows.chunks(ROWS).flat_map(|rows| at_once(&txn, rows, COLUMNS)) {
        let values = rows.iter().map(|row| -> [Value; COLUMNS] {
            [
                row.subject.clone().into(),
                row.version.into(),
                row.withdrawn.into(),
                row.payload.clone().into(),
                row.applied_at.into(),
            ]
        });
        let statement = if txn.get_database_backend() == DbBackend::Postgres {
            let types = [Type::Text, Type::Int, Type::Int, Type::Bytes, Type::Int];
            let (from, values) = table(&txn, types, values, 0);
            let text = format!(
                "{INSERT} SELECT column1, column2, column3, column4, column5 FROM {from} {UNLESS_OLDER}"
            );
            sql(&txn, &text, values)
        } else {
            plain_rows(
                INSERT,
                (rows.len(), COLUMNS),
                UNLESS_OLDER,
                values.flatten().collect(),
            )
        };
        txn.execute_raw(statement).await?;
    }
    segments_insert(&txn, segments).await?;
    txn.commit().await
}

/// Number of rows of the snapshot.
pub async fn snapshot_len(db: &Database) -> Result<i64, DbErr> {
    let reader = db.reader();
    let row = reader
        .query_one_raw(sql(reader, "SELECT COUNT(*) FROM snapshot", []))
        .await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// A page of the snapshot after `subject`. Columns are taken by their places, since millions of rows are read at a start.
pub async fn snapshot_page(db: &Database, subject: &str, limit: u64) -> Result<Vec<StoredState>, DbErr> {
    let reader = db.reader();
    let text = "SELECT subject, version, withdrawn, payload, applied_at FROM snapshot
                WHERE subject > $1 ORDER BY subject LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = reader
        .query_all_raw(sql(reader, text, [subject.into(), limit.into()]))
        .await?;
    let model = |row: QueryResult| {
        Ok(StoredState {
            subject: row.try_get_by_index(0)?,
            version: row.try_get_by_index(1)?,
            withdrawn: row.try_get_by_index(2)?,
            payload: row.try_get_by_index(3)?,
            applied_at: row.try_get_by_index(4)?,
        })
    };
    rows.into_iter().map(model).collect()
}
