//! The snapshot as it is read at a start: the same states as its rows, thousands of them in each of few blobs.
//!
//! A save appends a segment with its states, and rewriting replaces many segments by those of all rows. A state may be in
//! several segments, of which the newest version counts; so segments are written without regard to those of other replicas.

use prima_platform::db::{Database, sql};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

/// How much the segments contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Number of states in all segments; some may be in several.
    pub states: i64,
    /// Number of segments.
    pub segments: i64,
    /// Number of rows of the snapshot when all of them were in segments; `None` before they were once.
    pub whole: Option<i64>,
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its id.
    pub id: String,
    /// Number of its states.
    pub states: i64,
    /// The encoded states.
    pub body: Vec<u8>,
}

/// Adds segments.
pub(super) async fn segments_insert(
    conn: &impl ConnectionTrait,
    segments: Vec<Segment>,
) -> Result<(), DbErr> {
    let text = "INSERT INTO snapshot_segment (id, states, body) VALUES ($1, $2, $3)";
    for Segment { id, states, body } in segments {
        conn.execute_raw(sql(conn, text, [id.into(), states.into(), body.into()]))
            .await?;
    }
    Ok(())
}

/// How much the segments contain.
pub async fn segments_extent(db: &Database) -> Result<Extent, DbErr> {
    let reader = db.reader();
    let text =
        "SELECT COUNT(*), COALESCE(CAST(SUM(states) AS BIGINT), 0), (SELECT MAX(states) FROM snapshot_whole)
        FROM snapshot_segment";
    let row = reader.query_one_raw(sql(reader, text, [])).await?;
    let read = |row: QueryResult| {
        Ok(Extent {
            segments: row.try_get_by_index(0)?,
            states: row.try_get_by_index(1)?,
            whole: row.try_get_by_index(2)?,
        })
    };
    row.map_or_else(
        || {
            Ok(Extent {
                states: 0,
                segments: 0,
                whole: None,
            })
        },
        read,
    )
}

/// The ids of the segments with at most `most` states, in order.
pub async fn segment_ids(db: &Database, most: i64) -> Result<Vec<String>, DbErr> {
    let reader = db.reader();
    let text = "SELECT id FROM snapshot_segment WHERE states <= $1 ORDER BY id";
    let rows = reader.query_all_raw(sql(reader, text, [most.into()])).await?;
    rows.into_iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The encoded states of a segment; `None` when it was replaced.
pub async fn segment_body(db: &Database, id: &str) -> Result<Option<Vec<u8>>, DbErr> {
    let reader = db.reader();
    let text = "SELECT body FROM snapshot_segment WHERE id = $1";
    let row = reader.query_one_raw(sql(reader, text, [id.into()])).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// Replaces segments by others with all their states.
pub async fn segments_replace(db: &Database, ids: &[String], by: Vec<Segment>) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    segments_insert(&txn, by).await?;
    for id in ids {
        let text = "DELETE FROM snapshot_segment WHERE id = $1";
        txn.execute_raw(sql(&txn, text, [Value::from(id.clone())]))
            .await?;
    }
    txn.commit().await
}

/// Records that all rows of the snapshot are in segments, and their number.
pub async fn segments_whole(db: &Database, rows: i64) -> Result<(), DbErr> {
    let writer = db.writer();
    let text = "INSERT INTO snapshot_whole (id, states) VALUES (1, $1)
        ON CONFLICT (id) DO UPDATE SET states = excluded.states";
    writer.execute_raw(sql(writer, text, [rows.into()])).await?;
    Ok(())
}
