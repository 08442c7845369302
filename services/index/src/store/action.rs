//! Action plans of assessments.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set,
    entity::prelude::*,
};

use super::key::{next_number_in_txn, of};

/// A planned improvement.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "action")]
pub struct Model {
    /// Key of the cycle.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cycle_id: i64,
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Number within the assessment, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Key of the indicator.
    pub indicator: String,
    /// What is to be done.
    pub description: String,
    /// Office that is responsible.
    pub owner: String,
    /// Due date, `YYYY-MM-DD`.
    pub due_date: String,
    /// Date of completion, `YYYY-MM-DD`; empty while open.
    pub done_date: String,
    /// What was done.
    pub note: String,
    /// When it was planned, unix microseconds.
    pub created_at: i64,
}

prima_platform::no_relations!();

/// The number that the next action of an assessment gets; its row is locked.
pub async fn action_next_in_txn(txn: &Txn, cycle_id: i64, unit: &name::Unit) -> Result<i64, DbErr> {
    next_number_in_txn::<Entity>(txn, cycle_id, unit).await
}

/// Stores a new action.
pub async fn action_insert_in_txn(txn: &Txn, action: &Model) -> Result<(), DbErr> {
    let insert = Entity::insert(action.clone().into_active_model());
    insert.exec_without_returning(txn).await.map(drop)
}

/// The action of this number.
pub async fn action_get(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
    number: i64,
) -> Result<Option<Model>, DbErr> {
    let key = (cycle_id, unit.agency.clone(), unit.unit.clone(), number);
    Entity::find_by_id(key).one(conn).await
}

/// Records that an action was done.
pub async fn action_complete_in_txn(txn: &Txn, action: &Model) -> Result<(), DbErr> {
    let row = ActiveModel {
        done_date: Set(action.done_date.clone()),
        note: Set(action.note.clone()),
        ..action.clone().into_active_model()
    };
    row.update(txn).await.map(drop)
}

/// Every action of an assessment, ordered by due date and number.
pub async fn action_list(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(of(cycle_id, unit))
        .order_by_asc(Column::DueDate)
        .order_by_asc(Column::Number)
        .all(conn)
        .await
}
