//! The services for which the snapshot was complete once.

use prima_platform::db::Database;
use sea_orm::{DbErr, EntityTrait, IntoActiveModel, entity::prelude::*, sea_query::OnConflict};

/// A service for which the snapshot was complete once.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "snapshot_source")]
pub struct Model {
    /// Its name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub service: String,
}

prima_platform::no_relations!();

/// Records that the snapshot contains everything that these services had published.
pub async fn snapshot_source_save(db: &Database, services: &[String]) -> Result<(), DbErr> {
    let row = |service: &String| Model {
        service: service.clone(),
    };
    Entity::insert_many(services.iter().map(|service| row(service).into_active_model()))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db.writer())
        .await?;
    Ok(())
}

/// Names of the services for which the snapshot was complete once.
pub async fn snapshot_sources(db: &Database) -> Result<Vec<String>, DbErr> {
    let rows = Entity::find().all(db.reader()).await?;
    Ok(rows.into_iter().map(|row| row.service).collect())
}
