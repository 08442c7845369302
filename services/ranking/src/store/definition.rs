//! The definitions of league tables that were created here. Rows are never changed.

use prima_platform::db::{Txn, insert_new};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

/// One version of the definition of the tables of a metric.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "definition")]
pub struct Model {
    /// Metric.
    #[sea_orm(primary_key, auto_increment = false)]
    pub metric: String,
    /// Version of the definition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// The document as it was sent, JSON.
    pub document: String,
    /// Subject of the token that created it.
    pub actor: String,
    /// When it was created, unix microseconds.
    pub created_at: i64,
    /// Version of the state that announced it.
    pub state_version: i64,
}

prima_platform::no_relations!();

/// Inserts a new version; false when another transaction has inserted it, for which this one waits.
pub async fn definition_insert_in_txn(txn: &Txn, row: Model) -> Result<bool, DbErr> {
    insert_new(txn, row.into_active_model()).await
}

/// The newest version of a metric that was created here.
pub async fn definition_newest(conn: &impl ConnectionTrait, metric: &str) -> Result<Option<Model>, DbErr> {
    let of_metric = Entity::find().filter(Column::Metric.eq(metric));
    of_metric.order_by_desc(Column::Version).one(conn).await
}

/// One version of a metric.
pub async fn definition_get(
    conn: &impl ConnectionTrait,
    metric: &str,
    version: i64,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((metric.to_owned(), version)).one(conn).await
}

/// Metric and version of every definition that was created here, of one metric when it is given.
pub async fn definition_keys(
    conn: &impl ConnectionTrait,
    metric: Option<&str>,
) -> Result<Vec<(String, i64)>, DbErr> {
    let mut keys = Entity::find()
        .select_only()
        .columns([Column::Metric, Column::Version]);
    if let Some(metric) = metric {
        keys = keys.filter(Column::Metric.eq(metric));
    }
    keys.into_tuple().all(conn).await
}
