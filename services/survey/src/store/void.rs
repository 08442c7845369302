//! Voids: which responses were excluded from every figure, by whom and why.

use prima_platform::db::Txn;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

use super::next_number;

/// A row of the table `void`: one exclusion of responses.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "void")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// Counted within the survey, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Time, unix microseconds.
    pub voided_at: i64,
    /// Subject of the caller's token.
    pub actor: String,
    /// Reason.
    pub reason: String,
    /// The voided import; empty when the responses were named by their ids.
    pub import_id: String,
    /// Number of responses that it excluded.
    pub responses: i64,
}

prima_platform::no_relations!();

/// The number of the next void of a locked survey.
pub async fn void_next_number_in_txn(txn: &Txn, survey: i64) -> Result<i64, DbErr> {
    next_number::<Entity>(txn, Column::Number, Column::SurveyId.eq(survey)).await
}

/// Inserts a void.
pub async fn void_insert_in_txn(txn: &Txn, void: Model) -> Result<(), DbErr> {
    let insert = Entity::insert(void.into_active_model());
    insert.exec_without_returning(txn).await.map(drop)
}

/// Voids of a survey with a number above `after`, the oldest first.
pub async fn void_page(
    conn: &impl ConnectionTrait,
    survey: i64,
    after: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::SurveyId.eq(survey))
        .filter(Column::Number.gt(after))
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(conn)
        .await
}
