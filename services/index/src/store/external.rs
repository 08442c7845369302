//! Recorded scores. The newest confirmed record of a metric, subject and period counts; older ones are status.
//! Unconfirmed records are in a table of their own, `external_unconfirmed`, so that no query takes them for scores.
//! Both tables have the same columns, so queries of the second one reuse the columns of the first.

use prima_platform::db::Txn;
use sea_orm::{
    Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{OnConflict, Query, UpdateStatement},
};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "external_score")]
pub struct Model {
    /// Key of the metric.
    #[sea_orm(primary_key, auto_increment = false)]
    pub metric: String,
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit; empty for an agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Period.
    #[sea_orm(primary_key, auto_increment = false)]
    pub period: String,
    /// Number of the record of its key, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Id of the era.
    pub era: String,
    /// Published score.
    pub score: String,
    /// Published category.
    pub category: String,
    /// Where it was published.
    pub source: String,
    /// 1 when the opinion is "tanpa maladministrasi".
    pub no_maladministration: i64,
    /// Reason for replacing the record before.
    pub reason: String,
    /// Subject of the caller's token.
    pub actor: String,
    /// When it was recorded, unix microseconds.
    pub recorded_at: i64,
    /// Version of its score.
    pub version: i64,
    /// 1 once another record replaced it or, of an unconfirmed one, once it is settled.
    pub replaced: i64,
    /// Link to the document in which it was published; may be empty.
    pub link: String,
    /// SHA-256 of that document.
    pub sha256: Option<Vec<u8>>,
    /// When it was confirmed, unix microseconds; `None` for an unconfirmed record, and for records of the release
    /// before.
    pub confirmed_at: Option<i64>,
    /// Token subject of the caller who confirmed it.
    pub confirmer: String,
    /// Scores of its parts by their keys, in JSON; empty without parts.
    pub parts: String,
}

prima_platform::no_relations!();

impl Model {
    /// Its key.
    pub fn key(&self) -> ExternalKey<'_> {
        [&self.metric, &self.agency, &self.unit, &self.period]
    }

    /// Keys and scores of its parts.
    pub fn parts(&self) -> Vec<(String, String)> {
        serde_json::from_str(&self.parts).unwrap_or_default()
    }
}

/// Whether a record is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordStatus {
    /// The record counts.
    #[default]
    Confirmed,
    /// The record waits to be confirmed.
    Unconfirmed,
}

impl RecordStatus {
    fn table(self) -> &'static str {
        match self {
            Self::Confirmed => "external_score",
            Self::Unconfirmed => "external_unconfirmed",
        }
    }

    fn find(self) -> Select<Entity> {
        let mut find = Entity::find();
        QueryTrait::query(&mut find)
            .from_clear()
            .from_as(self.table(), Entity);
        find
    }
}

/// Metric, agency, unit and period.
pub type ExternalKey<'a> = [&'a str; 4];

/// Columns of a key.
const KEY: [Column; 4] = [Column::Metric, Column::Agency, Column::Unit, Column::Period];

/// The records of a key.
fn of(key: ExternalKey<'_>) -> Condition {
    let each = KEY.into_iter().zip(key);
    each.fold(Condition::all(), |all, (column, value)| {
        all.add(Expr::col(column).eq(value))
    })
}

/// Records that were not replaced. The condition is a literal, because a partial index covers only these rows and a
/// parameter would keep the planner from using it.
fn current() -> Expr {
    Expr::cust("replaced = 0")
}

/// The current record of this key.
pub async fn external_get(
    conn: &impl ConnectionTrait,
    status: RecordStatus,
    key: ExternalKey<'_>,
) -> Result<Option<Model>, DbErr> {
    let records = status.find().filter(of(key));
    records.filter(current()).one(conn).await
}

