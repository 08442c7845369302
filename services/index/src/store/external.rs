//! Scores that were recorded. The newest confirmed record of a metric, subject and period counts; the others are kept.
//! What waits to be confirmed stands in a table of its own, `external_unconfirmed`, so that nothing takes it for a score.
//! Both have the same columns: a query of the second names them as those of the first.

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
    /// ExternalKey of the metric.
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
    /// Counted up with each record, from 1.
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
    /// 1 when without maladministration.
    pub no_maladministration: i64,
    /// Why it replaced the record before.
    pub reason: String,
    /// Subject of the caller's token.
    pub actor: String,
    /// When it was recorded, unix microseconds.
    pub recorded_at: i64,
    /// Version of its score.
    pub version: i64,
    /// 1 once another stands in its place, or it waits no more.
    pub replaced: i64,
    /// Link to its document; may be empty.
    pub link: String,
    /// SHA-256 of its document.
    pub sha256: Option<Vec<u8>>,
    /// When it was confirmed, unix microseconds; `None` while it waits, and of records of a release before.
    pub confirmed_at: Option<i64>,
    /// Subject of the token of whoever confirmed it.
    pub confirmer: String,
}

prima_platform::no_relations!();

impl Model {
    /// Its key.
    pub fn key(&self) -> ExternalKey<'_> {
        [&self.metric, &self.agency, &self.unit, &self.period]
    }
}

/// Which records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kept {
    /// Those that count.
    #[default]
    Confirmed,
    /// Those that wait to be confirmed.
    Waiting,
}

impl Kept {
    fn table(self) -> &'static str {
        match self {
            Self::Confirmed => "external_score",
            Self::Waiting => "external_unconfirmed",
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

/// Those that no other has replaced. It is written out, because an index has only them, and a parameter would hide that.
fn current() -> Expr {
    Expr::cust("replaced = 0")
}

/// What is recorded of this key now.
pub async fn external_get(
    conn: &impl ConnectionTrait,
    kept: Kept,
    key: ExternalKey<'_>,
) -> Result<Option<Model>, DbErr> {
    let records = kept.find().filter(of(key));
    records.filter(current()).one(conn).await
}

/// The number of the next record of this key.
pub async fn external_next_in_txn(txn: &Txn, kept: Kept, key: ExternalKey<'_>) -> Result<i64, DbErr> {
    let numbers = kept.find().select_only().expr(Expr::col(Column::Number).max());
    let last: Option<Option<i64>> = numbers.filter(of(key)).into_tuple().one(txn).await?;
    Ok(last.flatten().unwrap_or_default() + 1)
}

fn replace(kept: Kept, key: ExternalKey<'_>) -> UpdateStatement {
    Query::update()
        .table(kept.table())
        .value(Column::Replaced, 1_i64)
        .cond_where(of(key))
        .and_where(current())
        .take()
}

/// Lets a waiting record wait no more; false when it does not wait any longer.
pub async fn external_settle_in_txn(txn: &Txn, key: ExternalKey<'_>, number: i64) -> Result<bool, DbErr> {
    let mut settle = replace(Kept::Waiting, key);
    settle.and_where(Expr::col(Column::Number).eq(number));
    Ok(txn.execute(&settle).await?.rows_affected() == 1)
}

/// Stores a record in place of the one before; false when another of the same number was stored meanwhile.
pub async fn external_insert_in_txn(txn: &Txn, kept: Kept, row: &Model) -> Result<bool, DbErr> {
    txn.execute(&replace(kept, row.key())).await?;
    let taken = OnConflict::new().do_nothing().to_owned();
    let mut insert = Entity::insert(row.clone().into_active_model()).on_conflict(taken);
    QueryTrait::query(&mut insert).into_table(kept.table());
    Ok(insert.exec_without_returning(txn).await? == 1)
}

/// Which records to list; an empty text means any.
#[derive(Debug, Clone, Default)]
pub struct ExternalFilter {
    /// Which records.
    pub kept: Kept,
    /// ExternalKey of the metric.
    pub metric: String,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; `None` for any subject of the agency.
    pub unit: Option<String>,
    /// Only units, whatever their ids.
    pub units: bool,
    /// Period.
    pub period: String,
    /// Only after these metric, agency, unit and period.
    pub after: [String; 4],
    /// Rows at most.
    pub limit: u64,
}

/// What is recorded now, ordered by metric, agency, unit and period.
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
    let records = filter.kept.find().filter(current()).filter(only);
    let page = records.filter(Expr::tuple(KEY.map(Expr::col)).gt(Expr::tuple(after)));
    KEY.into_iter()
        .fold(page, QueryOrder::order_by_asc)
        .limit(filter.limit)
        .all(conn)
        .await
}
