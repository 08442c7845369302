//! The positions up to which the segments of the snapshot have all states of the streams.

use prima_platform::{consume::Saved, db::Database};
use sea_orm::{
    Condition, DbErr, EntityTrait, ExprTrait, IntoActiveModel,
    entity::prelude::*,
    sea_query::{Alias, OnConflict},
};

/// The position up to which the segments of the snapshot have all states of a stream. An earlier release, which writes no
/// segments, records those of its rows in another table.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "segment_position")]
pub struct Model {
    /// The service that owns the stream.
    #[sea_orm(primary_key, auto_increment = false)]
    pub service: String,
    /// The subjects that were followed.
    pub filters: String,
    /// When the stream was created, unix nanoseconds.
    pub created: i64,
    /// Sequence of the last state.
    pub sequence: i64,
    /// When its message was stored, unix nanoseconds.
    pub stored: i64,
}

prima_platform::no_relations!();

impl Model {
    /// The position of a stream.
    pub fn new(service: &str, filters: String, saved: Saved) -> Self {
        Self {
            service: service.to_owned(),
            filters,
            created: saved.created,
            sequence: i64::try_from(saved.sequence).unwrap_or(i64::MAX),
            stored: saved.stored,
        }
    }

    /// The position, without its stream.
    pub fn saved(&self) -> Saved {
        Saved {
            created: self.created,
            sequence: u64::try_from(self.sequence).unwrap_or(0),
            stored: self.stored,
        }
    }
}

/// Saves a position. One of the same stream and subjects that is not later changes nothing: another replica is ahead, and
/// has saved all states up to its own.
pub async fn snapshot_position_save(db: &Database, row: Model) -> Result<(), DbErr> {
    let offered = |column: Column| Expr::col((Alias::new("excluded"), column));
    let own = |column: Column| Expr::col((Entity, column));
    let is_other = |column: Column| offered(column).ne(own(column));
    let later = OnConflict::column(Column::Service)
        .update_columns([Column::Filters, Column::Created, Column::Sequence, Column::Stored])
        .action_cond_where(
            Condition::any()
                .add(is_other(Column::Created))
                .add(is_other(Column::Filters))
                .add(offered(Column::Sequence).gt(own(Column::Sequence))),
        )
        .to_owned();
    Entity::insert(row.into_active_model())
        .on_conflict(later)
        .exec_without_returning(db.writer())
        .await?;
    Ok(())
}

/// The saved positions.
pub async fn snapshot_positions(db: &Database) -> Result<Vec<Model>, DbErr> {
    Entity::find().all(db.reader()).await
}
