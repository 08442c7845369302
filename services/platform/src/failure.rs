//! A failure as a caller sees it: a stable reason, a message for engineers, a message for people, and all violations.

use std::time::Duration;

/// One fault of one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field, such as `survey.period`.
    pub field: String,
    /// What is wrong, in English, for engineers.
    pub description: String,
    /// What is wrong, in Indonesian, for people.
    pub localized: String,
}

impl Violation {
    /// A fault of `field`, with the message in English and in Indonesian.
    pub fn new(
        field: impl Into<String>,
        description: impl Into<String>,
        localized: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            description: description.into(),
            localized: localized.into(),
        }
    }
}

/// Kind of a failure, which determines the gRPC status code (`grpc::status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is not valid, whatever the state: `INVALID_ARGUMENT`.
    Invalid,
    /// No token, or a token that is not valid: `UNAUTHENTICATED`.
    Unauthenticated,
    /// The caller may not do this: `PERMISSION_DENIED`.
    Denied,
    /// The resource does not exist: `NOT_FOUND`.
    NotFound,
    /// The resource to be created exists already: `ALREADY_EXISTS`.
    AlreadyExists,
    /// The state does not allow it: `FAILED_PRECONDITION`.
    Precondition,
    /// The resource was changed concurrently: `ABORTED`.
    Aborted,
    /// A limit is reached; a later retry may succeed: `RESOURCE_EXHAUSTED`.
    Exhausted,
    /// A part of the system is unavailable; a later retry may succeed: `UNAVAILABLE`.
    Unavailable,
    /// Unexpected: `INTERNAL`; the caller gets an error id only.
    Internal,
}

/// A failure, ready to become a gRPC status.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Failure {
    /// Kind, which determines the status code.
    pub kind: Kind,
    /// Stable reason, `UPPER_SNAKE_CASE`, sent in `ErrorInfo`.
    pub reason: &'static str,
    /// Message for engineers, in English. That of an internal failure is only logged.
    pub message: String,
    /// Message for people, in Indonesian.
    pub localized: String,
    /// All violations.
    pub violations: Vec<Violation>,
    /// Delay after which a retry may succeed.
    pub retry_after: Option<Duration>,
    /// More values for programs, sent in `ErrorInfo`.
    pub metadata: Vec<(&'static str, String)>,
}

impl Failure {
    /// A failure with its reason and both messages.
    pub fn new(
        kind: Kind,
        reason: &'static str,
        message: impl Into<String>,
        localized: impl Into<String>,
    ) -> Self {
        let retry_after = match kind {
            Kind::Exhausted | Kind::Unavailable => Some(Duration::from_secs(1)),
            Kind::Aborted => Some(Duration::ZERO),
            Kind::Invalid
            | Kind::Unauthenticated
            | Kind::Denied
            | Kind::NotFound
            | Kind::AlreadyExists
            | Kind::Precondition
            | Kind::Internal => None,
        };
        Self {
            kind,
            reason,
            message: message.into(),
            localized: localized.into(),
            violations: vec![],
            retry_after,
            metadata: vec![],
        }
    }

    /// The request has these violations, at least one.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let fields: Vec<&str> = violations.iter().map(|v| v.field.as_str()).collect();
        let message = format!("invalid fields: {}", fields.join(", "));
        let localized = violations
            .iter()
            .map(|v| v.localized.as_str())
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            violations,
            ..Self::new(Kind::Invalid, "INVALID_FIELDS", message, localized)
        }
    }

    /// `Ok` when there are no violations.
    ///
    /// # Errors
    ///
    /// `INVALID_FIELDS` when there are some.
    pub fn check(violations: Vec<Violation>) -> Result<(), Self> {
        if violations.is_empty() {
            return Ok(());
        }
        Err(Self::invalid(violations))
    }

    /// `what` does not exist.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Kind::NotFound,
            "NOT_FOUND",
            format!("{what} does not exist"),
            format!("{what} tidak ditemukan"),
        )
    }

    /// `what` exists already.
    pub fn already_exists(what: &str) -> Self {
        Self::new(
            Kind::AlreadyExists,
            "ALREADY_EXISTS",
            format!("{what} exists already"),
            format!("{what} sudah ada"),
        )
    }

    /// The request has an `etag` that is not the current one.
    pub fn stale_etag(what: &str) -> Self {
        Self::new(
            Kind::Aborted,
            "ETAG_MISMATCH",
            format!("{what} has changed since it was read; read it again"),
            format!("{what} sudah berubah sejak dibaca; baca ulang"),
        )
    }

    /// The same `request_id` was used with another body.
    pub fn request_id_reused(field: &str) -> Self {
        let violation = Violation::new(
            field,
            "was used before with another body",
            "sudah pernah dipakai untuk isi yang berbeda",
        );
        Self {
            reason: "REQUEST_ID_REUSED",
            ..Self::invalid(vec![violation])
        }
    }

    /// An unexpected error; its text is logged, and the caller gets an error id.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self::new(
            Kind::Internal,
            "INTERNAL",
            error.to_string(),
            "Terjadi kesalahan pada sistem",
        )
    }

    /// A part of the system is unavailable for now; the text is logged.
    pub fn unavailable(error: impl std::fmt::Display) -> Self {
        Self::new(
            Kind::Unavailable,
            "UNAVAILABLE",
            error.to_string(),
            "Layanan sedang tidak tersedia; coba lagi sebentar lagi",
        )
    }

    /// The storage is full, so that nothing can be stored for now; the text is logged.
    pub fn storage_full(error: impl std::fmt::Display) -> Self {
        Self::new(
            Kind::Unavailable,
            "STORAGE_FULL",
            error.to_string(),
            "Penyimpanan layanan penuh, sehingga tidak ada yang dapat disimpan; coba lagi nanti",
        )
    }

    /// The storage can't be written for now; the text is logged.
    pub fn storage_failed(error: impl std::fmt::Display) -> Self {
        Self::new(
            Kind::Unavailable,
            "STORAGE_FAILED",
            error.to_string(),
            "Penyimpanan layanan bermasalah, sehingga tidak ada yang dapat disimpan; coba lagi nanti",
        )
    }

    /// Whether the same request may succeed later.
    pub fn retryable(&self) -> bool {
        matches!(self.kind, Kind::Aborted | Kind::Exhausted | Kind::Unavailable)
    }

    /// The stable reason.
    pub fn code(&self) -> &'static str {
        self.reason
    }
}

/// The resource that was looked up by `name`.
///
/// # Errors
///
/// `NOT_FOUND` when there is none.
pub fn found<T>(found: Option<T>, name: impl std::fmt::Display) -> Result<T, Failure> {
    found.ok_or_else(|| Failure::not_found(&name.to_string()))
}

impl From<Violation> for Failure {
    fn from(violation: Violation) -> Self {
        Self::invalid(vec![violation])
    }
}

impl From<Vec<Violation>> for Failure {
    fn from(violations: Vec<Violation>) -> Self {
        Self::invalid(violations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_with_violations_is_refused() {
        assert!(Failure::check(Vec::new()).is_ok());
        let refused = Failure::check(vec![Violation::new("year", "is required", "wajib diisi")]).unwrap_err();
        assert_eq!((refused.kind, refused.violations.len()), (Kind::Invalid, 1));
    }
}
