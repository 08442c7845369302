//! This service's copy of the directory's units.

use std::collections::HashSet;

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, entity::prelude::*,
    sea_query::OnConflict,
};

/// A row of the table `directory_unit`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_unit")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Last day of service, `YYYY-MM-DD`; empty while the unit is active.
    pub close_date: String,
}

prima_platform::no_relations!();

fn key(unit: &name::Unit) -> (String, String) {
    (unit.agency.clone(), unit.unit.clone())
}

/// Saves a unit; `close_date` is its last day of service (`YYYY-MM-DD`), empty while it is active.
pub async fn unit_save_in_txn(txn: &Txn, unit: &name::Unit, close_date: &str) -> Result<(), DbErr> {
    let (agency, unit) = key(unit);
    let row = Model {
        agency,
        unit,
        close_date: close_date.to_owned(),
    };
    let known = OnConflict::columns([Column::Agency, Column::Unit])
        .update_column(Column::CloseDate)
        .to_owned();
    let insert = Entity::insert(row.into_active_model()).on_conflict(known);
    insert.exec_without_returning(txn).await.map(drop)
}

/// Removes a unit that the directory has withdrawn.
pub async fn unit_remove_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    Entity::delete_by_id(key(unit)).exec(txn).await.map(drop)
}

/// Whether the directory has published the unit.
pub async fn unit_confirmed(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<bool, DbErr> {
    Ok(Entity::find_by_id(key(unit)).one(conn).await?.is_some())
}

/// Every unit of these agencies that the directory has published.
pub async fn unit_confirmed_in(
    conn: &impl ConnectionTrait,
    agencies: HashSet<String>,
) -> Result<HashSet<name::Unit>, DbErr> {
    if agencies.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = Entity::find()
        .filter(Column::Agency.is_in(agencies))
        .all(conn)
        .await?;
    let names = rows.into_iter().map(|row| name::Unit {
        agency: row.agency,
        unit: row.unit,
    });
    Ok(names.collect())
}
