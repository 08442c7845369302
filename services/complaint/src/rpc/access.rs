//! Who shows a tracking code and its secret is the reporter, or the citizen who asked.

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

/// What the reporter shows, as it was given. Debug shows nothing of it.
pub type Access = Secrets;

/// Code and secret as they were given. A code of another form is none, and said so like any other.
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

/// As [`parse`], where they must be given.
pub fn required(field: &str, raw: Option<v1::Access>, faults: &mut Faults) -> Option<Access> {
    let raw = faults.required(field, raw)?;
    parse(field, raw, faults)
}

/// What a tracking code is found by: a digest, since the code itself lets people in. 100 random bits need no salt.
pub fn tracking_digest(tracking_code: &str) -> Vec<u8> {
    Sha256::digest(tracking_code.as_bytes()).to_vec()
}

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
    find_report(app, conn, access, lock).await?.ok_or_else(unknown)
}

/// As [`report`]; `None` when the code is not that of a report.
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

/// The consultation that a code and its secret lead to, locked in the way asked for.
///
/// # Errors
///
/// As of [`report`].
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

/// Whose the requests of a reporter or asker are: they have no token, so their ids are told apart by what `name` names.
pub fn asker(name: impl ToString) -> Caller {
    Caller::new(name.to_string(), Vec::new(), Vec::new())
}

/// `Ok` when the secret is the one that was given.
fn check(secrets: &Secrets, access: &Access) -> Result<(), Failure> {
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
