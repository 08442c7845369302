//! Scores that were recorded. The newest confirmed record of a metric, subject and period counts; the others are kept.
//! What waits to be confirmed stands in a table of its own, so that nothing takes it for a score.

use prima_platform::db::{Txn, sql};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Row {
    /// Key of the metric.
    pub metric: String,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; empty for an agency.
    pub unit: String,
    /// Period.
    pub period: String,
    /// Counted up with each record, from 1.
    pub number: i64,
    /// Id of the era.
    pub era: String,
    /// Published score.
    pub score: String,
    /// Published category.
    pub category: String,
    /// Where it was published.
    pub source: String,
    /// 1 when without maladministration.
    pub no_maladministration: i64,
    /// Why it replaced the record before.
    pub reason: String,
    /// Subject of the caller's token.
    pub actor: String,
    /// When it was recorded, unix microseconds.
    pub recorded_at: i64,
    /// Version of its score.
    pub version: i64,
    /// Link to its document; may be empty.
    pub link: String,
    /// SHA-256 of its document.
    pub sha256: Option<Vec<u8>>,
    /// When it was confirmed, unix microseconds; `None` while it waits, and of records of a release before.
    pub confirmed_at: Option<i64>,
    /// Subject of the token of whoever confirmed it.
    pub confirmer: String,
}

impl Row {
    /// Its key.
    pub fn key(&self) -> Key<'_> {
        [&self.metric, &self.agency, &self.unit, &self.period]
    }
}

/// Which records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kept {
    /// Those that count.
    #[default]
    Confirmed,
    /// Those that wait to be confirmed.
    Waiting,
}

impl Kept {
    fn table(self) -> &'static str {
        match self {
            Self::Confirmed => "external_score",
            Self::Waiting => "external_unconfirmed",
        }
    }
}

/// Metric, agency, unit and period.
pub type Key<'a> = [&'a str; 4];

fn values(key: Key<'_>) -> Vec<Value> {
    key.map(Value::from).into()
}

const COLUMNS: &str =
    "metric, agency, unit, period, number, era, score, category, source, no_maladministration, reason,
    actor, recorded_at, version, link, sha256, confirmed_at, confirmer";

/// What is recorded of this key now.
pub async fn external_get(
    conn: &impl ConnectionTrait,
    kept: Kept,
    key: Key<'_>,
) -> Result<Option<Row>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM {}
         WHERE metric = $1 AND agency = $2 AND unit = $3 AND period = $4 AND replaced = 0",
        kept.table()
    );
    Row::find_by_statement(sql(conn, &text, values(key)))
        .one(conn)
        .await
}

/// The number of the next record of this key.
pub async fn external_next_in_txn(txn: &Txn, kept: Kept, key: Key<'_>) -> Result<i64, DbErr> {
    let text = format!(
        "SELECT COALESCE(MAX(number), 0) + 1 FROM {}
         WHERE metric = $1 AND agency = $2 AND unit = $3 AND period = $4",
        kept.table()
    );
    let row = txn.query_one_raw(sql(txn, &text, values(key))).await?;
    row.map_or(Ok(1), |row| row.try_get_by_index(0))
}

/// Lets a waiting record wait no more; false when it does not wait any longer.
pub async fn external_settle_in_txn(txn: &Txn, key: Key<'_>, number: i64) -> Result<bool, DbErr> {
    let text = "UPDATE external_unconfirmed SET replaced = 1
                WHERE metric = $1 AND agency = $2 AND unit = $3 AND period = $4 AND number = $5 AND replaced = 0";
    let mut values = values(key);
    values.push(number.into());
    Ok(txn.execute_raw(sql(txn, text, values)).await?.rows_affected() == 1)
}

/// Stores a record in place of the one before; false when another of the same number was stored meanwhile.
pub async fn external_insert_in_txn(txn: &Txn, kept: Kept, row: &Row) -> Result<bool, DbErr> {
    let table = kept.table();
    let text = format!(
        "UPDATE {table} SET replaced = 1
         WHERE metric = $1 AND agency = $2 AND unit = $3 AND period = $4 AND replaced = 0"
    );
    txn.execute_raw(sql(txn, &text, values(row.key()))).await?;
    let text = format!(
        "INSERT INTO {table} ({COLUMNS})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         ON CONFLICT DO NOTHING"
    );
    let rest: [Value; 14] = [
        row.number.into(),
        row.era.clone().into(),
        row.score.clone().into(),
        row.category.clone().into(),
        row.source.clone().into(),
        row.no_maladministration.into(),
        row.reason.clone().into(),
        row.actor.clone().into(),
        row.recorded_at.into(),
        row.version.into(),
        row.link.clone().into(),
        row.sha256.clone().into(),
        row.confirmed_at.into(),
        row.confirmer.clone().into(),
    ];
    let values = values(row.key()).into_iter().chain(rest);
    Ok(txn.execute_raw(sql(txn, &text, values)).await?.rows_affected() == 1)
}

/// Which records to list; an empty text means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Which records.
    pub kept: Kept,
    /// Key of the metric.
    pub metric: String,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; `None` for any subject of the agency.
    pub unit: Option<String>,
    /// Only units, whatever their ids.
    pub units: bool,
    /// Period.
    pub period: String,
    /// Only after these metric, agency, unit and period.
    pub after: [String; 4],
    /// Rows at most.
    pub limit: u64,
}

/// What is recorded now, ordered by metric, agency, unit and period.
pub async fn external_page(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Row>, DbErr> {
    let [metric, agency, unit, period] = filter.after.clone();
    let mut values: Vec<Value> = vec![metric.into(), agency.into(), unit.into(), period.into()];
    let mut text = format!(
        "SELECT {COLUMNS} FROM {}
         WHERE replaced = 0 AND (metric, agency, unit, period) > ($1, $2, $3, $4)",
        filter.kept.table()
    );
    let mut only = |column: &str, value: &str| {
        values.push(value.into());
        text.push_str(&format!(" AND {column} = ${}", values.len()));
    };
    for (column, value) in [
        ("metric", &filter.metric),
        ("agency", &filter.agency),
        ("period", &filter.period),
    ] {
        if !value.is_empty() {
            only(column, value);
        }
    }
    if let Some(unit) = &filter.unit {
        only("unit", unit);
    }
    if filter.units {
        text.push_str(" AND unit <> ''");
    }
    values.push(i64::try_from(filter.limit).unwrap_or(i64::MAX).into());
    text.push_str(&format!(
        " ORDER BY metric, agency, unit, period LIMIT ${}",
        values.len()
    ));
    Row::find_by_statement(sql(conn, &text, values)).all(conn).await
}
