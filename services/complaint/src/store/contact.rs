//! Blind indexes of telephone numbers and e-mail addresses.

use prima_platform::{
    db::{Column, Txn, sql, table},
    vault::Keyring,
};
use sea_orm::{ConnectionTrait, DbErr};

use super::sealed::Identity;

/// What a contact is indexed for; never changed once released.
pub const PURPOSE: &str = "contact";

/// The contacts of an identity, as they are indexed.
pub fn contacts(identity: &Identity) -> Vec<&str> {
    let all = [identity.phone.as_str(), identity.email.as_str()];
    all.into_iter().filter(|contact| !contact.is_empty()).collect()
}

/// Puts the contacts of a new report into the index, under the current key.
pub async fn contact_add(
    txn: &Txn,
    vault: &Keyring,
    complaint: i64,
    identity: &Identity,
) -> Result<(), DbErr> {
    let rows: Vec<_> = contacts(identity)
        .into_iter()
        .filter_map(|contact| vault.index(PURPOSE, contact).into_iter().next())
        .map(|(key, hash)| [hash.into(), complaint.into(), key.into()])
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (from, values) = table(txn, [Column::Bytes, Column::Int, Column::Text], rows, 0);
    let text = format!(
        "INSERT INTO contact (hash, complaint_id, sealed_key) SELECT column1, column2, column3 FROM {from} WHERE TRUE
         ON CONFLICT DO NOTHING"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// Indexes the contacts of a report anew, under the current key.
pub async fn contact_renew(
    txn: &Txn,
    vault: &Keyring,
    complaint: i64,
    identity: Option<&Identity>,
) -> Result<(), DbErr> {
    let text = "DELETE FROM contact WHERE complaint_id = $1";
    txn.execute_raw(sql(txn, text, [complaint.into()])).await?;
    match identity {
        Some(identity) => contact_add(txn, vault, complaint, identity).await,
        None => Ok(()),
    }
}
