//! Rounds and their announcements.

use prima_platform::{
    db::{Txn, sql},
    page::Page,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{Lock, broken, json, read_json};
use crate::domain::round::Round;

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    name: String,
    body: String,
    stage: String,
    stage_at: i64,
    announced: i64,
    created_at: i64,
}

/// A round as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    /// Resource name.
    pub name: name::Round,
    /// Its definition.
    pub round: Round,
    /// Key of the current stage; empty when all are closed.
    pub stage: String,
    /// Since when, unix microseconds.
    pub stage_at: i64,
    /// Whether the results were announced.
    pub announced: bool,
    /// When it was opened, unix microseconds.
    pub created_at: i64,
}

impl TryFrom<Row> for Stored {
    type Error = DbErr;

    fn try_from(row: Row) -> Result<Self, DbErr> {
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

/// Stores a new round and returns its key; `None` when its name is in use.
pub async fn round_insert(txn: &Txn, new: &Stored) -> Result<Option<i64>, DbErr> {
    let text =
        "INSERT INTO round (name, year, body, stage, stage_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT DO NOTHING RETURNING id";
    let values = [
        new.name.to_string().into(),
        i64::from(new.round.year).into(),
        json(&new.round)?.into(),
        new.stage.clone().into(),
        new.stage_at.into(),
        new.created_at.into(),
    ];
    let row = txn.query_one_raw(sql(txn, text, values)).await?;
    row.map(|r| r.try_get("", "id")).transpose()
}

/// A round by its name, locked in the way asked for.
pub async fn round_get(
    conn: &impl ConnectionTrait,
    name: &name::Round,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let text = format!(
        "SELECT id, name, body, stage, stage_at, announced, created_at FROM round WHERE name = $1{}",
        lock.sql(conn)
    );
    let row = Row::find_by_statement(sql(conn, &text, [name.to_string().into()]));
    row.one(conn).await?.map(Stored::try_from).transpose()
}

/// A page of rounds ordered by name, and the token of the next one; year 0 means any.
pub async fn round_page(
    conn: &impl ConnectionTrait,
    year: i32,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    let text = "SELECT id, name, body, stage, stage_at, announced, created_at FROM round
                WHERE name > $1 AND ($2 = 0 OR year = $2) ORDER BY name LIMIT $3";
    let values: [Value; 3] = [
        page.after.clone().into(),
        i64::from(year).into(),
        i64::try_from(page.limit()).unwrap_or(i64::MAX).into(),
    ];
    let mut rows = Row::find_by_statement(sql(conn, text, values)).all(conn).await?;
    let next = page.cut(&mut rows, |r| r.name.clone());
    Ok((
        rows.into_iter().map(Stored::try_from).collect::<Result<_, _>>()?,
        next,
    ))
}

/// Writes stage and announcement of a locked round back.
pub async fn round_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let text = "UPDATE round SET stage = $2, stage_at = $3, announced = $4 WHERE id = $1";
    let values = [
        stored.id.into(),
        stored.stage.clone().into(),
        stored.stage_at.into(),
        i64::from(stored.announced).into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// What was announced.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Announcement {
    /// The text.
    pub content: Vec<u8>,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// When, unix microseconds.
    pub announced_at: i64,
}

/// Keeps what is announced.
pub async fn announcement_insert(txn: &Txn, round: i64, new: &Announcement) -> Result<(), DbErr> {
    let text = "INSERT INTO announcement (round_id, content, sha256, announced_at) VALUES ($1, $2, $3, $4)";
    let values = [
        round.into(),
        new.content.clone().into(),
        new.sha256.clone().into(),
        new.announced_at.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// What was announced of a round.
pub async fn announcement_get(
    conn: &impl ConnectionTrait,
    round: i64,
) -> Result<Option<Announcement>, DbErr> {
    let text = "SELECT content, sha256, announced_at FROM announcement WHERE round_id = $1";
    Announcement::find_by_statement(sql(conn, text, [round.into()]))
        .one(conn)
        .await
}
