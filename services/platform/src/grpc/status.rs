//! The one place where a failure becomes a gRPC status.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, LocalizedMessage, StatusExt};

use crate::failure::{Failure, Kind, Violation};

/// Domain of every `ErrorInfo`.
pub const DOMAIN: &str = "prima.go.id";
const LOCALE: &str = "id-ID";
/// Most bytes of violations in a status. Details are sent in a header, and clients refuse headers beyond 8 KiB; of
/// further violations only the number is sent.
const MOST_BYTES: usize = 3000;

fn code(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Denied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::Precondition => Code::FailedPrecondition,
        Kind::Aborted => Code::Aborted,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Internal => Code::Internal,
    }
}

/// The status of a failure, with `ErrorInfo`, `LocalizedMessage` (id-ID), every violation, and `RetryInfo` where a
/// retry may help. An internal message is logged under an id, and the caller gets the id only; so is what is unavailable
/// for a time, as a warning, for a process that still starts is not at fault.
pub fn status(failure: Failure) -> Status {
    let mut details = ErrorDetails::new();
    let mut metadata: std::collections::HashMap<String, String> = failure
        .metadata
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let (mut message, mut localized) = (failure.message, failure.localized);
    if matches!(failure.kind, Kind::Internal | Kind::Unavailable) {
        let id = crate::id::Ids::random().next().to_string();
        let reason = failure.reason;
        if failure.kind == Kind::Internal {
            tracing::error!(error_id = %id, reason, error = %message, "call failed");
        } else {
            tracing::warn!(error_id = %id, reason, error = %message, "call failed");
        }
        message = format!(
            "{}; error id {id}",
            if failure.kind == Kind::Internal {
                "internal error"
            } else {
                "unavailable"
            }
        );
        localized = format!("{localized} (kode {id})");
        metadata.insert("error_id".to_owned(), id);
    }
    let all = failure.violations.len();
    let violations = listed(failure.violations);
    if violations.len() < all {
        metadata.insert("violations".to_owned(), all.to_string());
        message = format!("{all} invalid fields; the first {} are listed", violations.len());
        localized = format!("{all} isian salah; {} yang pertama disebutkan", violations.len());
    }
    details.set_error_info(failure.reason, DOMAIN, metadata);
    details.set_localized_message(LOCALE, cut(&localized, 1000));
    if !violations.is_empty() {
        details.set_bad_request(violations);
    }
    if let Some(after) = failure.retry_after {
        details.set_retry_info(Some(after.max(Duration::from_millis(1))));
    }
    Status::with_error_details(code(failure.kind), cut(&message, 1000), details)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// As many violations as fit in a header, at least one.
fn listed(violations: Vec<Violation>) -> Vec<FieldViolation> {
    let mut bytes = 0;
    let mut listed = Vec::new();
    for violation in violations {
        let mut one = FieldViolation::new(cut(&violation.field, 100), cut(&violation.description, 300));
        let message = cut(&violation.localized, 300);
        bytes += one.field.len() + one.description.len() + message.len() + 20;
        one.localized_message = Some(LocalizedMessage {
            locale: LOCALE.to_owned(),
            message,
        });
        if bytes > MOST_BYTES && !listed.is_empty() {
            break;
        }
        listed.push(one);
    }
    listed
}

/// Adds reason and messages to a status without details, which the transport or a decoder has made.
pub(super) fn enrich(bare: &Status) -> Status {
    let (reason, localized) = match bare.code() {
        Code::OutOfRange | Code::ResourceExhausted => ("MESSAGE_TOO_LARGE", "Pesan terlalu besar"),
        Code::Unimplemented => ("UNIMPLEMENTED", "Metode tidak dikenal"),
        Code::NotFound => ("NOT_FOUND", "Tidak ditemukan"),
        Code::DeadlineExceeded | Code::Cancelled => ("DEADLINE_EXCEEDED", "Batas waktu terlewati"),
        Code::InvalidArgument => ("MALFORMED_REQUEST", "Permintaan tidak dapat dibaca"),
        Code::Internal => ("MALFORMED_REQUEST", "Permintaan tidak dapat dibaca"),
        _ => ("UNKNOWN", "Permintaan gagal"),
    };
    let code = match bare.code() {
        // tonic returns OUT_OF_RANGE for a message over the limit, which is a limit on a resource.
        Code::OutOfRange => Code::ResourceExhausted,
        // It returns INTERNAL for bytes that are not a message, which is the caller's fault.
        Code::Internal => Code::InvalidArgument,
        other => other,
    };
    let message = match bare.message() {
        "" if code == Code::Unimplemented => "no such method",
        text => text,
    };
    detailed(code, reason, message, localized)
}

/// A status with a reason, and a message in English and one in Indonesian.
pub(super) fn detailed(code: Code, reason: &str, message: &str, localized: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, DOMAIN, std::collections::HashMap::<String, String>::new());
    details.set_localized_message(LOCALE, localized);
    Status::with_error_details(code, message.to_owned(), details)
}
