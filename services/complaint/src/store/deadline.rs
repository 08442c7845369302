//! Deadlines that units have promised for classes. Rows are added and never changed.

use prima_platform::{clock::micros, db::Txn};
use prima_proto::name;
use sea_orm::{NotSet, QueryOrder, Set, entity::prelude::*};

use super::By;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "deadline")]
struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    agency: String,
    unit: String,
    class: String,
    days: i64,
    citation: String,
    actor: String,
    created_at: i64,
}

prima_platform::no_relations!();

/// The deadline that a unit promises for a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    pub unit: name::Unit,
    /// Key of the class.
    pub class: String,
    /// Working days; 0 returns to the national default.
    pub days: u32,
    /// The document in which the unit promises it.
    pub citation: String,
}

/// Working days that a unit promised last for a class; `None` when the national default applies.
pub async fn deadline_of(
    conn: &impl ConnectionTrait,
    agency: &str,
    unit: &str,
    class: &str,
) -> Result<Option<u32>, DbErr> {
    let newest = Entity::find()
        .filter(Column::Agency.eq(agency))
        .filter(Column::Unit.eq(unit))
        .filter(Column::Class.eq(class))
        .order_by_desc(Column::Id);
    let days = newest.one(conn).await?.map(|row| row.days);
    Ok(days
        .and_then(|days| u32::try_from(days).ok())
        .filter(|days| *days > 0))
}

/// Adds a promise; earlier ones are kept.
pub async fn deadline_add_in_txn(txn: &Txn, promise: &Promise, by: &By) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: NotSet,
        agency: Set(promise.unit.agency.clone()),
        unit: Set(promise.unit.unit.clone()),
        class: Set(promise.class.clone()),
        days: Set(promise.days.into()),
        citation: Set(promise.citation.clone()),
        actor: Set(by.actor.clone()),
        created_at: Set(micros(by.at)),
    };
    Entity::insert(row).exec_without_returning(txn).await.map(drop)
}
