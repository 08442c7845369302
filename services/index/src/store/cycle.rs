//! Cycles of evaluation.

use prima_platform::db::{Txn, sql};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use crate::domain::cycle::{Cycle, Scheme};

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    cycle: String,
    scheme: String,
    year: String,
    agency: String,
    instrument: String,
    settings: String,
    final_at: Option<i64>,
    etag: i64,
    created_at: i64,
}

const COLUMNS: &str =
    "c.id, c.cycle, c.scheme, c.year, c.agency, c.instrument, c.settings, c.final_at, c.etag,
    c.created_at";

impl Row {
    fn read(self) -> Result<Cycle, DbErr> {
        let bad = |what: &str| DbErr::Custom(format!("cycle {}: {what} can't be read", self.cycle));
        Ok(Cycle {
            id: self.id,
            scheme: Scheme::parse(&self.scheme).ok_or_else(|| bad("its scheme"))?,
            settings: serde_json::from_str(&self.settings).map_err(|_| bad("its settings"))?,
            cycle: self.cycle,
            year: self.year,
            agency: self.agency,
            instrument: self.instrument,
            final_at: self.final_at,
            etag: self.etag,
            created_at: self.created_at,
        })
    }
}

fn settings(cycle: &Cycle) -> Result<String, DbErr> {
    serde_json::to_string(&cycle.settings).map_err(|e| DbErr::Custom(e.to_string()))
}

/// Stores a cycle and returns its key; `None` when the name, or its scheme, year and agency, are taken.
pub async fn cycle_insert_in_txn(txn: &Txn, cycle: &Cycle) -> Result<Option<i64>, DbErr> {
    let text = "INSERT INTO cycle (cycle, scheme, year, agency, instrument, settings, etag, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id";
    let values = [
        cycle.cycle.clone().into(),
        cycle.scheme.as_str().into(),
        cycle.year.clone().into(),
        cycle.agency.clone().into(),
        cycle.instrument.clone().into(),
        settings(cycle)?.into(),
        cycle.etag.into(),
        cycle.created_at.into(),
    ];
    let row = txn.query_one_raw(sql(txn, text, values)).await?;
    row.map(|row| row.try_get("", "id")).transpose()
}

async fn one(conn: &impl ConnectionTrait, cycle: &str, lock: &str) -> Result<Option<Cycle>, DbErr> {
    // SQLite has one writer, and nothing to lock.
    let lock = if conn.get_database_backend() == DbBackend::Postgres {
        lock
    } else {
        ""
    };
    let text = format!("SELECT {COLUMNS} FROM cycle c WHERE c.cycle = $1 {lock}");
    let row = Row::find_by_statement(sql(conn, &text, [cycle.into()]));
    row.one(conn).await?.map(Row::read).transpose()
}

/// The cycle of this name.
pub async fn cycle_get(conn: &impl ConnectionTrait, cycle: &str) -> Result<Option<Cycle>, DbErr> {
    one(conn, cycle, "").await
}

/// The cycle, which is not settled by anybody else until the transaction ends.
pub async fn cycle_share_in_txn(txn: &Txn, cycle: &str) -> Result<Option<Cycle>, DbErr> {
    one(txn, cycle, "FOR SHARE").await
}

/// The cycle, in which nobody else changes anything until the transaction ends.
pub async fn cycle_lock_in_txn(txn: &Txn, cycle: &str) -> Result<Option<Cycle>, DbErr> {
    one(txn, cycle, "FOR UPDATE").await
}

/// Saves the settings and the etag of a cycle that is locked.
pub async fn cycle_save_in_txn(txn: &Txn, cycle: &Cycle) -> Result<(), DbErr> {
    let text = "UPDATE cycle SET settings = $1, etag = $2 WHERE id = $3";
    let values = [settings(cycle)?.into(), cycle.etag.into(), cycle.id.into()];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Settles a cycle.
pub async fn cycle_finalize_in_txn(txn: &Txn, cycle: &Cycle) -> Result<(), DbErr> {
    let text = "UPDATE cycle SET final_at = $1, etag = $2 WHERE id = $3";
    let values = [cycle.final_at.into(), cycle.etag.into(), cycle.id.into()];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Cycles after a name, ordered by name; only of `year` when it is not empty.
pub async fn cycle_page(
    conn: &impl ConnectionTrait,
    year: &str,
    after: &str,
    limit: u64,
) -> Result<Vec<Cycle>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM cycle c WHERE c.cycle > $1 AND ($2 = '' OR c.year = $2) ORDER BY c.cycle LIMIT $3"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = Row::find_by_statement(sql(conn, &text, [after.into(), year.into(), limit.into()]));
    rows.all(conn).await?.into_iter().map(Row::read).collect()
}

/// Cycles that are not settled and have this unit, ordered by key; none of them is settled by anybody else until the
/// transaction ends.
pub async fn cycles_share_of_unit_in_txn(txn: &Txn, agency: &str, unit: &str) -> Result<Vec<Cycle>, DbErr> {
    let lock = match txn.get_database_backend() {
        DbBackend::Postgres => "FOR SHARE OF c",
        _ => "",
    };
    let text = format!(
        "SELECT {COLUMNS} FROM cycle c JOIN assessment a ON a.cycle_id = c.id
         WHERE a.agency = $1 AND a.unit = $2 AND c.final_at IS NULL ORDER BY c.id {lock}"
    );
    let rows = Row::find_by_statement(sql(txn, &text, [agency.into(), unit.into()]));
    rows.all(txn).await?.into_iter().map(Row::read).collect()
}
