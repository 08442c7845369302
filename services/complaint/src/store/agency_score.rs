//! What is published about an agency in a year.

use prima_platform::db::Txn;
use sea_orm::{Set, entity::prelude::*, sea_query::OnConflict};

use super::{
    performance::{Key, Locked},
    raised_version,
};

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "agency_score")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    year: i64,
    version: i64,
    published: i64,
}

prima_platform::no_relations!();

/// Locks the row of an agency and takes its next version; inserts the row when it is missing.
pub async fn agency_lock_in_txn(txn: &Txn, key: &Key, now_millis: i64) -> Result<Locked, DbErr> {
    let row = ActiveModel {
        agency: Set(key.agency.clone()),
        year: Set(key.year),
        version: Set(now_millis),
        ..Default::default()
    };
    let raise = OnConflict::columns([Column::Agency, Column::Year])
        .value(Column::Version, raised_version("agency_score"))
        .to_owned();
    let insert = Entity::insert(row).on_conflict(raise);
    let row = insert.exec_with_returning(txn).await?;
    Ok(Locked {
        version: row.version,
        scored: row.published,
    })
}

/// Saves whether an agency has a score.
pub async fn agency_save_in_txn(txn: &Txn, key: &Key, published: bool) -> Result<(), DbErr> {
    let row = ActiveModel {
        agency: Set(key.agency.clone()),
        year: Set(key.year),
        published: Set(published.into()),
        ..Default::default()
    };
    row.update(txn).await.map(drop)
}
