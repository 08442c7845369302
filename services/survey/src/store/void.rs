//! Voids: which responses were taken out of every figure, by whom and why. Nothing is deleted.

use std::collections::HashSet;

use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// One act of voiding.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Void {
    /// Counted within the survey, from 1.
    pub number: i64,
    /// When, unix microseconds.
    pub voided_at: i64,
    /// Subject of the caller's token.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The import that was named; empty when ids were.
    pub import_id: String,
    /// Responses that it took out.
    pub responses: i64,
}

#[derive(Debug, FromQueryResult)]
struct Number {
    number: i64,
}

/// The number of the next void of a survey that is locked.
pub async fn void_next_number(txn: &Txn, survey: i64) -> Result<i64, DbErr> {
    let text = "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM void WHERE survey_id = $1";
    let row = Number::find_by_statement(sql(txn, text, [survey.into()]))
        .one(txn)
        .await?;
    Ok(row.map_or(1, |r| r.number))
}

/// Stores a void.
pub async fn void_insert(txn: &Txn, survey: i64, new: &Void) -> Result<(), DbErr> {
    let text = "INSERT INTO void (survey_id, number, voided_at, actor, reason, import_id, responses)
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        survey.into(),
        new.number.into(),
        new.voided_at.into(),
        new.actor.as_str().into(),
        new.reason.as_str().into(),
        new.import_id.as_str().into(),
        new.responses.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Voids of a survey after a number, oldest first.
pub async fn void_page(
    conn: &impl ConnectionTrait,
    survey: i64,
    after: i64,
    limit: u64,
) -> Result<Vec<Void>, DbErr> {
    let text = "SELECT number, voided_at, actor, reason, import_id, responses FROM void
                WHERE survey_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Void::find_by_statement(sql(conn, text, [survey.into(), after.into(), limit.into()]))
        .all(conn)
        .await
}

#[derive(Debug, FromQueryResult)]
struct Id {
    response_id: String,
}

#[derive(Debug, FromQueryResult)]
struct Answers {
    answers: String,
}

/// Which of these responses a survey has, voided ones included.
pub async fn responses_known(txn: &Txn, survey: i64, ids: &[String]) -> Result<HashSet<String>, DbErr> {
    let (from, mut values) = table(txn, [Column::Text], ids.iter().map(|id| [id.as_str().into()]), 0);
    values.push(survey.into());
    let text = format!(
        "SELECT r.response_id FROM {from} JOIN response r ON r.survey_id = ${} AND r.response_id = v.column1",
        values.len()
    );
    let rows = Id::find_by_statement(sql(txn, &text, values)).all(txn).await?;
    Ok(rows.into_iter().map(|r| r.response_id).collect())
}

/// Whether anything came to a survey with this import, voided or not.
pub async fn import_known(txn: &Txn, survey: i64, import: &str) -> Result<bool, DbErr> {
    let text = "SELECT 1 FROM response WHERE survey_id = $1 AND import_id = $2 LIMIT 1";
    let values = [survey.into(), import.into()];
    Ok(txn.query_one_raw(sql(txn, text, values)).await?.is_some())
}

/// Voids these responses of a survey that is locked, but for those that are voided already. Returns the answers of
/// each that it took out.
pub async fn responses_void_in_txn(
    txn: &Txn,
    survey: i64,
    ids: &[String],
    number: i64,
) -> Result<Vec<String>, DbErr> {
    let (from, mut values) = table(txn, [Column::Text], ids.iter().map(|id| [id.as_str().into()]), 0);
    let used = values.len();
    values.extend([survey.into(), number.into()]);
    let text = format!(
        "UPDATE response SET voided = ${} FROM {from}
         WHERE survey_id = ${} AND response_id = v.column1 AND voided IS NULL RETURNING answers",
        used + 2,
        used + 1
    );
    let rows = Answers::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    Ok(rows.into_iter().map(|r| r.answers).collect())
}

/// A page of an import.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Page {
    /// Id of the response.
    pub response_id: String,
    /// Its answers as stored.
    pub answers: String,
}

/// Voids the next responses of an import after an id, at most `limit`, but for those that are voided already. The
/// survey is locked, so nothing comes in between. Returns those that it took out, ordered by id; none is the end.
pub async fn import_void_in_txn(
    txn: &Txn,
    (survey, import): (i64, &str),
    number: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<Page>, DbErr> {
    let text = "SELECT response_id, answers FROM response
                WHERE survey_id = $1 AND import_id = $2 AND response_id > $3 AND voided IS NULL
                ORDER BY response_id LIMIT $4";
    let values = [survey.into(), import.into(), after.into(), limit.into()];
    let page = Page::find_by_statement(sql(txn, text, values)).all(txn).await?;
    let Some(last) = page.last() else {
        return Ok(page);
    };
    let text = "UPDATE response SET voided = $5
                WHERE survey_id = $1 AND import_id = $2 AND response_id > $3 AND response_id <= $4 AND voided IS NULL";
    let values = [
        survey.into(),
        import.into(),
        after.into(),
        last.response_id.as_str().into(),
        number.into(),
    ];
    let changed = txn.execute_raw(sql(txn, text, values)).await?.rows_affected();
    if usize::try_from(changed) == Ok(page.len()) {
        return Ok(page);
    }
    Err(DbErr::Custom(format!(
        "voiding {import}: read {} responses, but {changed} changed",
        page.len()
    )))
}
