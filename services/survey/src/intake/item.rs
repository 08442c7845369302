//! A response to be stored, and its outcome.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use prima_platform::failure::Failure;
use prima_proto::name;

use crate::domain::{access::Proof, response};

/// A response to be stored.
#[derive(Debug, Clone)]
pub struct Item {
    /// The survey.
    pub survey: name::Survey,
    /// The response as sent, with its id.
    pub raw: response::Raw,
    /// Keyed digest of `raw`, computed before the survey is locked.
    pub digest: Vec<u8>,
    /// Pseudonym of the network that a response through the open link came from; empty when that is not known.
    pub source: String,
    /// Name of the request field that contains the id, for error details.
    pub id_field: &'static str,
    /// The proof that authorises it.
    pub proof: Proof,
    /// Label of its import; empty when it is not part of one.
    pub import_id: String,
    /// Whether it is one of many that an agent sends together.
    pub bulk: bool,
}

/// The outcome of a response.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It was stored now.
    Accepted(First),
    /// It was stored before, with the same body.
    Repeated(First),
    /// Release 0.1.0 stored it with the same body under the client's id: see [`Proof::stored_id`].
    RepeatedOfBefore(First),
    /// It was not stored.
    Refused(Box<Failure>),
}

/// The response that was stored first, as it is reported to a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct First {
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// Whether it has been voided since.
    pub voided: bool,
    /// Responses in the figures of its survey when it was stored.
    pub counted: i64,
    /// Responses and voids known to wait to be released then.
    pub pending: i64,
}

impl Item {
    /// The id under which it is stored.
    pub fn stored_id(&self) -> Cow<'_, str> {
        self.proof.stored_id(&self.raw.id, &self.digest)
    }
}
