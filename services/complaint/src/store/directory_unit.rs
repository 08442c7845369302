//! Units that the directory has announced.

use prima_platform::db::{Txn, insert_new};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_unit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    unit: String,
}

prima_platform::no_relations!();

/// Records that a unit exists.
pub async fn unit_save_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    let row = ActiveModel {
        agency: Set(unit.agency.clone()),
        unit: Set(unit.unit.clone()),
    };
    insert_new(txn, row).await.map(drop)
}

/// Deletes a unit that the directory has withdrawn.
pub async fn unit_remove_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    let key = (unit.agency.clone(), unit.unit.clone());
    Entity::delete_by_id(key).exec(txn).await.map(drop)
}

/// Whether the directory has announced a unit.
pub async fn unit_confirmed(conn: &impl ConnectionTrait, agency: &str, unit: &str) -> Result<bool, DbErr> {
    let key = (agency.to_owned(), unit.to_owned());
    Ok(Entity::find_by_id(key).one(conn).await?.is_some())
}
