//! The feed: the order in which watchers see timeline lines. Positions are assigned after the commit, by one
//! transaction at a time, so a watcher that has seen a position cannot miss a lower one. Raw SQL, because one statement
//! numbers all lines by a window function, and a test checks the plan of reading them.

use prima_platform::db::{Txn, sql};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::read_json;
use crate::domain::case::Entry;

/// Whether there are lines without a position.
pub async fn feed_waiting(conn: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let text = "SELECT 1 FROM timeline WHERE feed IS NULL ORDER BY id LIMIT 1";
    Ok(conn.query_one_raw(sql(conn, text, [])).await?.is_some())
}

/// The last position that was assigned.
pub async fn feed_last(conn: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let row = conn
        .query_one_raw(sql(conn, "SELECT last FROM feed WHERE id = 1", []))
        .await?;
    row.map_or(Ok(0), |row| row.try_get("", "last"))
}

/// Assigns positions to at most `limit` lines, in the order in which they were inserted; returns their number.
pub async fn feed_number_in_txn(txn: &Txn, limit: u32) -> Result<u64, DbErr> {
    // Locking comes first, so that the next statement sees everything that was committed before.
    let lock = "UPDATE feed SET last = last WHERE id = 1 RETURNING last";
    let row = txn.query_one_raw(sql(txn, lock, [])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("feed".into()))?;
    let last: i64 = row.try_get("", "last")?;
    let number = "UPDATE timeline SET feed = $1 + n.place FROM (
            SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM (
                SELECT id FROM timeline WHERE feed IS NULL ORDER BY id LIMIT $2) AS f) AS n
        WHERE timeline.id = n.id";
    let values = [last.into(), i64::from(limit).into()];
    let count = txn.execute_raw(sql(txn, number, values)).await?.rows_affected();
    let risen = last.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
    let keep = "UPDATE feed SET last = $1 WHERE id = 1";
    txn.execute_raw(sql(txn, keep, [risen.into()])).await?;
    Ok(count)
}

/// Whose lines a watcher sees. An agency or unit also sees the line with which a report left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    All,
    /// Lines about reports of an agency.
    Agency(String),
    /// Lines about reports of a unit.
    Unit(name::Unit),
}

#[derive(Debug, FromQueryResult)]
struct Row {
    feed: i64,
    number: i64,
    agency: String,
    unit: String,
    role: String,
    entry: String,
    uid: String,
}

/// A timeline line as watchers see it, without its note and its actor.
#[derive(Debug)]
pub struct FeedLine {
    /// Position in the feed.
    pub feed: i64,
    pub complaint: name::Complaint,
    /// Number within the report, from 1.
    pub number: i64,
    /// The agency that handles the report after this line.
    pub agency: String,
    /// The unit that handles it; may be empty.
    pub unit: String,
    /// Key of the role of who acted.
    pub role: String,
    /// What happened.
    pub entry: Entry,
}

/// Lines from after the position `after` up to and including `last`, in order.
pub async fn feed_page(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    after: i64,
    last: i64,
    limit: i64,
) -> Result<Vec<FeedLine>, DbErr> {
    let (text, values) = page_query(scope, after, last, limit);
    let rows = Row::find_by_statement(sql(conn, &text, values)).all(conn).await?;
    let line = |row: Row| {
        Ok(FeedLine {
            entry: read_json(format!("feed {}", row.feed), "entry", &row.entry)?,
            feed: row.feed,
            complaint: name::Complaint { complaint: row.uid },
            number: row.number,
            agency: row.agency,
            unit: row.unit,
            role: row.role,
        })
    };
    rows.into_iter().map(line).collect()
}

fn page_query(scope: &Scope, after: i64, last: i64, limit: i64) -> (String, Vec<Value>) {
    let part = |condition: &str| {
        format!(
            "SELECT * FROM (SELECT feed, complaint_id, number, agency, unit, role, entry FROM timeline
             WHERE feed > $1 AND feed <= $2{condition} ORDER BY feed LIMIT $3) AS part"
        )
    };
    let mut values: Vec<Value> = vec![after.into(), last.into(), limit.into()];
    let parts = match scope {
        Scope::All => part(""),
        Scope::Agency(agency) => {
            values.push(agency.clone().into());
            let left = part(" AND from_agency = $4 AND agency <> $4");
            format!("{} UNION ALL {left}", part(" AND agency = $4"))
        }
        Scope::Unit(name) => {
            values.extend([name.agency.clone().into(), name.unit.clone().into()]);
            let left = part(" AND from_agency = $4 AND from_unit = $5 AND NOT (agency = $4 AND unit = $5)");
            format!("{} UNION ALL {left}", part(" AND agency = $4 AND unit = $5"))
        }
    };
    let text = format!(
        "SELECT f.feed, f.number, f.agency, f.unit, f.role, f.entry, c.uid FROM ({parts}) AS f
         JOIN complaint c ON c.id = f.complaint_id ORDER BY f.feed LIMIT $3"
    );
    (text, values)
}

#[cfg(test)]
mod tests;
