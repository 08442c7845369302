//! Revocations of tokens.

use prima_platform::{
    clock::{from_micros, micros},
    db::{Database, Txn},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, ModelTrait, QueryFilter, QueryOrder,
    QuerySelect, entity::prelude::*, sea_query::OnConflict,
};

use crate::domain::revocation::Revocation;

/// A row of the table `revocation`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation")]
pub struct Model {
    /// Id, also on the bus.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// What `value` is: `token`, `text`, `subject` or `key`.
    pub kind: String,
    /// Issuer of the tokens.
    pub issuer: String,
    /// Id of the token or key, or the subject.
    pub value: String,
    /// Tokens that were issued until this time are refused, unix seconds; none for tokens of any time.
    pub issued_until: Option<i64>,
    /// From when on no token that it names can be valid, unix seconds; none for never.
    pub ends_at: Option<i64>,
    /// Why the operator has revoked it.
    pub reason: String,
    /// Version of its state on the bus.
    pub version: i64,
    /// When it was revoked first, unix microseconds.
    pub created_at: i64,
}

prima_platform::no_relations!();

impl From<Model> for Revocation {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            issuer: row.issuer,
            value: row.value,
            issued_until: row.issued_until,
            ends_at: row.ends_at,
            reason: row.reason,
            version: row.version,
            created_at: from_micros(row.created_at),
        }
    }
}

fn row(revocation: &Revocation) -> ActiveModel {
    let Revocation {
        id,
        kind,
        issuer,
        value,
        issued_until,
        ends_at,
        reason,
        version,
        created_at,
    } = revocation.clone();
    let row = Model {
        id,
        kind,
        issuer,
        value,
        issued_until,
        ends_at,
        reason,
        version,
        created_at: micros(created_at),
    };
    row.into_active_model().reset_all()
}

/// Locks and returns a revocation.
pub async fn revocation_lock_in_txn(txn: &Txn, id: &str) -> Result<Option<Revocation>, DbErr> {
    let found = Entity::find_by_id(id).lock_exclusive().one(txn).await?;
    Ok(found.map(Into::into))
}

/// Inserts a revocation, or replaces the locked one with its id.
pub async fn revocation_save_in_txn(txn: &Txn, revocation: &Revocation) -> Result<(), DbErr> {
    let all = [
        Column::IssuedUntil,
        Column::EndsAt,
        Column::Reason,
        Column::Version,
    ];
    let replace = OnConflict::column(Column::Id).update_columns(all).to_owned();
    let insert = Entity::insert(row(revocation)).on_conflict(replace);
    insert.exec_without_returning(txn).await.map(drop)
}

/// Deletes the revocations that have ended by `now`, unix seconds, and returns them.
pub async fn revocation_delete_ended_in_txn(txn: &Txn, now: i64) -> Result<Vec<Revocation>, DbErr> {
    let ended = Entity::find()
        .filter(Column::EndsAt.lte(now))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(txn)
        .await?;
    for row in &ended {
        row.clone().delete(txn).await?;
    }
    Ok(ended.into_iter().map(Into::into).collect())
}

/// All revocations, the newest first.
pub async fn revocation_list(db: &Database) -> Result<Vec<Revocation>, DbErr> {
    let rows = Entity::find()
        .order_by_desc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .all(db.reader())
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
