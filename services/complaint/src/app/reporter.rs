//! Who shows a tracking code and its secret is the reporter, or the citizen who asked.

use prima_platform::failure::{Failure, Kind};
use ring::hmac;
use sea_orm::ConnectionTrait;

use super::{App, tracking_digest};
use crate::store::{
    Lock,
    complaint::{Stored, complaint_by_tracking},
    sealed::Secrets,
};

/// What the reporter shows, as it was given. Debug shows nothing of it.
pub type Access = Secrets;

/// The report that a code and its secret lead to, locked in the way asked for.
///
/// # Errors
///
/// `NOT_FOUND` when the code is none or the secret is another: who guesses learns nothing.
pub async fn report(
    app: &App,
    conn: &impl ConnectionTrait,
    access: &Access,
    lock: Lock,
) -> Result<Stored, Failure> {
    let digest = tracking_digest(&access.tracking_code);
    let stored = complaint_by_tracking(conn, &digest, lock).await?;
    let stored = stored.ok_or_else(unknown)?;
    check(&stored.secrets(&app.vault)?, access)?;
    Ok(stored)
}

/// `Ok` when the secret is the one that was given.
pub fn check(secrets: &Secrets, access: &Access) -> Result<(), Failure> {
    // In constant time: how long it takes tells nothing of the secret.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
    let right = hmac::sign(&key, secrets.secret.as_bytes());
    if hmac::verify(&key, access.secret.as_bytes(), right.as_ref()).is_ok() {
        return Ok(());
    }
    Err(unknown())
}

/// Nothing has this code with this secret.
pub fn unknown() -> Failure {
    Failure::new(
        Kind::NotFound,
        "NOT_FOUND",
        "nothing has this tracking code with this secret",
        "Kode pelacakan atau kode rahasia tidak cocok",
    )
}
