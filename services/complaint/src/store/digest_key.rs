//! The key that digests of requests are made with. The replica that starts first generates it.

use prima_platform::{db::Database, failure::Failure, vault::Keyring};
use sea_orm::{Set, entity::prelude::*, sea_query::OnConflict};

use super::sealed::{DigestKey, open, seal};

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "digest_key")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    sealed: Vec<u8>,
    sealed_key: String,
}

prima_platform::no_relations!();

/// The stored key; `new` is stored and returned when there is none yet.
///
/// # Errors
///
/// The stored key cannot be decrypted, because its encryption key is missing or was replaced by another of the same
/// name.
pub async fn digest_key(db: &Database, vault: &Keyring, new: DigestKey) -> Result<DigestKey, Failure> {
    let sealed = seal(vault, &new)?;
    let writer = db.writer();
    let row = ActiveModel {
        id: Set(1),
        sealed: Set(sealed.bytes),
        sealed_key: Set(sealed.key),
    };
    let insert = Entity::insert(row).on_conflict(OnConflict::new().do_nothing().to_owned());
    insert.exec_without_returning(writer).await?;
    let row = Entity::find_by_id(1).one(writer).await?;
    let row = row.ok_or_else(|| Failure::internal("digest_key has no row"))?;
    open(vault, &row.sealed_key, &row.sealed)
}
