//! Consultation: what its use cases have in common. One file per use case.

pub mod answer_consultation;
pub mod complete_consultation;
pub mod create_team_member;
pub mod publish_knowledge;
pub mod rate_consultation;
pub mod request_consultation;
pub mod schedule_consultation;
pub mod update_team_member;
pub mod withdraw_knowledge;

use chrono::Datelike;
use prima_platform::{
    caller::Caller,
    db::Txn,
    failure::{Failure, Violation},
};
use prima_proto::{name, period::jakarta_day};
use sea_orm::ConnectionTrait;

use super::{
    App, not_found, performance, precondition,
    reporter::{Access, check, unknown},
    require_liaison, tracking_digest,
};
use crate::{
    domain::consultation::Refusal,
    store::{
        Lock,
        consultation::{Head, Stored, consultation_by_tracking, consultation_get},
    },
};

/// A consultation by its name.
pub async fn named(
    conn: &impl ConnectionTrait,
    name: &name::Consultation,
    lock: Lock,
) -> Result<Stored, Failure> {
    let stored = consultation_get(conn, name, lock).await?;
    stored.ok_or_else(|| not_found(name))
}

/// The consultation of the citizen who shows code and secret.
///
/// # Errors
///
/// The same `NOT_FOUND` whether the code or the secret is wrong.
pub async fn shown(
    app: &App,
    conn: &impl ConnectionTrait,
    access: &Access,
    lock: Lock,
) -> Result<Stored, Failure> {
    let digest = tracking_digest(&access.tracking_code);
    let stored = consultation_by_tracking(conn, &digest, lock).await?;
    let stored = stored.ok_or_else(unknown)?;
    let secrets = stored.secrets(&app.vault)?.ok_or_else(unknown)?;
    check(&secrets, access)?;
    Ok(stored)
}

/// `Ok` for a liaison officer of the agency that answers, or of the one whose unit asked.
pub fn require_party(caller: &Caller, head: &Head) -> Result<(), Failure> {
    let allowed = require_liaison(caller, &head.agency);
    match &head.asking {
        Some(unit) if require_liaison(caller, &unit.agency).is_ok() => Ok(()),
        _ => allowed,
    }
}

/// Marks the figures of the unit whose service desk was asked.
async fn changed(txn: &Txn, head: &Head, received_at: chrono::DateTime<chrono::Utc>) -> Result<(), Failure> {
    if head.unit.is_empty() {
        return Ok(());
    }
    let year = i64::from(jakarta_day(received_at).year());
    performance::mark(txn, &head.agency, &head.unit, year).await
}

/// A refusal of the rules as the caller sees it.
fn refused(refusal: Refusal) -> Failure {
    let invalid = |field: &str, english: &str, indonesian: &str| {
        Failure::invalid(vec![Violation::new(field, english, indonesian)])
    };
    match refusal {
        Refusal::IllegalTransition { state, act } => precondition(
            "ILLEGAL_TRANSITION",
            format!("`{}` is not possible in state `{}`", act.key(), state.key()),
            "Tindakan ini tidak dapat dilakukan pada status konsultasi sekarang",
        ),
        Refusal::AppointmentPast => invalid(
            "appointment_time",
            "must be in the future",
            "Waktu pertemuan harus di masa depan",
        ),
        Refusal::ReasonRequired => invalid(
            "reason",
            "is required when nothing was answered",
            "Alasan wajib diisi bila belum ada jawaban",
        ),
        Refusal::StarsOutOfRange => invalid("rating", "must be 1 to 5", "harus 1 sampai 5"),
        Refusal::AlreadyRated => precondition(
            "ALREADY_RATED",
            "the consultation was rated already",
            "Konsultasi ini sudah dinilai",
        ),
    }
}
