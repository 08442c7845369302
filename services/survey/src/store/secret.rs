//! The secret key of the service, from which tokens and links are derived.

use prima_platform::db::Database;
use sea_orm::{DbErr, EntityTrait, IntoActiveModel, entity::prelude::*, sea_query::OnConflict};

use crate::domain::access::{SECRET_BYTES, Secret};

/// The row of the table `access_secret`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_secret")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Random bytes.
    pub secret: Vec<u8>,
}

prima_platform::no_relations!();

/// The secret key of the service. When there is none yet, `fresh` ([`SECRET_BYTES`] random bytes) is stored; replicas that start
/// at the same time all get the key that was stored first.
pub async fn secret_get_or_insert(db: &Database, fresh: &[u8]) -> Result<Secret, DbErr> {
    let conn = db.writer();
    let mut row = Entity::find_by_id(1).one(conn).await?;
    if row.is_none() {
        let secret = fresh.to_vec();
        let insert = Entity::insert(Model { id: 1, secret }.into_active_model());
        let insert = insert.on_conflict(OnConflict::new().do_nothing().to_owned());
        insert.exec_without_returning(conn).await?;
        row = Entity::find_by_id(1).one(conn).await?;
    }
    match row {
        Some(row) if row.secret.len() == SECRET_BYTES => Ok(Secret::new(&row.secret)),
        _ => Err(DbErr::Custom("the stored access secret can't be read".to_owned())),
    }
}
