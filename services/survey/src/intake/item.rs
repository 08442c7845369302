//! A response on its way in, and what becomes of it.

use chrono::{DateTime, Utc};
use prima_platform::failure::Failure;
use prima_proto::name;

use crate::domain::{access::Proof, response};

/// A response to be taken in.
#[derive(Debug, Clone)]
pub struct Item {
    /// The survey.
    pub survey: name::Survey,
    /// As sent, with its id.
    pub raw: response::Raw,
    /// Its digest, taken before the survey is locked.
    pub digest: Vec<u8>,
    /// Name of the field that holds the id, for faults.
    pub id_field: &'static str,
    /// By what it comes in.
    pub proof: Proof,
    /// Label of the import it comes with; empty without one.
    pub import_id: String,
}

/// What became of a response.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Stored now.
    Accepted(DateTime<Utc>),
    /// Stored before with the same body.
    Repeated(First),
    /// Stored with the same body by a release before, under the client's id: see [`Proof::stored_id`].
    RepeatedOfBefore(First),
    /// Not stored.
    Refused(Failure),
}

/// What a repeat is told of the response that was stored first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct First {
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// Whether it was voided since.
    pub voided: bool,
}

impl First {
    /// One that is accepted now.
    pub fn accepted(at: DateTime<Utc>) -> Self {
        Self {
            accepted_at: at,
            voided: false,
        }
    }
}

impl Item {
    /// The id under which it is stored.
    pub fn stored_id(&self) -> String {
        self.proof.stored_id(&self.raw.id, &self.digest)
    }
}
