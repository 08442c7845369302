//! Levels: of the unit itself, of evaluators, and objections to them.

use std::collections::BTreeSet;

use prima_platform::db::{Column, Txn, sql, table};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::key::keys;

/// What a unit gave itself (F-01).
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct SelfLevel {
    /// Key of the indicator.
    pub indicator: String,
    /// Level.
    pub level: i64,
    /// Explanation.
    pub note: String,
}

/// What an evaluator gave (F-02).
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Evaluation {
    /// Key of the indicator.
    pub indicator: String,
    /// Subject of the evaluator's token.
    pub evaluator: String,
    /// Level.
    pub level: i64,
    /// Why.
    pub note: String,
    /// When, unix microseconds.
    pub updated_at: i64,
}

/// An objection (sanggah).
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Objection {
    /// Number within the assessment, from 1.
    pub number: i64,
    /// Key of the indicator.
    pub indicator: String,
    /// Why.
    pub reason: String,
    /// Subject of the caller's token.
    pub actor: String,
    /// When it was filed, unix microseconds.
    pub created_at: i64,
    /// 1 when granted.
    pub granted: i64,
    /// Level from then on.
    pub level: Option<i64>,
    /// Reason of the decision.
    pub decision: String,
    /// Subject of the token of whoever decided.
    pub decider: String,
    /// When it was decided, unix microseconds.
    pub decided_at: Option<i64>,
}

/// Stores levels of F-01, each in place of the one before.
pub async fn self_levels_save_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    levels: &[SelfLevel],
    now: i64,
) -> Result<(), DbErr> {
    let mut values = Vec::from(keys(cycle_id, unit));
    values.push(now.into());
    let rows = levels
        .iter()
        .map(|l| [l.indicator.clone().into(), l.level.into(), l.note.clone().into()]);
    let (from, more) = table(txn, [Column::Text, Column::Int, Column::Text], rows, values.len());
    values.extend(more);
    let text = format!(
        "INSERT INTO self_level (cycle_id, agency, unit, indicator, level, note, updated_at)
         SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), column1, column2, column3, CAST($4 AS BIGINT)
         FROM {from} WHERE TRUE
         ON CONFLICT (cycle_id, agency, unit, indicator) DO UPDATE SET
            level = excluded.level, note = excluded.note, updated_at = excluded.updated_at"
    );
    txn.execute_raw(sql(txn, &text, values)).await.map(drop)
}

/// Keeps that this subject handed in F-01.
pub async fn self_assessor_save_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    subject: &str,
) -> Result<(), DbErr> {
    let text = "INSERT INTO self_assessor (cycle_id, agency, unit, subject) VALUES ($1, $2, $3, $4)
                ON CONFLICT DO NOTHING";
    let mut values = Vec::from(keys(cycle_id, unit));
    values.push(subject.into());
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Subjects who acted for the unit: handed in F-01 or evidence, or objected.
pub async fn acted_for_unit(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<BTreeSet<String>, DbErr> {
    let text = "SELECT subject FROM self_assessor WHERE cycle_id = $1 AND agency = $2 AND unit = $3
                UNION SELECT actor FROM evidence WHERE cycle_id = $1 AND agency = $2 AND unit = $3
                UNION SELECT actor FROM objection WHERE cycle_id = $1 AND agency = $2 AND unit = $3";
    let rows = conn.query_all_raw(sql(conn, text, keys(cycle_id, unit))).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// What the unit gave itself, ordered by indicator.
pub async fn self_levels(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Vec<SelfLevel>, DbErr> {
    let text = "SELECT indicator, level, note FROM self_level
                WHERE cycle_id = $1 AND agency = $2 AND unit = $3 ORDER BY indicator";
    SelfLevel::find_by_statement(sql(conn, text, keys(cycle_id, unit)))
        .all(conn)
        .await
}

/// Stores what one evaluator gave, each in place of that evaluator's one before.
pub async fn evaluations_save_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    evaluations: &[Evaluation],
) -> Result<(), DbErr> {
    let mut values = Vec::from(keys(cycle_id, unit));
    let rows = evaluations.iter().map(|e| {
        [
            e.indicator.clone().into(),
            e.evaluator.clone().into(),
            e.level.into(),
            e.note.clone().into(),
            e.updated_at.into(),
        ]
    });
    let columns = [Column::Text, Column::Text, Column::Int, Column::Text, Column::Int];
    let (from, more) = table(txn, columns, rows, values.len());
    values.extend(more);
    let text = format!(
        "INSERT INTO evaluation (cycle_id, agency, unit, indicator, evaluator, level, note, updated_at)
         SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), column1, column2, column3, column4, column5
         FROM {from} WHERE TRUE
         ON CONFLICT (cycle_id, agency, unit, indicator, evaluator) DO UPDATE SET
            level = excluded.level, note = excluded.note, updated_at = excluded.updated_at"
    );
    txn.execute_raw(sql(txn, &text, values)).await.map(drop)
}

/// What evaluators gave, ordered by indicator and evaluator.
pub async fn evaluations(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Vec<Evaluation>, DbErr> {
    let text = "SELECT indicator, evaluator, level, note, updated_at FROM evaluation
                WHERE cycle_id = $1 AND agency = $2 AND unit = $3 ORDER BY indicator, evaluator";
    Evaluation::find_by_statement(sql(conn, text, keys(cycle_id, unit)))
        .all(conn)
        .await
}

/// Stores an objection that was filed.
pub async fn objection_insert_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    objection: &Objection,
) -> Result<(), DbErr> {
    let text = "INSERT INTO objection (cycle_id, agency, unit, number, indicator, reason, actor, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let mut values = Vec::from(keys(cycle_id, unit));
    values.extend([
        objection.number.into(),
        objection.indicator.clone().into(),
        objection.reason.clone().into(),
        objection.actor.clone().into(),
        objection.created_at.into(),
    ]);
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Stores the decision of an objection.
pub async fn objection_decide_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    objection: &Objection,
) -> Result<(), DbErr> {
    let text = "UPDATE objection SET granted = $5, level = $6, decision = $7, decider = $8, decided_at = $9
                WHERE cycle_id = $1 AND agency = $2 AND unit = $3 AND number = $4";
    let mut values = Vec::from(keys(cycle_id, unit));
    values.extend([
        objection.number.into(),
        objection.granted.into(),
        objection.level.into(),
        objection.decision.clone().into(),
        objection.decider.clone().into(),
        objection.decided_at.into(),
    ]);
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Objections of an assessment, ordered by number.
pub async fn objections(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Vec<Objection>, DbErr> {
    let text =
        "SELECT number, indicator, reason, actor, created_at, granted, level, decision, decider, decided_at
                FROM objection WHERE cycle_id = $1 AND agency = $2 AND unit = $3 ORDER BY number";
    Objection::find_by_statement(sql(conn, text, keys(cycle_id, unit)))
        .all(conn)
        .await
}

/// Units of a cycle with an objection that is not decided, in key order.
pub async fn objections_open(conn: &impl ConnectionTrait, cycle_id: i64) -> Result<Vec<name::Unit>, DbErr> {
    let text = "SELECT DISTINCT agency, unit FROM objection
                WHERE cycle_id = $1 AND decided_at IS NULL ORDER BY agency, unit";
    let rows = conn.query_all_raw(sql(conn, text, [cycle_id.into()])).await?;
    let unit = |row: sea_orm::QueryResult| {
        Ok(name::Unit {
            agency: row.try_get("", "agency")?,
            unit: row.try_get("", "unit")?,
        })
    };
    rows.into_iter().map(unit).collect()
}
