//! This service's copy of the directory's units.

use std::collections::HashSet;

use prima_platform::db::{Column as Type, Txn, sql, table};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    entity::prelude::*, sea_query::OnConflict,
};

/// A row of the table `directory_unit`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_unit")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Last day of service, `YYYY-MM-DD`; empty while the unit is active.
    pub close_date: String,
    /// Official name; empty when a process of the release before 0.2 has stored the unit.
    pub display_name: String,
}

prima_platform::no_relations!();

impl Model {
    fn name(self) -> name::Unit {
        name::Unit {
            agency: self.agency,
            unit: self.unit,
        }
    }
}

fn key(unit: &name::Unit) -> (String, String) {
    (unit.agency.clone(), unit.unit.clone())
}

/// Saves a unit; `close_date` is its last day of service (`YYYY-MM-DD`), empty while it is active.
pub async fn unit_save_in_txn(
    txn: &Txn,
    unit: &name::Unit,
    display_name: &str,
    close_date: &str,
) -> Result<(), DbErr> {
    let (agency, unit) = key(unit);
    let row = Model {
        agency,
        unit,
        close_date: close_date.to_owned(),
        display_name: display_name.to_owned(),
    };
    let known = OnConflict::columns([Column::Agency, Column::Unit])
        .update_columns([Column::CloseDate, Column::DisplayName])
        .to_owned();
    let insert = Entity::insert(row.into_active_model()).on_conflict(known);
    insert.exec_without_returning(txn).await.map(drop)
}

/// Removes a unit that the directory has withdrawn.
pub async fn unit_remove_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    Entity::delete_by_id(key(unit)).exec(txn).await.map(drop)
}

/// Whether the directory has published the unit.
pub async fn unit_confirmed(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<bool, DbErr> {
    Ok(Entity::find_by_id(key(unit)).one(conn).await?.is_some())
}

/// The official name of a unit; empty until the directory has published it.
pub async fn unit_display_name(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<String, DbErr> {
    let row = Entity::find_by_id(key(unit)).one(conn).await?;
    Ok(row.map(|row| row.display_name).unwrap_or_default())
}

/// Which of these units the directory has published.
pub async fn units_confirmed(
    conn: &impl ConnectionTrait,
    units: impl Iterator<Item = &name::Unit>,
) -> Result<HashSet<name::Unit>, DbErr> {
    let keys = units.map(|unit| [unit.agency.as_str().into(), unit.unit.as_str().into()]);
    let (from, values) = table(conn, [Type::Text; 2], keys, 0);
    let text = format!(
        "SELECT d.agency, d.unit, d.close_date, d.display_name FROM {from}
         JOIN directory_unit d ON d.agency = v.column1 AND d.unit = v.column2"
    );
    let rows = Model::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(Model::name).collect())
}

/// Every unit of these agencies that the directory has published.
pub async fn unit_confirmed_in(
    conn: &impl ConnectionTrait,
    agencies: HashSet<String>,
) -> Result<HashSet<name::Unit>, DbErr> {
    if agencies.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = Entity::find()
        .filter(Column::Agency.is_in(agencies))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(Model::name).collect())
}
