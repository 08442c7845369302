//! Readings: who read exact figures of a survey, when and why.

use prima_platform::db::Txn;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

use super::next_number;

/// A row of the table `reading`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reading")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// Counted within the survey, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Time, unix microseconds.
    pub read_at: i64,
    /// Subject of the caller's token.
    pub actor: String,
    /// Purpose, as given.
    pub purpose: String,
}

prima_platform::no_relations!();

/// Stores a reading of a locked survey, with the next number.
pub async fn reading_insert_in_txn(
    txn: &Txn,
    survey: i64,
    read_at: i64,
    actor: &str,
    purpose: String,
) -> Result<(), DbErr> {
    let reading = Model {
        survey_id: survey,
        number: next_number::<Entity>(txn, Column::Number, Column::SurveyId.eq(survey)).await?,
        read_at,
        actor: actor.to_owned(),
        purpose,
    };
    let insert = Entity::insert(reading.into_active_model());
    insert.exec_without_returning(txn).await.map(drop)
}

/// Readings of a survey with a number above `after`, the oldest first.
pub async fn reading_page(
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
