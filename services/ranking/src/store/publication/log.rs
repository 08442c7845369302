//! The log of publications: its entries, its head, and the signatures of witnesses. Entries are appended under a lock on the head, and
//! never changed.

use prima_platform::db::{Txn, sql};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

const HEAD: &str = "SELECT size, checkpoint FROM log_head";

/// Size and signed head of the log; the head is empty while the log is.
pub async fn log_head(conn: &impl ConnectionTrait) -> Result<(i64, String), DbErr> {
    head(conn, HEAD).await
}

/// The same, and no other transaction appends until this one ends.
pub async fn log_head_lock(txn: &Txn) -> Result<(i64, String), DbErr> {
    let lock = match txn.get_database_backend() {
        DbBackend::Postgres => format!("{HEAD} FOR UPDATE"),
        _ => HEAD.to_owned(),
    };
    head(txn, &lock).await
}

async fn head(conn: &impl ConnectionTrait, text: &str) -> Result<(i64, String), DbErr> {
    let row = conn.query_one_raw(sql(conn, text, [])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("log_head".into()))?;
    Ok((row.try_get("", "size")?, row.try_get("", "checkpoint")?))
}

/// Writes the head of the locked log.
pub async fn log_head_set_in_txn(txn: &Txn, size: i64, checkpoint: &str) -> Result<(), DbErr> {
    let text = "UPDATE log_head SET size = $1, checkpoint = $2";
    let values = [size.into(), checkpoint.into()];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Appends an entry at a position of the locked log.
pub async fn log_append_in_txn(txn: &Txn, position: i64, body: &str) -> Result<(), DbErr> {
    let text = "INSERT INTO log_entry (position, body) VALUES ($1, $2)";
    let values = [position.into(), body.into()];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// The entries of the log from a position up to one that is left out, fewer when they are not there.
pub async fn log_entries(conn: &impl ConnectionTrait, from: i64, to: i64) -> Result<Vec<Vec<u8>>, DbErr> {
    let text =
        "SELECT position, body FROM log_entry WHERE position >= $1 AND position < $2 ORDER BY position";
    let rows = conn
        .query_all_raw(sql(conn, text, [from.into(), to.into()]))
        .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for (n, row) in (from..).zip(&rows) {
        if row.try_get::<i64>("", "position")? != n {
            break;
        }
        entries.push(row.try_get::<String>("", "body")?.into_bytes());
    }
    Ok(entries)
}

/// Stores the signature of a witness under the head with this size; the first one of each witness stays.
pub async fn cosignature_add_in_txn(txn: &Txn, size: i64, witness: &str, line: &str) -> Result<(), DbErr> {
    let text = "INSERT INTO log_cosignature (size, witness, line) VALUES ($1, $2, $3)
        ON CONFLICT (size, witness) DO NOTHING";
    let values = [size.into(), witness.into(), line.into()];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// The signatures of witnesses under the head with this size, ordered by their names.
pub async fn cosignatures(conn: &impl ConnectionTrait, size: i64) -> Result<Vec<String>, DbErr> {
    let text = "SELECT line FROM log_cosignature WHERE size = $1 ORDER BY witness";
    let rows = conn.query_all_raw(sql(conn, text, [size.into()])).await?;
    rows.iter().map(|row| row.try_get("", "line")).collect()
}

/// One entry.
pub async fn log_entry(conn: &impl ConnectionTrait, position: i64) -> Result<Option<String>, DbErr> {
    let text = "SELECT body FROM log_entry WHERE position = $1";
    let row = conn.query_one_raw(sql(conn, text, [position.into()])).await?;
    row.map(|row| row.try_get("", "body")).transpose()
}
