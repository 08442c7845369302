//! Assigns a question to a team member, and makes or moves an appointment.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::from_proto,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults, text},
};
use prima_proto::{complaint::v1, name};

use super::{
    message,
    shared::{Target, check_member, refused},
};
use crate::{
    context::App,
    domain::consultation::Appointment,
    rpc::rights::{found, precondition},
    store::{Lock, consultation::consultation_save_in_txn, member::member_get},
};

/// A parsed request.
pub struct Schedule {
    target: Target,
    member: name::Member,
    /// The appointment; it replaces the previous one.
    appointment: Option<Appointment>,
    /// Place, link or note for the asker; it replaces the previous one.
    note: String,
}

impl Command for Schedule {
    type App = App;
    type Message = v1::ScheduleConsultationRequest;
    type Answer = v1::ScheduleConsultationResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let named = (&*raw.request_id, &*raw.name, &*raw.etag);
        let target = Target::parse("complaint.ScheduleConsultation", &raw, named, &mut faults);
        let member = faults.take(request::name("member", &raw.member));
        let appointment = appointment(&raw, &mut faults);
        let note = faults.or_default(text::lines("note", &raw.note, 0, 500));
        faults.build(|| {
            Some(Self {
                target: target?,
                member: member?,
                appointment,
                note,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.target.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        let mut stored = self.target.lock(work).await?;
        let progress = &mut stored.progress;
        let scheduled = progress.schedule(&self.member.member, self.appointment, now);
        scheduled.map_err(refused)?;
        check_member(&self.member, &stored.head)?;
        let member = member_get(txn, &self.member, Lock::Share).await?;
        if !found(member, &self.member)?.member.active {
            return Err(precondition(
                "MEMBER_NOT_ACTIVE",
                "the member cannot be assigned new questions",
                "Anggota tim ini sedang tidak menerima konsultasi baru",
            ));
        }
        let mut texts = stored.text(&app.vault)?.unwrap_or_default();
        texts.note = self.note;
        stored.rewrite(&app.vault, &texts)?;
        consultation_save_in_txn(txn, &mut stored, now).await?;
        let (name, state, etag) = message::name_state_etag(&stored);
        Ok(v1::ScheduleConsultationResponse { name, state, etag })
    }
}

/// Parses the appointment, whose time and mode must both be given or both be absent.
fn appointment(raw: &v1::ScheduleConsultationRequest, faults: &mut Faults) -> Option<Appointment> {
    let mode = faults.take(message::mode("appointment_mode", raw.appointment_mode))?;
    match (&raw.appointment_time, mode) {
        (None, None) => None,
        (Some(time), mode) => {
            let at = from_proto(time);
            if at.is_none() {
                faults.add("appointment_time", "is not a valid time", "bukan waktu yang sah");
            }
            if mode.is_none() {
                faults.add(
                    "appointment_mode",
                    "is required with an appointment",
                    "Cara bertemu wajib diisi bila ada pertemuan",
                );
            }
            at.zip(mode).map(|(at, mode)| Appointment { at, mode })
        }
        (None, Some(_)) => {
            faults.add(
                "appointment_time",
                "is required with a mode",
                "Waktu pertemuan wajib diisi bila cara bertemu diisi",
            );
            None
        }
    }
}
