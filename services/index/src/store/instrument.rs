//! Instruments that were added.

use prima_platform::db::{Txn, sql};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// A document as stored.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Row {
    /// Id of the instrument.
    pub id: String,
    /// Its document.
    pub document: String,
    /// When it was added, unix microseconds.
    pub created_at: i64,
}

/// Every document that was added, ordered by id.
pub async fn instrument_list(conn: &impl ConnectionTrait) -> Result<Vec<Row>, DbErr> {
    let text = "SELECT id, document, created_at FROM instrument ORDER BY id";
    Row::find_by_statement(sql(conn, text, [])).all(conn).await
}

/// One document that was added.
pub async fn instrument_get(conn: &impl ConnectionTrait, id: &str) -> Result<Option<Row>, DbErr> {
    let text = "SELECT id, document, created_at FROM instrument WHERE id = $1";
    Row::find_by_statement(sql(conn, text, [id.into()]))
        .one(conn)
        .await
}

/// Stores a document; false when the id is taken.
pub async fn instrument_insert_in_txn(txn: &Txn, row: &Row) -> Result<bool, DbErr> {
    let text = "INSERT INTO instrument (id, document, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let values = [
        row.id.clone().into(),
        row.document.clone().into(),
        row.created_at.into(),
    ];
    Ok(txn.execute_raw(sql(txn, text, values)).await?.rows_affected() == 1)
}
