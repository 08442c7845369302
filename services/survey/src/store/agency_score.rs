//! The score of an agency in a period: the mean of its units, recomputed from a dirty mark.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    str::FromStr,
};

use prima_platform::{
    db::{Column, Txn, sql, table},
    derived,
    failure::Failure,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

/// Of marks: scores of agencies.
pub const KIND: &str = "agency-score";

/// An agency in a period; as text `<agency>/<period>`.
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

    fn row(&self) -> [Value; 2] {
        [self.agency.clone().into(), self.period.clone().into()]
    }
}

impl fmt::Display for AgencyPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.agency, self.period)
    }
}

impl FromStr for AgencyPeriod {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let (agency, period) = text
            .split_once('/')
            .ok_or_else(|| Failure::internal(format!("{text} names no agency and period")))?;
        Ok(Self {
            agency: agency.to_owned(),
            period: period.to_owned(),
        })
    }
}

/// Marks scores of agencies as out of date.
pub async fn agencies_mark(txn: &Txn, keys: &BTreeSet<AgencyPeriod>) -> Result<(), DbErr> {
    derived::mark_in_txn(txn, KIND, keys.iter().map(ToString::to_string)).await
}

/// Agencies whose period has ended since they were computed.
pub async fn agencies_settling(conn: &impl ConnectionTrait, now: i64) -> Result<Vec<AgencyPeriod>, DbErr> {
    let text = "SELECT agency, period FROM agency_score WHERE settles_at <= $1";
    AgencyPeriod::find_by_statement(sql(conn, text, [now.into()]))
        .all(conn)
        .await
}

/// The row that is locked.
#[derive(Debug, Clone, Copy)]
pub struct AgencyScore {
    /// Taken with the lock.
    pub version: i64,
    /// Whether a score was published.
    pub published: bool,
}

#[derive(Debug, FromQueryResult)]
struct LockedRow {
    #[sea_orm(nested)]
    key: AgencyPeriod,
    version: i64,
    published: i64,
}

/// Locks the rows in key order, making those that are missing, by taking the next version of each.
pub async fn agency_scores_lock_in_txn(
    txn: &Txn,
    keys: &BTreeSet<AgencyPeriod>,
    now_millis: i64,
) -> Result<BTreeMap<AgencyPeriod, AgencyScore>, DbErr> {
    let (from, mut values) = table(txn, [Column::Text; 2], keys.iter().map(AgencyPeriod::row), 0);
    values.push(now_millis.into());
    let text = format!(
        "INSERT INTO agency_score (agency, period, version)
         SELECT column1, column2, ${} FROM {from} WHERE TRUE
         ON CONFLICT (agency, period) DO UPDATE SET version =
             CASE WHEN agency_score.version + 1 > excluded.version THEN agency_score.version + 1
                  ELSE excluded.version END
         RETURNING agency, period, version, published",
        values.len()
    );
    let rows = LockedRow::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    let locked = rows.into_iter().map(|row| {
        let score = AgencyScore {
            version: row.version,
            published: row.published != 0,
        };
        (row.key, score)
    });
    Ok(locked.collect())
}

/// What is kept of a score.
#[derive(Debug)]
pub struct Saved {
    /// Whose.
    pub key: AgencyPeriod,
    /// Whether one is published.
    pub published: bool,
    /// When the period's end will change its status.
    pub settles_at: Option<i64>,
}

/// Saves what was computed under the locks.
pub async fn agency_scores_save(txn: &Txn, scores: &[Saved]) -> Result<(), DbErr> {
    let rows = scores.iter().map(|s| {
        let [agency, period] = s.key.row();
        let settles_at = s.settles_at.unwrap_or_default();
        [agency, period, i64::from(s.published).into(), settles_at.into()]
    });
    let columns = [Column::Text, Column::Text, Column::Int, Column::Int];
    let (from, values) = table(txn, columns, rows, 0);
    let text = format!(
        "UPDATE agency_score SET published = v.column3, settles_at = NULLIF(v.column4, 0)
         FROM {from} WHERE agency = v.column1 AND period = v.column2"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
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

#[derive(Debug, FromQueryResult)]
struct InputRow {
    #[sea_orm(nested)]
    key: AgencyPeriod,
    #[sea_orm(nested)]
    input: UnitInput,
}

/// The units of agencies that the directory knows, in order of their ids.
pub async fn agency_inputs(
    txn: &Txn,
    keys: &BTreeSet<AgencyPeriod>,
) -> Result<HashMap<AgencyPeriod, Vec<UnitInput>>, DbErr> {
    let (from, values) = table(txn, [Column::Text; 2], keys.iter().map(AgencyPeriod::row), 0);
    let text = format!(
        "SELECT v.column1 AS agency, v.column2 AS period, d.unit, d.close_date, s.exact, s.final, s.respondents,
                s.instrument, s.disclosed, s.recorded
         FROM {from} JOIN directory_unit d ON d.agency = v.column1
         LEFT JOIN unit_score s ON s.agency = d.agency AND s.unit = d.unit AND s.period = v.column2
         ORDER BY d.unit"
    );
    let rows = InputRow::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    let mut inputs: HashMap<AgencyPeriod, Vec<UnitInput>> = HashMap::new();
    for row in rows {
        inputs.entry(row.key).or_default().push(row.input);
    }
    Ok(inputs)
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
