//! Indexes of agencies in a cycle.

use prima_platform::db::{Txn, sql};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

/// The index of an agency in a cycle.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agency_index")]
pub struct Model {
    /// Key of the cycle.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cycle_id: i64,
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
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

prima_platform::no_relations!();

/// Locks the index of an agency and takes its next version.
pub async fn agency_index_lock_in_txn(
    txn: &Txn,
    cycle_id: i64,
    agency: &str,
    now_millis: i64,
) -> Result<Model, DbErr> {
    // Written as SQL because of the arithmetic.
    let text = "INSERT INTO agency_index (cycle_id, agency, version) VALUES ($1, $2, $3)
                ON CONFLICT (cycle_id, agency) DO UPDATE SET version =
                    CASE WHEN agency_index.version + 1 > excluded.version THEN agency_index.version + 1
                         ELSE excluded.version END
                RETURNING *";
    let values = [cycle_id.into(), agency.into(), now_millis.into()];
    let row = Entity::find()
        .from_raw_sql(sql(txn, text, values))
        .one(txn)
        .await?;
    row.ok_or_else(|| DbErr::RecordNotFound(format!("index of agency {agency}")))
}

/// Writes a locked row back.
pub async fn agency_index_save_in_txn(txn: &Txn, row: &Model) -> Result<(), DbErr> {
    let update = Entity::update(row.clone().into_active_model().reset_all());
    update.exec_without_returning(txn).await.map(drop)
}

/// The index of one agency.
pub async fn agency_index_get(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    agency: &str,
) -> Result<Option<Model>, DbErr> {
    let key = (cycle_id, agency.to_owned());
    Entity::find_by_id(key).one(conn).await
}

/// Agencies of a cycle after one, ordered by id.
pub async fn agency_index_page(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    after: &str,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::CycleId.eq(cycle_id))
        .filter(Column::Agency.gt(after))
        .order_by_asc(Column::Agency)
        .limit(limit)
        .all(conn)
        .await
}
