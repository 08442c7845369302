//! The history of innovations.

use prima_platform::{
    db::{Txn, sql},
    page::Page,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

use super::{innovation::Stored, json, read_json};
use crate::domain::innovation::Innovation;

/// A row of the table `revision`; `body` is the innovation as JSON.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    innovation_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    number: i64,
    body: String,
    editor: String,
    made_at: i64,
}

prima_platform::no_relations!();

/// An earlier state of an innovation.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Number, counted from 1.
    pub number: i64,
    /// The innovation in that state.
    pub innovation: Innovation,
    /// Token subject of the caller who made the change.
    pub editor: String,
    /// When, unix microseconds.
    pub made_at: i64,
}

impl TryFrom<Model> for Revision {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        Ok(Self {
            number: row.number,
            innovation: read_json(row.number, "revision", &row.body)?,
            editor: row.editor,
            made_at: row.made_at,
        })
    }
}

/// Adds the present state of a locked innovation to its history.
pub async fn revision_insert_in_txn(txn: &Txn, stored: &Stored, editor: &str) -> Result<(), DbErr> {
    // Written as SQL because its number comes from the earlier rows, in the same statement.
    let text = "INSERT INTO revision (innovation_id, number, body, editor, made_at)
                SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4 FROM revision WHERE innovation_id = $1";
    let values = [
        stored.id.into(),
        json(&stored.innovation)?.into(),
        editor.into(),
        stored.updated_at.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// A page of the history, the oldest first, and the token of the next one.
pub async fn revision_page(
    conn: &impl ConnectionTrait,
    innovation: i64,
    page: &Page,
) -> Result<(Vec<Revision>, String), DbErr> {
    let mut rows = Entity::find()
        .filter(Column::InnovationId.eq(innovation))
        .filter(Column::Number.gt(page.after.parse::<i64>().unwrap_or(0)))
        .order_by_asc(Column::Number)
        .limit(page.limit())
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |row| row.number.to_string());
    let revisions = rows
        .into_iter()
        .map(Revision::try_from)
        .collect::<Result<_, _>>()?;
    Ok((revisions, next))
}
