//! Public services. They change only under the lock of their unit.

use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, insert_new},
    page::Page,
};
use prima_proto::name;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Set, entity::prelude::*,
};

use super::revision::standards_facts;
use crate::domain::public_service::{PublicService, Summary};

/// A row of the table `public_service`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "public_service")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub service: String,
    /// Official name.
    pub display_name: String,
    /// What the service provides.
    pub description: String,
    /// Version.
    pub version: i64,
    /// Creation, unix microseconds.
    pub created_at: i64,
    /// Last change, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

impl From<Model> for PublicService {
    fn from(row: Model) -> Self {
        Self {
            name: name::PublicService {
                unit: name::Unit {
                    agency: row.agency,
                    unit: row.unit,
                },
                service: row.service,
            },
            display_name: row.display_name,
            description: row.description,
            version: row.version,
            created_at: from_micros(row.created_at),
            updated_at: from_micros(row.updated_at),
        }
    }
}

fn row(service: &PublicService) -> ActiveModel {
    ActiveModel {
        agency: Set(service.name.unit.agency.clone()),
        unit: Set(service.name.unit.unit.clone()),
        service: Set(service.name.service.clone()),
        display_name: Set(service.display_name.clone()),
        description: Set(service.description.clone()),
        version: Set(service.version),
        created_at: Set(micros(service.created_at)),
        updated_at: Set(micros(service.updated_at)),
    }
}

/// Inserts a new public service of a locked unit; `false` when its id is in use.
pub async fn public_service_insert_in_txn(txn: &Txn, service: &PublicService) -> Result<bool, DbErr> {
    insert_new(txn, row(service)).await
}

/// Saves a public service of a locked unit.
pub async fn public_service_save_in_txn(txn: &Txn, service: &PublicService) -> Result<(), DbErr> {
    row(service).update(txn).await.map(drop)
}

/// A public service by its name.
pub async fn public_service_get(
    conn: &impl ConnectionTrait,
    name: &name::PublicService,
) -> Result<Option<PublicService>, DbErr> {
    let key = (
        name.unit.agency.clone(),
        name.unit.unit.clone(),
        name.service.clone(),
    );
    Ok(Entity::find_by_id(key).one(conn).await?.map(PublicService::from))
}

/// All public services of a unit, ordered by name, as its event publishes them.
pub async fn public_service_list(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
) -> Result<Vec<Summary>, DbErr> {
    let rows: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::Service, Column::DisplayName])
        .filter(Column::Agency.eq(unit.agency.as_str()))
        .filter(Column::Unit.eq(unit.unit.as_str()))
        .order_by_asc(Column::Service)
        .into_tuple()
        .all(conn)
        .await?;
    let mut standards = standards_facts(conn, unit).await?;
    Ok(rows
        .into_iter()
        .map(|(id, display_name)| Summary {
            standard: standards.remove(&id),
            id,
            display_name,
        })
        .collect())
}

/// A page of public services of a unit, ordered by name, and the token of the next one.
pub async fn public_service_page(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
    page: &Page,
) -> Result<(Vec<PublicService>, String), DbErr> {
    let mut rows = Entity::find()
        .filter(Column::Agency.eq(unit.agency.as_str()))
        .filter(Column::Unit.eq(unit.unit.as_str()))
        .filter(Column::Service.gt(page.after.as_str()))
        .order_by_asc(Column::Service)
        .limit(page.limit())
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |row| row.service.clone());
    Ok((rows.into_iter().map(PublicService::from).collect(), next))
}
