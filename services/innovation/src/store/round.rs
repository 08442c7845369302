//! Rounds.

use prima_platform::{
    db::{Txn, broken},
    page::Page,
};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Set,
    entity::prelude::*,
};

use super::{Lock, insert_keyed, json, key, read_json};
use crate::domain::round::Round;

/// A row of the table `round`; `body` is the definition as JSON.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "round")]
pub struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    name: String,
    year: i64,
    body: String,
    stage: String,
    stage_at: i64,
    announced: i64,
    created_at: i64,
}

prima_platform::no_relations!();

/// A round as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database; 0 of a new one.
    pub id: i64,
    /// Resource name.
    pub name: name::Round,
    /// Its definition.
    pub round: Round,
    /// Key of the current stage; empty when all are closed.
    pub stage: String,
    /// When the stage began, unix microseconds.
    pub stage_at: i64,
    /// Whether the results were announced.
    pub announced: bool,
    /// When it was opened, unix microseconds.
    pub created_at: i64,
}

impl TryFrom<Model> for Stored {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            round: read_json(&row.name, "body", &row.body)?,
            name: name::Round::parse(&row.name).map_err(|_| broken(&row.name, "name"))?,
            stage: row.stage,
            stage_at: row.stage_at,
            announced: row.announced != 0,
            created_at: row.created_at,
        })
    }
}

/// The columns of a round that change.
fn state(stored: &Stored) -> ActiveModel {
    ActiveModel {
        id: key(stored.id),
        stage: Set(stored.stage.clone()),
        stage_at: Set(stored.stage_at),
        announced: Set(stored.announced.into()),
        ..Default::default()
    }
}

/// Stores a new round and returns its key; `None` when its name is in use.
pub async fn round_insert_in_txn(txn: &Txn, new: &Stored) -> Result<Option<i64>, DbErr> {
    let row = ActiveModel {
        name: Set(new.name.to_string()),
        year: Set(new.round.year.into()),
        body: Set(json(&new.round)?),
        created_at: Set(new.created_at),
        ..state(new)
    };
    insert_keyed(txn, row).await
}

/// Writes stage and announcement of a locked round back.
pub async fn round_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let update = Entity::update(state(stored));
    update.exec_without_returning(txn).await.map(drop)
}

/// A round by its name, with the given lock.
pub async fn round_get(
    conn: &impl ConnectionTrait,
    name: &name::Round,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let named = Entity::find().filter(Column::Name.eq(name.to_string()));
    lock.on(named).one(conn).await?.map(Stored::try_from).transpose()
}

/// A page of rounds ordered by name, and the token of the next one; year 0 means any.
pub async fn round_page(
    conn: &impl ConnectionTrait,
    year: i32,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    let mut rows = Entity::find()
        .filter(Column::Name.gt(page.after.as_str()))
        .apply_if((year != 0).then_some(i64::from(year)), |query, year| {
            query.filter(Column::Year.eq(year))
        })
        .order_by_asc(Column::Name)
        .limit(page.limit())
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |row| row.name.clone());
    let rounds = rows.into_iter().map(Stored::try_from).collect::<Result<_, _>>()?;
    Ok((rounds, next))
}
