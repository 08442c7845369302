//! Agencies that the directory has announced.

use prima_platform::db::{Txn, insert_new};
use prima_proto::name;
use sea_orm::{DbErr, EntityTrait, Set, entity::prelude::*};

/// A row of the table `directory_agency`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_agency")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
}

prima_platform::no_relations!();

/// Stores an agency.
pub async fn agency_save_in_txn(txn: &Txn, agency: &name::Agency) -> Result<(), DbErr> {
    let row = ActiveModel {
        agency: Set(agency.agency.clone()),
    };
    insert_new(txn, row).await.map(drop)
}

/// Deletes an agency that the directory withdrew.
pub async fn agency_remove_in_txn(txn: &Txn, agency: &name::Agency) -> Result<(), DbErr> {
    let gone = Entity::delete_by_id(agency.agency.as_str());
    gone.exec(txn).await.map(drop)
}
