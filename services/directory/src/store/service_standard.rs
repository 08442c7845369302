//! Service standards, one row for each revision. They change only under the lock of their unit.

use std::collections::BTreeMap;

use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Set, entity::prelude::*,
};

use super::json;
use crate::domain::standard::{Facts, Revision};

/// A row of the table `service_standard`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "service_standard")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Id of the public service.
    #[sea_orm(primary_key, auto_increment = false)]
    pub service: String,
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

/// The revisions of a standard, the newest first.
fn revisions(name: &name::PublicService) -> Select<Entity> {
    Entity::find()
        .filter(Column::Agency.eq(name.unit.agency.as_str()))
        .filter(Column::Unit.eq(name.unit.unit.as_str()))
        .filter(Column::Service.eq(name.service.as_str()))
        .order_by_desc(Column::Revision)
}

/// Number of the newest revision of a standard; 0 while there is none.
pub async fn standard_revision(
    conn: &impl ConnectionTrait,
    name: &name::PublicService,
) -> Result<i64, DbErr> {
    let numbers = revisions(name).select_only().column(Column::Revision);
    let newest = numbers.into_tuple().one(conn).await?;
    Ok(newest.unwrap_or_default())
}

/// Inserts a revision of a standard by `actor`.
pub async fn standard_insert_in_txn(txn: &Txn, revision: &Revision, actor: &str) -> Result<(), DbErr> {
    let row = ActiveModel {
        agency: Set(revision.service.unit.agency.clone()),
        unit: Set(revision.service.unit.unit.clone()),
        service: Set(revision.service.service.clone()),
        revision: Set(revision.number),
        document: Set(json::write(&revision.standard)?),
        facts: Set(json::write(&revision.standard.facts())?),
        actor: Set(actor.to_owned()),
        created_at: Set(micros(revision.created_at)),
    };
    Entity::insert(row).exec_without_returning(txn).await.map(drop)
}

/// A revision of a standard; the newest when `number` is 0.
pub async fn standard_get(
    conn: &impl ConnectionTrait,
    name: &name::PublicService,
    number: i64,
) -> Result<Option<Revision>, DbErr> {
    let wanted = revisions(name).apply_if((number != 0).then_some(number), |query, number| {
        query.filter(Column::Revision.eq(number))
    });
    let revision = |row: Model| {
        Ok(Revision {
            standard: json::read(name, "standard", &row.document)?,
            service: name.clone(),
            number: row.revision,
            created_at: from_micros(row.created_at),
        })
    };
    wanted.one(conn).await?.map(revision).transpose()
}

#[derive(Debug, FromQueryResult)]
struct Told {
    service: String,
    facts: String,
}

/// What is told of the newest standard of each public service of a unit that has one, by the service's id.
pub async fn standards_facts(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
) -> Result<BTreeMap<String, Facts>, DbErr> {
    // By hand, because both databases find the newest of each by a subquery that names the row around it.
    let text = "SELECT s.service, s.facts FROM service_standard s
                WHERE s.agency = $1 AND s.unit = $2 AND s.revision =
                    (SELECT MAX(n.revision) FROM service_standard n
                     WHERE n.agency = s.agency AND n.unit = s.unit AND n.service = s.service)";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    let rows = Told::find_by_statement(sql(conn, text, values)).all(conn).await?;
    rows.into_iter()
        .map(|row| {
            let facts = json::read(unit, "facts of a standard", &row.facts)?;
            Ok((row.service, facts))
        })
        .collect()
}
