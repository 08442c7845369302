//! Action plans of assessments.

use prima_platform::db::{Txn, sql};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::key::{keys, next_number_in_txn};

/// A planned improvement.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Row {
    /// Number within the assessment, from 1.
    pub number: i64,
    /// Key of the indicator.
    pub indicator: String,
    /// What is to be done.
    pub description: String,
    /// Office that is responsible.
    pub owner: String,
    /// Until when, `YYYY-MM-DD`.
    pub due_date: String,
    /// Day it was done, `YYYY-MM-DD`; empty while open.
    pub done_date: String,
    /// What was done.
    pub note: String,
}

const COLUMNS: &str = "number, indicator, description, owner, due_date, done_date, note";

/// The number that the next action of an assessment gets; its row is locked.
pub async fn action_next_in_txn(txn: &Txn, cycle_id: i64, unit: &name::Unit) -> Result<i64, DbErr> {
    next_number_in_txn(txn, "action", cycle_id, unit).await
}

/// Stores an action that is open.
pub async fn action_insert_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    row: &Row,
    created_at: i64,
) -> Result<(), DbErr> {
    let text = "INSERT INTO action (cycle_id, agency, unit, number, indicator, description, owner, due_date, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let rest: [Value; 6] = [
        row.number.into(),
        row.indicator.clone().into(),
        row.description.clone().into(),
        row.owner.clone().into(),
        row.due_date.clone().into(),
        created_at.into(),
    ];
    let values = keys(cycle_id, unit).into_iter().chain(rest);
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// The action of this number.
pub async fn action_get(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
    number: i64,
) -> Result<Option<Row>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM action WHERE cycle_id = $1 AND agency = $2 AND unit = $3 AND number = $4"
    );
    let values = keys(cycle_id, unit).into_iter().chain([number.into()]);
    Row::find_by_statement(sql(conn, &text, values)).one(conn).await
}

/// Records that an action was done.
pub async fn action_complete_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    row: &Row,
) -> Result<(), DbErr> {
    let text = "UPDATE action SET done_date = $5, note = $6
                WHERE cycle_id = $1 AND agency = $2 AND unit = $3 AND number = $4";
    let rest: [Value; 3] = [
        row.number.into(),
        row.done_date.clone().into(),
        row.note.clone().into(),
    ];
    let values = keys(cycle_id, unit).into_iter().chain(rest);
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Every action of an assessment, ordered by due date and number.
pub async fn action_list(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Vec<Row>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM action WHERE cycle_id = $1 AND agency = $2 AND unit = $3
         ORDER BY due_date, number"
    );
    Row::find_by_statement(sql(conn, &text, keys(cycle_id, unit)))
        .all(conn)
        .await
}
