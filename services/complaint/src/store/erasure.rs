//! Erases personal data for good. Facts and figures stay.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
};
use prima_proto::name;
use sea_orm::{ExprTrait, QuerySelect, QueryTrait, Set, entity::prelude::*};

use super::{
    Lock,
    answer::{answer_ids_with_text, answers_erase_in_txn},
    attachment::{Owner, attachments_erase_in_txn, has_attachments},
    complaint, consultation,
    contact::contact_remove_in_txn,
    next_version,
    sp4n::sp4n_number_remove_in_txn,
    timeline::lines_erase_in_txn,
};

/// The parts of a report or consultation that are erased separately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parts {
    /// The identity of the reporter or asker.
    pub identity: bool,
    /// The texts and the attachments.
    pub text: bool,
}

impl Parts {
    /// Whether it names no part.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// The parts that both name.
    pub fn and(self, other: Self) -> Self {
        Self {
            identity: self.identity && other.identity,
            text: self.text && other.text,
        }
    }
}

/// The parts of a locked report that are not erased yet; the notes of its timeline are not looked at.
pub async fn complaint_remaining_in_txn(txn: &Txn, id: i64) -> Result<Parts, DbErr> {
    use complaint::{Column, Entity};
    let content = Column::Content.is_not_null();
    let remaining = Entity::find_by_id(id)
        .select_only()
        .expr_as(Column::Identity.is_not_null(), "identity")
        .expr_as(content.or(has_attachments(Owner::Complaint(id))), "text")
        .into_tuple()
        .one(txn)
        .await?;
    let (identity, text) = remaining.unwrap_or_default();
    Ok(Parts { identity, text })
}

/// Erases parts of a locked report; with the texts also the notes of `lines`.
pub async fn complaint_erase_in_txn(
    txn: &Txn,
    id: i64,
    parts: Parts,
    lines: Vec<i64>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut row = complaint::ActiveModel {
        id: Set(id),
        erased_at: Set(Some(micros(now))),
        ..Default::default()
    };
    if parts.identity {
        row.identity = Set(None);
        row.identity_erased_at = Set(Some(micros(now)));
        contact_remove_in_txn(txn, id).await?;
    }
    if parts.text {
        row.content = Set(None);
        row.region = Set(String::new());
        row.incident_date = Set(String::new());
        row.sp4n_number = Set(String::new());
        sp4n_number_remove_in_txn(txn, id).await?;
        if !lines.is_empty() {
            lines_erase_in_txn(txn, lines).await?;
        }
        attachments_erase_in_txn(txn, Owner::Complaint(id)).await?;
    }
    row.update(txn).await.map(drop)
}

/// Sets when the next erasure of a row is due. Raw SQL, because the statement is the same for both tables.
pub async fn erase_at_in_txn(
    txn: &Txn,
    table: &str,
    id: i64,
    next: Option<DateTime<Utc>>,
) -> Result<(), DbErr> {
    let text = format!("UPDATE {table} SET erase_at = $2 WHERE id = $1");
    let values = [id.into(), next.map(micros).into()];
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// A locked consultation with what erasure needs to know about it.
#[derive(Debug)]
pub struct Ended {
    /// When it was completed; `None` before.
    pub at: Option<DateTime<Utc>>,
    /// The parts that are not erased yet.
    pub remaining: Parts,
    row: consultation::Model,
}

impl Ended {
    /// Id of the agency that answers.
    pub fn agency(&self) -> &str {
        &self.row.agency
    }

    /// Time of the last erasure.
    pub fn erased_at(&self) -> Option<DateTime<Utc>> {
        self.row.erased_at.map(from_micros)
    }
}

/// A consultation by its name, or by its database key when there is no name; locked for a change.
pub async fn consultation_end_in_txn(
    txn: &Txn,
    name: Option<&name::Consultation>,
    id: i64,
) -> Result<Option<Ended>, DbErr> {
    use consultation::{Column, Entity};
    // PostgreSQL can lock rows only in a plain `SELECT`, so what depends on the row is read afterwards.
    let condition = match name {
        Some(name) => Column::Uid.eq(name.consultation.as_str()),
        None => Column::Id.eq(id),
    };
    let locked = Lock::Update.on(Entity::find().filter(condition));
    let Some(row) = locked.one(txn).await? else {
        return Ok(None);
    };
    let answers = Expr::exists(answer_ids_with_text(row.id).into_query());
    let below = answers.or(has_attachments(Owner::Consultation(row.id)));
    let below = Entity::find_by_id(row.id).select_only().expr_as(below, "text");
    let below: Option<bool> = below.into_tuple().one(txn).await?;
    Ok(Some(Ended {
        at: row.completed_at.map(from_micros),
        remaining: Parts {
            identity: row.identity.is_some(),
            text: row.content.is_some() || below.unwrap_or_default(),
        },
        row,
    }))
}

/// Erases parts of a locked consultation and takes the next version.
pub async fn consultation_erase_in_txn(
    txn: &Txn,
    ended: Ended,
    parts: Parts,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let (before, at) = (ended.row, Some(micros(now)));
    let mut row = consultation::ActiveModel {
        id: Set(before.id),
        erased_at: Set(at),
        updated_at: Set(micros(now)),
        version: Set(next_version(before.version, now)),
        ..Default::default()
    };
    if parts.identity {
        row.identity = Set(None);
        row.identity_erased_at = Set(at);
    }
    if parts.text {
        row.content = Set(None);
        answers_erase_in_txn(txn, before.id).await?;
        attachments_erase_in_txn(txn, Owner::Consultation(before.id)).await?;
    }
    let identity = before.identity.is_some() && !parts.identity;
    let content = before.content.is_some() && !parts.text;
    if before.secrets.is_none() && !identity && !content {
        row.sealed_key = Set(String::new());
    }
    row.update(txn).await.map(drop)
}
