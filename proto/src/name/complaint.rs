//! Names of complaints, consultations and what belongs to them.

use std::fmt;

use super::{AGENCY_MAX, Error, TOKEN_MAX, token};

/// The id of a name that has one collection in front of it.
fn flat(text: &str, collection: &str, form: &'static str) -> Result<String, Error> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [first, id] if *first == collection => Ok(token(id, TOKEN_MAX)?.to_owned()),
        _ => Err(Error::Form { form }),
    }
}

/// Name of a complaint, `complaints/{complaint}`; it stays the same wherever the complaint is forwarded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Complaint {
    /// Id of the complaint.
    pub complaint: String,
}

/// Name of a stored file, `attachments/{attachment}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attachment {
    /// Id of the file.
    pub attachment: String,
}

/// Name of a consultation, `consultations/{consultation}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Consultation {
    /// Id of the consultation.
    pub consultation: String,
}

/// Name of an entry of the knowledge base, `knowledge/{entry}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Knowledge {
    /// Id of the entry.
    pub entry: String,
}

/// Name of a member of an agency's consultation team, `agencies/{agency}/members/{member}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// Id of the agency.
    pub agency: String,
    /// Id of the member.
    pub member: String,
}

impl Complaint {
    /// Parses `complaints/{complaint}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let complaint = flat(text, "complaints", "complaints/{complaint}")?;
        Ok(Self { complaint })
    }
}

impl Attachment {
    /// Parses `attachments/{attachment}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let attachment = flat(text, "attachments", "attachments/{attachment}")?;
        Ok(Self { attachment })
    }
}

impl Consultation {
    /// Parses `consultations/{consultation}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let consultation = flat(text, "consultations", "consultations/{consultation}")?;
        Ok(Self { consultation })
    }
}

impl Knowledge {
    /// Parses `knowledge/{entry}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let entry = flat(text, "knowledge", "knowledge/{entry}")?;
        Ok(Self { entry })
    }
}

impl Member {
    /// Parses `agencies/{agency}/members/{member}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "agencies/{agency}/members/{member}";
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["agencies", agency, "members", member] => Ok(Self {
                agency: token(agency, AGENCY_MAX)?.to_owned(),
                member: token(member, TOKEN_MAX)?.to_owned(),
            }),
            _ => Err(Error::Form { form: FORM }),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "complaints/{}", self.complaint)
    }
}

impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attachments/{}", self.attachment)
    }
}

impl fmt::Display for Consultation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "consultations/{}", self.consultation)
    }
}

impl fmt::Display for Knowledge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "knowledge/{}", self.entry)
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "agencies/{}/members/{}", self.agency, self.member)
    }
}
