//! Finds consultations for the agencies that take part in them.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::name;
use sea_orm::ConnectionTrait;

use super::rights::{as_not_found, found, require_liaison};
use crate::store::{
    Lock,
    consultation::{Head, Stored, consultation_get},
};

/// The consultation of this name, for officials of the agencies that ask and answer. For other callers it is reported
/// as not found.
pub async fn readable(
    conn: &impl ConnectionTrait,
    caller: &Caller,
    name: &name::Consultation,
    lock: Lock,
) -> Result<Stored, Failure> {
    let stored = found(consultation_get(conn, name, lock).await?, name)?;
    as_not_found(require_party(caller, &stored.head), name)?;
    Ok(stored)
}

/// As [`readable`], but only for officials of the agency that answers.
pub async fn answerable(
    conn: &impl ConnectionTrait,
    caller: &Caller,
    name: &name::Consultation,
    lock: Lock,
) -> Result<Stored, Failure> {
    let stored = readable(conn, caller, name, lock).await?;
    require_liaison(caller, &stored.head.agency)?;
    Ok(stored)
}

/// Requires a liaison officer of the agency that answers, or of the one whose unit asked.
fn require_party(caller: &Caller, head: &Head) -> Result<(), Failure> {
    let allowed = require_liaison(caller, &head.agency);
    match &head.asking {
        Some(unit) if require_liaison(caller, &unit.agency).is_ok() => Ok(()),
        _ => allowed,
    }
}
