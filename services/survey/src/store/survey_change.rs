//! Reopenings of surveys: when, by whom and why.

use prima_platform::db::Txn;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

use super::next_number;

/// A row of the table `survey_change`: one reopening of a survey.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "survey_change")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// Counted within the survey, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Time, unix microseconds.
    pub changed_at: i64,
    /// Subject of the caller's token.
    pub actor: String,
    /// Reason.
    pub reason: String,
    /// When the survey had been closed, unix microseconds.
    pub closed_at: i64,
    /// Its closing time from then on, unix microseconds.
    pub close_at: Option<i64>,
}

prima_platform::no_relations!();

/// The number of the next change of a locked survey.
pub async fn survey_change_next_number_in_txn(txn: &Txn, survey: i64) -> Result<i64, DbErr> {
    next_number::<Entity>(txn, Column::Number, Column::SurveyId.eq(survey)).await
}

/// Inserts a change.
pub async fn survey_change_insert_in_txn(txn: &Txn, change: Model) -> Result<(), DbErr> {
    let insert = Entity::insert(change.into_active_model());
    insert.exec_without_returning(txn).await.map(drop)
}

/// Changes of a survey with a number above `after`, the oldest first.
pub async fn survey_change_page(
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
