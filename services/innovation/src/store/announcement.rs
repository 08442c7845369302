//! Announcements of rounds.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::db::Txn;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    entity::prelude::*,
};

/// A row of the table `announcement`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "announcement")]
pub struct Model {
    /// Key of the round.
    #[sea_orm(primary_key, auto_increment = false)]
    pub round_id: i64,
    /// The text.
    pub content: Vec<u8>,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// When it was announced, unix microseconds.
    pub announced_at: i64,
}

prima_platform::no_relations!();

/// An announcement, stored as the domain has it.
pub type Announcement = Model;

/// Stores an announcement.
pub async fn announcement_insert_in_txn(txn: &Txn, new: Announcement) -> Result<(), DbErr> {
    let insert = Entity::insert(new.into_active_model());
    insert.exec_without_returning(txn).await.map(drop)
}

/// The announcement of a round.
pub async fn announcement_get(
    conn: &impl ConnectionTrait,
    round: i64,
) -> Result<Option<Announcement>, DbErr> {
    Entity::find_by_id(round).one(conn).await
}

/// When the results of these rounds were announced, unix microseconds; rounds without an announcement are left out.
pub async fn announced_at(
    conn: &impl ConnectionTrait,
    rounds: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, i64>, DbErr> {
    if rounds.is_empty() {
        return Ok(BTreeMap::new());
    }
    let times = Entity::find()
        .select_only()
        .columns([Column::RoundId, Column::AnnouncedAt])
        .filter(Column::RoundId.is_in(rounds.iter().copied()))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(times.into_iter().collect())
}
