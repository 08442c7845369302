//! Blind indexes of telephone numbers and e-mail addresses, by which reports are found without decrypting them.

use prima_platform::{db::Txn, vault::Keyring};
use sea_orm::{Set, entity::prelude::*, sea_query::OnConflict};

use super::sealed::Identity;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "contact")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    hash: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    complaint_id: i64,
    sealed_key: String,
}

prima_platform::no_relations!();

/// The purpose that hashes of contacts are bound to; must never change after a release.
pub const PURPOSE: &str = "contact";

/// The contacts of an identity in the form that is indexed.
pub fn contacts(identity: &Identity) -> Vec<&str> {
    let all = [identity.phone.as_str(), identity.email.as_str()];
    all.into_iter().filter(|contact| !contact.is_empty()).collect()
}

/// Indexes the contacts of a new report under the current key.
pub async fn contact_add_in_txn(
    txn: &Txn,
    vault: &Keyring,
    complaint: i64,
    identity: &Identity,
) -> Result<(), DbErr> {
    let row = |(sealed_key, hash)| ActiveModel {
        hash: Set(hash),
        complaint_id: Set(complaint),
        sealed_key: Set(sealed_key),
    };
    let rows: Vec<_> = contacts(identity)
        .into_iter()
        .filter_map(|contact| vault.index(PURPOSE, contact).into_iter().next())
        .map(row)
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let taken = OnConflict::new().do_nothing().to_owned();
    let insert = Entity::insert_many(rows).on_conflict(taken);
    insert.exec_without_returning(txn).await.map(drop)
}

/// Removes the contacts of a report from the index.
pub async fn contact_remove_in_txn(txn: &Txn, complaint: i64) -> Result<(), DbErr> {
    let all = Entity::delete_many().filter(Column::ComplaintId.eq(complaint));
    all.exec(txn).await.map(drop)
}

/// Indexes the contacts of a report again under the current key.
pub async fn contact_renew_in_txn(
    txn: &Txn,
    vault: &Keyring,
    complaint: i64,
    identity: Option<&Identity>,
) -> Result<(), DbErr> {
    contact_remove_in_txn(txn, complaint).await?;
    match identity {
        Some(identity) => contact_add_in_txn(txn, vault, complaint, identity).await,
        None => Ok(()),
    }
}
