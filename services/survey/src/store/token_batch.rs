//! Batches of single-use tokens.

use std::collections::{BTreeSet, HashMap};

use prima_platform::{
    clock::{from_micros, micros},
    db::{Column as Type, Txn, sql, table},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait},
};

use super::next_number;
use crate::domain::access::TokenBatch;

/// A row of the table `token_batch`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_batch")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// Counted within the survey, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Service counter; may be empty.
    pub counter: String,
    /// Public service; may be empty.
    pub service: String,
    /// Number of tokens issued.
    pub size: i64,
    /// Expiry of its tokens, unix microseconds.
    pub expires_at: Option<i64>,
    /// Creation, unix microseconds.
    pub created_at: i64,
    /// When it was revoked, unix microseconds.
    pub revoked_at: Option<i64>,
}

prima_platform::no_relations!();

impl From<Model> for TokenBatch {
    fn from(row: Model) -> Self {
        Self {
            number: row.number,
            counter: row.counter,
            service: row.service,
            size: row.size,
            expires_at: row.expires_at.map(from_micros),
            created_at: from_micros(row.created_at),
            revoked_at: row.revoked_at.map(from_micros),
        }
    }
}

/// The number of the next batch of a locked survey.
pub async fn token_batch_next_number_in_txn(txn: &Txn, survey_id: i64) -> Result<i64, DbErr> {
    next_number::<Entity>(txn, Column::Number, Column::SurveyId.eq(survey_id)).await
}

/// Inserts a new batch.
pub async fn token_batch_insert_in_txn(txn: &Txn, survey_id: i64, batch: &TokenBatch) -> Result<(), DbErr> {
    let row = Model {
        survey_id,
        number: batch.number,
        counter: batch.counter.clone(),
        service: batch.service.clone(),
        size: batch.size,
        expires_at: batch.expires_at.map(micros),
        created_at: micros(batch.created_at),
        revoked_at: batch.revoked_at.map(micros),
    };
    let insert = Entity::insert(row.into_active_model());
    insert.exec_without_returning(txn).await.map(drop)
}

/// Batches of a survey with a number above `after`, in order.
pub async fn token_batch_page(
    conn: &impl ConnectionTrait,
    survey_id: i64,
    after: i64,
    limit: u64,
) -> Result<Vec<TokenBatch>, DbErr> {
    let rows = Entity::find()
        .filter(Column::SurveyId.eq(survey_id))
        .filter(Column::Number.gt(after))
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(TokenBatch::from).collect())
}

/// Batches by survey and number; batches that do not exist are left out. Each key column is one array, so that the statement
/// is prepared once for any number of keys.
pub async fn token_batches_get(
    txn: &Txn,
    keys: &BTreeSet<(i64, i64)>,
) -> Result<HashMap<(i64, i64), TokenBatch>, DbErr> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = keys
        .iter()
        .map(|(survey, number)| [(*survey).into(), (*number).into()]);
    let (from, values) = table(txn, [Type::Int; 2], keys, 0);
    let text = format!(
        "SELECT token_batch.* FROM {from} JOIN token_batch ON survey_id = v.column1 AND number = v.column2"
    );
    let rows = Model::find_by_statement(sql(txn, &text, values)).all(txn).await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.survey_id, row.number), row.into()))
        .collect())
}

/// Revokes a batch that is not revoked yet; returns the batch, or `None` when it does not exist.
pub async fn token_batch_revoke_in_txn(
    txn: &Txn,
    survey_id: i64,
    number: i64,
    now: i64,
) -> Result<Option<TokenBatch>, DbErr> {
    let rows = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::col(Column::RevokedAt).if_null(now))
        .filter(Column::SurveyId.eq(survey_id))
        .filter(Column::Number.eq(number))
        .exec_with_returning(txn)
        .await?;
    Ok(rows.into_iter().next().map(TokenBatch::from))
}
