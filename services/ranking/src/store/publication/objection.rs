//! Objections to proposed tables.

use prima_platform::db::{Txn, sql};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

/// An objection.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "objection")]
pub struct Model {
    /// Its id, which is ordered by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Id of the proposal.
    pub proposal: String,
    /// The unit or agency whose row is contested, a resource name.
    pub subject: String,
    /// Id of its agency.
    pub agency: String,
    /// Why.
    pub grounds: String,
    /// Subject of the token that filed it.
    pub filed_by: String,
    /// Identity of that caller, by which a decision is refused.
    pub filer: String,
    /// When, unix microseconds.
    pub filed_at: i64,
    /// The decision, a number of `domain::publication::Decision`; 0 until then.
    pub decision: i64,
    /// Why it was decided so.
    pub decision_reason: String,
    /// Subject of the token that decided.
    pub decided_by: String,
    /// When, unix microseconds; 0 until then.
    pub decided_at: i64,
}

prima_platform::no_relations!();

/// How many objections a proposal has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub filed: i64,
    /// Those that are not decided.
    pub undecided: i64,
    /// Those that were accepted.
    pub accepted: i64,
}

/// Inserts an objection.
pub async fn objection_insert_in_txn(txn: &Txn, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model())
        .exec_without_returning(txn)
        .await
        .map(drop)
}

/// An objection, locked.
pub async fn objection_lock(txn: &Txn, id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(txn).await
}

/// Whether an objection to the row of a subject is not decided.
pub async fn objection_open(
    conn: &impl ConnectionTrait,
    proposal: &str,
    subject: &str,
) -> Result<bool, DbErr> {
    let own = Entity::find()
        .filter(Column::Proposal.eq(proposal))
        .filter(Column::Subject.eq(subject))
        .filter(Column::Decision.eq(0));
    Ok(own.one(conn).await?.is_some())
}

/// Saves the decision of a locked objection.
pub async fn objection_save_in_txn(txn: &Txn, row: Model) -> Result<(), DbErr> {
    let row = row.into_active_model().reset_all();
    Entity::update(row).exec(txn).await.map(drop)
}

/// Objections to a proposal after an id, of these agencies when some are given, the oldest first.
pub async fn objections(
    conn: &impl ConnectionTrait,
    proposal: &str,
    agencies: Option<&[String]>,
    after: &str,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut rows = Entity::find()
        .filter(Column::Proposal.eq(proposal))
        .filter(Column::Id.gt(after));
    if let Some(agencies) = agencies {
        rows = rows.filter(Column::Agency.is_in(agencies));
    }
    rows.order_by_asc(Column::Id).limit(limit).all(conn).await
}

/// How many objections a proposal has.
pub async fn objections_counts(conn: &impl ConnectionTrait, proposal: &str) -> Result<Counts, DbErr> {
    let text = "SELECT COUNT(*) AS filed, CAST(COALESCE(SUM(CASE WHEN decision = 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS undecided,
        CAST(COALESCE(SUM(CASE WHEN decision = 1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS accepted
        FROM objection WHERE proposal = $1";
    let row = conn.query_one_raw(sql(conn, text, [proposal.into()])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("objection".into()))?;
    Ok(Counts {
        filed: row.try_get("", "filed")?,
        undecided: row.try_get("", "undecided")?,
        accepted: row.try_get("", "accepted")?,
    })
}
