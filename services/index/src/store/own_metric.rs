//! The newest definitions of league tables that operators created, as ranking published them.

use prima_platform::db::Txn;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryOrder, entity::prelude::*,
    sea_query::OnConflict,
};

/// The definition of one metric.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "own_metric")]
pub struct Model {
    /// Its key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub metric: String,
    /// Its document, JSON.
    pub document: String,
}

prima_platform::no_relations!();

/// Saves the definition of a metric.
pub async fn own_metric_save_in_txn(txn: &Txn, metric: &str, document: String) -> Result<(), DbErr> {
    let row = Model {
        metric: metric.to_owned(),
        document,
    };
    let newer = OnConflict::column(Column::Metric)
        .update_column(Column::Document)
        .to_owned();
    let insert = Entity::insert(row.into_active_model()).on_conflict(newer);
    insert.exec_without_returning(txn).await.map(drop)
}

/// Removes the definition of a metric.
pub async fn own_metric_remove_in_txn(txn: &Txn, metric: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(metric.to_owned()).exec(txn).await.map(drop)
}

/// The document of the definition of a metric.
pub async fn own_metric_get(conn: &impl ConnectionTrait, metric: &str) -> Result<Option<String>, DbErr> {
    let row = Entity::find_by_id(metric.to_owned()).one(conn).await?;
    Ok(row.map(|row| row.document))
}

/// The documents of all definitions, ordered by metric.
pub async fn own_metric_list(conn: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let rows = Entity::find().order_by_asc(Column::Metric).all(conn).await?;
    Ok(rows.into_iter().map(|row| row.document).collect())
}
