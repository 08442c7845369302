//! Who acted for a unit: those who submitted F-01 or evidence, or filed an objection.

use std::collections::BTreeSet;

use prima_platform::db::{Txn, insert_new, sql};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, IntoActiveModel, entity::prelude::*};

/// A caller who submitted F-01 of a unit.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "self_assessor")]
pub struct Model {
    /// Key of the cycle.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cycle_id: i64,
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Subject of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
}

prima_platform::no_relations!();

/// Records that a caller submitted F-01.
pub async fn self_assessor_save_in_txn(txn: &Txn, assessor: Model) -> Result<(), DbErr> {
    insert_new(txn, assessor.into_active_model()).await.map(drop)
}

/// Token subjects who submitted F-01 or evidence for the unit, or filed an objection.
pub async fn acted_for_unit(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<BTreeSet<String>, DbErr> {
    // Written as SQL because it is a union over three tables.
    let text = "SELECT subject FROM self_assessor WHERE cycle_id = $1 AND agency = $2 AND unit = $3
                UNION SELECT actor FROM evidence WHERE cycle_id = $1 AND agency = $2 AND unit = $3
                UNION SELECT actor FROM objection WHERE cycle_id = $1 AND agency = $2 AND unit = $3";
    let values = [
        cycle_id.into(),
        unit.agency.clone().into(),
        unit.unit.clone().into(),
    ];
    let rows = conn.query_all_raw(sql(conn, text, values)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
