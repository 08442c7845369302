//! Units in a cycle, their indexes, and those of agencies.

use prima_platform::{
    db::{Txn, broken, sql},
    number::{self, Rational},
};
use prima_proto::{event::v1::UnitState, name};
use prost::Message;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Value};

use super::key::keys;
use crate::domain::level::Inputs;

/// One unit in one cycle.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Row {
    /// Key of the cycle.
    pub cycle_id: i64,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit.
    pub unit: String,
    /// `offline` or `online`.
    pub form: String,
    /// Grows with every change.
    pub version: i64,
    /// Exact index, a fraction; `None` while something is missing.
    pub exact: Option<String>,
    /// What it was computed from, JSON of `domain::level::Inputs`.
    pub inputs: String,
    /// Version of the score that was published last; 0 when none was.
    pub published: i64,
    /// When it last changed, unix microseconds.
    pub updated_at: i64,
}

impl Row {
    /// Name of the unit.
    pub fn unit_name(&self) -> name::Unit {
        name::Unit {
            agency: self.agency.clone(),
            unit: self.unit.clone(),
        }
    }

    /// What its index was computed from.
    pub fn read_inputs(&self) -> Result<Inputs, DbErr> {
        serde_json::from_str(&self.inputs).map_err(|_| broken(self.unit_name(), "inputs"))
    }

    /// Its exact index.
    pub fn read_exact(&self) -> Option<Rational> {
        number::parse_fraction(self.exact.as_deref()?)
    }
}

const COLUMNS: &str = "cycle_id, agency, unit, form, version, exact, inputs, published, updated_at";

/// Stores a unit that was enrolled; false when it was before.
pub async fn assessment_insert_in_txn(txn: &Txn, row: &Row) -> Result<bool, DbErr> {
    let text = "INSERT INTO assessment (cycle_id, agency, unit, form, version, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let rest: [Value; 3] = [row.form.clone().into(), row.version.into(), row.updated_at.into()];
    let values = keys(row.cycle_id, &row.unit_name()).into_iter().chain(rest);
    Ok(txn.execute_raw(sql(txn, text, values)).await?.rows_affected() == 1)
}

/// One unit of a cycle.
pub async fn assessment_get(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Option<Row>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM assessment WHERE cycle_id = $1 AND agency = $2 AND unit = $3");
    Row::find_by_statement(sql(conn, &text, keys(cycle_id, unit)))
        .one(conn)
        .await
}

/// Locks a unit of a cycle and takes its next version.
pub async fn assessment_lock_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    now_millis: i64,
) -> Result<Option<Row>, DbErr> {
    let text = format!(
        "UPDATE assessment SET version = CASE WHEN version + 1 > $4 THEN version + 1 ELSE $4 END
         WHERE cycle_id = $1 AND agency = $2 AND unit = $3 RETURNING {COLUMNS}"
    );
    let values = keys(cycle_id, unit).into_iter().chain([Value::from(now_millis)]);
    Row::find_by_statement(sql(txn, &text, values)).one(txn).await
}

/// Locks a unit of a cycle for what its index is not computed from; its version stays.
pub async fn assessment_hold_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Option<Row>, DbErr> {
    let lock = match txn.get_database_backend() {
        DbBackend::Postgres => "FOR UPDATE",
        // SQLite has one writer, and nothing to lock.
        _ => "",
    };
    let text =
        format!("SELECT {COLUMNS} FROM assessment WHERE cycle_id = $1 AND agency = $2 AND unit = $3 {lock}");
    Row::find_by_statement(sql(txn, &text, keys(cycle_id, unit)))
        .one(txn)
        .await
}

/// Stores what was computed, of a row that is locked.
pub async fn assessment_save_in_txn(txn: &Txn, row: &Row) -> Result<(), DbErr> {
    let text = "UPDATE assessment SET exact = $4, inputs = $5, published = $6, updated_at = $7
                WHERE cycle_id = $1 AND agency = $2 AND unit = $3";
    let rest: [Value; 4] = [
        row.exact.clone().into(),
        row.inputs.clone().into(),
        row.published.into(),
        row.updated_at.into(),
    ];
    let values = keys(row.cycle_id, &row.unit_name()).into_iter().chain(rest);
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Units of a cycle after an agency and unit, in this order; only of `agency` when it is not empty.
pub async fn assessment_page(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    agency: &str,
    after: (&str, &str),
    limit: u64,
) -> Result<Vec<Row>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM assessment
         WHERE cycle_id = $1 AND ($2 = '' OR agency = $2) AND (agency, unit) > ($3, $4)
         ORDER BY agency, unit LIMIT $5"
    );
    let values: [Value; 5] = [
        cycle_id.into(),
        agency.into(),
        after.0.into(),
        after.1.into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    Row::find_by_statement(sql(conn, &text, values)).all(conn).await
}

/// Every unit of a cycle, or of one agency in it when that is not empty, in key order.
pub async fn assessments_of(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    agency: &str,
) -> Result<Vec<Row>, DbErr> {
    assessment_page(conn, cycle_id, agency, ("", ""), u64::MAX).await
}

/// Exact indexes of every unit of a cycle, or of one agency in it when that is not empty.
pub async fn assessments_exact(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    agency: &str,
) -> Result<Vec<Option<String>>, DbErr> {
    let text = "SELECT exact FROM assessment WHERE cycle_id = $1 AND ($2 = '' OR agency = $2)";
    let rows = conn
        .query_all_raw(sql(conn, text, [cycle_id.into(), agency.into()]))
        .await?;
    rows.into_iter().map(|row| row.try_get("", "exact")).collect()
}

