//! The index of near duplicates: rows of MinHash bands, the same on both databases.

use std::collections::BTreeSet;

use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// Candidates that are compared exactly, at most.
const CANDIDATES: i64 = 100;

/// Puts the keys of an innovation into the index, in place of those before.
pub async fn near_put(txn: &Txn, innovation: i64, keys: &BTreeSet<i64>) -> Result<(), DbErr> {
    let gone = "DELETE FROM near_key WHERE innovation_id = $1";
    txn.execute_raw(sql(txn, gone, [innovation.into()])).await?;
    let (from, mut values) = table(txn, [Column::Int], keys.iter().map(|k| [(*k).into()]), 0);
    values.push(innovation.into());
    let text = format!(
        "INSERT INTO near_key (hash, innovation_id) SELECT column1, ${} FROM {from}",
        values.len()
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

#[derive(Debug, FromQueryResult)]
struct Candidate {
    innovation_id: i64,
}

/// Innovations other than `innovation` that share a key, those that share most first.
pub async fn near_candidates(txn: &Txn, innovation: i64, keys: &BTreeSet<i64>) -> Result<Vec<i64>, DbErr> {
    let (from, mut values) = table(txn, [Column::Int], keys.iter().map(|k| [(*k).into()]), 0);
    values.extend([innovation.into(), CANDIDATES.into()]);
    let text = format!(
        "SELECT innovation_id FROM {from} JOIN near_key ON hash = v.column1 WHERE innovation_id <> ${}
         GROUP BY innovation_id ORDER BY COUNT(*) DESC, innovation_id LIMIT ${}",
        values.len() - 1,
        values.len()
    );
    let rows = Candidate::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    Ok(rows.into_iter().map(|r| r.innovation_id).collect())
}
