//! Innovations.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use prima_platform::{
    clock::from_micros,
    db::{Txn, broken},
    page::Page,
};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect, Set, entity::prelude::*,
};

use super::{Lock, SEARCH, insert_keyed, json, key, read_json, with_keys};
use crate::domain::{calendar, innovation::Innovation};

/// Year of an event that has not happened.
const NEVER: i64 = 0;
/// Year of an end that has not happened.
const OPEN: i64 = 9999;

/// A row of the table `innovation`; `body` is the innovation as JSON, and the other columns are those that queries
/// filter by.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "innovation")]
pub struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    name: String,
    agency: String,
    unit: String,
    status: String,
    category: String,
    sdgs: String,
    first_year: i64,
    start_year: i64,
    stop_year: i64,
    body: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

prima_platform::no_relations!();

/// An innovation as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database; 0 of a new one.
    pub id: i64,
    /// Resource name.
    pub name: name::Innovation,
    /// Its content.
    pub innovation: Innovation,
    /// Version of its last change.
    pub version: i64,
    /// Registration, unix microseconds.
    pub created_at: i64,
    /// Last change, unix microseconds.
    pub updated_at: i64,
}

impl TryFrom<Model> for Stored {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            innovation: read_json(&row.name, "body", &row.body)?,
            name: name::Innovation::parse(&row.name).map_err(|_| broken(&row.name, "name"))?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn stored(rows: Vec<Model>) -> Result<Vec<Stored>, DbErr> {
    rows.into_iter().map(Stored::try_from).collect()
}

fn row(stored: &Stored) -> Result<ActiveModel, DbErr> {
    let one = &stored.innovation;
    let registered = calendar::day(from_micros(stored.created_at));
    let year = |date: Option<NaiveDate>, none| date.map_or(none, |d| i64::from(d.year()));
    let sdgs: String = one.sdgs.iter().map(|n| format!("{n},")).collect();
    Ok(ActiveModel {
        id: key(stored.id),
        name: Set(stored.name.to_string()),
        agency: Set(stored.name.unit.agency.clone()),
        unit: Set(stored.name.unit.unit.clone()),
        status: Set(one.status.as_str().to_owned()),
        category: Set(one.category.clone()),
        sdgs: Set(format!(",{sdgs}")),
        first_year: Set(i64::from(*one.years(registered, *calendar::YEARS.end()).start())),
        start_year: Set(year(one.start_date, NEVER)),
        stop_year: Set(year(one.stop_date, OPEN)),
        body: Set(json(one)?),
        version: Set(stored.version),
        created_at: Set(stored.created_at),
        updated_at: Set(stored.updated_at),
    })
}

/// Stores a new innovation and returns its key; `None` when its name is in use.
pub async fn innovation_insert_in_txn(txn: &Txn, new: &Stored) -> Result<Option<i64>, DbErr> {
    insert_keyed(txn, row(new)?).await
}

/// Writes a locked innovation back.
pub async fn innovation_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let update = Entity::update(row(stored)?);
    update.exec_without_returning(txn).await.map(drop)
}

/// An innovation by its name, with the given lock.
pub async fn innovation_get(
    conn: &impl ConnectionTrait,
    name: &name::Innovation,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let named = Entity::find().filter(Column::Name.eq(name.to_string()));
    lock.on(named).one(conn).await?.map(Stored::try_from).transpose()
}

/// The innovations among these that were not implemented.
pub async fn ideas_among(conn: &impl ConnectionTrait, names: &[String]) -> Result<BTreeSet<String>, DbErr> {
    if names.is_empty() {
        return Ok(BTreeSet::new());
    }
    let ideas = Entity::find()
        .select_only()
        .column(Column::Name)
        .filter(Column::Name.is_in(names))
        .filter(Column::StartYear.eq(NEVER))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(ideas.into_iter().collect())
}

/// Innovations by their keys, in their order.
pub async fn innovations_by_id(conn: &impl ConnectionTrait, ids: &[i64]) -> Result<Vec<Stored>, DbErr> {
    let keys = ids.iter().map(|id| [(*id).into()]);
    stored(with_keys::<Entity, 1>(conn, [Column::Id], keys, &[Column::Id]).await?)
}

/// Every innovation of these units, ordered by name.
pub async fn innovations_of(
    conn: &impl ConnectionTrait,
    units: &BTreeSet<name::Unit>,
) -> Result<Vec<Stored>, DbErr> {
    let keys = units
        .iter()
        .map(|u| [u.agency.clone().into(), u.unit.clone().into()]);
    let key = [Column::Agency, Column::Unit];
    stored(with_keys::<Entity, 2>(conn, key, keys, &[Column::Name]).await?)
}

/// A filter of innovations; an empty text and 0 mean any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit.
    pub unit: String,
    /// Status.
    pub status: String,
    /// Key of the category.
    pub category: String,
    /// A goal that it serves.
    pub sdg: i32,
    /// A year in which it was in operation.
    pub year: i32,
    /// Only those that were implemented.
    pub public: bool,
    /// Of those that were not implemented, only the ones of these agencies; `None` for all.
    pub ideas_of: Option<Vec<String>>,
    /// Words to search for.
    pub query: String,
}

impl Filter {
    fn condition(&self, conn: &impl ConnectionTrait) -> Condition {
        let at_work = Column::StartYear.gt(NEVER);
        let mut all = Condition::all();
        for (column, value) in [
            (Column::Agency, &self.agency),
            (Column::Unit, &self.unit),
            (Column::Status, &self.status),
            (Column::Category, &self.category),
        ] {
            if !value.is_empty() {
                all = all.add(column.eq(value.as_str()));
            }
        }
        if self.public || self.year > 0 {
            all = all.add(at_work.clone());
        }
        if let Some(agencies) = &self.ideas_of {
            all = all.add(at_work.or(Column::Agency.is_in(agencies)));
        }
        if self.sdg > 0 {
            all = all.add(Column::Sdgs.contains(format!(",{},", self.sdg)));
        }
        if self.year > 0 {
            let year = i64::from(self.year);
            all = all
                .add(Column::StartYear.lte(year))
                .add(Column::StopYear.gte(year));
        }
        if let Some((text, value)) = SEARCH.condition(conn, "id", &self.query, 1) {
            // The query builder numbers parameters on PostgreSQL only.
            let text = match conn.get_database_backend() {
                DbBackend::Postgres => text,
                _ => text.replace("$1", "?"),
            };
            all = all.add(Expr::cust_with_values(text, [value]));
        }
        all
    }
}

/// A page of innovations ordered by name, and the token of the next one.
pub async fn innovation_page(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    let mut rows = Entity::find()
        .filter(Column::Name.gt(page.after.as_str()))
        .filter(filter.condition(conn))
        .order_by_asc(Column::Name)
        .limit(page.limit())
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |row| row.name.clone());
    Ok((stored(rows)?, next))
}
