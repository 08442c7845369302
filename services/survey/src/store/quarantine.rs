//! Quarantined bursts of open links. Raw SQL where many responses are marked by one statement.

use std::collections::BTreeMap;

use prima_platform::db::{Column as Type, Txn, sql, table};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Value, entity::prelude::*, sea_query::Expr,
};

use super::{response, survey::Stored};
use crate::domain::{burst::Pattern, questioned::Taken};

/// Most rows that one statement changes.
const CHUNK: usize = 1000;

/// A row of the table `quarantine`: one burst of responses of an open link.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quarantine")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// Counted within the survey, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Its pattern, as text.
    pub pattern: String,
    /// When its first response was accepted, unix milliseconds.
    pub first_at: i64,
    /// When its last response was accepted, unix milliseconds.
    pub last_at: i64,
    /// Number of responses that were taken into it.
    pub responses: i64,
    /// 1 until it is decided, 2 when accepted, 3 when voided, as `QuarantineState` of the contract.
    pub state: i64,
    /// Version; it changes with each response that joins.
    pub etag: i64,
    /// When it was decided, unix microseconds.
    pub decided_at: Option<i64>,
    /// Subject of the token of who decided; empty until then.
    pub actor: String,
    /// Reason; empty until then.
    pub reason: String,
}

prima_platform::no_relations!();

/// The state of a quarantine that is not decided.
pub const OPEN: i64 = 1;
/// The state of one whose responses are counted.
pub const ACCEPTED: i64 = 2;
/// The state of one whose responses were voided.
pub const VOIDED: i64 = 3;

/// Marks responses of a locked survey as quarantined.
pub async fn responses_quarantine_in_txn(txn: &Txn, survey: i64, taken: &[Taken]) -> Result<(), DbErr> {
    for chunk in taken.chunks(CHUNK) {
        let rows = chunk
            .iter()
            .map(|one| [one.entry.id.clone().into(), one.number.into()]);
        let (from, mut values) = table(txn, [Type::Text, Type::Int], rows, 0);
        values.push(survey.into());
        let text = format!(
            "UPDATE response SET quarantine = v.column2 FROM {from}
             WHERE survey_id = ${} AND response_id = v.column1",
            values.len()
        );
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

/// Stores new quarantines of a locked survey, and adds to those that are stored.
pub async fn quarantines_add_in_txn(txn: &Txn, stored: &Stored, taken: &[Taken]) -> Result<(), DbErr> {
    let mut quarantines: BTreeMap<i64, (Pattern, i64, i64, i64)> = BTreeMap::new();
    for one in taken {
        let at = one.entry.at;
        let (_, first, last, responses) = quarantines.entry(one.number).or_insert((one.pattern, at, at, 0));
        (*first, *last) = ((*first).min(at), (*last).max(at));
        *responses += 1;
    }
    let text = "INSERT INTO quarantine (survey_id, number, pattern, first_at, last_at, responses, etag)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (survey_id, number) DO UPDATE SET
                    first_at = CASE WHEN excluded.first_at < quarantine.first_at THEN excluded.first_at
                        ELSE quarantine.first_at END,
                    last_at = CASE WHEN excluded.last_at > quarantine.last_at THEN excluded.last_at
                        ELSE quarantine.last_at END,
                    responses = quarantine.responses + excluded.responses, etag = excluded.etag";
    for (number, (pattern, first, last, responses)) in quarantines {
        let values = [
            stored.id.into(),
            number.into(),
            pattern.as_str().into(),
            first.into(),
            last.into(),
            responses.into(),
            stored.version.into(),
        ];
        txn.execute_raw(sql(txn, text, values)).await?;
    }
    Ok(())
}

/// A quarantine of a survey by its number.
pub async fn quarantine_get(
    conn: &impl ConnectionTrait,
    survey: i64,
    number: i64,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((survey, number)).one(conn).await
}

/// Quarantines of a survey with a number above `after`, the oldest first; those in any state when `state` is 0.
pub async fn quarantine_page(
    conn: &impl ConnectionTrait,
    survey: i64,
    state: i64,
    after: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::SurveyId.eq(survey))
        .filter(Column::Number.gt(after));
    if state != 0 {
        query = query.filter(Column::State.eq(state));
    }
    query.order_by_asc(Column::Number).limit(limit).all(conn).await
}

/// Saves the decision of a quarantine of a locked survey.
pub async fn quarantine_save_in_txn(txn: &Txn, decided: &Model) -> Result<(), DbErr> {
    let row = decided.clone().into_active_model().reset_all();
    row.update(txn).await.map(drop)
}

/// Which of these undecided quarantines of a locked survey have no response left that is not voided.
pub async fn quarantines_empty(txn: &Txn, survey: i64, numbers: &[i64]) -> Result<Vec<Model>, DbErr> {
    let mut empty = Vec::new();
    for number in numbers {
        let left = response::Entity::find()
            .filter(response::Column::SurveyId.eq(survey))
            .filter(response::Column::Quarantine.eq(*number))
            .filter(response::Column::Voided.is_null())
            .one(txn)
            .await?;
        let stored = quarantine_get(txn, survey, *number).await?;
        empty.extend(stored.filter(|row| left.is_none() && row.state == OPEN));
    }
    Ok(empty)
}

/// A response of a quarantine.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Held {
    /// Its id.
    pub response_id: String,
    /// Its answers, as stored.
    pub answers: String,
}

/// Takes the next responses of a quarantine of a locked survey out of it, at most `limit`, to be counted at this
/// version of the survey. They come last in the order of counting, as their figures do. They keep the number of the
/// quarantine, as a negative one. Returns those that it took out; an empty result is the end.
pub async fn quarantine_release_in_txn(
    txn: &Txn,
    survey: i64,
    number: i64,
    version: i64,
    limit: u64,
) -> Result<Vec<Held>, DbErr> {
    let text = "SELECT response_id, answers FROM response
                WHERE survey_id = $1 AND quarantine = $2 AND voided IS NULL ORDER BY response_id LIMIT $3";
    let values = [
        survey.into(),
        number.into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let page = Held::find_by_statement(sql(txn, text, values)).all(txn).await?;
    let Some(last) = page.last() else {
        return Ok(page);
    };
    let text = "UPDATE comment SET batch = $3 WHERE survey_id = $1 AND response_id <= $4 AND response_id IN (
                    SELECT response_id FROM response
                    WHERE survey_id = $1 AND quarantine = $2 AND voided IS NULL AND response_id <= $4)";
    let values: [Value; 4] = [
        survey.into(),
        number.into(),
        version.into(),
        last.response_id.as_str().into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    let changed = response::Entity::update_many()
        .col_expr(response::Column::Quarantine, Expr::value(-number))
        .col_expr(response::Column::Batch, Expr::value(version))
        .filter(response::Column::SurveyId.eq(survey))
        .filter(response::Column::Quarantine.eq(number))
        .filter(response::Column::Voided.is_null())
        .filter(response::Column::ResponseId.lte(last.response_id.as_str()))
        .exec(txn)
        .await?
        .rows_affected;
    if usize::try_from(changed) == Ok(page.len()) {
        return Ok(page);
    }
    Err(DbErr::Custom(format!(
        "quarantine {number}: read {} responses, but {changed} changed",
        page.len()
    )))
}
