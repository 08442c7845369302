//! Replications.

use chrono::Datelike;
use prima_platform::db::{Txn, broken, insert_new};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set, Unchanged, entity::prelude::*,
};

use super::{Lock, json, portfolio, read_json, with_keys};
use crate::domain::replication::Replication;

/// A row of the table `replication`; `body` is the replication as JSON.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "replication")]
pub struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    name: String,
    innovation_id: i64,
    innovation: String,
    agency: String,
    unit: String,
    adopter_agency: String,
    adopter_unit: String,
    replica: String,
    year: i64,
    body: String,
}

prima_platform::no_relations!();

/// A replication as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database; 0 of a new one.
    pub id: i64,
    /// Resource name; it names the innovation that was adopted.
    pub name: name::Replication,
    /// The unit that adopted it.
    pub adopter: name::Unit,
    /// Its content.
    pub replication: Replication,
}

impl TryFrom<Model> for Stored {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            adopter: name::Unit {
                agency: row.adopter_agency,
                unit: row.adopter_unit,
            },
            replication: read_json(&row.name, "body", &row.body)?,
            name: name::Replication::parse(&row.name).map_err(|_| broken(&row.name, "name"))?,
        })
    }
}

fn stored(rows: Vec<Model>) -> Result<Vec<Stored>, DbErr> {
    rows.into_iter().map(Stored::try_from).collect()
}

/// Stores a new replication of an innovation; false when the unit has adopted it before.
pub async fn replication_insert_in_txn(txn: &Txn, innovation: i64, new: &Stored) -> Result<bool, DbErr> {
    let source = &new.name.innovation;
    let row = ActiveModel {
        name: Set(new.name.to_string()),
        innovation_id: Set(innovation),
        innovation: Set(source.to_string()),
        agency: Set(source.unit.agency.clone()),
        unit: Set(source.unit.unit.clone()),
        adopter_agency: Set(new.adopter.agency.clone()),
        adopter_unit: Set(new.adopter.unit.clone()),
        replica: Set(new.replication.replica.clone()),
        year: Set(new.replication.adopted.year().into()),
        body: Set(json(&new.replication)?),
        ..Default::default()
    };
    insert_new(txn, row).await
}

/// Locks a replication; `None` when it does not exist.
pub async fn replication_lock_in_txn(txn: &Txn, name: &name::Replication) -> Result<Option<Stored>, DbErr> {
    let named = Entity::find().filter(Column::Name.eq(name.to_string()));
    let row = Lock::Update.on(named).one(txn).await?;
    row.map(Stored::try_from).transpose()
}

/// Writes a locked replication back.
pub async fn replication_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Unchanged(stored.id),
        body: Set(json(&stored.replication)?),
        ..Default::default()
    };
    Entity::update(row).exec_without_returning(txn).await.map(drop)
}

/// Replications of these innovations, ordered by name.
pub async fn replications_of(
    conn: &impl ConnectionTrait,
    innovations: &[String],
) -> Result<Vec<Stored>, DbErr> {
    let keys = innovations.iter().map(|name| [name.clone().into()]);
    stored(with_keys::<Entity, 1>(conn, [Column::Innovation], keys, &[Column::Name]).await?)
}

/// Replications of which these units were the source (or the adopter) in these years, ordered by name.
pub async fn replications_by_unit(
    conn: &impl ConnectionTrait,
    keys: &[portfolio::Key],
    taken: bool,
) -> Result<Vec<Stored>, DbErr> {
    let key = if taken {
        [Column::AdopterAgency, Column::AdopterUnit, Column::Year]
    } else {
        [Column::Agency, Column::Unit, Column::Year]
    };
    let keys = keys.iter().map(portfolio::values);
    stored(with_keys::<Entity, 3>(conn, key, keys, &[Column::Name]).await?)
}
