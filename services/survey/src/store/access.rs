//! What gives access to a survey: the service's secret, batches of tokens, devices.

use std::collections::{BTreeSet, HashMap};

use prima_platform::{
    clock::{from_micros, micros},
    db::{Column, Database, Txn, sql, table},
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::survey::{Model, Stored};
use crate::domain::access::{Device, SECRET_BYTES, Secret, TokenBatch};

#[derive(Debug, FromQueryResult)]
struct SecretRow {
    secret: Vec<u8>,
}

/// The secret of the service. `fresh` (of [`SECRET_BYTES`] random bytes) becomes it when there is none yet; of replicas
/// that start together one wins, and all get that one.
pub async fn secret_get_or_insert(db: &Database, fresh: &[u8]) -> Result<Secret, DbErr> {
    let conn = db.writer();
    let text = "SELECT secret FROM access_secret WHERE id = 1";
    let mut row = SecretRow::find_by_statement(sql(conn, text, []))
        .one(conn)
        .await?;
    if row.is_none() {
        let insert = "INSERT INTO access_secret (id, secret) VALUES (1, $1) ON CONFLICT DO NOTHING";
        conn.execute_raw(sql(conn, insert, [fresh.to_vec().into()]))
            .await?;
        row = SecretRow::find_by_statement(sql(conn, text, []))
            .one(conn)
            .await?;
    }
    match row {
        Some(row) if row.secret.len() == SECRET_BYTES => Ok(Secret::new(&row.secret)),
        _ => Err(DbErr::Custom("the stored access secret can't be read".to_owned())),
    }
}

/// Holds the survey's row until the transaction ends, at the version it has: its result does not change.
pub async fn survey_hold_in_txn(txn: &Txn, name: &str) -> Result<Option<Stored>, DbErr> {
    let text = "UPDATE survey SET version = version WHERE name = $1 RETURNING *";
    Model::find_by_statement(sql(txn, text, [name.into()]))
        .one(txn)
        .await?
        .map(Stored::try_from)
        .transpose()
}

#[derive(Debug, FromQueryResult)]
struct BatchRow {
    survey_id: i64,
    number: i64,
    counter: String,
    service: String,
    size: i64,
    expires_at: Option<i64>,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl From<BatchRow> for TokenBatch {
    fn from(row: BatchRow) -> Self {
        Self {
            number: row.number,
            counter: row.counter,
            service: row.service,
            size: row.size,
            expires_at: row.expires_at.map(from_micros),
            created_at: from_micros(row.created_at),
            revoked_at: row.revoked_at.map(from_micros),
        }
    }
}

#[derive(Debug, FromQueryResult)]
struct Number {
    number: i64,
}

/// The number of the next batch of a survey whose row is held.
pub async fn token_batch_next_in_txn(txn: &Txn, survey_id: i64) -> Result<i64, DbErr> {
    let text = "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM token_batch WHERE survey_id = $1";
    let row = Number::find_by_statement(sql(txn, text, [survey_id.into()]))
        .one(txn)
        .await?;
    Ok(row.map_or(1, |r| r.number))
}

/// Stores a new batch.
pub async fn token_batch_insert(txn: &Txn, survey_id: i64, batch: &TokenBatch) -> Result<(), DbErr> {
    let text = "INSERT INTO token_batch (survey_id, number, counter, service, size, expires_at, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values: [Value; 7] = [
        survey_id.into(),
        batch.number.into(),
        batch.counter.clone().into(),
        batch.service.clone().into(),
        batch.size.into(),
        batch.expires_at.map(micros).into(),
        micros(batch.created_at).into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Batches of a survey with a number above `after`, in order.
pub async fn token_batch_page(
    conn: &impl ConnectionTrait,
    survey_id: i64,
    after: i64,
    limit: u64,
) -> Result<Vec<TokenBatch>, DbErr> {
    let text = "SELECT * FROM token_batch WHERE survey_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [survey_id.into(), after.into(), limit.into()];
    let rows = BatchRow::find_by_statement(sql(conn, text, values))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(TokenBatch::from).collect())
}

/// Batches by survey and number; those that don't exist are left out.
pub async fn token_batches_get(
    txn: &Txn,
    keys: &BTreeSet<(i64, i64)>,
) -> Result<HashMap<(i64, i64), TokenBatch>, DbErr> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = keys
        .iter()
        .map(|(survey, number)| [(*survey).into(), (*number).into()]);
    let (from, values) = table(txn, [Column::Int; 2], rows, 0);
    let text = format!(
        "SELECT token_batch.* FROM {from} JOIN token_batch ON survey_id = v.column1 AND number = v.column2"
    );
    let rows = BatchRow::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.survey_id, row.number), row.into()))
        .collect())
}

