//! Voids: which responses were excluded from every figure, by whom and why.

use prima_platform::db::{Txn, sql};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, entity::prelude::*,
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
    /// When the texts of these responses were erased, unix microseconds; `None` for a void of an earlier release, until then.
    pub erased_at: Option<i64>,
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

/// At most `limit` voids whose texts are not erased yet, locked for a change; voids that another transaction has locked are
/// left out.
pub async fn voids_lock_unerased_in_txn(txn: &Txn, limit: u64) -> Result<Vec<Model>, DbErr> {
    let skip = match txn.get_database_backend() {
        DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    // The condition is that of the partial index.
    let text =
        format!("SELECT * FROM void WHERE erased_at IS NULL ORDER BY survey_id, number LIMIT {limit} {skip}");
    Model::find_by_statement(sql(txn, &text, [])).all(txn).await
}

/// Records that the texts of a void were erased.
pub async fn void_erased_in_txn(txn: &Txn, void: &Model, at: i64) -> Result<(), DbErr> {
    let one = Entity::update_many()
        .col_expr(Column::ErasedAt, at.into())
        .filter(Column::SurveyId.eq(void.survey_id))
        .filter(Column::Number.eq(void.number));
    one.exec(txn).await.map(drop)
}
