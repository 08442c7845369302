//! What the operations on a consultation share.

use chrono::{DateTime, Datelike, Utc};
use prima_platform::{
    command::{IdempotencyKey, Work},
    db::Txn,
    etag,
    failure::{Failure, Violation},
    request::{self, Faults},
};
use prima_proto::{name, zone::day_of_agency};
use prost::Message;
use sea_orm::DbErr;

use crate::{
    context::App,
    domain::consultation::Refusal,
    rpc::{once, party::answerable, rights::precondition},
    store::{
        Lock,
        consultation::{Head, Stored},
        figures::figures_flag_dirty_in_txn,
    },
};

/// The consultation that an official of the answering agency wants to change.
pub struct Target {
    /// The idempotency key.
    pub once: IdempotencyKey,
    name: name::Consultation,
    /// Version that the caller has read; empty skips the check.
    etag: String,
}

impl Target {
    /// Parses the fields that all messages have in common. It must see the whole message, because the idempotency key
    /// covers all of it.
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

    /// Locks the consultation for a change and checks that it still has the version that the caller has read.
    pub async fn lock(&self, work: &Work<'_, App>) -> Result<Stored, Failure> {
        let stored = answerable(work.txn, work.caller, &self.name, Lock::Update).await?;
        etag::check(&self.etag, stored.version, &stored.name)?;
        Ok(stored)
    }
}

/// Flags the figures of the unit whose service desk was asked as dirty.
pub async fn flag_figures_dirty(txn: &Txn, head: &Head, received_at: DateTime<Utc>) -> Result<(), DbErr> {
    if head.unit.is_empty() {
        return Ok(());
    }
    let year = i64::from(day_of_agency(&head.agency, received_at).year());
    figures_flag_dirty_in_txn(txn, &head.agency, &head.unit, year).await
}

/// Checks that a team member belongs to the agency that answers.
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

/// The failure that a caller gets for a refusal of the domain rules.
pub fn refused(refusal: Refusal) -> Failure {
    let invalid =
        |field: &str, english: &str, indonesian: &str| Violation::new(field, english, indonesian).into();
    match refusal {
        Refusal::IllegalTransition { state, operation } => precondition(
            "ILLEGAL_TRANSITION",
            format!("`{}` is not possible in state `{}`", operation.key(), state.key()),
            "Tindakan ini tidak dapat dilakukan pada status konsultasi sekarang",
        ),
        Refusal::AppointmentPast => invalid(
            "appointment_time",
            "must be in the future",
            "Waktu pertemuan harus di masa depan",
        ),
        Refusal::ReasonRequired => invalid(
            "reason",
            "is required when there is no answer",
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
