//! From messages to requests about consultations, with every fault found at once.

use prima_platform::{clock::from_proto, failure::Failure, faults::Faults, page::Page, text, vault::Keyring};
use prima_proto::{complaint::v1, name};

use super::{attachments, convert, faults::Fields};
use crate::{
    app::{
        consultation::{
            answer_consultation, complete_consultation, rate_consultation, request_consultation,
            schedule_consultation,
        },
        reporter::Access,
    },
    domain::consultation::{Appointment, Kind, Mode, State, topics},
    store::{
        consultation::{Filter, Head},
        sealed::Note,
    },
};

/// A kind; `None` for none.
fn kind(field: &str, raw: i32, faults: &mut Faults) -> Option<Kind> {
    match v1::ConsultationKind::try_from(raw) {
        Ok(v1::ConsultationKind::ServiceDesk) => Some(Kind::ServiceDesk),
        Ok(v1::ConsultationKind::Clinic) => Some(Kind::Clinic),
        Ok(v1::ConsultationKind::Unspecified) => None,
        Err(_) => {
            faults.add(field, "is not a known kind", "bukan jenis yang dikenal");
            None
        }
    }
}

/// A state; `None` for none.
fn state(field: &str, raw: i32, faults: &mut Faults) -> Option<State> {
    match v1::ConsultationState::try_from(raw) {
        Ok(v1::ConsultationState::Requested) => Some(State::Requested),
        Ok(v1::ConsultationState::Scheduled) => Some(State::Scheduled),
        Ok(v1::ConsultationState::Answered) => Some(State::Answered),
        Ok(v1::ConsultationState::Completed) => Some(State::Completed),
        Ok(v1::ConsultationState::Unspecified) => None,
        Err(_) => {
            faults.add(field, "is not a known state", "bukan status yang dikenal");
            None
        }
    }
}

/// A topic of a kind, or of any.
pub fn topic(field: &str, raw: &str, kind: Option<Kind>, faults: &mut Faults) -> String {
    if !topics(kind).any(|topic| topic.key == raw) {
        let keys: Vec<&str> = topics(kind).map(|topic| topic.key).collect();
        let labels: Vec<&str> = topics(kind).map(|topic| topic.label).collect();
        faults.add(
            field,
            format!("must be one of {}", keys.join(", ")),
            format!("Pilih salah satu topik: {}", labels.join(", ")),
        );
    }
    raw.to_owned()
}

/// An agency or unit by its name; `-`, which stands for all, is none.
fn single<T>(field: &str, named: Option<T>, agency: impl Fn(&T) -> &str, faults: &mut Faults) -> Option<T> {
    if named.as_ref().is_some_and(|n| agency(n) == "-") {
        faults.add(field, "must name one agency", "harus menyebut satu instansi");
        return None;
    }
    named
}

/// A unit.
fn unit(field: &str, raw: &str, faults: &mut Faults) -> Option<name::Unit> {
    let named = faults.name(field, raw, name::Unit::parse);
    single(field, named, |unit| &unit.agency, faults)
}

/// An agency.
pub fn agency(field: &str, raw: &str, faults: &mut Faults) -> Option<String> {
    let named = faults.name(field, raw, name::Agency::parse);
    single(field, named, |agency| &agency.agency, faults).map(|a| a.agency)
}

/// What stands in a name field that may be empty; `None` when there is a fault.
fn optional<T>(
    field: &str,
    raw: &str,
    parse: impl Fn(&str) -> Result<T, name::Error>,
    faults: &mut Faults,
) -> Option<Option<T>> {
    if raw.is_empty() {
        return Some(None);
    }
    faults.name(field, raw, parse).map(Some)
}

/// Code and secret.
fn access(raw: Option<v1::Access>, faults: &mut Faults) -> Option<Access> {
    let raw = faults.required("access", raw)?;
    attachments::access("access", raw, faults)
}

/// RequestConsultation.
pub fn request(
    vault: &Keyring,
    request: v1::RequestConsultationRequest,
) -> Result<request_consultation::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let known = v1::ConsultationKind::try_from(request.kind).unwrap_or_default();
    if known == v1::ConsultationKind::Unspecified {
        faults.add(
            "kind",
            "is required and must be known",
            "Jenis konsultasi wajib diisi dan dikenal",
        );
    }
    let kind = kind("kind", request.kind, &mut Faults::default());
    let (parent, asking) = match kind {
        Some(Kind::Clinic) => (
            agency("parent", &request.parent, &mut faults).map(|agency| (agency, String::new())),
            unit("asking_unit", &request.asking_unit, &mut faults).map(Some),
        ),
        Some(Kind::ServiceDesk) => {
            if !request.asking_unit.is_empty() {
                faults.add(
                    "asking_unit",
                    "is for the clinic only",
                    "hanya untuk klinik pelayanan publik",
                );
            }
            let unit = unit("parent", &request.parent, &mut faults);
            (unit.map(|u| (u.agency, u.unit)), Some(None))
        }
        None => (faults.parent("parent", &request.parent), Some(None)),
    };
    if kind == Some(Kind::Clinic) && request.asker.is_some() {
        faults.add(
            "asker",
            "is for the service desk only",
            "hanya untuk meja layanan",
        );
    }
    let topic = topic("topic", &request.topic, kind, &mut faults);
    let question = faults.or_default(text::lines("question", &request.question, 10, 10_000));
    let channel = convert::channel("channel", request.channel, &mut faults);
    let asker = request
        .asker
        .map(|asker| convert::identity("asker", asker, &mut faults));
    let attachments = convert::attachments(&request.attachments, &mut faults);
    let built = once.zip(kind).zip(parent.zip(asking)).zip(channel);
    let built = built.map(|(((once, kind), ((agency, unit), asking)), channel)| {
        let head = Head {
            kind,
            agency,
            unit,
            asking,
            topic,
            channel,
        };
        request_consultation::Request {
            once,
            head,
            question,
            asker,
            attachments,
        }
    });
    faults.settle(built)
}

