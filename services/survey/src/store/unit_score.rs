//! The score of a unit in a period: pooled from its surveys, with a row of its own to lock.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::db::{Column, Txn, sql, table};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

/// A unit in a period.
pub type UnitPeriod = (name::Unit, String);

pub(super) fn key_row((unit, period): &UnitPeriod) -> [Value; 3] {
    [
        unit.agency.clone().into(),
        unit.unit.clone().into(),
        period.clone().into(),
    ]
}

/// The stored score.
#[derive(Debug, Clone)]
pub struct UnitScore {
    /// Taken with the lock.
    pub version: i64,
    /// Exact value as a fraction; none while an element has no answer.
    pub exact: Option<String>,
}

#[derive(Debug, FromQueryResult)]
struct LockedRow {
    agency: String,
    unit: String,
    period: String,
    version: i64,
    exact: Option<String>,
}

/// Locks the rows in key order, making those that are missing, by taking the next version of each.
pub async fn unit_scores_lock_in_txn(
    txn: &Txn,
    keys: &BTreeSet<UnitPeriod>,
    now_millis: i64,
) -> Result<BTreeMap<UnitPeriod, UnitScore>, DbErr> {
    let (from, mut values) = table(txn, [Column::Text; 3], keys.iter().map(key_row), 0);
    values.push(now_millis.into());
    let text = format!(
        "INSERT INTO unit_score (agency, unit, period, version)
         SELECT column1, column2, column3, ${} FROM {from} WHERE TRUE
         ON CONFLICT (agency, period, unit) DO UPDATE SET version =
             CASE WHEN unit_score.version + 1 > excluded.version THEN unit_score.version + 1
                  ELSE excluded.version END
         RETURNING agency, unit, period, version, exact",
        values.len()
    );
    let rows = LockedRow::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    let locked = rows.into_iter().map(|row| {
        let unit = name::Unit {
            agency: row.agency,
            unit: row.unit,
        };
        let score = UnitScore {
            version: row.version,
            exact: row.exact,
        };
        ((unit, row.period), score)
    });
    Ok(locked.collect())
}

/// What was computed under the lock.
#[derive(Debug)]
pub struct NewUnitScore {
    /// Which.
    pub key: UnitPeriod,
    /// Exact value as a fraction; none while an element has no answer.
    pub exact: Option<String>,
    /// Whether it can't change any more.
    pub settled: bool,
    /// Whether every response behind it is disclosed.
    pub whole: bool,
    /// Whether it was recorded, not computed.
    pub recorded: bool,
    /// Responses behind it.
    pub respondents: i64,
    /// Instrument and version; empty without a score.
    pub instrument: String,
}

const COLUMNS: [Column; 9] = {
    use Column::{Int, Text};
    [Text, Text, Text, Text, Int, Int, Text, Int, Int]
};

/// Saves what was computed under the locks.
pub async fn unit_scores_save(txn: &Txn, scores: &[NewUnitScore]) -> Result<(), DbErr> {
    let rows = scores.iter().map(|s| {
        let [agency, unit, period] = key_row(&s.key);
        [
            agency,
            unit,
            period,
            s.exact.clone().unwrap_or_default().into(),
            i64::from(s.settled).into(),
            s.respondents.into(),
            s.instrument.clone().into(),
            i64::from(s.whole).into(),
            i64::from(s.recorded).into(),
        ]
    });
    let (from, values) = table(txn, COLUMNS, rows, 0);
    let text = format!(
        "UPDATE unit_score SET exact = NULLIF(v.column4, ''), final = v.column5, respondents = v.column6,
            instrument = v.column7, disclosed = v.column8, recorded = v.column9
         FROM {from} WHERE agency = v.column1 AND unit = v.column2 AND period = v.column3"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}
