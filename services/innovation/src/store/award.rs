//! Awards that announced rounds gave.

use std::collections::BTreeMap;

use prima_platform::db::Txn;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    entity::prelude::*,
};

use super::{innovation::Stored, with_keys};
use crate::domain::innovation::Award;

/// A row of the table `award`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "award")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    entry_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    award: String,
    innovation_id: i64,
    year: i64,
    round: String,
}

prima_platform::no_relations!();

/// Stores awards of a round: entry, innovation and key of the award.
pub async fn awards_insert_in_txn(
    txn: &Txn,
    year: i32,
    round: &str,
    awards: &[(i64, i64, String)],
) -> Result<(), DbErr> {
    let row = |(entry, innovation, award): &(i64, i64, String)| Model {
        entry_id: *entry,
        award: award.clone(),
        innovation_id: *innovation,
        year: year.into(),
        round: round.to_owned(),
    };
    for chunk in awards.chunks(5000) {
        let rows = chunk.iter().map(row).map(Model::into_active_model);
        Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    Ok(())
}

/// Awards of entries, by key of the entry.
pub async fn awards_of_entries(
    conn: &impl ConnectionTrait,
    entries: &[i64],
) -> Result<BTreeMap<i64, Vec<String>>, DbErr> {
    let mut all: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for chunk in entries.chunks(1000) {
        let keys = chunk.iter().map(|id| [(*id).into()]);
        let order = [Column::EntryId, Column::Award];
        for row in with_keys::<Entity, 1>(conn, [Column::EntryId], keys, &order).await? {
            all.entry(row.entry_id).or_default().push(row.award);
        }
    }
    Ok(all)
}

/// Every award of an innovation: those from before Prima, then those of announced rounds.
pub async fn awards_of(conn: &impl ConnectionTrait, stored: &Stored) -> Result<Vec<Award>, DbErr> {
    let rows = Entity::find()
        .filter(Column::InnovationId.eq(stored.id))
        .order_by_asc(Column::Year)
        .order_by_asc(Column::Round)
        .order_by_asc(Column::Award)
        .all(conn)
        .await?;
    let mut awards = stored.innovation.former_awards.clone();
    awards.extend(rows.into_iter().map(|row| Award {
        year: i32::try_from(row.year).unwrap_or_default(),
        award: row.award,
        round: row.round,
    }));
    Ok(awards)
}