/// Marks a batch as revoked, unless it is; the batch as it is now, or `None` when it does not exist.
pub async fn token_batch_revoke(
    txn: &Txn,
    survey_id: i64,
    number: i64,
    now: i64,
) -> Result<Option<TokenBatch>, DbErr> {
    let text = "UPDATE token_batch SET revoked_at = COALESCE(revoked_at, $3)
                WHERE survey_id = $1 AND number = $2 RETURNING *";
    let values = [survey_id.into(), number.into(), now.into()];
    let row = BatchRow::find_by_statement(sql(txn, text, values))
        .one(txn)
        .await?;
    Ok(row.map(TokenBatch::from))
}

#[derive(Debug, FromQueryResult)]
struct UsedRow {
    source: String,
    used: i64,
}

/// Tokens used, by number of the batch; a batch without any is left out.
pub async fn tokens_used(conn: &impl ConnectionTrait, survey_id: i64) -> Result<HashMap<i64, i64>, DbErr> {
    let text = "SELECT source, count(*) AS used FROM response
                WHERE survey_id = $1 AND token IS NOT NULL GROUP BY source";
    let rows = UsedRow::find_by_statement(sql(conn, text, [survey_id.into()]))
        .all(conn)
        .await?;
    let number = |source: &str| source.strip_prefix("token:")?.parse().ok();
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((number(&row.source)?, row.used)))
        .collect())
}

#[derive(Debug, FromQueryResult)]
struct DeviceRow {
    agency: String,
    unit: String,
    device: String,
    display_name: String,
    public_key: Vec<u8>,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl From<DeviceRow> for Device {
    fn from(row: DeviceRow) -> Self {
        let unit = name::Unit {
            agency: row.agency,
            unit: row.unit,
        };
        Self {
            name: name::Device {
                unit,
                device: row.device,
            },
            display_name: row.display_name,
            public_key: row.public_key,
            created_at: from_micros(row.created_at),
            revoked_at: row.revoked_at.map(from_micros),
        }
    }
}

/// The key of a device as values.
fn device_key(name: &name::Device) -> [Value; 3] {
    [
        name.unit.agency.clone().into(),
        name.unit.unit.clone().into(),
        name.device.clone().into(),
    ]
}

/// Stores a new device; `false` when the name is taken.
pub async fn device_insert(txn: &Txn, device: &Device) -> Result<bool, DbErr> {
    let text = "INSERT INTO device (agency, unit, device, display_name, public_key, created_at)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let values = device_key(&device.name).into_iter().chain([
        device.display_name.clone().into(),
        device.public_key.clone().into(),
        micros(device.created_at).into(),
    ]);
    Ok(txn.execute_raw(sql(txn, text, values)).await?.rows_affected() == 1)
}

/// Devices of a unit with an id after `after`, in order.
pub async fn device_page(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
    after: &str,
    limit: u64,
) -> Result<Vec<Device>, DbErr> {
    let text =
        "SELECT * FROM device WHERE agency = $1 AND unit = $2 AND device > $3 ORDER BY device LIMIT $4";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [
        unit.agency.clone().into(),
        unit.unit.clone().into(),
        after.into(),
        limit.into(),
    ];
    let rows = DeviceRow::find_by_statement(sql(conn, text, values))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(Device::from).collect())
}

/// Devices by name; those that are not registered are left out.
pub async fn devices_get(
    txn: &Txn,
    names: &BTreeSet<&name::Device>,
) -> Result<HashMap<name::Device, Device>, DbErr> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let (from, values) = table(txn, [Column::Text; 3], names.iter().map(|n| device_key(n)), 0);
    let text = format!(
        "SELECT device.* FROM {from} JOIN device
         ON agency = v.column1 AND unit = v.column2 AND device = v.column3"
    );
    let rows = DeviceRow::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    Ok(rows
        .into_iter()
        .map(Device::from)
        .map(|device| (device.name.clone(), device))
        .collect())
}

/// Marks a device as revoked, unless it is; the device as it is now, or `None` when it is not registered.
pub async fn device_revoke(txn: &Txn, name: &name::Device, now: i64) -> Result<Option<Device>, DbErr> {
    let text = "UPDATE device SET revoked_at = COALESCE(revoked_at, $4)
                WHERE agency = $1 AND unit = $2 AND device = $3 RETURNING *";
    let values = device_key(name).into_iter().chain([now.into()]);
    let row = DeviceRow::find_by_statement(sql(txn, text, values))
        .one(txn)
        .await?;
    Ok(row.map(Device::from))
}
