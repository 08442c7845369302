//! What the operations on a consultation have in common.

use chrono::{DateTime, Datelike, Utc};
use prima_platform::{
    db::Txn,
    failure::{Failure, Violation},
};
use prima_proto::{name, period::jakarta_day};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    context::App,
    domain::consultation::Refusal,
    rpc::{
        access::{Access, check, tracking_digest, unknown},
        rights::precondition,
    },
    store::{
        Lock,
        consultation::{Head, Stored, consultation_by_tracking},
        figures::figures_mark,
    },
};

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

/// Marks the figures of the unit whose service desk was asked.
pub async fn changed(txn: &Txn, head: &Head, received_at: DateTime<Utc>) -> Result<(), DbErr> {
    if head.unit.is_empty() {
        return Ok(());
    }
    let year = i64::from(jakarta_day(received_at).year());
    figures_mark(txn, &head.agency, &head.unit, year).await
}

/// `Ok` for a member of the agency that answers.
pub fn check_member(member: &name::Member, head: &Head) -> Result<(), Failure> {
    if member.agency == head.agency {
        return Ok(());
    }
    Err(precondition(
        "MEMBER_OF_OTHER_AGENCY",
        "the member belongs to another agency than the one that answers",
        "Anggota tim ini bukan dari instansi yang menjawab",
    ))
}

/// A refusal of the rules as the caller sees it.
pub fn refused(refusal: Refusal) -> Failure {
    let invalid =
        |field: &str, english: &str, indonesian: &str| Violation::new(field, english, indonesian).into();
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
