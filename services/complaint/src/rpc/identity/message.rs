//! What requests about identities share.

use prima_platform::{
    failure::{Failure, Kind, Violation},
    request::{self, Choice, text},
};
use prima_proto::complaint::v1;

use crate::{
    domain::purpose::Purpose,
    rpc::rights::precondition,
    store::{
        identity::{StoredIdentity, Subject},
        sealed::Note,
    },
};

/// Parses a purpose. Callers cannot give `Erasure` and `Correction`, which only the log uses.
pub fn purpose(raw: i32) -> Result<Purpose, Violation> {
    let purpose = Choice {
        english: "purpose",
        indonesian: "Tujuan",
    };
    purpose.required("purpose", raw, |purpose| match purpose {
        v1::Purpose::Unspecified | v1::Purpose::Erasure | v1::Purpose::Correction => None,
        v1::Purpose::Verification => Some(Purpose::Verification),
        v1::Purpose::Contact => Some(Purpose::Contact),
        v1::Purpose::Investigation => Some(Purpose::Investigation),
        v1::Purpose::DataSubjectRequest => Some(Purpose::DataSubjectRequest),
    })
}

pub fn purpose_message(purpose: Purpose) -> v1::Purpose {
    match purpose {
        Purpose::Verification => v1::Purpose::Verification,
        Purpose::Contact => v1::Purpose::Contact,
        Purpose::Investigation => v1::Purpose::Investigation,
        Purpose::DataSubjectRequest => v1::Purpose::DataSubjectRequest,
        Purpose::Erasure => v1::Purpose::Erasure,
        Purpose::Correction => v1::Purpose::Correction,
    }
}

/// Parses the reason for a reading or an erasure.
pub fn reason(raw: &str) -> Result<Note, Violation> {
    text::lines("reason", raw, 5, 500).map(Note)
}

/// Parses the name of the report or consultation.
pub fn subject(raw: &str) -> Result<Subject, Violation> {
    if raw.starts_with("consultations/") {
        return request::name("name", raw).map(Subject::Consultation);
    }
    request::name("name", raw).map(Subject::Complaint)
}

/// Why an identity that is not stored can be neither read nor corrected.
pub fn not_given(stored: &StoredIdentity) -> Failure {
    if stored.erased {
        return precondition(
            "IDENTITY_ERASED",
            "the identity was erased",
            "Identitas sudah dihapus",
        );
    }
    Failure::new(
        Kind::NotFound,
        "NOT_FOUND",
        "no identity was given",
        "Identitas tidak diberikan",
    )
}

/// Logs that a caller was refused an identity, without naming the caller or anything that the caller wrote.
pub fn denied(method: &str, asked: Result<(), Failure>) -> Result<(), Failure> {
    if let Err(failure) = &asked {
        tracing::warn!(method, reason = failure.reason, "an identity was refused");
    }
    asked
}
