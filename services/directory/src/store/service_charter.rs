//! Service charters, one row for each revision. They change only under the lock of their unit.

use prima_platform::{
    clock::{from_micros, micros},
    db::Txn,
};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Set,
    entity::prelude::*,
};

use super::json;
use crate::domain::charter::{Facts, Revision};

/// A row of the table `service_charter`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "service_charter")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Counted from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    /// All of it, JSON.
    pub document: String,
    /// What the unit's event tells of it, JSON.
    pub facts: String,
    /// Who recorded it.
    pub actor: String,
    /// When it was recorded, unix microseconds.
    pub created_at: i64,
}

prima_platform::no_relations!();

/// The revisions of a charter, the newest first.
fn revisions(unit: &name::Unit) -> Select<Entity> {
    Entity::find()
        .filter(Column::Agency.eq(unit.agency.as_str()))
        .filter(Column::Unit.eq(unit.unit.as_str()))
        .order_by_desc(Column::Revision)
}

/// Number of the newest revision of a charter; 0 while there is none.
pub async fn charter_revision(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<i64, DbErr> {
    let numbers = revisions(unit).select_only().column(Column::Revision);
    let newest = numbers.into_tuple().one(conn).await?;
    Ok(newest.unwrap_or_default())
}

/// Inserts a revision of a charter by `actor`.
pub async fn charter_insert_in_txn(txn: &Txn, revision: &Revision, actor: &str) -> Result<(), DbErr> {
    let row = ActiveModel {
        agency: Set(revision.unit.agency.clone()),
        unit: Set(revision.unit.unit.clone()),
        revision: Set(revision.number),
        document: Set(json::write(&revision.charter)?),
        facts: Set(json::write(&revision.charter.facts())?),
        actor: Set(actor.to_owned()),
        created_at: Set(micros(revision.created_at)),
    };
    Entity::insert(row).exec_without_returning(txn).await.map(drop)
}

/// A revision of a charter; the newest when `number` is 0.
pub async fn charter_get(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
    number: i64,
) -> Result<Option<Revision>, DbErr> {
    let wanted = revisions(unit).apply_if((number != 0).then_some(number), |query, number| {
        query.filter(Column::Revision.eq(number))
    });
    let revision = |row: Model| {
        Ok(Revision {
            charter: json::read(unit, "charter", &row.document)?,
            unit: unit.clone(),
            number: row.revision,
            created_at: from_micros(row.created_at),
        })
    };
    wanted.one(conn).await?.map(revision).transpose()
}

/// What is told of the newest charter of a unit.
pub async fn charter_facts(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<Option<Facts>, DbErr> {
    let facts = revisions(unit).select_only().column(Column::Facts);
    let newest: Option<String> = facts.into_tuple().one(conn).await?;
    newest
        .map(|facts| json::read(unit, "facts of a charter", &facts))
        .transpose()
}
