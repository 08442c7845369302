//! What is recorded of a subject, and the refusals that recording and confirming share.

use prima_platform::{
    db::Txn,
    failure::{Failure, Kind},
};
use prima_proto::name;

use crate::{
    domain::{cycle::Scheme, subject::Subject},
    store::{ExternalKey, assessment_of_year, unit_lock_in_txn},
};

/// Locks what is recorded of an agency or a unit until the transaction ends: it is looked at and replaced by one at a
/// time. Enrolling a unit takes the same lock.
pub async fn lock_in_txn(txn: &Txn, subject: &Subject) -> Result<(), Failure> {
    // No unit has the id that stands for all.
    let unit = match subject.unit() {
        "" => "-",
        unit => unit,
    };
    let locked = name::Unit {
        agency: subject.agency().to_owned(),
        unit: unit.to_owned(),
    };
    Ok(unit_lock_in_txn(txn, &locked).await?)
}

/// `Ok` unless the index of this key is computed in a cycle. The subject is locked.
pub async fn not_computed(txn: &Txn, key: ExternalKey<'_>) -> Result<(), Failure> {
    let [metric, agency, unit, period] = key;
    let Some(scheme) = Scheme::ALL.into_iter().find(|s| s.metric() == metric) else {
        return Ok(());
    };
    if !assessment_of_year(txn, scheme.as_str(), period, agency, unit).await? {
        return Ok(());
    }
    let subject = Subject::of(agency, unit);
    Err(Failure::new(
        Kind::Precondition,
        "COMPUTED_INDEX_EXISTS",
        format!("{subject} is evaluated in a cycle of {period}; its index is computed, not recorded"),
        format!("{subject} dinilai dalam siklus {period}; indeksnya dihitung, bukan dicatat"),
    ))
}

/// A key, for messages.
pub fn title([metric, agency, unit, period]: ExternalKey<'_>) -> String {
    format!("{metric} {} {period}", Subject::of(agency, unit))
}

/// The refusal of whoever was overtaken.
pub fn changed(key: ExternalKey<'_>) -> Failure {
    let name = title(key);
    Failure::new(
        Kind::Aborted,
        "CHANGED_MEANWHILE",
        format!("{name} was recorded by somebody else at the same time"),
        format!("{name} baru saja dicatat pihak lain"),
    )
}