/// TrackConsultation.
pub fn track(request: v1::TrackConsultationRequest) -> Result<Access, Failure> {
    let mut faults = Faults::default();
    let access = access(request.access, &mut faults);
    faults.settle(access)
}

/// The name of one consultation.
pub fn one(raw: &str) -> Result<name::Consultation, Failure> {
    let mut faults = Faults::default();
    let name = faults.name("name", raw, name::Consultation::parse);
    faults.settle(name)
}

/// ListConsultations. An empty agency is the country.
pub fn list(request: &v1::ListConsultationsRequest) -> Result<(Filter, Page), Failure> {
    let mut faults = Faults::default();
    let (kind_key, state_key) = (request.kind.to_string(), request.state.to_string());
    let narrowed = [&request.parent, &kind_key, &state_key, &request.member].map(String::as_str);
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &narrowed));
    let parent = faults.parent("parent", &request.parent);
    if parent
        .as_ref()
        .is_some_and(|(agency, unit)| agency == "-" && !unit.is_empty())
    {
        faults.add("parent", "must name one agency", "harus menyebut satu instansi");
    }
    let kind = kind("kind", request.kind, &mut faults);
    let state = state("state", request.state, &mut faults);
    let member = optional("member", &request.member, name::Member::parse, &mut faults);
    let built = parent.zip(member).zip(page);
    let built = built.map(|(((agency, unit), member), page)| {
        let filter = Filter {
            agency,
            unit,
            kind,
            state,
            member,
        };
        (filter, page)
    });
    faults.settle(built)
}

fn appointment(request: &v1::ScheduleConsultationRequest, faults: &mut Faults) -> Option<Appointment> {
    let mode = match v1::AppointmentMode::try_from(request.appointment_mode) {
        Ok(v1::AppointmentMode::FaceToFace) => Some(Mode::FaceToFace),
        Ok(v1::AppointmentMode::Online) => Some(Mode::Online),
        Ok(v1::AppointmentMode::Phone) => Some(Mode::Phone),
        Ok(v1::AppointmentMode::Unspecified) => None,
        Err(_) => {
            faults.add(
                "appointment_mode",
                "is not a known mode",
                "bukan cara bertemu yang dikenal",
            );
            return None;
        }
    };
    match (&request.appointment_time, mode) {
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

/// ScheduleConsultation.
pub fn schedule(
    vault: &Keyring,
    request: v1::ScheduleConsultationRequest,
) -> Result<schedule_consultation::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let name = faults.name("name", &request.name, name::Consultation::parse);
    let member = faults.name("member", &request.member, name::Member::parse);
    let appointment = appointment(&request, &mut faults);
    let note = faults.or_default(text::lines("note", &request.note, 0, 500));
    let built = once.zip(name).zip(member);
    let built = built.map(|((once, name), member)| schedule_consultation::Request {
        once,
        name,
        etag: request.etag,
        member,
        appointment,
        note,
    });
    faults.settle(built)
}

/// AnswerConsultation.
pub fn answer(
    vault: &Keyring,
    request: v1::AnswerConsultationRequest,
) -> Result<answer_consultation::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let name = faults.name("name", &request.name, name::Consultation::parse);
    let text = faults.or_default(text::lines("text", &request.text, 5, 10_000));
    let attachments = convert::attachments(&request.attachments, &mut faults);
    let member = optional("member", &request.member, name::Member::parse, &mut faults);
    let built = once.zip(name).zip(member);
    let built = built.map(|((once, name), member)| answer_consultation::Request {
        once,
        name,
        etag: request.etag,
        text: Note(text),
        attachments,
        member,
    });
    faults.settle(built)
}

/// CompleteConsultation.
pub fn complete(
    vault: &Keyring,
    request: v1::CompleteConsultationRequest,
) -> Result<complete_consultation::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let name = faults.name("name", &request.name, name::Consultation::parse);
    let reason = match request.reason.as_str() {
        "" => String::new(),
        written => faults.or_default(text::lines("reason", written, 5, 1000)),
    };
    let built = once.zip(name).map(|(once, name)| complete_consultation::Request {
        once,
        name,
        etag: request.etag,
        reason,
    });
    faults.settle(built)
}

/// RateConsultation.
pub fn rate(
    vault: &Keyring,
    request: v1::RateConsultationRequest,
) -> Result<rate_consultation::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let by = if request.name.is_empty() {
        access(request.access, &mut faults).map(rate_consultation::By::Citizen)
    } else {
        if request.access.is_some() {
            faults.add(
                "access",
                "must be left out where a name is given",
                "dikosongkan bila nama diisi",
            );
        }
        let name = faults.name("name", &request.name, name::Consultation::parse);
        name.map(rate_consultation::By::Unit)
    };
    let rating = faults.range("rating", request.rating, 1, 5);
    let built = once
        .zip(by)
        .map(|(once, by)| rate_consultation::Request { once, by, rating });
    faults.settle(built)
}
