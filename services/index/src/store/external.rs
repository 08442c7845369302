//! Scores that were recorded. The newest record of a metric, subject and period counts; the others are kept.

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
}

const COLUMNS: &str =
    "metric, agency, unit, period, number, era, score, category, source, no_maladministration, reason,
    actor, recorded_at, version";

/// What is recorded of these keys now.
pub async fn external_get(
    conn: &impl ConnectionTrait,
    metric: &str,
    agency: &str,
    unit: &str,
    period: &str,
) -> Result<Option<Row>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM external_score
         WHERE metric = $1 AND agency = $2 AND unit = $3 AND period = $4 AND replaced = 0"
    );
    let values = [metric.into(), agency.into(), unit.into(), period.into()];
    Row::find_by_statement(sql(conn, &text, values)).one(conn).await
}

/// Stores a record in place of the one before; false when another of the same number was stored meanwhile.
pub async fn external_insert_in_txn(txn: &Txn, row: &Row) -> Result<bool, DbErr> {
    let keys = || -> [Value; 4] {
        [
            row.metric.clone().into(),
            row.agency.clone().into(),
            row.unit.clone().into(),
            row.period.clone().into(),
        ]
    };
    let text = "UPDATE external_score SET replaced = 1
                WHERE metric = $1 AND agency = $2 AND unit = $3 AND period = $4 AND replaced = 0";
    txn.execute_raw(sql(txn, text, keys())).await?;
    let text = format!(
        "INSERT INTO external_score ({COLUMNS})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING"
    );
    let rest: [Value; 10] = [
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
    ];
    let values = keys().into_iter().chain(rest);
    Ok(txn.execute_raw(sql(txn, &text, values)).await?.rows_affected() == 1)
}

/// Which records to list; an empty text means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
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
        "SELECT {COLUMNS} FROM external_score
         WHERE replaced = 0 AND (metric, agency, unit, period) > ($1, $2, $3, $4)"
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
