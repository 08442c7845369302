//! Consultations as the agencies that have to do with them find them.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::name;
use sea_orm::ConnectionTrait;

use super::rights::{found, hidden, require_liaison, require_some};
use crate::store::{
    Lock,
    consultation::{Head, Stored, consultation_get},
};

/// A consultation by its name, for the agencies that have to do with it. For others it is as if it were not there.
pub async fn readable(
    conn: &impl ConnectionTrait,
    caller: &Caller,
    name: &name::Consultation,
    lock: Lock,
) -> Result<Stored, Failure> {
    require_some(caller)?;
    let stored = found(consultation_get(conn, name, lock).await?, name)?;
    hidden(require_party(caller, &stored.head), name)?;
    Ok(stored)
}

/// As [`readable`], for the agency that answers alone.
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

/// `Ok` for a liaison officer of the agency that answers, or of the one whose unit asked.
fn require_party(caller: &Caller, head: &Head) -> Result<(), Failure> {
    let allowed = require_liaison(caller, &head.agency);
    match &head.asking {
        Some(unit) if require_liaison(caller, &unit.agency).is_ok() => Ok(()),
        _ => allowed,
    }
}
