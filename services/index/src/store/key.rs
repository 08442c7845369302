//! Keys of the rows that belong to an assessment, and their numbers.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ActiveModelTrait, Condition, DbErr, EntityTrait, ExprTrait, Iterable, QueryFilter, QuerySelect,
    entity::prelude::*, sea_query::OnConflict,
};

/// The rows of an assessment, in any table that has its cycle, agency and unit.
pub fn of(cycle_id: i64, unit: &name::Unit) -> Condition {
    Condition::all()
        .add(Expr::col("cycle_id").eq(cycle_id))
        .add(Expr::col("agency").eq(unit.agency.as_str()))
        .add(Expr::col("unit").eq(unit.unit.as_str()))
}

/// The next number in a table of an assessment whose row is locked; from 1.
pub async fn next_number_in_txn<E: EntityTrait>(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<i64, DbErr> {
    let numbers = E::find().select_only().expr(Expr::col("number").max());
    let last: Option<Option<i64>> = numbers.filter(of(cycle_id, unit)).into_tuple().one(txn).await?;
    Ok(last.flatten().unwrap_or_default() + 1)
}

/// Stores levels; each replaces the one before of its key.
pub async fn levels_save_in_txn<A: ActiveModelTrait>(
    txn: &Txn,
    rows: impl IntoIterator<Item = A>,
) -> Result<(), DbErr> {
    let newer = OnConflict::columns(<A::Entity as EntityTrait>::PrimaryKey::iter())
        .update_columns(["level", "note", "updated_at"])
        .to_owned();
    let insert = A::Entity::insert_many(rows).on_conflict(newer);
    insert.exec_without_returning(txn).await.map(drop)
}
