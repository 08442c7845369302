//! Which keys the rows of a table are encrypted under, so that they can be encrypted again after the key has changed.
//!
//! To change a key without downtime: add the new key at the end of the setting in every process, so that each can decrypt
//! what it will encrypt; then move it to the front everywhere; when no row is left under the old key, remove that one. While
//! processes disagree about the first key, only those re-encrypt that agree with the process that started last, so rows are
//! not re-encrypted back and forth.
//!
//! A table with encrypted columns has a column `sealed_key` with the id of the key, which is empty when nothing in the row is
//! encrypted, and an index on it. The table `sealing` of the service has one row with the id of the key that encrypts.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbErr};

use crate::db::sql;

/// Ids of the keys that rows of a table are encrypted under, found by one index look-up each.
pub async fn keys(conn: &impl ConnectionTrait, table: &str) -> Result<Vec<String>, DbErr> {
    let text = format!("SELECT MIN(sealed_key) AS k FROM {table} WHERE sealed_key <> '' AND sealed_key > $1");
    let mut keys: Vec<String> = Vec::new();
    loop {
        let last = keys.last().cloned().unwrap_or_default();
        let row = conn.query_one_raw(sql(conn, &text, [last.into()])).await?;
        match row.map(|row| row.try_get("", "k")).transpose()?.flatten() {
            Some(key) => keys.push(key),
            None => return Ok(keys),
        }
    }
}

/// Number of rows of a table that are encrypted under a key.
pub async fn count(conn: &impl ConnectionTrait, table: &str, key: &str) -> Result<i64, DbErr> {
    let text = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM {table} WHERE sealed_key <> '' AND sealed_key = $1"
    );
    let row = conn.query_one_raw(sql(conn, &text, [key.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}

/// Number of rows of all these tables by key.
pub async fn usage(conn: &impl ConnectionTrait, tables: &[&str]) -> Result<BTreeMap<String, i64>, DbErr> {
    let mut usage = BTreeMap::new();
    for table in tables {
        for key in keys(conn, table).await? {
            let rows = count(conn, table, &key).await?;
            *usage.entry(key).or_default() += rows;
        }
    }
    Ok(usage)
}

/// Records the id of the key that encrypts, when a process starts.
pub async fn current_set(conn: &impl ConnectionTrait, key: &str) -> Result<(), DbErr> {
    let text = "INSERT INTO sealing (id, current_key) VALUES (1, $1)
                ON CONFLICT (id) DO UPDATE SET current_key = excluded.current_key";
    conn.execute_raw(sql(conn, text, [key.into()])).await.map(drop)
}

/// Id of the key that encrypts, according to the process that started last.
pub async fn current(conn: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    let text = "SELECT current_key FROM sealing WHERE id = 1";
    let row = conn.query_one_raw(sql(conn, text, [])).await?;
    row.map(|row| row.try_get("", "current_key")).transpose()
}
