//! Answers to consultations. Rows are added and never changed, except that erasure removes their text.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
    failure::Failure,
    vault::Keyring,
};
use sea_orm::{QueryOrder, QuerySelect, Set, entity::prelude::*};

use super::sealed::{Note, open_optional, seal};

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "answer")]
pub struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    consultation_id: i64,
    number: i64,
    at: i64,
    actor: String,
    member: String,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
}

prima_platform::no_relations!();

#[derive(Debug)]
pub struct Answer {
    /// Key in the database.
    pub id: i64,
    /// Number within the consultation, from 1.
    pub number: i64,
    pub at: DateTime<Utc>,
    /// Id of the team member who answered; may be empty.
    pub member: String,
    /// Text of the answer; `None` once erased.
    pub text: Option<String>,
}

/// Adds an answer to a consultation that the transaction has locked; returns its database key.
pub async fn answer_add_in_txn(
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
    // Raw SQL, so that one statement finds the next number and inserts the row.
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
    let rows = Entity::find()
        .filter(Column::ConsultationId.eq(consultation))
        .order_by_asc(Column::Number);
    let answer = |row: Model| {
        let note: Option<Note> = open_optional(vault, &row.sealed_key, row.sealed.as_deref())?;
        Ok(Answer {
            id: row.id,
            number: row.number,
            at: from_micros(row.at),
            member: row.member,
            text: note.map(|note| note.0),
        })
    };
    rows.all(conn).await?.into_iter().map(answer).collect()
}

/// Database keys of the answers to a consultation.
pub fn answer_ids(consultation: i64) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ConsultationId.eq(consultation))
}

/// Database keys of the answers to a consultation whose text is not erased.
pub fn answer_ids_with_text(consultation: i64) -> Select<Entity> {
    answer_ids(consultation).filter(Column::Sealed.is_not_null())
}

/// Erases the texts of the answers to a consultation.
pub async fn answers_erase_in_txn(txn: &Txn, consultation: i64) -> Result<(), DbErr> {
    let erased = ActiveModel {
        sealed: Set(None),
        sealed_key: Set(String::new()),
        ..Default::default()
    };
    let all = Entity::update_many().set(erased);
    let all = all.filter(Column::ConsultationId.eq(consultation));
    all.exec(txn).await.map(drop)
}
