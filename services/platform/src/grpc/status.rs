//! The one place where a failure becomes a gRPC status.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::failure::{Failure, Kind};

/// Domain of every `ErrorInfo`.
pub const DOMAIN: &str = "prima.go.id";
/// Details travel in a header; what goes beyond this many violations is counted in the message.
const MOST_VIOLATIONS: usize = 30;

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

/// Makes the status of a failure, with `ErrorInfo`, `LocalizedMessage` (id-ID), every violation, and `RetryInfo`
/// where a retry helps. What is internal goes to the log under an id, and only the id to the caller.
pub fn status(failure: Failure) -> Status {
    let mut details = ErrorDetails::new();
    let mut metadata = std::collections::HashMap::new();
    let (mut message, mut localized) = (failure.message, failure.localized);
    if matches!(failure.kind, Kind::Internal | Kind::Unavailable) {
        let id = crate::id::Ids::random().next().to_string();
        tracing::error!(error_id = %id, reason = failure.reason, error = %message, "call failed");
        message = format!("{}; error id {id}", if failure.kind == Kind::Internal { "internal error" } else { "unavailable" });
        localized = format!("{localized} (kode {id})");
        metadata.insert("error_id".to_owned(), id);
    }
    if failure.violations.len() > MOST_VIOLATIONS {
        metadata.insert("violations".to_owned(), failure.violations.len().to_string());
        message = format!("{} invalid fields; the first {MOST_VIOLATIONS} are listed", failure.violations.len());
    }
    // Header values are limited: a caller's own text must not blow them up.
    details.set_error_info(failure.reason, DOMAIN, metadata);
    details.set_localized_message("id-ID", localized.chars().take(1000).collect::<String>());
    for violation in failure.violations.iter().take(MOST_VIOLATIONS) {
        details.add_bad_request_violation(violation.field.chars().take(100).collect::<String>(), violation.description.chars().take(300).collect::<String>());
    }
    if let Some(after) = failure.retry_after {
        details.set_retry_info(Some(after.max(Duration::from_millis(1))));
    }
    Status::with_error_details(code(failure.kind), message.chars().take(1000).collect::<String>(), details)
}

/// Gives a status that came without details (from the transport or a decoder) its reason and texts.
pub(super) fn enrich(bare: &Status) -> Status {
    let (reason, localized) = match bare.code() {
        Code::OutOfRange | Code::ResourceExhausted => ("MESSAGE_TOO_LARGE", "Pesan terlalu besar"),
        Code::Unimplemented => ("UNIMPLEMENTED", "Metode tidak dikenal"),
        Code::DeadlineExceeded | Code::Cancelled => ("DEADLINE_EXCEEDED", "Batas waktu terlewati"),
        Code::InvalidArgument => ("MALFORMED_REQUEST", "Permintaan tidak dapat dibaca"),
        Code::Internal => ("MALFORMED_REQUEST", "Permintaan tidak dapat dibaca"),
        _ => ("UNKNOWN", "Permintaan gagal"),
    };
    // tonic answers OUT_OF_RANGE for a message over the limit; the limit is a resource.
    let code = if bare.code() == Code::OutOfRange { Code::ResourceExhausted } else { bare.code() };
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, DOMAIN, std::collections::HashMap::<String, String>::new());
    details.set_localized_message("id-ID", localized);
    Status::with_error_details(code, bare.message().to_owned(), details)
}
