//! Results that were published before this system computed them: every record is kept, the latest of a subject and
//! period counts.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::unit_score::{UnitPeriod, key_row};

/// A recorded result as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; empty for the agency's own result.
    pub unit: String,
    /// Period.
    pub period: String,
    /// Counts the records of one subject and period, from 1.
    pub number: i64,
    /// Instrument and version as published; may be one that this system does not know.
    pub instrument: String,
    /// Published index, 0 to 100, two decimals.
    pub value: String,
    /// Published category; empty where none is known.
    pub category: String,
    /// Published number of respondents; 0 when not known.
    pub respondents: i64,
    /// Published means per element key, decimals as text.
    pub elements: BTreeMap<String, String>,
    /// Where it was published.
    pub source: String,
    /// `mean_of_units` or `respondent_weighted` for an agency, else empty.
    pub roll_up: String,
    /// When it was recorded, unix microseconds.
    pub recorded_at: i64,
    /// Subject of the recording caller's token.
    pub actor: String,
    /// Why it replaced the record before; empty on the first.
    pub reason: String,
    /// Whether a later record replaced it.
    pub replaced: bool,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    agency: String,
    unit: String,
    period: String,
    number: i64,
    instrument: String,
    value: String,
    category: String,
    respondents: i64,
    elements: String,
    source: String,
    roll_up: String,
    recorded_at: i64,
    actor: String,
    reason: String,
    replaced: i64,
}

impl TryFrom<Row> for Recorded {
    type Error = DbErr;

    fn try_from(row: Row) -> Result<Self, DbErr> {
        let elements = serde_json::from_str(&row.elements)
            .map_err(|e| DbErr::Custom(format!("stored elements of a recorded result can't be read: {e}")))?;
        Ok(Self {
            agency: row.agency,
            unit: row.unit,
            period: row.period,
            number: row.number,
            instrument: row.instrument,
            value: row.value,
            category: row.category,
            respondents: row.respondents,
            elements,
            source: row.source,
            roll_up: row.roll_up,
            recorded_at: row.recorded_at,
            actor: row.actor,
            reason: row.reason,
            replaced: row.replaced != 0,
        })
    }
}

fn read(rows: Vec<Row>) -> Result<Vec<Recorded>, DbErr> {
    rows.into_iter().map(Recorded::try_from).collect()
}

/// The record that counts for a unit in a period, or with an empty `unit` for the agency itself.
pub async fn recorded_latest(
    conn: &impl ConnectionTrait,
    agency: &str,
    unit: &str,
    period: &str,
) -> Result<Option<Recorded>, DbErr> {
    let text = "SELECT * FROM recorded_result WHERE agency = $1 AND unit = $2 AND period = $3
                ORDER BY number DESC LIMIT 1";
    Row::find_by_statement(sql(conn, text, [agency.into(), unit.into(), period.into()]))
        .one(conn)
        .await?
        .map(Recorded::try_from)
        .transpose()
}

/// The records that count of an agency and its units in a period, ordered by unit: the agency's own comes first.
pub async fn recorded_of_agency(
    conn: &impl ConnectionTrait,
    agency: &str,
    period: &str,
) -> Result<Vec<Recorded>, DbErr> {
    let text =
        "SELECT * FROM recorded_result WHERE agency = $1 AND period = $2 AND replaced = 0 ORDER BY unit";
    let rows = Row::find_by_statement(sql(conn, text, [agency.into(), period.into()]))
        .all(conn)
        .await?;
    read(rows)
}

/// The records that count of these units and periods.
pub async fn recorded_of_units(txn: &Txn, keys: &BTreeSet<UnitPeriod>) -> Result<Vec<Recorded>, DbErr> {
    let (from, values) = table(txn, [Column::Text; 3], keys.iter().map(key_row), 0);
    let text = format!(
        "SELECT r.* FROM {from} JOIN recorded_result r
            ON r.agency = v.column1 AND r.unit = v.column2 AND r.period = v.column3 AND r.replaced = 0"
    );
    read(Row::find_by_statement(sql(txn, &text, values)).all(txn).await?)
}

/// Which records to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Id of the agency; empty for all.
    pub agency: String,
    /// Also those that were replaced.
    pub replaced: bool,
    /// Only records after this one: agency, unit, period, number.
    pub after: (String, String, String, i64),
    /// Rows at most.
    pub limit: u64,
}

/// Records ordered by agency, unit, period and number; an agency's own come before its units'.
pub async fn recorded_page(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Recorded>, DbErr> {
    let text = "SELECT * FROM recorded_result
                WHERE ($1 = '' OR agency = $1) AND (replaced = 0 OR $2 = 1)
                    AND (agency, unit, period, number) > ($3, $4, $5, $6)
                ORDER BY agency, unit, period, number LIMIT $7";
    let (agency, unit, period, number) = filter.after.clone();
    let values = [
        filter.agency.as_str().into(),
        i64::from(filter.replaced).into(),
        agency.into(),
        unit.into(),
        period.into(),
        number.into(),
        i64::try_from(filter.limit).unwrap_or(i64::MAX).into(),
    ];
    read(Row::find_by_statement(sql(conn, text, values)).all(conn).await?)
}

/// Stores a record and marks those before it as replaced. The caller holds the lock of the subject's score.
pub async fn recorded_insert_in_txn(txn: &Txn, new: &Recorded) -> Result<(), DbErr> {
    let elements = serde_json::to_string(&new.elements).map_err(|e| DbErr::Custom(e.to_string()))?;
    let key = [
        new.agency.as_str().into(),
        new.unit.as_str().into(),
        new.period.as_str().into(),
    ];
    let text = "UPDATE recorded_result SET replaced = 1 WHERE agency = $1 AND unit = $2 AND period = $3";
    txn.execute_raw(sql(txn, text, key)).await?;
    let text = "INSERT INTO recorded_result (agency, unit, period, number, instrument, value, category,
                    respondents, elements, source, roll_up, recorded_at, actor, reason)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let values = [
        new.agency.as_str().into(),
        new.unit.as_str().into(),
        new.period.as_str().into(),
        new.number.into(),
        new.instrument.as_str().into(),
        new.value.as_str().into(),
        new.category.as_str().into(),
        new.respondents.into(),
        elements.into(),
        new.source.as_str().into(),
        new.roll_up.as_str().into(),
        new.recorded_at.into(),
        new.actor.as_str().into(),
        new.reason.as_str().into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}
