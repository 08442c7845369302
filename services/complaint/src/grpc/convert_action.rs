//! From messages to actions on reports, with every fault found at once.

use prima_platform::{failure::Failure, faults::Faults, text, vault::Keyring};
use prima_proto::{complaint::v1, name};
use prost::Message;

use super::{
    attachments::access,
    convert::{attachments, category},
    faults::Fields,
};
use crate::{
    app::{
        Once,
        act::Written,
        action::{Act, Request, Target},
    },
    domain::case::Action,
    store::sealed::Note,
};

/// What every action has: the id of the request, and the report.
type Head = Option<(Once, Target)>;

/// The head of a request by an officer. Take it before the body is taken apart.
fn named(
    vault: &Keyring,
    faults: &mut Faults,
    body: &impl Message,
    request_id: &str,
    complaint: &str,
    etag: &str,
) -> Head {
    let once = faults.once(vault, request_id, body);
    let name = faults.name("name", complaint, name::Complaint::parse);
    let etag = etag.to_owned();
    once.zip(name.map(|name| Target::Named { name, etag }))
}

/// The head of a request by the reporter. Take it before the body is taken apart.
fn shown(
    vault: &Keyring,
    faults: &mut Faults,
    body: &impl Message,
    request_id: &str,
    raw: Option<&v1::Access>,
) -> Head {
    let once = faults.once(vault, request_id, body);
    let raw = faults.required("access", raw.cloned());
    let access = raw.and_then(|raw| access("access", raw, faults));
    once.zip(access.map(Target::Shown))
}

/// What is written, `least` to `most` characters; nothing when it is empty and may be.
fn written(faults: &mut Faults, field: &str, raw: &str, least: usize, most: usize, public: bool) -> Written {
    let text = faults.or_default(text::lines(field, raw, least, most));
    Written {
        note: Some(text).filter(|text| !text.is_empty()).map(Note),
        public,
    }
}

fn settle(
    faults: Faults,
    method: &'static str,
    head: Head,
    act: Option<Act>,
    written: Written,
) -> Result<Request, Failure> {
    let request = head.zip(act).map(|((once, target), act)| Request {
        method,
        once,
        target,
        act,
        written,
        attachments: Vec::new(),
    });
    faults.settle(request)
}

/// StartVerification.
pub fn start_verification(vault: &Keyring, raw: v1::StartVerificationRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = named(vault, &mut faults, &raw, &raw.request_id, &raw.name, &raw.etag);
    let act = Some(Act::Take(Action::StartVerification));
    settle(
        faults,
        "complaint.StartVerification",
        head,
        act,
        Written::default(),
    )
}

/// VerifyComplaint.
pub fn verify(vault: &Keyring, raw: v1::VerifyComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = named(vault, &mut faults, &raw, &raw.request_id, &raw.name, &raw.etag);
    let unit = faults.name("unit", &raw.unit, name::Unit::parse);
    category("category", &raw.category, &mut faults);
    let written = written(&mut faults, "note", &raw.note, 0, 5000, false);
    let act = unit.map(|unit| Act::Verify {
        unit,
        class: raw.class,
        category: raw.category,
    });
    settle(faults, "complaint.VerifyComplaint", head, act, written)
}

/// RequestCompletion.
pub fn request_completion(vault: &Keyring, raw: v1::RequestCompletionRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = named(vault, &mut faults, &raw, &raw.request_id, &raw.name, &raw.etag);
    let written = written(&mut faults, "text", &raw.text, 5, 5000, true);
    let act = Some(Act::Take(Action::Hold));
    settle(faults, "complaint.RequestCompletion", head, act, written)
}

/// RejectComplaint.
pub fn reject(vault: &Keyring, raw: v1::RejectComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = named(vault, &mut faults, &raw, &raw.request_id, &raw.name, &raw.etag);
    let written = written(&mut faults, "text", &raw.text, 5, 5000, true);
    if raw.reason.is_empty() {
        faults.add("reason", "is required", "Alasan wajib diisi");
    }
    let act = Some(Act::Take(Action::Reject { reason: raw.reason }));
    settle(faults, "complaint.RejectComplaint", head, act, written)
}

