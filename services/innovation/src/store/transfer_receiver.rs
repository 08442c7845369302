//! Units that took part in transfers of knowledge.

use chrono::{Datelike, NaiveDate};
use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, entity::prelude::*};

use super::{portfolio, with_keys};

/// A row of the table `transfer_receiver`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfer_receiver")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    transfer_id: i64,
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Year.
    pub year: i64,
    /// Day, `YYYY-MM-DD`.
    pub held_on: String,
}

prima_platform::no_relations!();

/// Stores the units that took part in a transfer, and the day.
pub async fn receivers_insert_in_txn(
    txn: &Txn,
    transfer: i64,
    day: NaiveDate,
    receivers: &[name::Unit],
) -> Result<(), DbErr> {
    let row = |unit: &name::Unit| Model {
        transfer_id: transfer,
        agency: unit.agency.clone(),
        unit: unit.unit.clone(),
        year: day.year().into(),
        held_on: day.to_string(),
    };
    let rows = receivers.iter().map(row).map(Model::into_active_model);
    Entity::insert_many(rows)
        .exec_without_returning(txn)
        .await
        .map(drop)
}

/// Days of transfers in which units took part in these years, ordered, each once.
pub async fn learning_of(conn: &impl ConnectionTrait, keys: &[portfolio::Key]) -> Result<Vec<Model>, DbErr> {
    let key = [Column::Agency, Column::Unit, Column::Year];
    let order = [Column::Agency, Column::Unit, Column::HeldOn];
    let keys = keys.iter().map(portfolio::values);
    let mut days = with_keys::<Entity, 3>(conn, key, keys, &order).await?;
    days.dedup_by(|b, a| (&a.agency, &a.unit, &a.held_on) == (&b.agency, &b.unit, &b.held_on));
    Ok(days)
}
