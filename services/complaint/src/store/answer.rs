//! Answers to consultations: they are added, never changed.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
    failure::Failure,
    vault::Keyring,
};
use sea_orm::{ConnectionTrait, FromQueryResult};

use super::sealed::{Note, open, seal};

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    number: i64,
    at: i64,
    member: String,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
}

/// An answer as stored.
#[derive(Debug)]
pub struct Answer {
    /// Key in the database.
    pub id: i64,
    /// Number, from 1.
    pub number: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Id of the member who answered; may be empty.
    pub member: String,
    /// What was written; `None` once erased.
    pub text: Option<String>,
}

/// Adds an answer to a consultation that the transaction has locked; returns its key.
pub async fn answer_add(
    txn: &Txn,
    vault: &Keyring,
    consultation: i64,
    (actor, member): (&str, &str),
    answer: &Note,
    now: DateTime<Utc>,
) -> Result<i64, Failure> {
    let sealed = seal(vault, answer)?;
    let values = [
        consultation.into(),
        micros(now).into(),
        actor.into(),
        member.into(),
        sealed.bytes.into(),
        sealed.key.into(),
    ];
    let text = "INSERT INTO answer (consultation_id, number, at, actor, member, sealed, sealed_key)
        SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6 FROM answer WHERE consultation_id = $1
        RETURNING id";
    let row = txn.query_one_raw(sql(txn, text, values)).await?;
    let row = row.ok_or_else(|| Failure::internal("INSERT returned no row"))?;
    Ok(row.try_get("", "id")?)
}

/// The answers to a consultation, the oldest first.
pub async fn answers_of(
    conn: &impl ConnectionTrait,
    vault: &Keyring,
    consultation: i64,
) -> Result<Vec<Answer>, Failure> {
    let text = "SELECT id, number, at, member, sealed, sealed_key FROM answer
                WHERE consultation_id = $1 ORDER BY number";
    let rows = Row::find_by_statement(sql(conn, text, [consultation.into()]));
    let answer = |row: Row| {
        let note = row
            .sealed
            .map(|bytes| open::<Note>(vault, &row.sealed_key, &bytes));
        Ok(Answer {
            id: row.id,
            number: row.number,
            at: from_micros(row.at),
            member: row.member,
            text: note.transpose()?.map(|note| note.0),
        })
    };
    rows.all(conn).await?.into_iter().map(answer).collect()
}
