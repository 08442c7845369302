//! Published tables. Rows are never changed.

use prima_platform::db::{self, Txn, sql, table};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Value, entity::prelude::*,
};

/// A published table; its head is the entry of the log, and its rows are those of the proposal.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "published_table")]
pub struct Model {
    /// Its number, from 1 without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Id of the proposal.
    pub proposal: String,
    /// Resource name of the table.
    pub league_table: String,
    /// Metric.
    pub metric: String,
    /// Period.
    pub period: String,
    /// Number of the published table that it corrects; 0 for none.
    pub corrects: i64,
    /// When, unix microseconds.
    pub published_at: i64,
    /// Place in the log.
    pub position: i64,
    /// The signed head of the log of which it is the last entry.
    pub checkpoint: String,
}

prima_platform::no_relations!();

/// Inserts a published table.
pub async fn published_insert_in_txn(txn: &Txn, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model())
        .exec_without_returning(txn)
        .await
        .map(drop)
}

/// A published table.
pub async fn published_get(conn: &impl ConnectionTrait, number: i64) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(number).one(conn).await
}

/// The published table with the greatest number.
pub async fn published_last(conn: &impl ConnectionTrait) -> Result<Option<Model>, DbErr> {
    let newest = Entity::find().order_by_desc(Column::Number);
    newest.one(conn).await
}

/// The published table whose entry is at this position of the log.
pub async fn published_at(conn: &impl ConnectionTrait, position: i64) -> Result<Option<Model>, DbErr> {
    let own = Entity::find().filter(Column::Position.eq(position));
    own.one(conn).await
}

/// The newest published table of a table.
pub async fn published_of_table(conn: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
    let own = Entity::find().filter(Column::LeagueTable.eq(name));
    own.order_by_desc(Column::Number).one(conn).await
}

/// The published table that corrects another one.
pub async fn published_correction(
    conn: &impl ConnectionTrait,
    corrected: i64,
) -> Result<Option<Model>, DbErr> {
    let of = Entity::find().filter(Column::Corrects.eq(corrected));
    of.one(conn).await
}

/// Published tables after a number, of a metric and period when they are given.
pub async fn published_list(
    conn: &impl ConnectionTrait,
    [metric, period]: [&str; 2],
    after: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut rows = Entity::find().filter(Column::Number.gt(after));
    for (column, value) in [(Column::Metric, metric), (Column::Period, period)] {
        if !value.is_empty() {
            rows = rows.filter(column.eq(value));
        }
    }
    rows.order_by_asc(Column::Number).limit(limit).all(conn).await
}

/// A row of a published table.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct PublishedRow {
    /// Number of the published table.
    pub number: i64,
    /// Its place in it, from 0.
    pub place: i64,
    /// Resource name of the unit or agency.
    pub subject: String,
    /// Canonical JSON.
    pub body: String,
}

/// The subjects after this one that are in published tables with these numbers, or in any without numbers, in their order.
pub async fn published_subjects(
    conn: &impl ConnectionTrait,
    numbers: Option<&[i64]>,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, DbErr> {
    let mut values: Vec<Value> = vec![after.into(), limit.into()];
    let mut among = String::new();
    if let Some(numbers) = numbers {
        let rows = numbers.iter().map(|number| [(*number).into()]);
        let (from, more) = table(conn, [db::Column::Int], rows, values.len());
        among = format!("AND p.number IN (SELECT column1 FROM {from})");
        values.extend(more);
    }
    let text = format!(
        "SELECT DISTINCT r.subject FROM proposal_row r JOIN published_table p ON p.proposal = r.proposal
         WHERE r.subject > $1 {among} ORDER BY r.subject LIMIT $2"
    );
    let rows = conn.query_all_raw(sql(conn, &text, values)).await?;
    rows.iter().map(|row| row.try_get("", "subject")).collect()
}

/// All published rows of these subjects, ordered by subject and number.
pub async fn published_rows(
    conn: &impl ConnectionTrait,
    subjects: &[String],
) -> Result<Vec<PublishedRow>, DbErr> {
    let rows = subjects.iter().map(|subject| [subject.as_str().into()]);
    let (from, values) = table(conn, [db::Column::Text], rows, 0);
    let text = format!(
        "SELECT p.number, r.place, r.subject, r.body FROM proposal_row r JOIN published_table p ON p.proposal = r.proposal
         WHERE r.subject IN (SELECT column1 FROM {from}) ORDER BY r.subject, p.number"
    );
    PublishedRow::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await
}
