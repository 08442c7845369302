//! What the reporter shows in place of a token: the tracking code, and the secret that goes with it.

use prima_platform::failure::{Failure, Kind};
use prima_proto::complaint::v1;
use ring::hmac;
use sea_orm::ConnectionTrait;

use super::{App, tracking_digest};
use crate::{
    domain::code,
    store::{
        Lock,
        complaint::{Stored, complaint_by_tracking},
    },
};

/// What was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The tracking code alone.
    Code,
    /// The secret too.
    Secret,
}

/// The report whose code was shown, locked in the way asked for, and what was shown. The secret may be left out.
///
/// # Errors
///
/// `NOT_FOUND`, the same for what is no code, for the code of no report, and for another secret.
pub async fn find(
    app: &App,
    conn: &impl ConnectionTrait,
    access: &v1::Access,
    lock: Lock,
) -> Result<(Stored, Shown), Failure> {
    let tracking = code::read(&access.tracking_code, code::TRACKING).ok_or_else(no_report)?;
    let found = complaint_by_tracking(conn, &tracking_digest(&tracking), lock).await?;
    let stored = found.ok_or_else(no_report)?;
    if access.secret.is_empty() {
        return Ok((stored, Shown::Code));
    }
    let secret = code::read(&access.secret, code::SECRET).ok_or_else(no_report)?;
    if is_same(&secret, &stored.secrets(&app.vault)?.secret) {
        Ok((stored, Shown::Secret))
    } else {
        Err(no_report())
    }
}

/// No report is meant. What was asked for is not repeated: it may be a code.
pub fn no_report() -> Failure {
    Failure::new(
        Kind::NotFound,
        "NOT_FOUND",
        "there is no such report",
        "Laporan tidak ditemukan",
    )
}

/// Compares digests in constant time, so that the time tells nothing of the secret.
fn is_same(shown: &str, secret: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
    let tag = hmac::sign(&key, secret.as_bytes());
    hmac::verify(&key, shown.as_bytes(), tag.as_ref()).is_ok()
}
