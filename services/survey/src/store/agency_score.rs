//! The score of an agency in a period: the mean of its units, recomputed from a dirty mark.

use std::collections::BTreeSet;

use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// An agency in a period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, FromQueryResult)]
pub struct AgencyPeriod {
    /// Id of the agency.
    pub agency: String,
    /// Period.
    pub period: String,
}

impl AgencyPeriod {
    /// Every period in which the agency has a score.
    pub fn all(agency: &str) -> Self {
        Self {
            agency: agency.to_owned(),
            period: String::new(),
        }
    }

    /// Whether it stands for every period.
    pub fn is_all(&self) -> bool {
        self.period.is_empty()
    }
}

/// Marks scores of agencies as out of date, in key order. A mark is updated even when it stands: whoever clears it
/// waits for this transaction, and so sees what it wrote.
pub async fn agencies_mark(txn: &Txn, keys: &BTreeSet<AgencyPeriod>) -> Result<(), DbErr> {
    if keys.is_empty() {
        return Ok(());
    }
    let rows = keys
        .iter()
        .map(|k| [k.agency.clone().into(), k.period.clone().into()]);
    let (from, values) = table(txn, [Column::Text; 2], rows, 0);
    let text = format!(
        "INSERT INTO agency_dirty (agency, period, mark) SELECT column1, column2, 1 FROM {from} WHERE TRUE
         ON CONFLICT (agency, period) DO UPDATE SET mark = agency_dirty.mark + 1"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// Agencies that are marked, at most `limit`.
pub async fn agency_marked(conn: &impl ConnectionTrait, limit: i64) -> Result<Vec<AgencyPeriod>, DbErr> {
    let text = "SELECT agency, period FROM agency_dirty ORDER BY agency, period LIMIT $1";
    AgencyPeriod::find_by_statement(sql(conn, text, [limit.into()]))
        .all(conn)
        .await
}

/// Agencies whose period has ended since they were computed.
pub async fn agency_settling(conn: &impl ConnectionTrait, now: i64) -> Result<Vec<AgencyPeriod>, DbErr> {
    let text = "SELECT agency, period FROM agency_score WHERE settles_at <= $1";
    AgencyPeriod::find_by_statement(sql(conn, text, [now.into()]))
        .all(conn)
        .await
}

/// Clears the mark; false when there is none.
pub async fn agency_clear_in_txn(txn: &Txn, key: &AgencyPeriod) -> Result<bool, DbErr> {
    let text = "DELETE FROM agency_dirty WHERE agency = $1 AND period = $2";
    let values = [key.agency.clone().into(), key.period.clone().into()];
    Ok(txn.execute_raw(sql(txn, text, values)).await?.rows_affected() > 0)
}

/// The row that is locked.
#[derive(Debug, Clone, FromQueryResult)]
pub struct AgencyScore {
    /// Taken with the lock.
    pub version: i64,
    /// Whether a score was published.
    pub published: i64,
}

/// Locks the row, making it when it is missing, by taking its next version.
pub async fn agency_score_lock_in_txn(
    txn: &Txn,
    key: &AgencyPeriod,
    now_millis: i64,
) -> Result<AgencyScore, DbErr> {
    let text = "INSERT INTO agency_score (agency, period, version) VALUES ($1, $2, $3)
                ON CONFLICT (agency, period) DO UPDATE SET version =
                    CASE WHEN agency_score.version + 1 > excluded.version THEN agency_score.version + 1
                         ELSE excluded.version END
                RETURNING version, published";
    let values = [
        key.agency.clone().into(),
        key.period.clone().into(),
        now_millis.into(),
    ];
    AgencyScore::find_by_statement(sql(txn, text, values))
        .one(txn)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("agency_score".into()))
}

/// Saves whether a score is published, and when the period's end will change its status.
pub async fn agency_score_save(
    txn: &Txn,
    key: &AgencyPeriod,
    published: bool,
    settles_at: Option<i64>,
) -> Result<(), DbErr> {
    let text = "UPDATE agency_score SET published = $3, settles_at = $4 WHERE agency = $1 AND period = $2";
    let values = [
        key.agency.clone().into(),
        key.period.clone().into(),
        i64::from(published).into(),
        settles_at.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// One unit of the agency that the directory knows, with its score if it has one.
#[derive(Debug, Clone, FromQueryResult)]
pub struct UnitInput {
    /// Id of the unit.
    pub unit: String,
    /// Last day of the unit, `YYYY-MM-DD`; empty while it has none.
    pub close_date: String,
    /// Exact score as a fraction.
    pub exact: Option<String>,
    /// Whether all its surveys of the period are closed.
    #[sea_orm(from_alias = "final")]
    pub settled: Option<i64>,
    /// Responses behind it.
    pub respondents: Option<i64>,
    /// Whether every one of them is disclosed.
    pub disclosed: Option<i64>,
    /// Whether the score was recorded, not computed.
    pub recorded: Option<i64>,
    /// Instrument and version.
    pub instrument: Option<String>,
}

/// The units of an agency that the directory knows.
pub async fn agency_inputs(txn: &Txn, key: &AgencyPeriod) -> Result<Vec<UnitInput>, DbErr> {
    let text =
        "SELECT d.unit, d.close_date, s.exact, s.final, s.respondents, s.instrument, s.disclosed, s.recorded
                FROM directory_unit d
                LEFT JOIN unit_score s ON s.agency = d.agency AND s.unit = d.unit AND s.period = $2
                WHERE d.agency = $1 ORDER BY d.unit";
    UnitInput::find_by_statement(sql(
        txn,
        text,
        [key.agency.clone().into(), key.period.clone().into()],
    ))
    .all(txn)
    .await
}

#[derive(Debug, FromQueryResult)]
struct PeriodRow {
    period: String,
}

/// Periods in which an agency or one of its units has a score.
pub async fn agency_periods(txn: &Txn, agency: &str) -> Result<Vec<String>, DbErr> {
    let text = "SELECT period FROM agency_score WHERE agency = $1
                UNION SELECT period FROM unit_score WHERE agency = $1";
    let rows = PeriodRow::find_by_statement(sql(txn, text, [agency.into()]))
        .all(txn)
        .await?;
    Ok(rows.into_iter().map(|r| r.period).collect())
}
