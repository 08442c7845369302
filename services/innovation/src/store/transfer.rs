//! Transfers of knowledge.

use prima_platform::db::Txn;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    entity::prelude::*,
};

use super::{json, read_json};
use crate::domain::replication::Transfer;

/// A row of the table `transfer`; `body` is the transfer as JSON.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfer")]
pub struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    innovation_id: i64,
    held_on: String,
    body: String,
}

prima_platform::no_relations!();

/// Stores a transfer event of an innovation and returns its key.
pub async fn transfer_insert_in_txn(txn: &Txn, innovation: i64, transfer: &Transfer) -> Result<i64, DbErr> {
    let row = ActiveModel {
        innovation_id: Set(innovation),
        held_on: Set(transfer.date.to_string()),
        body: Set(json(transfer)?),
        ..Default::default()
    };
    Ok(Entity::insert(row).exec(txn).await?.last_insert_id)
}

/// Transfer events of an innovation, the oldest first, at most a thousand.
pub async fn transfers_of(conn: &impl ConnectionTrait, innovation: i64) -> Result<Vec<Transfer>, DbErr> {
    let rows = Entity::find()
        .filter(Column::InnovationId.eq(innovation))
        .order_by_asc(Column::HeldOn)
        .order_by_asc(Column::Id)
        .limit(1000)
        .all(conn)
        .await?;
    let transfer = |row: Model| read_json("transfer", "body", &row.body);
    rows.into_iter().map(transfer).collect()
}
