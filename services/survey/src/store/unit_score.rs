//! The score of a unit in a period: pooled from its surveys, with a row of its own to lock.

use prima_platform::db::{Txn, sql};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// The stored score.
#[derive(Debug, Clone, FromQueryResult)]
pub struct UnitScore {
    /// Taken with the lock.
    pub version: i64,
    /// Exact value as a fraction; none while an element has no answer.
    pub exact: Option<String>,
}

/// Locks the row, making it when it is missing, by taking its next version.
pub async fn unit_score_lock_in_txn(
    txn: &Txn,
    unit: &name::Unit,
    period: &str,
    now_millis: i64,
) -> Result<UnitScore, DbErr> {
    let text = "INSERT INTO unit_score (agency, unit, period, version) VALUES ($1, $2, $3, $4)
                ON CONFLICT (agency, period, unit) DO UPDATE SET version =
                    CASE WHEN unit_score.version + 1 > excluded.version THEN unit_score.version + 1
                         ELSE excluded.version END
                RETURNING version, exact";
    let values = [
        unit.agency.clone().into(),
        unit.unit.clone().into(),
        period.into(),
        now_millis.into(),
    ];
    UnitScore::find_by_statement(sql(txn, text, values))
        .one(txn)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("unit_score".into()))
}

/// Saves what was computed under the lock.
pub async fn unit_score_save(
    txn: &Txn,
    unit: &name::Unit,
    period: &str,
    exact: Option<String>,
    settled: bool,
    respondents: i64,
    instrument: &str,
) -> Result<(), DbErr> {
    let text = "UPDATE unit_score SET exact = $4, final = $5, respondents = $6, instrument = $7
                WHERE agency = $1 AND unit = $2 AND period = $3";
    let values = [
        unit.agency.clone().into(),
        unit.unit.clone().into(),
        period.into(),
        exact.into(),
        i64::from(settled).into(),
        respondents.into(),
        instrument.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

#[derive(Debug, FromQueryResult)]
struct PeriodRow {
    period: String,
}

/// Periods in which a unit has a score.
pub async fn unit_score_periods(txn: &Txn, unit: &name::Unit) -> Result<Vec<String>, DbErr> {
    let text = "SELECT period FROM unit_score WHERE agency = $1 AND unit = $2";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    let rows = PeriodRow::find_by_statement(sql(txn, text, values))
        .all(txn)
        .await?;
    Ok(rows.into_iter().map(|r| r.period).collect())
}
