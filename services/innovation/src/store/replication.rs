//! Replications and knowledge transfer.

use chrono::Datelike;
use prima_platform::db::{Column, Txn, sql, table};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{Lock, broken, innovation, json, read_json};
use crate::domain::replication::{Replication, Transfer};

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    name: String,
    adopter_agency: String,
    adopter_unit: String,
    body: String,
}

/// A replication as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    /// Resource name; it names the innovation that was adopted.
    pub name: name::Replication,
    /// The unit that adopted it.
    pub adopter: name::Unit,
    /// What is kept of it.
    pub replication: Replication,
}

impl TryFrom<Row> for Stored {
    type Error = DbErr;

    fn try_from(row: Row) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            adopter: name::Unit {
                agency: row.adopter_agency,
                unit: row.adopter_unit,
            },
            replication: read_json(&row.name, "body", &row.body)?,
            name: name::Replication::parse(&row.name).map_err(|_| broken(&row.name, "name"))?,
        })
    }
}

fn stored(rows: Vec<Row>) -> Result<Vec<Stored>, DbErr> {
    rows.into_iter().map(Stored::try_from).collect()
}

const COLUMNS: &str = "r.id, r.name, r.adopter_agency, r.adopter_unit, r.body";

/// Stores a new replication of an innovation; false when the unit has adopted it before.
pub async fn replication_insert(txn: &Txn, innovation: i64, new: &Stored) -> Result<bool, DbErr> {
    let source = &new.name.innovation;
    let text = "INSERT INTO replication (name, innovation_id, innovation, agency, unit, adopter_agency, adopter_unit,
                    replica, year, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                ON CONFLICT DO NOTHING";
    let values = [
        new.name.to_string().into(),
        innovation.into(),
        source.to_string().into(),
        source.unit.agency.clone().into(),
        source.unit.unit.clone().into(),
        new.adopter.agency.clone().into(),
        new.adopter.unit.clone().into(),
        new.replication.replica.clone().into(),
        i64::from(new.replication.adopted.year()).into(),
        json(&new.replication)?.into(),
    ];
    Ok(txn.execute_raw(sql(txn, text, values)).await?.rows_affected() == 1)
}

/// Locks a replication; `None` when it does not exist.
pub async fn replication_lock_in_txn(txn: &Txn, name: &name::Replication) -> Result<Option<Stored>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM replication r WHERE r.name = $1{}",
        Lock::Update.sql(txn)
    );
    let row = Row::find_by_statement(sql(txn, &text, [name.to_string().into()]));
    row.one(txn).await?.map(Stored::try_from).transpose()
}

/// Writes a locked replication back.
pub async fn replication_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let text = "UPDATE replication SET body = $2 WHERE id = $1";
    let values = [stored.id.into(), json(&stored.replication)?.into()];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Replications of these innovations, ordered by name.
pub async fn replications_of(
    conn: &impl ConnectionTrait,
    innovations: &[String],
) -> Result<Vec<Stored>, DbErr> {
    let (from, values) = table(
        conn,
        [Column::Text],
        innovations.iter().map(|i| [i.clone().into()]),
        0,
    );
    let text = format!(
        "SELECT {COLUMNS} FROM {from} JOIN replication r ON r.innovation = v.column1 ORDER BY r.name"
    );
    stored(Row::find_by_statement(sql(conn, &text, values)).all(conn).await?)
}

/// Replications that units gave (or took) in years, ordered by name.
pub async fn replications_by_unit(
    conn: &impl ConnectionTrait,
    keys: &[(String, String, i64)],
    taken: bool,
) -> Result<Vec<Stored>, DbErr> {
    let rows = keys
        .iter()
        .map(|(agency, unit, year)| [agency.clone().into(), unit.clone().into(), (*year).into()]);
    let (from, values) = table(conn, [Column::Text, Column::Text, Column::Int], rows, 0);
    let side = if taken { "adopter_" } else { "" };
    let text = format!(
        "SELECT {COLUMNS} FROM {from} JOIN replication r
            ON r.{side}agency = v.column1 AND r.{side}unit = v.column2 AND r.year = v.column3 ORDER BY r.name"
    );
    stored(Row::find_by_statement(sql(conn, &text, values)).all(conn).await?)
}

/// Stores a transfer event of an innovation and who learnt.
pub async fn transfer_insert(
    txn: &Txn,
    source: &innovation::Stored,
    transfer: &Transfer,
    receivers: &[name::Unit],
) -> Result<(), DbErr> {
    let text = "INSERT INTO transfer (innovation_id, held_on, body) VALUES ($1, $2, $3) RETURNING id";
    let values = [
        source.id.into(),
        transfer.date.to_string().into(),
        json(transfer)?.into(),
    ];
    let row = txn.query_one_raw(sql(txn, text, values)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotInserted)?;
    let id: i64 = row.try_get("", "id")?;
    let rows = receivers
        .iter()
        .map(|u| [u.agency.clone().into(), u.unit.clone().into()]);
    let (from, mut values) = table(txn, [Column::Text; 2], rows, 0);
    values.extend([
        id.into(),
        i64::from(transfer.date.year()).into(),
        transfer.date.to_string().into(),
    ]);
    let n = values.len();
    let text = format!(
        "INSERT INTO transfer_receiver (transfer_id, agency, unit, year, held_on)
         SELECT ${}, column1, column2, ${}, ${n} FROM {from}",
        n - 2,
        n - 1
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// Transfer events of an innovation, the oldest first, at most a thousand.
pub async fn transfers_of(conn: &impl ConnectionTrait, innovation: i64) -> Result<Vec<Transfer>, DbErr> {
    #[derive(FromQueryResult)]
    struct Body {
        body: String,
    }
    let text = "SELECT body FROM transfer WHERE innovation_id = $1 ORDER BY held_on, id LIMIT 1000";
    let rows = Body::find_by_statement(sql(conn, text, [innovation.into()]))
        .all(conn)
        .await?;
    rows.iter()
        .map(|r| read_json("transfer", "body", &r.body))
        .collect()
}

/// A day on which a unit learnt.
#[derive(Debug, FromQueryResult)]
pub struct Learning {
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit.
    pub unit: String,
    /// Year.
    pub year: i64,
    /// Day, `YYYY-MM-DD`.
    pub held_on: String,
}

/// Days on which units learnt in years, ordered.
pub async fn learning_of(
    conn: &impl ConnectionTrait,
    keys: &[(String, String, i64)],
) -> Result<Vec<Learning>, DbErr> {
    let rows = keys
        .iter()
        .map(|(agency, unit, year)| [agency.clone().into(), unit.clone().into(), (*year).into()]);
    let (from, values) = table(conn, [Column::Text, Column::Text, Column::Int], rows, 0);
    let text = format!(
        "SELECT DISTINCT t.agency, t.unit, t.year, t.held_on FROM {from} JOIN transfer_receiver t
            ON t.agency = v.column1 AND t.unit = v.column2 AND t.year = v.column3
         ORDER BY t.agency, t.unit, t.held_on"
    );
    Learning::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await
}
