//! From consultations, members and entries as stored to messages.

use prima_platform::{
    clock::{from_micros, to_proto},
    failure::Failure,
    vault::Keyring,
};
use prima_proto::{complaint::v1, name};

use super::render::channel;
use crate::{
    domain::consultation::{Kind, Mode, State},
    store::{
        answer::Answer,
        consultation::{Head, Stored},
        knowledge,
        member::{self, Member},
    },
};

/// A kind.
pub fn kind(kind: Kind) -> v1::ConsultationKind {
    match kind {
        Kind::ServiceDesk => v1::ConsultationKind::ServiceDesk,
        Kind::Clinic => v1::ConsultationKind::Clinic,
    }
}

/// A state.
pub fn state(state: State) -> v1::ConsultationState {
    match state {
        State::Requested => v1::ConsultationState::Requested,
        State::Scheduled => v1::ConsultationState::Scheduled,
        State::Answered => v1::ConsultationState::Answered,
        State::Completed => v1::ConsultationState::Completed,
    }
}

fn mode(mode: Mode) -> v1::AppointmentMode {
    match mode {
        Mode::FaceToFace => v1::AppointmentMode::FaceToFace,
        Mode::Online => v1::AppointmentMode::Online,
        Mode::Phone => v1::AppointmentMode::Phone,
    }
}

fn agency(id: &str) -> String {
    let agency = id.to_owned();
    name::Agency { agency }.to_string()
}

fn parent(head: &Head) -> String {
    if head.unit.is_empty() {
        return agency(&head.agency);
    }
    name::Unit {
        agency: head.agency.clone(),
        unit: head.unit.clone(),
    }
    .to_string()
}

/// A member of the agency that answers; empty for none.
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

/// A consultation with what was written in it, without answers and files.
pub fn consultation(vault: &Keyring, stored: &Stored) -> Result<v1::Consultation, Failure> {
    let (head, course) = (&stored.head, &stored.course);
    let matter = stored.matter(vault)?.unwrap_or_default();
    let appointment_mode = course.appointment.map(|a| mode(a.mode)).unwrap_or_default();
    Ok(v1::Consultation {
        name: stored.name.to_string(),
        kind: kind(head.kind).into(),
        parent: parent(head),
        asking_unit: head.asking.as_ref().map(ToString::to_string).unwrap_or_default(),
        topic: head.topic.clone(),
        question: matter.question,
        channel: channel(head.channel).into(),
        state: state(course.state).into(),
        member: member_name(head, &course.member),
        appointment_time: course.appointment.map(|a| to_proto(a.at)),
        appointment_mode: appointment_mode.into(),
        answers: Vec::new(),
        attachments: Vec::new(),
        rating: course.rating,
        receive_time: Some(to_proto(course.received_at)),
        first_answer_time: course.first_answer_at.map(to_proto),
        complete_time: course.completed_at.map(to_proto),
        etag: stored.version.to_string(),
        update_time: Some(to_proto(from_micros(stored.updated_at))),
        appointment_note: matter.note,
        complete_reason: matter.reason,
    })
}

/// An answer, without files.
pub fn answer(head: &Head, answer: Answer) -> v1::Answer {
    v1::Answer {
        number: answer.number,
        time: Some(to_proto(answer.at)),
        text: answer.text.unwrap_or_default(),
        attachments: Vec::new(),
        member: member_name(head, &answer.member),
    }
}

/// A member.
pub fn member(stored: &member::Stored) -> v1::TeamMember {
    let Member {
        display_name,
        office,
        topics,
        active,
    } = stored.member.clone();
    v1::TeamMember {
        name: stored.name.to_string(),
        display_name,
        office,
        topics,
        active,
        etag: stored.version.to_string(),
    }
}

/// An entry of the knowledge base.
pub fn knowledge(stored: &knowledge::Stored) -> v1::Knowledge {
    v1::Knowledge {
        name: stored.name.to_string(),
        agency: agency(&stored.agency),
        topic: stored.topic.clone(),
        question: stored.question.clone(),
        answer: stored.answer.clone(),
        publish_time: Some(to_proto(stored.published_at)),
    }
}
