//! Results that were published before this system computed them. Every record is kept; the latest record of a subject and
//! period is the valid one.

use std::collections::BTreeSet;

use prima_platform::db::{Column as Type, Txn, broken, sql, table};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait},
};

use super::{
    json,
    unit_score::{UnitPeriod, key_row},
};
use crate::domain::recorded::{Result as Published, Subject};

/// A row of the table `recorded_result`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recorded_result")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit; empty for the agency's own result.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Period.
    #[sea_orm(primary_key, auto_increment = false)]
    pub period: String,
    /// Number among the records of one subject and period, counted from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Published instrument and version, which this system need not know.
    pub instrument: String,
    /// Published index, 0 to 100, two decimals.
    pub value: String,
    /// Published category; empty when it is not known.
    pub category: String,
    /// Published number of respondents; 0 when it is not known.
    pub respondents: i64,
    /// Published means per element key, decimals as text: JSON.
    pub elements: String,
    /// The publication from which it was recorded.
    pub source: String,
    /// `mean_of_units` or `respondent_weighted` for an agency; empty for a unit.
    pub roll_up: String,
    /// When it was recorded, unix microseconds.
    pub recorded_at: i64,
    /// Subject of the recording caller's token.
    pub actor: String,
    /// Why it replaced the previous record; empty for the first record.
    pub reason: String,
    /// 1 when a later record has replaced it.
    pub replaced: i64,
}

prima_platform::no_relations!();

/// A stored record of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The unit or agency.
    pub subject: Subject,
    /// Number among the records of one subject and period, counted from 1.
    pub number: i64,
    /// The published result. Its reason is empty for the first record.
    pub result: Published,
    /// When it was recorded, unix microseconds.
    pub recorded_at: i64,
    /// Subject of the recording caller's token.
    pub actor: String,
    /// Whether a later record has replaced it.
    pub replaced: bool,
}

impl TryFrom<Model> for Recorded {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let subject = Subject::of(row.agency, row.unit);
        let elements = serde_json::from_str(&row.elements);
        Ok(Self {
            number: row.number,
            result: Published {
                elements: elements.map_err(|_| broken(&subject, "elements"))?,
                subject: subject.to_string(),
                period: row.period,
                instrument: row.instrument,
                index: row.value,
                category: row.category,
                respondents: row.respondents,
                source: row.source,
                roll_up: row.roll_up,
                reason: row.reason,
            },
            subject,
            recorded_at: row.recorded_at,
            actor: row.actor,
            replaced: row.replaced != 0,
        })
    }
}

fn records(rows: Vec<Model>) -> Result<Vec<Recorded>, DbErr> {
    rows.into_iter().map(Recorded::try_from).collect()
}

fn subject_is(agency: &str, unit: &str, period: &str) -> Condition {
    Condition::all()
        .add(Column::Agency.eq(agency))
        .add(Column::Unit.eq(unit))
        .add(Column::Period.eq(period))
}

/// The valid record of a unit in a period; with an empty `unit`, that of the agency itself.
pub async fn recorded_latest(
    conn: &impl ConnectionTrait,
    agency: &str,
    unit: &str,
    period: &str,
) -> Result<Option<Recorded>, DbErr> {
    let rows = Entity::find().filter(subject_is(agency, unit, period));
    let row = rows.order_by_desc(Column::Number).one(conn).await?;
    row.map(Recorded::try_from).transpose()
}

/// The valid records of an agency and its units in a period, ordered by unit; the agency's own comes first.
pub async fn recorded_of_agency(
    conn: &impl ConnectionTrait,
    agency: &str,
    period: &str,
) -> Result<Vec<Recorded>, DbErr> {
    let rows = Entity::find()
        .filter(Column::Agency.eq(agency))
        .filter(Column::Period.eq(period))
        .filter(Column::Replaced.eq(0))
        .order_by_asc(Column::Unit)
        .all(conn)
        .await?;
    records(rows)
}

/// The valid records of these units and periods. The keys are joined as a table, because SQLite accepts IN
/// over several columns only with a table.
pub async fn recorded_of_units(txn: &Txn, keys: &BTreeSet<UnitPeriod>) -> Result<Vec<Recorded>, DbErr> {
    let (from, values) = table(txn, [Type::Text; 3], keys.iter().map(key_row), 0);
    let text = format!(
        "SELECT r.* FROM {from} JOIN recorded_result r
            ON r.agency = v.column1 AND r.unit = v.column2 AND r.period = v.column3 AND r.replaced = 0"
    );
    records(Model::find_by_statement(sql(txn, &text, values)).all(txn).await?)
}

/// Which records to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Id of the agency; `None` for all agencies.
    pub agency: Option<String>,
    /// Whether to include replaced records.
    pub replaced: bool,
    /// Only records after this cursor: agency, unit, period, number.
    pub after: (String, String, String, i64),
    /// Most rows.
    pub limit: u64,
}

/// Records ordered by agency, unit, period and number; those of an agency itself come before those of its units.
pub async fn recorded_page(conn: &impl ConnectionTrait, filter: Filter) -> Result<Vec<Recorded>, DbErr> {
    let key = [Column::Agency, Column::Unit, Column::Period, Column::Number];
    let (agency, unit, period, number) = filter.after;
    let after = [agency, unit, period]
        .map(Expr::value)
        .into_iter()
        .chain([Expr::value(number)]);
    let mut query = Entity::find()
        .filter(Expr::tuple(key.map(Expr::col)).gt(Expr::tuple(after)))
        .apply_if(filter.agency, |query, agency| {
            query.filter(Column::Agency.eq(agency))
        })
        .limit(filter.limit);
    if !filter.replaced {
        query = query.filter(Column::Replaced.eq(0));
    }
    for column in key {
        query = query.order_by_asc(column);
    }
    records(query.all(conn).await?)
}

/// Inserts a record and marks the earlier ones as replaced. The caller holds the lock of the subject's score.
pub async fn recorded_insert_in_txn(txn: &Txn, new: &Recorded) -> Result<(), DbErr> {
    let (agency, unit, result) = (new.subject.agency(), new.subject.unit(), &new.result);
    Entity::update_many()
        .col_expr(Column::Replaced, Expr::value(1_i64))
        .filter(subject_is(agency, unit, &result.period))
        .exec(txn)
        .await?;
    let row = Model {
        agency: agency.to_owned(),
        unit: unit.to_owned(),
        period: result.period.clone(),
        number: new.number,
        instrument: result.instrument.clone(),
        value: result.index.clone(),
        category: result.category.clone(),
        respondents: result.respondents,
        elements: json(&result.elements)?,
        source: result.source.clone(),
        roll_up: result.roll_up.clone(),
        recorded_at: new.recorded_at,
        actor: new.actor.clone(),
        reason: result.reason.clone(),
        replaced: new.replaced.into(),
    };
    let insert = Entity::insert(row.into_active_model());
    insert.exec_without_returning(txn).await.map(drop)
}
