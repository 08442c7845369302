//! The key of a service that digests are made with. It is stored (encrypted) and never changes, because digests are kept for
//! longer than the keys that encrypt, which are rotated. The table `digest_key` of the service has one row with it.

use ring::rand::{SecureRandom, SystemRandom};
use sea_orm::ConnectionTrait;
use zeroize::Zeroizing;

use crate::{
    db::{Database, sql},
    failure::Failure,
    vault::{self, Keyring},
};

/// Adds the stored key to a keyring; the process that starts first generates it. It is encrypted for `purpose`.
///
/// When the key that it is encrypted under is lost, digests that were made before can't be compared any more, but everything
/// else works.
///
/// # Errors
///
/// The database fails, or the operating system returns no random bytes.
pub async fn with_digest_key(db: &Database, vault: Keyring, purpose: &str) -> Result<Keyring, Failure> {
    let mut fresh = Zeroizing::new([0_u8; vault::KEY]);
    SystemRandom::new()
        .fill(fresh.as_mut_slice())
        .map_err(|_| Failure::internal("the operating system returned no random bytes"))?;
    let plain = Zeroizing::new(serde_json::to_vec(&*fresh).map_err(Failure::internal)?);
    let sealed = vault.encrypt(purpose, &plain)?;
    let writer = db.writer();
    let text = "INSERT INTO digest_key (id, sealed, sealed_key) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
    let values = [sealed.bytes.into(), sealed.key.into()];
    writer.execute_raw(sql(writer, text, values)).await?;
    let (bytes, key) = stored(writer).await?;
    let opened = vault
        .decrypt(purpose, &key, &bytes)
        .map_err(|error| error.to_string());
    let opened = opened.and_then(|plain| {
        let key: Result<[u8; vault::KEY], _> = serde_json::from_slice(&Zeroizing::new(plain));
        key.map(Zeroizing::new).map_err(|error| error.to_string())
    });
    match opened {
        Ok(key) => Ok(vault.with_digest_key(&key)),
        Err(error) => {
            tracing::error!(error, "repeats of older requests can no longer be recognised");
            Ok(vault)
        }
    }
}

/// The encrypted key, with the id of the key that it is encrypted under.
async fn stored(conn: &impl ConnectionTrait) -> Result<(Vec<u8>, String), Failure> {
    let text = "SELECT sealed, sealed_key FROM digest_key WHERE id = 1";
    let row = conn.query_one_raw(sql(conn, text, [])).await?;
    let row = row.ok_or_else(|| Failure::internal("digest_key has no row"))?;
    Ok((row.try_get("", "sealed")?, row.try_get("", "sealed_key")?))
}

/// Encrypts the stored key under the current key. One that can't be decrypted stays as it is.
///
/// # Errors
///
/// The database fails.
pub async fn reseal(db: &Database, vault: &Keyring, purpose: &str) -> Result<(), Failure> {
    let conn = db.writer();
    let (bytes, key) = stored(conn).await?;
    let Ok(plain) = vault.decrypt(purpose, &key, &bytes) else {
        return Ok(());
    };
    if key == vault.current() {
        return Ok(());
    }
    let sealed = vault.encrypt(purpose, &plain)?;
    let text = "UPDATE digest_key SET sealed = $1, sealed_key = $2 WHERE id = 1 AND sealed_key = $3";
    let values = [sealed.bytes.into(), sealed.key.into(), key.into()];
    conn.execute_raw(sql(conn, text, values)).await?;
    Ok(())
}
