//! The last state of each subject that a service published of a unit.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    entity::prelude::*, sea_query::OnConflict,
};

/// One stored state.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fact")]
pub struct Model {
    /// Subject of its event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// Service that published it.
    pub service: String,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit.
    pub unit: String,
    /// Version of the aggregate.
    pub version: i64,
    /// Payload of the event, protobuf.
    pub payload: Vec<u8>,
}

prima_platform::no_relations!();

/// Stores a state; it replaces the last one of its subject.
pub async fn fact_save_in_txn(txn: &Txn, fact: Model) -> Result<(), DbErr> {
    let newer = OnConflict::column(Column::Subject)
        .update_columns([Column::Version, Column::Payload])
        .to_owned();
    let insert = Entity::insert(fact.into_active_model()).on_conflict(newer);
    insert.exec_without_returning(txn).await.map(drop)
}

/// Deletes the state of a withdrawn subject.
pub async fn fact_remove_in_txn(txn: &Txn, subject: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(subject).exec(txn).await.map(drop)
}

/// All stored states of a unit, ordered by subject.
pub async fn fact_list(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Agency.eq(unit.agency.as_str()))
        .filter(Column::Unit.eq(unit.unit.as_str()))
        .order_by_asc(Column::Subject)
        .all(conn)
        .await
}