/// Exact index of every unit of a cycle, with its unit type as the directory last told it; `unknown` without.
pub async fn assessments_by_type(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
) -> Result<Vec<(Option<String>, String)>, DbErr> {
    let text = "SELECT a.exact, f.payload FROM assessment a
                LEFT JOIN fact f ON f.service = 'directory' AND f.agency = a.agency AND f.unit = a.unit
                WHERE a.cycle_id = $1";
    let rows = conn.query_all_raw(sql(conn, text, [cycle_id.into()])).await?;
    let unit_type = |payload: Vec<u8>| {
        UnitState::decode(payload.as_slice())
            .ok()
            .map(|unit| unit.unit_type)
    };
    rows.into_iter()
        .map(|row| {
            let payload: Option<Vec<u8>> = row.try_get("", "payload")?;
            let known = payload.and_then(unit_type).filter(|key| !key.is_empty());
            Ok((
                row.try_get("", "exact")?,
                known.unwrap_or_else(|| "unknown".to_owned()),
            ))
        })
        .collect()
}

/// The index of an agency in a cycle.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct AgencyRow {
    /// Key of the cycle.
    pub cycle_id: i64,
    /// Id of the agency.
    pub agency: String,
    /// Grows with every change.
    pub version: i64,
    /// Exact index, a fraction; `None` while no unit has one.
    pub exact: Option<String>,
    /// Units with an index.
    pub counted: i64,
    /// Units enrolled.
    pub expected: i64,
    /// Version of the score that was published last; 0 when none was.
    pub published: i64,
}

const OF_AGENCY: &str = "cycle_id, agency, version, exact, counted, expected, published";

/// Locks the index of an agency and takes its next version.
pub async fn agency_index_lock_in_txn(
    txn: &Txn,
    cycle_id: i64,
    agency: &str,
    now_millis: i64,
) -> Result<AgencyRow, DbErr> {
    let text = format!(
        "INSERT INTO agency_index (cycle_id, agency, version) VALUES ($1, $2, $3)
         ON CONFLICT (cycle_id, agency) DO UPDATE SET version =
            CASE WHEN agency_index.version + 1 > excluded.version THEN agency_index.version + 1
                 ELSE excluded.version END
         RETURNING {OF_AGENCY}"
    );
    let values = [cycle_id.into(), agency.into(), now_millis.into()];
    let row = AgencyRow::find_by_statement(sql(txn, &text, values))
        .one(txn)
        .await?;
    row.ok_or_else(|| DbErr::RecordNotFound(format!("index of agency {agency}")))
}

/// Stores what was computed, of a row that is locked.
pub async fn agency_index_save_in_txn(txn: &Txn, row: &AgencyRow) -> Result<(), DbErr> {
    let text = "UPDATE agency_index SET exact = $3, counted = $4, expected = $5, published = $6
                WHERE cycle_id = $1 AND agency = $2";
    let values: [Value; 6] = [
        row.cycle_id.into(),
        row.agency.clone().into(),
        row.exact.clone().into(),
        row.counted.into(),
        row.expected.into(),
        row.published.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// The index of one agency.
pub async fn agency_index_get(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    agency: &str,
) -> Result<Option<AgencyRow>, DbErr> {
    let text = format!("SELECT {OF_AGENCY} FROM agency_index WHERE cycle_id = $1 AND agency = $2");
    AgencyRow::find_by_statement(sql(conn, &text, [cycle_id.into(), agency.into()]))
        .one(conn)
        .await
}

/// Agencies of a cycle after one, ordered by id.
pub async fn agency_index_page(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    after: &str,
    limit: u64,
) -> Result<Vec<AgencyRow>, DbErr> {
    let text = format!(
        "SELECT {OF_AGENCY} FROM agency_index WHERE cycle_id = $1 AND agency > $2 ORDER BY agency LIMIT $3"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    AgencyRow::find_by_statement(sql(conn, &text, [cycle_id.into(), after.into(), limit.into()]))
        .all(conn)
        .await
}

/// Locks a unit against whoever enrolls it or records a score of it at the same time, until the transaction ends.
///
/// The table held marks in the release before, so that its processes wait here too while both run; the runner of the
/// indexes takes the rows for such marks, which does no harm.
pub async fn unit_lock_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    let text = "INSERT INTO unit_mark (agency, unit) VALUES ($1, $2)
                ON CONFLICT (agency, unit) DO UPDATE SET unit = excluded.unit";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Whether a cycle of this scheme and year has the unit, or with an empty `unit` any unit of the agency.
pub async fn assessment_of_year(
    txn: &Txn,
    scheme: &str,
    year: &str,
    agency: &str,
    unit: &str,
) -> Result<bool, DbErr> {
    let text = "SELECT 1 AS one FROM assessment a JOIN cycle c ON c.id = a.cycle_id
                WHERE c.scheme = $1 AND c.year = $2 AND a.agency = $3 AND ($4 = '' OR a.unit = $4) LIMIT 1";
    let values = [scheme.into(), year.into(), agency.into(), unit.into()];
    Ok(txn.query_one_raw(sql(txn, text, values)).await?.is_some())
}
