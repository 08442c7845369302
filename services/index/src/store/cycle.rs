//! Cycles of evaluation.

use prima_platform::db::{Txn, broken, insert_new};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, NotSet, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Set, Unchanged, entity::prelude::*, sea_query::SelectStatement,
};

use super::assessment::{self, cycles_of};
use crate::domain::cycle::{Cycle, Scheme};

/// A row of the table `cycle`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cycle")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The last part of its name.
    pub cycle: String,
    /// Scheme as text.
    pub scheme: String,
    /// Year.
    pub year: String,
    /// Id of the agency; empty for every agency.
    pub agency: String,
    /// Id of the instrument.
    pub instrument: String,
    /// JSON of `domain::cycle::Settings`.
    pub settings: String,
    /// When it was settled, unix microseconds.
    pub final_at: Option<i64>,
    /// Version.
    pub etag: i64,
    /// When it was opened, unix microseconds.
    pub created_at: i64,
}

prima_platform::no_relations!();

impl TryFrom<Model> for Cycle {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            scheme: Scheme::parse(&row.scheme).ok_or_else(|| broken(&row.cycle, "scheme"))?,
            settings: serde_json::from_str(&row.settings).map_err(|_| broken(&row.cycle, "settings"))?,
            cycle: row.cycle,
            year: row.year,
            agency: row.agency,
            instrument: row.instrument,
            final_at: row.final_at,
            etag: row.etag,
            created_at: row.created_at,
        })
    }
}

fn row(cycle: &Cycle) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        id: match cycle.id {
            0 => NotSet,
            id => Unchanged(id),
        },
        cycle: Set(cycle.cycle.clone()),
        scheme: Set(cycle.scheme.as_str().to_owned()),
        year: Set(cycle.year.clone()),
        agency: Set(cycle.agency.clone()),
        instrument: Set(cycle.instrument.clone()),
        settings: Set(serde_json::to_string(&cycle.settings).map_err(|e| DbErr::Custom(e.to_string()))?),
        final_at: Set(cycle.final_at),
        etag: Set(cycle.etag),
        created_at: Set(cycle.created_at),
    })
}

/// Stores a new cycle; false when its name, or its scheme, year and agency, are taken.
pub async fn cycle_insert_in_txn(txn: &Txn, cycle: &Cycle) -> Result<bool, DbErr> {
    insert_new(txn, row(cycle)?).await
}

/// Writes a locked cycle back.
pub async fn cycle_save_in_txn(txn: &Txn, cycle: &Cycle) -> Result<(), DbErr> {
    row(cycle)?.update(txn).await.map(drop)
}

fn named(cycle: &str) -> Select<Entity> {
    Entity::find().filter(Column::Cycle.eq(cycle))
}

async fn one(conn: &impl ConnectionTrait, query: Select<Entity>) -> Result<Option<Cycle>, DbErr> {
    query.one(conn).await?.map(Cycle::try_from).transpose()
}

async fn all(conn: &impl ConnectionTrait, query: Select<Entity>) -> Result<Vec<Cycle>, DbErr> {
    query.all(conn).await?.into_iter().map(Cycle::try_from).collect()
}

/// The cycle of this name.
pub async fn cycle_get(conn: &impl ConnectionTrait, cycle: &str) -> Result<Option<Cycle>, DbErr> {
    one(conn, named(cycle)).await
}

/// The cycle, locked so that no other transaction settles it before this one ends. SQLite has no row locks; there a
/// transaction has the only write lock from its beginning.
pub async fn cycle_share_in_txn(txn: &Txn, cycle: &str) -> Result<Option<Cycle>, DbErr> {
    one(txn, named(cycle).lock_shared()).await
}

/// The cycle, locked so that no other transaction changes anything in it before this one ends.
pub async fn cycle_lock_in_txn(txn: &Txn, cycle: &str) -> Result<Option<Cycle>, DbErr> {
    one(txn, named(cycle).lock_exclusive()).await
}

/// Cycles after a name, ordered by name; when `year` is not empty, only those of that year or of parts of it.
pub async fn cycle_page(
    conn: &impl ConnectionTrait,
    year: &str,
    after: &str,
    limit: u64,
) -> Result<Vec<Cycle>, DbErr> {
    let year = (!year.is_empty()).then_some(year);
    let page = Entity::find()
        .filter(Column::Cycle.gt(after))
        .apply_if(year, |query, year| {
            let parts = Column::Year.starts_with(format!("{year}-"));
            query.filter(Condition::any().add(Column::Year.eq(year)).add(parts))
        })
        .order_by_asc(Column::Cycle)
        .limit(limit);
    all(conn, page).await
}

/// Open cycles that have this unit, ordered by key, and locked so that no other transaction settles them before this
/// one ends.
pub async fn cycles_share_of_unit_in_txn(txn: &Txn, agency: &str, unit: &str) -> Result<Vec<Cycle>, DbErr> {
    let open = Entity::find()
        .filter(Column::Id.in_subquery(cycles_of(agency, unit)))
        .filter(Column::FinalAt.is_null())
        .order_by_asc(Column::Id)
        .lock_shared();
    all(txn, open).await
}

/// Whether a cycle of this scheme and year has the unit, or with an empty `unit` any unit of the agency.
pub async fn assessment_of_year(
    txn: &Txn,
    scheme: &str,
    year: &str,
    agency: &str,
    unit: &str,
) -> Result<bool, DbErr> {
    let found = assessment::Entity::find()
        .filter(assessment::Column::CycleId.in_subquery(ids(scheme, year)))
        .filter(assessment::Column::Agency.eq(agency))
        .apply_if((!unit.is_empty()).then_some(unit), |query, unit| {
            query.filter(assessment::Column::Unit.eq(unit))
        });
    Ok(found.one(txn).await?.is_some())
}

/// The keys of the cycles of a scheme and year.
fn ids(scheme: &str, year: &str) -> SelectStatement {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Scheme.eq(scheme))
        .filter(Column::Year.eq(year))
        .into_query()
}
