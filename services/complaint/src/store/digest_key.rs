//! What digests of requests are made with: made once, by whichever replica starts first.

use prima_platform::{
    db::{Database, sql},
    failure::Failure,
    vault::Keyring,
};
use sea_orm::ConnectionTrait;

use super::sealed::{DigestKey, open, seal};

/// The key that is kept, or `new` from now on when there is none.
///
/// # Errors
///
/// What is kept does not open: its key of the vault is missing, or another one has its name.
pub async fn digest_key(db: &Database, vault: &Keyring, new: DigestKey) -> Result<DigestKey, Failure> {
    let sealed = seal(vault, &new)?;
    let text = "INSERT INTO digest_key (id, sealed, sealed_key) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
    let writer = db.writer();
    let values = [sealed.bytes.into(), sealed.key.into()];
    writer.execute_raw(sql(writer, text, values)).await?;
    let text = "SELECT sealed, sealed_key FROM digest_key WHERE id = 1";
    let row = writer.query_one_raw(sql(writer, text, [])).await?;
    let row = row.ok_or_else(|| Failure::internal("digest_key has no row"))?;
    let (bytes, key): (Vec<u8>, String) = (row.try_get("", "sealed")?, row.try_get("", "sealed_key")?);
    open(vault, &key, &bytes)
}
