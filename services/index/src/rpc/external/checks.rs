//! The lock and the checks that recording and confirming a score share.

use prima_platform::{
    db::Txn,
    failure::{Failure, Kind},
};
use prima_proto::name::{self, Subject};

use crate::{
    domain::{cycle::Scheme, external::subject},
    store::{ExternalKey, assessment_of_year, unit_lock_in_txn},
};

/// Locks the records of an agency or a unit until the transaction ends, so that one transaction at a time reads and
/// replaces them. Enrolling a unit takes the same lock.
pub async fn lock_in_txn(txn: &Txn, subject: &Subject) -> Result<(), Failure> {
    // `-` stands for the agency itself; no unit has this id.
    let locked = name::Unit {
        agency: subject.agency_id().to_owned(),
        unit: subject.unit_id().unwrap_or("-").to_owned(),
    };
    Ok(unit_lock_in_txn(txn, &locked).await?)
}

/// Fails when the index of this key is computed in a cycle. The subject is locked.
pub async fn check_not_computed(txn: &Txn, key: ExternalKey<'_>) -> Result<(), Failure> {
    let [metric, agency, unit, period] = key;
    let Some(scheme) = Scheme::ALL.into_iter().find(|s| s.metric() == metric) else {
        return Ok(());
    };
    if !assessment_of_year(txn, scheme.as_str(), period, agency, unit).await? {
        return Ok(());
    }
    let subject = subject(agency, unit);
    Err(Failure::new(
        Kind::Precondition,
        "COMPUTED_INDEX_EXISTS",
        format!("{subject} is evaluated in a cycle of {period}; its index is computed, not recorded"),
        format!("{subject} dinilai dalam siklus {period}; indeksnya dihitung, bukan dicatat"),
    ))
}

/// The text of a key, for messages.
pub fn key_text([metric, agency, unit, period]: ExternalKey<'_>) -> String {
    format!("{metric} {} {period}", subject(agency, unit))
}

/// The failure of a caller whose record was overtaken by another one.
pub fn changed_meanwhile(key: ExternalKey<'_>) -> Failure {
    let name = key_text(key);
    Failure::new(
        Kind::Aborted,
        "CHANGED_MEANWHILE",
        format!("{name} was recorded by somebody else at the same time"),
        format!("{name} baru saja dicatat pihak lain"),
    )
}
