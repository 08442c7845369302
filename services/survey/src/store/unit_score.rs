//! The score of a unit in a period: pooled from its surveys, with a row of its own to lock.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{DbErr, Value, entity::prelude::*};

use super::rows;

/// A unit in a period.
pub type UnitPeriod = (name::Unit, String);

pub(super) fn key_row((unit, period): &UnitPeriod) -> [Value; 3] {
    [&unit.agency, &unit.unit, period].map(|text| text.clone().into())
}

/// A row of the table `unit_score`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unit_score")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Period.
    #[sea_orm(primary_key, auto_increment = false)]
    pub period: String,
    /// Taken with the lock.
    pub version: i64,
    /// Exact value as a fraction; none while an element has no answer.
    pub exact: Option<String>,
    /// 1 when it can't change any more.
    #[sea_orm(column_name = "final")]
    pub settled: i64,
    /// Responses behind it.
    pub respondents: i64,
    /// 1 when it was recorded, not computed.
    pub recorded: i64,
    /// Instrument and version; empty without a score.
    pub instrument: String,
    /// 1 when every response behind it is disclosed.
    pub disclosed: i64,
}

prima_platform::no_relations!();

/// Locks the rows in key order, making those that are missing, by taking the next version of each.
pub async fn unit_scores_lock_in_txn(
    txn: &Txn,
    keys: &BTreeSet<UnitPeriod>,
    now_millis: i64,
) -> Result<BTreeMap<UnitPeriod, Model>, DbErr> {
    let columns = [Column::Agency, Column::Unit, Column::Period];
    let rows = rows::lock_in_txn::<Entity, _>(txn, columns, keys.iter().map(key_row), now_millis).await?;
    let locked = rows.into_iter().map(|row| {
        let unit = name::Unit {
            agency: row.agency.clone(),
            unit: row.unit.clone(),
        };
        ((unit, row.period.clone()), row)
    });
    Ok(locked.collect())
}

/// Saves what was computed under the locks.
pub async fn unit_scores_save_in_txn(txn: &Txn, scores: &[Model]) -> Result<(), DbErr> {
    use Column::*;
    let columns = [
        Agency,
        Unit,
        Period,
        Exact,
        Settled,
        Respondents,
        Recorded,
        Instrument,
        Disclosed,
    ];
    rows::update_in_txn::<Entity, _>(txn, columns, 3, scores).await
}
