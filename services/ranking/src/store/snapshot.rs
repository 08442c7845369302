//! The snapshot: the last received state of every subject.

use prima_platform::db::Database;
use sea_orm::{
    DbErr, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Alias, OnConflict},
};

/// The last received state of a subject.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "snapshot")]
pub struct Model {
    /// Bus subject.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// Version of the aggregate.
    pub version: i64,
    /// Not zero when the aggregate was withdrawn.
    pub withdrawn: i64,
    /// The payload, protobuf.
    pub payload: Vec<u8>,
    /// When it was applied, unix microseconds.
    pub applied_at: i64,
}

prima_platform::no_relations!();

/// Saves states; an older version changes nothing. Subjects are distinct and in order, so that replicas do not
/// deadlock.
pub async fn snapshot_save(db: &Database, rows: &[Model]) -> Result<(), DbErr> {
    let offered = Expr::col((Alias::new("excluded"), Column::Version));
    let newer = OnConflict::column(Column::Subject)
        .update_columns([
            Column::Version,
            Column::Withdrawn,
            Column::Payload,
            Column::AppliedAt,
        ])
        .action_and_where(offered.gt(Expr::col((Entity, Column::Version))))
        .to_owned();
    for chunk in rows.chunks(500) {
        let rows = chunk.iter().map(|row| row.clone().into_active_model());
        Entity::insert_many(rows)
            .on_conflict(newer.clone())
            .exec_without_returning(db.writer())
            .await?;
    }
    Ok(())
}

/// A page of the snapshot after `subject`.
pub async fn snapshot_page(db: &Database, subject: &str, limit: u64) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Subject.gt(subject))
        .order_by_asc(Column::Subject)
        .limit(limit)
        .all(db.reader())
        .await
}
