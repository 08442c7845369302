//! Gives a question to a member of the team, and sets or moves an appointment.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::from_proto,
    command::{Command, Once, Work},
    failure::Failure,
    request::{self, Faults, text},
};
use prima_proto::{complaint::v1, name};

use super::{
    course::{Target, check_member, refused},
    message,
};
use crate::{
    context::App,
    domain::consultation::Appointment,
    rpc::rights::{found, precondition, require_some},
    store::{Lock, consultation::consultation_save_in_txn, member::member_get},
};

/// Who shall answer, and when.
pub struct Schedule {
    target: Target,
    member: name::Member,
    /// Meeting; in place of the one before.
    appointment: Option<Appointment>,
    /// Place, link or note for the asker; in place of the one before.
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

    fn once(&self) -> Option<Once> {
        Some(self.target.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        require_some(caller)
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        let mut stored = self.target.lock(work).await?;
        let course = &mut stored.course;
        let scheduled = course.schedule(&self.member.member, self.appointment, now);
        scheduled.map_err(refused)?;
        check_member(&self.member, &stored.head)?;
        let member = member_get(txn, &self.member, Lock::Share).await?;
        if !found(member, &self.member)?.member.active {
            return Err(precondition(
                "MEMBER_NOT_ACTIVE",
                "the member takes no new questions",
                "Anggota tim ini sedang tidak menerima konsultasi baru",
            ));
        }
        let mut matter = stored.matter(&app.vault)?.unwrap_or_default();
        matter.note = self.note;
        stored.rewrite(&app.vault, &matter)?;
        consultation_save_in_txn(txn, &mut stored, now).await?;
        let (name, state, etag) = message::standing(&stored);
        Ok(v1::ScheduleConsultationResponse { name, state, etag })
    }
}

/// The appointment, of which both parts are given or none.
fn appointment(raw: &v1::ScheduleConsultationRequest, faults: &mut Faults) -> Option<Appointment> {
    let mode = faults.take(message::mode("appointment_mode", raw.appointment_mode))?;
    match (&raw.appointment_time, mode) {
        (None, None) => None,
        (Some(time), mode) => {
            let at = from_proto(time);
            if at.is_none() {
                faults.add("appointment_time", "is no time", "bukan waktu yang sah");
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
