//! What the operations on a consultation have in common.

use chrono::{DateTime, Datelike, Utc};
use prima_platform::{
    command::{Once, Work},
    db::Txn,
    etag,
    failure::{Failure, Violation},
    request::{self, Faults},
};
use prima_proto::{name, period::jakarta_day};
use prost::Message;
use sea_orm::DbErr;

use crate::{
    context::App,
    domain::consultation::Refusal,
    rpc::{once, party::answerable, rights::precondition},
    store::{
        Lock,
        consultation::{Head, Stored},
        figures::figures_mark_in_txn,
    },
};

/// What an official asks for who answers a consultation.
pub struct Target {
    /// Tells repeats.
    pub once: Once,
    /// Which consultation.
    name: name::Consultation,
    /// Version that was read; empty skips the check.
    etag: String,
}

impl Target {
    /// Of a message of `method`. Take it before the message is taken apart.
    pub fn parse(
        method: &'static str,
        message: &impl Message,
        (request_id, name, etag): (&str, &str, &str),
        faults: &mut Faults,
    ) -> Option<Self> {
        let once = faults.take(once::parse(method, request_id, message));
        let name = faults.take(request::name("name", name));
        Some(Self {
            once: once?,
            name: name?,
            etag: etag.to_owned(),
        })
    }

    /// The consultation, locked to be changed, if it is as it was read.
    pub async fn lock(&self, work: &Work<'_, App>) -> Result<Stored, Failure> {
        let stored = answerable(work.txn, work.caller, &self.name, Lock::Update).await?;
        etag::check(&self.etag, stored.version, &stored.name)?;
        Ok(stored)
    }
}

/// Marks the figures of the unit whose service desk was asked.
pub async fn changed(txn: &Txn, head: &Head, received_at: DateTime<Utc>) -> Result<(), DbErr> {
    if head.unit.is_empty() {
        return Ok(());
    }
    let year = i64::from(jakarta_day(received_at).year());
    figures_mark_in_txn(txn, &head.agency, &head.unit, year).await
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
