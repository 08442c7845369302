//! The index of near duplicates: rows of MinHash bands, the same on both databases.

use std::collections::BTreeSet;

use prima_platform::db::Txn;
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, IntoActiveModel, Order, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

/// Maximum number of candidates that are compared exactly.
const CANDIDATES: u64 = 100;

/// A row of the table `near_key`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "near_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    hash: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    innovation_id: i64,
}

prima_platform::no_relations!();

/// Replaces the keys of an innovation in the index.
pub async fn near_save_in_txn(txn: &Txn, innovation_id: i64, keys: &BTreeSet<i64>) -> Result<(), DbErr> {
    let before = Entity::delete_many().filter(Column::InnovationId.eq(innovation_id));
    before.exec(txn).await?;
    let row = |hash: &i64| Model {
        hash: *hash,
        innovation_id,
    };
    let rows = keys.iter().map(row).map(Model::into_active_model);
    Entity::insert_many(rows)
        .exec_without_returning(txn)
        .await
        .map(drop)
}

/// Other innovations that share a key with `innovation`, those that share most first.
pub async fn near_candidates(txn: &Txn, innovation: i64, keys: &BTreeSet<i64>) -> Result<Vec<i64>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::InnovationId)
        .filter(Column::Hash.is_in(keys.iter().copied()))
        .filter(Column::InnovationId.ne(innovation))
        .group_by(Column::InnovationId)
        .order_by(Column::Hash.count(), Order::Desc)
        .order_by_asc(Column::InnovationId)
        .limit(CANDIDATES)
        .into_tuple()
        .all(txn)
        .await
}
