//! Units.

use chrono::NaiveDate;
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, broken, insert_new},
    page::Page,
};
use prima_proto::name;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Set, entity::prelude::*,
};

use crate::domain::unit::{State, Unit};

/// A row of the table `unit`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unit")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Resource name.
    pub name: String,
    /// Official name.
    pub display_name: String,
    /// Key of the unit type.
    pub unit_type: String,
    /// Last day of service, `YYYY-MM-DD`; none while active.
    pub close_date: Option<String>,
    /// Names of the units that took over its work, JSON.
    pub successors: String,
    /// Version of the unit together with its public services.
    pub version: i64,
    /// Creation, unix microseconds.
    pub created_at: i64,
    /// Last change, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

impl TryFrom<Model> for Unit {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let state = match &row.close_date {
            None => State::Active,
            Some(date) => State::Closed {
                date: date
                    .parse::<NaiveDate>()
                    .map_err(|_| broken(&row.name, "close date"))?,
                successors: successors(&row.successors).ok_or_else(|| broken(&row.name, "successors"))?,
            },
        };
        Ok(Self {
            name: name::Unit {
                agency: row.agency,
                unit: row.unit,
            },
            display_name: row.display_name,
            unit_type: row.unit_type,
            state,
            version: row.version,
            created_at: from_micros(row.created_at),
            updated_at: from_micros(row.updated_at),
        })
    }
}

fn successors(json: &str) -> Option<Vec<name::Unit>> {
    let names: Vec<String> = serde_json::from_str(json).ok()?;
    names.iter().map(|name| name::Unit::parse(name).ok()).collect()
}

fn row(unit: &Unit) -> ActiveModel {
    let (close_date, successors) = match &unit.state {
        State::Active => (None, [].as_slice()),
        State::Closed { date, successors } => (Some(date.to_string()), successors.as_slice()),
    };
    let names: Vec<serde_json::Value> = successors.iter().map(|s| s.to_string().into()).collect();
    ActiveModel {
        agency: Set(unit.name.agency.clone()),
        unit: Set(unit.name.unit.clone()),
        name: Set(unit.name.to_string()),
        display_name: Set(unit.display_name.clone()),
        unit_type: Set(unit.unit_type.clone()),
        close_date: Set(close_date),
        successors: Set(serde_json::Value::from(names).to_string()),
        version: Set(unit.version),
        created_at: Set(micros(unit.created_at)),
        updated_at: Set(micros(unit.updated_at)),
    }
}

fn key(name: &name::Unit) -> (String, String) {
    (name.agency.clone(), name.unit.clone())
}

/// Inserts a new unit; `false` when its id is in use. It waits while another transaction inserts the same id.
pub async fn unit_insert_in_txn(txn: &Txn, unit: &Unit) -> Result<bool, DbErr> {
    insert_new(txn, row(unit)).await
}

/// Saves a unit that the transaction has locked.
pub async fn unit_save_in_txn(txn: &Txn, unit: &Unit) -> Result<(), DbErr> {
    row(unit).update(txn).await.map(drop)
}

/// Locks a unit, and with it its public services, until the end of the transaction; `None` when it does not exist.
/// SQLite has no row locks; there every writing transaction holds the only write lock from its beginning.
pub async fn unit_lock_in_txn(txn: &Txn, name: &name::Unit) -> Result<Option<Unit>, DbErr> {
    let found = Entity::find_by_id(key(name)).lock_exclusive().one(txn).await?;
    found.map(Unit::try_from).transpose()
}

/// A unit by its name.
pub async fn unit_get(conn: &impl ConnectionTrait, name: &name::Unit) -> Result<Option<Unit>, DbErr> {
    Entity::find_by_id(key(name))
        .one(conn)
        .await?
        .map(Unit::try_from)
        .transpose()
}

/// Which units to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitFilter {
    /// Only units of this agency.
    pub agency: Option<name::Agency>,
    /// Only this unit type.
    pub unit_type: Option<String>,
}

/// A page of units ordered by name, and the token of the next one.
pub async fn unit_page(
    conn: &impl ConnectionTrait,
    filter: &UnitFilter,
    page: &Page,
) -> Result<(Vec<Unit>, String), DbErr> {
    let mut rows = Entity::find()
        .filter(Column::Name.gt(page.after.as_str()))
        .apply_if(filter.agency.as_ref(), |query, agency| {
            query.filter(Column::Agency.eq(agency.agency.as_str()))
        })
        .apply_if(filter.unit_type.as_deref(), |query, unit_type| {
            query.filter(Column::UnitType.eq(unit_type))
        })
        .order_by_asc(Column::Name)
        .limit(page.limit())
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |row| row.name.clone());
    let units = rows.into_iter().map(Unit::try_from).collect::<Result<_, _>>()?;
    Ok((units, next))
}

/// The names of the units of an agency that have a type of its own, in the order in which they are locked.
pub async fn units_of_type(
    conn: &impl ConnectionTrait,
    unit_type: &name::UnitType,
) -> Result<Vec<name::Unit>, DbErr> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Unit)
        .filter(Column::Agency.eq(unit_type.agency.as_str()))
        .filter(Column::UnitType.eq(unit_type.unit_type.as_str()))
        .order_by_asc(Column::Unit)
        .into_tuple()
        .all(conn)
        .await?;
    let name = |unit| name::Unit {
        agency: unit_type.agency.clone(),
        unit,
    };
    Ok(ids.into_iter().map(name).collect())
}
