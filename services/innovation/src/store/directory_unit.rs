//! Units that the directory has announced.

use std::collections::{BTreeSet, HashMap, HashSet};

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Set, entity::prelude::*,
    sea_query::OnConflict,
};

use super::with_keys;

/// A row of the table `directory_unit`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_unit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    unit: String,
    close_date: String,
}

prima_platform::no_relations!();

/// Stores a unit; `close_date` is its last day (`YYYY-MM-DD`), empty while it has none.
pub async fn unit_save_in_txn(txn: &Txn, unit: &name::Unit, close_date: String) -> Result<(), DbErr> {
    let row = ActiveModel {
        agency: Set(unit.agency.clone()),
        unit: Set(unit.unit.clone()),
        close_date: Set(close_date),
    };
    let known = OnConflict::columns([Column::Agency, Column::Unit])
        .update_column(Column::CloseDate)
        .to_owned();
    let insert = Entity::insert(row).on_conflict(known);
    insert.exec_without_returning(txn).await.map(drop)
}

/// Deletes a unit that the directory withdrew.
pub async fn unit_remove_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    let gone = Entity::delete_by_id((unit.agency.clone(), unit.unit.clone()));
    gone.exec(txn).await.map(drop)
}

/// Every announced unit of these agencies, as (agency, unit).
pub async fn units_confirmed(
    conn: &impl ConnectionTrait,
    agencies: &[&str],
) -> Result<HashSet<(String, String)>, DbErr> {
    if agencies.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = Entity::find()
        .select_only()
        .columns([Column::Agency, Column::Unit])
        .filter(Column::Agency.is_in(agencies.iter().copied()))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The last days of these announced units; empty for one that has none.
pub async fn close_dates(
    conn: &impl ConnectionTrait,
    units: &BTreeSet<name::Unit>,
) -> Result<HashMap<name::Unit, String>, DbErr> {
    let keys = units
        .iter()
        .map(|unit| [unit.agency.clone().into(), unit.unit.clone().into()]);
    let rows = with_keys::<Entity, 2>(
        conn,
        [Column::Agency, Column::Unit],
        keys,
        &[Column::Agency, Column::Unit],
    );
    let pair = |row: Model| {
        let unit = name::Unit {
            agency: row.agency,
            unit: row.unit,
        };
        (unit, row.close_date)
    };
    Ok(rows.await?.into_iter().map(pair).collect())
}
