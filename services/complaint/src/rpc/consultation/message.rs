//! Converts consultations from and to protobuf.

use prima_platform::{
    clock::{from_micros, to_proto},
    etag,
    failure::{Failure, Violation},
    request::Choice,
    vault::Keyring,
};
use prima_proto::{complaint::v1, name};

use crate::{
    domain::consultation::{Kind, Mode, State},
    rpc::{channel, status},
    store::{
        answer::Answer,
        consultation::{Head, Stored},
    },
};

/// The field `kind`.
pub const KIND: Choice = Choice {
    english: "kind",
    indonesian: "Jenis konsultasi",
};

/// Converts a kind; `None` for an unspecified one.
pub fn parse_kind(kind: v1::ConsultationKind) -> Option<Kind> {
    match kind {
        v1::ConsultationKind::Unspecified => None,
        v1::ConsultationKind::ServiceDesk => Some(Kind::ServiceDesk),
        v1::ConsultationKind::Clinic => Some(Kind::Clinic),
    }
}

/// Parses an optional state.
pub fn optional_state(field: &str, raw: i32) -> Result<Option<State>, Violation> {
    let state = Choice {
        english: "state",
        indonesian: "Status",
    };
    state.optional(field, raw, |state| match state {
        v1::ConsultationState::Unspecified => None,
        v1::ConsultationState::Requested => Some(State::Requested),
        v1::ConsultationState::Scheduled => Some(State::Scheduled),
        v1::ConsultationState::Answered => Some(State::Answered),
        v1::ConsultationState::Completed => Some(State::Completed),
    })
}

/// Parses an optional mode of an appointment.
pub fn mode(field: &str, raw: i32) -> Result<Option<Mode>, Violation> {
    let mode = Choice {
        english: "mode",
        indonesian: "Cara bertemu",
    };
    mode.optional(field, raw, |mode| match mode {
        v1::AppointmentMode::Unspecified => None,
        v1::AppointmentMode::FaceToFace => Some(Mode::FaceToFace),
        v1::AppointmentMode::Online => Some(Mode::Online),
        v1::AppointmentMode::Phone => Some(Mode::Phone),
    })
}

fn kind(kind: Kind) -> v1::ConsultationKind {
    match kind {
        Kind::ServiceDesk => v1::ConsultationKind::ServiceDesk,
        Kind::Clinic => v1::ConsultationKind::Clinic,
    }
}

pub fn state(state: State) -> v1::ConsultationState {
    match state {
        State::Requested => v1::ConsultationState::Requested,
        State::Scheduled => v1::ConsultationState::Scheduled,
        State::Answered => v1::ConsultationState::Answered,
        State::Completed => v1::ConsultationState::Completed,
    }
}

fn mode_message(mode: Mode) -> v1::AppointmentMode {
    match mode {
        Mode::FaceToFace => v1::AppointmentMode::FaceToFace,
        Mode::Online => v1::AppointmentMode::Online,
        Mode::Phone => v1::AppointmentMode::Phone,
    }
}

/// Resource name of a member of the answering agency; empty for none.
fn member_name(head: &Head, member: &str) -> String {
    if member.is_empty() {
        return String::new();
    }
    name::Member {
        agency: head.agency.clone(),
        member: member.to_owned(),
    }
    .to_string()
}

/// Name, state and etag of a consultation: the response to every change of it.
pub fn name_state_etag(stored: &Stored) -> (String, i32, String) {
    let state = state(stored.progress.state).into();
    (stored.name.to_string(), state, etag::of(stored.version))
}

/// A consultation with its texts, but without answers and attachments.
pub fn consultation(vault: &Keyring, stored: &Stored) -> Result<v1::Consultation, Failure> {
    let (head, progress) = (&stored.head, &stored.progress);
    let texts = stored.text(vault)?.unwrap_or_default();
    let appointment_mode = progress
        .appointment
        .map(|a| mode_message(a.mode))
        .unwrap_or_default();
    Ok(v1::Consultation {
        name: stored.name.to_string(),
        kind: kind(head.kind).into(),
        parent: status::parent(&head.agency, &head.unit),
        asking_unit: head.asking.as_ref().map(ToString::to_string).unwrap_or_default(),
        topic: head.topic.clone(),
        question: texts.question,
        channel: channel::message(head.channel).into(),
        state: state(progress.state).into(),
        member: member_name(head, &progress.member),
        appointment_time: progress.appointment.map(|a| to_proto(a.at)),
        appointment_mode: appointment_mode.into(),
        answers: Vec::new(),
        attachments: Vec::new(),
        rating: progress.rating,
        receive_time: Some(to_proto(progress.received_at)),
        first_answer_time: progress.first_answer_at.map(to_proto),
        complete_time: progress.completed_at.map(to_proto),
        etag: etag::of(stored.version),
        update_time: Some(to_proto(from_micros(stored.updated_at))),
        appointment_note: texts.note,
        complete_reason: texts.reason,
    })
}

/// An answer without attachments.
pub fn answer(head: &Head, answer: Answer) -> v1::Answer {
    v1::Answer {
        number: answer.number,
        time: Some(to_proto(answer.at)),
        text: answer.text.unwrap_or_default(),
        attachments: Vec::new(),
        member: member_name(head, &answer.member),
    }
}
