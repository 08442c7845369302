//! From messages to requests about identities and their erasure, with every fault found at once.

use prima_platform::{failure::Failure, faults::Faults, page::Page, text, vault::Keyring};
use prima_proto::{complaint::v1, name};

use super::{convert, faults::Fields};
use crate::{
    app::{erase, find_complaints, read_identity},
    domain::purpose::Purpose,
    store::{identity::Subject, sealed::Note},
};

fn purpose(raw: i32, faults: &mut Faults) -> Option<Purpose> {
    let known = match v1::Purpose::try_from(raw) {
        Ok(v1::Purpose::Verification) => Some(Purpose::Verification),
        Ok(v1::Purpose::Contact) => Some(Purpose::Contact),
        Ok(v1::Purpose::Investigation) => Some(Purpose::Investigation),
        Ok(v1::Purpose::DataSubjectRequest) => Some(Purpose::DataSubjectRequest),
        Ok(v1::Purpose::Unspecified | v1::Purpose::Erasure) | Err(_) => None,
    };
    if known.is_none() {
        faults.add(
            "purpose",
            "is required and must be known",
            "Tujuan wajib diisi dan dikenal",
        );
    }
    known
}

/// A purpose as a message has it.
pub fn purpose_shown(purpose: Purpose) -> v1::Purpose {
    match purpose {
        Purpose::Verification => v1::Purpose::Verification,
        Purpose::Contact => v1::Purpose::Contact,
        Purpose::Investigation => v1::Purpose::Investigation,
        Purpose::DataSubjectRequest => v1::Purpose::DataSubjectRequest,
        Purpose::Erasure => v1::Purpose::Erasure,
    }
}

fn reason(raw: &str, faults: &mut Faults) -> Note {
    Note(faults.or_default(text::lines("reason", raw, 5, 500)))
}

fn subject(raw: &str, faults: &mut Faults) -> Option<Subject> {
    if raw.starts_with("consultations/") {
        let name = faults.name("name", raw, name::Consultation::parse);
        return name.map(Subject::Consultation);
    }
    let name = faults.name("name", raw, name::Complaint::parse);
    name.map(Subject::Complaint)
}

/// The agency of a parent that is no unit; empty for `agencies/-`.
fn agency(raw: &str, faults: &mut Faults) -> Option<String> {
    let agency = faults.name("parent", raw, name::Agency::parse)?.agency;
    Some(if agency == "-" { String::new() } else { agency })
}

/// ReadIdentity.
pub fn read_identity(raw: &v1::ReadIdentityRequest) -> Result<read_identity::Request, Failure> {
    let mut faults = Faults::default();
    let subject = subject(&raw.name, &mut faults);
    let purpose = purpose(raw.purpose, &mut faults);
    let reason = reason(&raw.reason, &mut faults);
    let built = subject
        .zip(purpose)
        .map(|(subject, purpose)| read_identity::Request {
            subject,
            purpose,
            reason,
        });
    faults.settle(built)
}

/// FindComplaints.
pub fn find_complaints(raw: &v1::FindComplaintsRequest) -> Result<find_complaints::Request, Failure> {
    let mut faults = Faults::default();
    let contact = if raw.contact.contains('@') {
        convert::email("contact", &raw.contact)
    } else {
        convert::phone("contact", &raw.contact)
    };
    let contact = faults.take(contact).map(Note);
    let agency = agency(&raw.parent, &mut faults);
    let purpose = purpose(raw.purpose, &mut faults);
    let reason = reason(&raw.reason, &mut faults);
    let built = contact.zip(agency).zip(purpose);
    let built = built.map(|((contact, agency), purpose)| find_complaints::Request {
        contact,
        agency,
        purpose,
        reason,
    });
    faults.settle(built)
}

/// Which lines of the log are asked for.
#[derive(Debug)]
pub struct Readings {
    /// Id of the agency; empty for all.
    pub agency: String,
    /// Name of what was read; empty for all.
    pub name: String,
    /// The page.
    pub page: Page,
    /// Key of the last line of the page before.
    pub before: Option<i64>,
}

/// ListIdentityReadings.
pub fn list_readings(raw: &v1::ListIdentityReadingsRequest) -> Result<Readings, Failure> {
    let mut faults = Faults::default();
    let agency = agency(&raw.parent, &mut faults);
    let mut name = String::new();
    if !raw.name.is_empty() {
        name = subject(&raw.name, &mut faults)
            .map(|name| name.to_string())
            .unwrap_or_default();
    }
    let page = faults.take_all(Page::parse(
        raw.page_size,
        &raw.page_token,
        &[&raw.parent, &raw.name],
    ));
    let before = page.as_ref().and_then(|page| page.after.parse().ok());
    let built = agency.zip(page).map(|(agency, page)| Readings {
        agency,
        name,
        page,
        before,
    });
    faults.settle(built)
}

/// EraseComplaint.
pub fn erase(vault: &Keyring, raw: &v1::EraseComplaintRequest) -> Result<erase::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &raw.request_id, raw);
    let subject = subject(&raw.name, &mut faults);
    let reason = reason(&raw.reason, &mut faults);
    let built = once.zip(subject).map(|(once, subject)| erase::Request {
        once,
        subject,
        text_too: raw.text_too,
        reason,
    });
    faults.settle(built)
}
