//! Recusals of evaluators from entries.

use prima_platform::db::{Txn, insert_new};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, entity::prelude::*};

/// A row of the table `recusal`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recusal")]
pub struct Model {
    /// Key of the entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry_id: i64,
    /// Subject of the evaluator.
    #[sea_orm(primary_key, auto_increment = false)]
    pub evaluator: String,
    /// Key of the first stage for which it applies.
    pub stage: String,
    /// The conflict of interest.
    pub reason: String,
    /// Token subject of the caller who recorded it.
    pub recorded_by: String,
    /// When it was recorded, unix microseconds.
    pub recorded_at: i64,
}

prima_platform::no_relations!();

/// A recusal, stored as the domain has it.
pub type Recusal = Model;

/// Stores a recusal; a repeat changes nothing.
pub async fn recusal_insert_in_txn(txn: &Txn, recusal: Recusal) -> Result<(), DbErr> {
    insert_new(txn, recusal.into_active_model()).await.map(drop)
}

/// Whether an evaluator is recused from an entry.
pub async fn recused(conn: &impl ConnectionTrait, entry: i64, evaluator: &str) -> Result<bool, DbErr> {
    let found = Entity::find_by_id((entry, evaluator.to_owned()));
    Ok(found.one(conn).await?.is_some())
}
