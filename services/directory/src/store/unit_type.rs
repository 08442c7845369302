//! Unit types that agencies have defined.

use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, insert_new},
    page::Page,
};
use prima_proto::name;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Set, entity::prelude::*,
};

use crate::domain::unit_type::AgencyType;

/// A row of the table `unit_type`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unit_type")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit_type: String,
    /// Resource name.
    pub name: String,
    /// Official name.
    pub display_name: String,
    /// Key of the built-in type under which its units are compared nationwide.
    pub national: Option<String>,
    /// Version.
    pub version: i64,
    /// Creation, unix microseconds.
    pub created_at: i64,
    /// Last change, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

impl From<Model> for AgencyType {
    fn from(row: Model) -> Self {
        Self {
            name: name::UnitType {
                agency: row.agency,
                unit_type: row.unit_type,
            },
            display_name: row.display_name,
            national: row.national,
            version: row.version,
            created_at: from_micros(row.created_at),
            updated_at: from_micros(row.updated_at),
        }
    }
}

fn row(unit_type: &AgencyType) -> ActiveModel {
    ActiveModel {
        agency: Set(unit_type.name.agency.clone()),
        unit_type: Set(unit_type.name.unit_type.clone()),
        name: Set(unit_type.name.to_string()),
        display_name: Set(unit_type.display_name.clone()),
        national: Set(unit_type.national.clone()),
        version: Set(unit_type.version),
        created_at: Set(micros(unit_type.created_at)),
        updated_at: Set(micros(unit_type.updated_at)),
    }
}

fn key(name: &name::UnitType) -> (String, String) {
    (name.agency.clone(), name.unit_type.clone())
}

/// Inserts a new unit type; `false` when its id is in use. It waits while another transaction inserts the same id.
pub async fn unit_type_insert_in_txn(txn: &Txn, unit_type: &AgencyType) -> Result<bool, DbErr> {
    insert_new(txn, row(unit_type)).await
}

/// Saves a unit type that the transaction has locked.
pub async fn unit_type_save_in_txn(txn: &Txn, unit_type: &AgencyType) -> Result<(), DbErr> {
    row(unit_type).update(txn).await.map(drop)
}

/// Deletes a unit type that the transaction has locked.
pub async fn unit_type_delete_in_txn(txn: &Txn, name: &name::UnitType) -> Result<(), DbErr> {
    Entity::delete_by_id(key(name)).exec(txn).await.map(drop)
}

/// Locks a unit type until the end of the transaction; `None` when the agency has not defined it. A transaction locks it
/// before it locks a unit.
pub async fn unit_type_lock_in_txn(txn: &Txn, name: &name::UnitType) -> Result<Option<AgencyType>, DbErr> {
    let found = Entity::find_by_id(key(name)).lock_exclusive().one(txn).await?;
    Ok(found.map(AgencyType::from))
}

/// A unit type by its name.
pub async fn unit_type_get(
    conn: &impl ConnectionTrait,
    name: &name::UnitType,
) -> Result<Option<AgencyType>, DbErr> {
    let found = Entity::find_by_id(key(name)).one(conn).await?;
    Ok(found.map(AgencyType::from))
}

/// Whether the agency, or any agency when it is `None`, has defined a unit type with this key.
pub async fn unit_type_is_defined(
    conn: &impl ConnectionTrait,
    agency: Option<&name::Agency>,
    key: &str,
) -> Result<bool, DbErr> {
    let found = Entity::find()
        .filter(Column::UnitType.eq(key))
        .apply_if(agency, |query, agency| {
            query.filter(Column::Agency.eq(agency.agency.as_str()))
        })
        .limit(1)
        .one(conn)
        .await?;
    Ok(found.is_some())
}

/// A page of unit types of an agency, or of all when it is `None`, ordered by name, and the token of the next one.
pub async fn unit_type_page(
    conn: &impl ConnectionTrait,
    agency: Option<&name::Agency>,
    page: &Page,
) -> Result<(Vec<AgencyType>, String), DbErr> {
    let mut rows = Entity::find()
        .filter(Column::Name.gt(page.after.as_str()))
        .apply_if(agency, |query, agency| {
            query.filter(Column::Agency.eq(agency.agency.as_str()))
        })
        .order_by_asc(Column::Name)
        .limit(page.limit())
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |row| row.name.clone());
    Ok((rows.into_iter().map(AgencyType::from).collect(), next))
}
