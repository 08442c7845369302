//! The score of a unit in a period, which is pooled from its surveys. Its row is also the lock of the unit and period.

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
    /// Version, which is raised by locking the row.
    pub version: i64,
    /// Exact value as a fraction; none while an element has no answer.
    pub exact: Option<String>,
    /// 1 when it is final.
    #[sea_orm(column_name = "final")]
    pub settled: i64,
    /// Number of responses behind it.
    pub respondents: i64,
    /// 1 when it was recorded instead of computed.
    pub recorded: i64,
    /// Instrument and version; empty without a score.
    pub instrument: String,
    /// Number of people whose response or void is not in it yet.
    pub pending: i64,
    /// Number of responses in question, which are not in it.
    pub in_question: i64,
    /// Exact value if those were accepted; none when nothing or too little is in question.
    pub exact_with_questioned: Option<String>,
}

prima_platform::no_relations!();

/// Locks the rows in the order of their keys by taking the next version of each; missing rows are inserted.
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

/// Saves the scores that were computed under their locks.
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
        Pending,
        InQuestion,
        ExactWithQuestioned,
    ];
    rows::update_in_txn::<Entity, _>(txn, columns, 3, scores).await
}