/// The number of the next record of this key.
pub async fn external_next_in_txn(
    txn: &Txn,
    status: RecordStatus,
    key: ExternalKey<'_>,
) -> Result<i64, DbErr> {
    let numbers = status.find().select_only().expr(Expr::col(Column::Number).max());
    let last: Option<Option<i64>> = numbers.filter(of(key)).into_tuple().one(txn).await?;
    Ok(last.flatten().unwrap_or_default() + 1)
}

fn replace(status: RecordStatus, key: ExternalKey<'_>) -> UpdateStatement {
    Query::update()
        .table(status.table())
        .value(Column::Replaced, 1_i64)
        .cond_where(of(key))
        .and_where(current())
        .take()
}

/// Settles an unconfirmed record; false when it was settled or replaced meanwhile.
pub async fn external_settle_in_txn(txn: &Txn, key: ExternalKey<'_>, number: i64) -> Result<bool, DbErr> {
    let mut settle = replace(RecordStatus::Unconfirmed, key);
    settle.and_where(Expr::col(Column::Number).eq(number));
    Ok(txn.execute(&settle).await?.rows_affected() == 1)
}

/// Stores a record, which replaces the current one; false when another record with this number was stored meanwhile.
pub async fn external_insert_in_txn(txn: &Txn, status: RecordStatus, row: &Model) -> Result<bool, DbErr> {
    txn.execute(&replace(status, row.key())).await?;
    let taken = OnConflict::new().do_nothing().to_owned();
    let mut insert = Entity::insert(row.clone().into_active_model()).on_conflict(taken);
    QueryTrait::query(&mut insert).into_table(status.table());
    Ok(insert.exec_without_returning(txn).await? == 1)
}

/// The confirmed scores of an agency's units in a period: era and score of each; the score is empty when only a category
/// was published.
pub async fn external_of_units(
    conn: &impl ConnectionTrait,
    metric: &str,
    agency: &str,
    period: &str,
) -> Result<Vec<(String, String)>, DbErr> {
    let units = RecordStatus::Confirmed.find().select_only();
    units
        .expr(Expr::col(Column::Era))
        .expr(Expr::col(Column::Score))
        .filter(current())
        .filter(Column::Metric.eq(metric))
        .filter(Column::Agency.eq(agency))
        .filter(Column::Unit.ne(""))
        .filter(Column::Period.eq(period))
        .into_tuple()
        .all(conn)
        .await
}

/// A filter of records; an empty text means any.
#[derive(Debug, Clone, Default)]
pub struct ExternalFilter {
    /// Whether to list confirmed or unconfirmed records.
    pub status: RecordStatus,
    /// Key of the metric.
    pub metric: String,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; `None` for any subject of the agency.
    pub unit: Option<String>,
    /// Only units, whatever their ids.
    pub units: bool,
    /// Period.
    pub period: String,
    /// Only those after this metric, agency, unit and period.
    pub after: [String; 4],
    /// Maximum number of rows.
    pub limit: u64,
}

/// Current records, ordered by metric, agency, unit and period.
pub async fn external_page(
    conn: &impl ConnectionTrait,
    filter: &ExternalFilter,
) -> Result<Vec<Model>, DbErr> {
    let after = filter.after.each_ref().map(|part| Expr::val(part.as_str()));
    let mut only = Condition::all();
    for (column, value) in [
        (Column::Metric, &filter.metric),
        (Column::Agency, &filter.agency),
        (Column::Period, &filter.period),
    ] {
        only = only.add_option((!value.is_empty()).then(|| Expr::col(column).eq(value.as_str())));
    }
    let unit = || Expr::col(Column::Unit);
    only = only.add_option(filter.unit.as_deref().map(|id| unit().eq(id)));
    only = only.add_option(filter.units.then(|| unit().ne("")));
    let records = filter.status.find().filter(current()).filter(only);
    let page = records.filter(Expr::tuple(KEY.map(Expr::col)).gt(Expr::tuple(after)));
    KEY.into_iter()
        .fold(page, QueryOrder::order_by_asc)
        .limit(filter.limit)
        .all(conn)
        .await
}