/// MergeComplaint.
pub fn merge(vault: &Keyring, raw: v1::MergeComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = named(vault, &mut faults, &raw, &raw.request_id, &raw.name, &raw.etag);
    let into = faults.name("into", &raw.into, name::Complaint::parse);
    if into.is_some() && raw.into == raw.name {
        faults.add(
            "into",
            "is the report itself",
            "adalah laporan yang sama; pilih laporan lain",
        );
    }
    let act = into.map(|into| Act::Merge { into });
    settle(faults, "complaint.MergeComplaint", head, act, Written::default())
}

/// ForwardComplaint.
pub fn forward(vault: &Keyring, raw: v1::ForwardComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = named(vault, &mut faults, &raw, &raw.request_id, &raw.name, &raw.etag);
    let to = faults.parent("to", &raw.to);
    if to.as_ref().is_some_and(|(agency, _)| agency.is_empty()) {
        faults.add("to", "must name an agency", "harus menyebut instansi");
    }
    let written = written(&mut faults, "text", &raw.text, 5, 5000, true);
    let act = to.map(|(agency, unit)| Act::Take(Action::Forward { agency, unit }));
    settle(faults, "complaint.ForwardComplaint", head, act, written)
}

/// StartFollowUp.
pub fn start_follow_up(vault: &Keyring, raw: v1::StartFollowUpRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = named(vault, &mut faults, &raw, &raw.request_id, &raw.name, &raw.etag);
    let act = Some(Act::Take(Action::StartFollowUp));
    settle(faults, "complaint.StartFollowUp", head, act, Written::default())
}

/// RespondToComplaint.
pub fn respond(vault: &Keyring, raw: v1::RespondToComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = named(vault, &mut faults, &raw, &raw.request_id, &raw.name, &raw.etag);
    let written = written(&mut faults, "text", &raw.text, 5, 10_000, true);
    let files = attachments(&raw.attachments, &mut faults);
    let act = Some(Act::Take(Action::Respond));
    let request = settle(faults, "complaint.RespondToComplaint", head, act, written)?;
    Ok(Request {
        attachments: files,
        ..request
    })
}

/// ReplyToComplaint.
pub fn reply(vault: &Keyring, raw: v1::ReplyToComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = shown(vault, &mut faults, &raw, &raw.request_id, raw.access.as_ref());
    let written = written(&mut faults, "text", &raw.text, 2, 10_000, true);
    let files = attachments(&raw.attachments, &mut faults);
    let act = Some(Act::Take(Action::Reply));
    let request = settle(faults, "complaint.ReplyToComplaint", head, act, written)?;
    Ok(Request {
        attachments: files,
        ..request
    })
}

/// CloseComplaint.
pub fn close(vault: &Keyring, raw: v1::CloseComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = shown(vault, &mut faults, &raw, &raw.request_id, raw.access.as_ref());
    let act = Some(Act::Take(Action::Close));
    settle(faults, "complaint.CloseComplaint", head, act, Written::default())
}

/// ReopenComplaint.
pub fn reopen(vault: &Keyring, raw: v1::ReopenComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = shown(vault, &mut faults, &raw, &raw.request_id, raw.access.as_ref());
    let written = written(&mut faults, "text", &raw.text, 5, 5000, true);
    let act = Some(Act::Take(Action::Reopen));
    settle(faults, "complaint.ReopenComplaint", head, act, written)
}

/// RateComplaint.
pub fn rate(vault: &Keyring, raw: v1::RateComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = shown(vault, &mut faults, &raw, &raw.request_id, raw.access.as_ref());
    let stars = faults.range("rating", raw.rating, 1, 5);
    let written = written(&mut faults, "text", &raw.text, 0, 2000, true);
    let act = u8::try_from(stars).ok().map(|stars| Act::Rate { stars });
    settle(faults, "complaint.RateComplaint", head, act, written)
}

/// EscalateComplaint.
pub fn escalate(vault: &Keyring, raw: v1::EscalateComplaintRequest) -> Result<Request, Failure> {
    let mut faults = Faults::default();
    let head = named(vault, &mut faults, &raw, &raw.request_id, &raw.name, &raw.etag);
    let written = written(&mut faults, "text", &raw.text, 5, 5000, false);
    settle(
        faults,
        "complaint.EscalateComplaint",
        head,
        Some(Act::Escalate),
        written,
    )
}
