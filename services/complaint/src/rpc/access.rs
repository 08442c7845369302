//! Callers without a token identify themselves by tracking code and secret: they are the reporter, or the citizen who
//! asked.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Kind},
    request::Faults,
};
use prima_proto::complaint::v1;
use ring::hmac;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use crate::{
    context::App,
    domain::code,
    store::{
        Lock,
        complaint::{Stored, complaint_by_tracking},
        consultation::{self, consultation_by_tracking},
        sealed::Secrets,
    },
};

/// Tracking code and secret as the caller sent them. `Debug` prints nothing of them.
pub type Access = Secrets;

/// Reads a tracking code and a secret. A malformed one is reported as a fault without repeating it.
pub fn parse(field: &str, raw: v1::Access, faults: &mut Faults) -> Option<Access> {
    let mut part = |name: &str, text: &str, length: usize| {
        let code = code::read(text, length);
        if code.is_none() {
            faults.add(
                format!("{field}.{name}"),
                format!("must have {length} letters and digits"),
                format!("harus {length} huruf dan angka"),
            );
        }
        code
    };
    let tracking_code = part("tracking_code", &raw.tracking_code, code::TRACKING);
    let secret = part("secret", &raw.secret, code::SECRET);
    Some(Access {
        tracking_code: tracking_code?,
        secret: secret?,
    })
}

/// As [`parse`], for requests that must contain them.
pub fn required(field: &str, raw: Option<v1::Access>, faults: &mut Faults) -> Option<Access> {
    let raw = faults.required(field, raw)?;
    parse(field, raw, faults)
}

/// The digest by which a tracking code is looked up. The code itself is not stored in plain text because it grants
/// access; it has 100 random bits, so the digest needs no salt.
pub fn tracking_digest(tracking_code: &str) -> Vec<u8> {
    Sha256::digest(tracking_code.as_bytes()).to_vec()
}

/// The report with this tracking code and secret, locked as `lock` says.
///
/// # Errors
///
/// `NOT_FOUND`, both for an unknown code and for a wrong secret, so that guessing reveals nothing.
pub async fn report(
    app: &App,
    conn: &impl ConnectionTrait,
    access: &Access,
    lock: Lock,
) -> Result<Stored, Failure> {
    find_report(app, conn, access, lock).await?.ok_or_else(unknown)
}

/// As [`report`]; `None` when no report has the code.
pub async fn find_report(
    app: &App,
    conn: &impl ConnectionTrait,
    access: &Access,
    lock: Lock,
) -> Result<Option<Stored>, Failure> {
    let digest = tracking_digest(&access.tracking_code);
    let Some(stored) = complaint_by_tracking(conn, &digest, lock).await? else {
        return Ok(None);
    };
    check(&stored.secrets(&app.vault)?, access)?;
    Ok(Some(stored))
}

/// The consultation with this tracking code and secret, locked as `lock` says.
///
/// # Errors
///
/// As [`report`].
pub async fn consultation(
    app: &App,
    conn: &impl ConnectionTrait,
    access: &Access,
    lock: Lock,
) -> Result<consultation::Stored, Failure> {
    let digest = tracking_digest(&access.tracking_code);
    let stored = consultation_by_tracking(conn, &digest, lock).await?;
    let stored = stored.ok_or_else(unknown)?;
    let secrets = stored.secrets(&app.vault)?.ok_or_else(unknown)?;
    check(&secrets, access)?;
    Ok(stored)
}

/// The caller under whom the idempotency keys of a reporter or asker are stored. They have no token, so their keys are
/// distinguished by the report or consultation `name`.
pub fn requester(name: impl ToString) -> Caller {
    Caller::new(name.to_string(), Vec::new(), Vec::new())
}

/// Checks the secret.
fn check(secrets: &Secrets, access: &Access) -> Result<(), Failure> {
    // The comparison takes constant time, so that its duration reveals nothing about the secret.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
    let right = hmac::sign(&key, secrets.secret.as_bytes());
    if hmac::verify(&key, access.secret.as_bytes(), right.as_ref()).is_ok() {
        return Ok(());
    }
    Err(unknown())
}

/// The one answer to an unknown code and to a wrong secret.
pub fn unknown() -> Failure {
    Failure::new(
        Kind::NotFound,
        "NOT_FOUND",
        "no report or consultation has this tracking code and secret",
        "Kode pelacakan atau kode rahasia tidak cocok",
    )
}
