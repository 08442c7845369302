//! Registered devices (kiosks) of units.

use std::collections::{BTreeSet, HashMap};

use prima_platform::{
    clock::{from_micros, micros},
    db::{Column as Type, Txn, insert_new, sql, table},
};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::domain::access::Device;

/// A row of the table `device`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub device: String,
    /// Display name.
    pub display_name: String,
    /// Ed25519 public key.
    pub public_key: Vec<u8>,
    /// Creation, unix microseconds.
    pub created_at: i64,
    /// When it was revoked, unix microseconds.
    pub revoked_at: Option<i64>,
}

prima_platform::no_relations!();

impl From<Model> for Device {
    fn from(row: Model) -> Self {
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

/// Inserts a new device; `false` when its name is taken.
pub async fn device_insert_in_txn(txn: &Txn, device: &Device) -> Result<bool, DbErr> {
    let row = Model {
        agency: device.name.unit.agency.clone(),
        unit: device.name.unit.unit.clone(),
        device: device.name.device.clone(),
        display_name: device.display_name.clone(),
        public_key: device.public_key.clone(),
        created_at: micros(device.created_at),
        revoked_at: device.revoked_at.map(micros),
    };
    insert_new(txn, row.into_active_model()).await
}

/// Devices of a unit with an id after `after`, in order.
pub async fn device_page(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
    after: &str,
    limit: u64,
) -> Result<Vec<Device>, DbErr> {
    let rows = Entity::find()
        .filter(Column::Agency.eq(unit.agency.as_str()))
        .filter(Column::Unit.eq(unit.unit.as_str()))
        .filter(Column::Device.gt(after))
        .order_by_asc(Column::Device)
        .limit(limit)
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(Device::from).collect())
}

/// Devices by name; devices that are not registered are left out. Each key column is one array, so that the statement is
/// prepared once for any number of keys.
pub async fn devices_get(
    txn: &Txn,
    names: &BTreeSet<&name::Device>,
) -> Result<HashMap<name::Device, Device>, DbErr> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = names
        .iter()
        .map(|name| [&name.unit.agency, &name.unit.unit, &name.device].map(|id| id.clone().into()));
    let (from, values) = table(txn, [Type::Text; 3], keys, 0);
    let text = format!(
        "SELECT device.* FROM {from} JOIN device
         ON agency = v.column1 AND unit = v.column2 AND device = v.column3"
    );
    let rows = Model::find_by_statement(sql(txn, &text, values)).all(txn).await?;
    Ok(rows
        .into_iter()
        .map(Device::from)
        .map(|device| (device.name.clone(), device))
        .collect())
}

/// Revokes a device that is not revoked yet; returns the device, or `None` when it is not registered.
pub async fn device_revoke_in_txn(txn: &Txn, name: &name::Device, now: i64) -> Result<Option<Device>, DbErr> {
    let rows = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::col(Column::RevokedAt).if_null(now))
        .filter(Column::Agency.eq(name.unit.agency.as_str()))
        .filter(Column::Unit.eq(name.unit.unit.as_str()))
        .filter(Column::Device.eq(name.device.as_str()))
        .exec_with_returning(txn)
        .await?;
    Ok(rows.into_iter().next().map(Device::from))
}
