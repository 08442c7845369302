//! Error messages in Indonesian, one line per fault.

mod local;

use std::io::ErrorKind;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::print::clean;

/// The lines that describe an error: a refused call with every violation, or each cause in turn.
pub fn lines(error: &anyhow::Error) -> Vec<String> {
    let mut lines = Vec::new();
    let mut before: Vec<String> = Vec::new();
    for cause in error.chain() {
        if let Some(status) = cause.downcast_ref::<Status>() {
            let mut refused = status_lines(status);
            if let Some(first) = refused.first_mut() {
                before.push(std::mem::take(first));
                *first = before.join(": ");
            }
            lines.append(&mut refused);
            before.clear();
            break;
        }
        if cause.is::<tonic::transport::Error>() {
            // The text of a transport error only repeats that its source is about transport.
            continue;
        }
        if let Some(text) = local::text(cause) {
            before.push(clean(&text));
            break;
        }
        let text = match cause.downcast_ref::<std::io::Error>() {
            Some(error) => io_text(error),
            None => clean(&cause.to_string()),
        };
        // Many errors repeat the text of their source.
        if !before.iter().any(|earlier| earlier.contains(&text)) {
            before.push(text);
        }
    }
    if !before.is_empty() {
        lines.push(before.join(": "));
    }
    if let Some(first) = lines.first_mut() {
        first.insert_str(0, "galat: ");
    }
    lines
}

/// Describes a refused call: the message with its reason in brackets, then each violation on a line of its own.
pub fn status_lines(status: &Status) -> Vec<String> {
    let reason = status
        .get_details_error_info()
        .map(|info| info.reason)
        .filter(|reason| !reason.is_empty());
    let violations = status
        .get_details_bad_request()
        .map(|bad| bad.field_violations)
        .unwrap_or_default();
    // The message of a bad request repeats its violations, so it is needed only when those are not in Indonesian.
    let all_localized = !violations.is_empty()
        && violations
            .iter()
            .all(|violation| violation.localized_message.is_some());
    let text = match status.get_details_localized_message() {
        Some(localized) if !all_localized => localized.message,
        Some(_) => "permintaan tidak sah".to_owned(),
        None => format!("{} ({})", code_text(status.code()), status.message()),
    };
    let code = reason.unwrap_or_else(|| format!("{:?}", status.code()));
    let mut lines = vec![clean(&format!("{text} [{code}]"))];
    for violation in violations {
        let text = violation
            .localized_message
            .map(|localized| localized.message)
            .filter(|text| !text.is_empty());
        let text = text.unwrap_or(violation.description);
        lines.push(clean(&format!("  {}: {text}", violation.field)));
    }
    lines
}

/// [`status_lines`] on one line.
pub fn status_line(status: &Status) -> String {
    status_lines(status)
        .iter()
        .map(|line| line.trim())
        .collect::<Vec<_>>()
        .join("; ")
}

/// Whether the program that reads our output has closed it.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}

/// Why a file could not be read or written.
pub(super) fn io_text(error: &std::io::Error) -> String {
    let text = match error.kind() {
        ErrorKind::NotFound => "tidak ada",
        ErrorKind::PermissionDenied => "tidak berhak",
        ErrorKind::IsADirectory => "adalah direktori",
        ErrorKind::NotADirectory => "bukan direktori",
        ErrorKind::AlreadyExists => "nama itu sudah dipakai berkas lain",
        ErrorKind::ReadOnlyFilesystem => "penyimpanan hanya dapat dibaca",
        ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => "jatah penyimpanan habis",
        ErrorKind::AddrInUse => "alamat itu sudah dipakai proses lain",
        ErrorKind::AddrNotAvailable => "bukan alamat mesin ini",
        ErrorKind::StorageFull => "penyimpanan penuh",
        ErrorKind::InvalidData => "isinya bukan teks UTF-8",
        ErrorKind::ConnectionRefused => "sambungan ditolak",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "sambungan terputus",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "alamat tidak terjangkau",
        ErrorKind::TimedOut => "tidak ada jawaban",
        _ => return clean(&format!("galat sistem ({error})")),
    };
    text.to_owned()
}

fn code_text(code: Code) -> &'static str {
    match code {
        Code::Ok => "berhasil",
        Code::Cancelled => "panggilan dibatalkan",
        Code::Unknown => "galat yang tidak dikenal",
        Code::InvalidArgument => "permintaan tidak sah",
        Code::DeadlineExceeded => "layanan tidak menjawab tepat waktu",
        Code::NotFound => "tidak ditemukan",
        Code::AlreadyExists => "sudah ada",
        Code::PermissionDenied => "tidak berhak",
        Code::ResourceExhausted => "layanan sedang penuh; coba lagi sebentar lagi",
        Code::FailedPrecondition => "keadaan belum memungkinkan",
        Code::Aborted => "sudah diubah pihak lain; coba lagi",
        Code::OutOfRange => "di luar jangkauan",
        Code::Unimplemented => "belum tersedia di layanan ini",
        Code::Internal => "terjadi kesalahan pada sistem",
        Code::Unavailable => "layanan tidak terjangkau",
        Code::DataLoss => "data rusak",
        Code::Unauthenticated => "token tidak ada atau tidak berlaku",
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use tonic_types::{ErrorDetails, FieldViolation, LocalizedMessage};

    use super::*;

    fn bad_request(localized: bool) -> Status {
        let mut details = ErrorDetails::with_error_info("INVALID_FIELDS", "prima.go.id", []);
        let localized_message = |message: &str| {
            localized.then(|| LocalizedMessage {
                locale: "id-ID".into(),
                message: message.into(),
            })
        };
        details.set_bad_request(vec![
            FieldViolation {
                field: "survey.period".into(),
                description: "must be a period".into(),
                reason: String::new(),
                localized_message: localized_message("periode tidak sah"),
            },
            FieldViolation {
                field: "survey_id".into(),
                description: "is\u{1b}[31m required".into(),
                reason: String::new(),
                localized_message: localized_message("wajib\u{1b}[31m diisi"),
            },
        ]);
        details.set_localized_message("id-ID", "periode tidak sah; wajib diisi");
        Status::with_error_details(Code::InvalidArgument, "invalid fields", details)
    }

    #[test]
    fn every_violation_has_its_own_line() {
        let error = Err::<(), _>(bad_request(true))
            .context("survei tidak dibuat")
            .unwrap_err();
        assert_eq!(
            lines(&error),
            [
                "galat: survei tidak dibuat: permintaan tidak sah [INVALID_FIELDS]",
                "  survey.period: periode tidak sah",
                "  survey_id: wajib [31m diisi",
            ]
        );
    }

    #[test]
    fn english_violations_follow_the_indonesian_message() {
        assert_eq!(
            status_lines(&bad_request(false)),
            [
                "periode tidak sah; wajib diisi [INVALID_FIELDS]",
                "  survey.period: must be a period",
                "  survey_id: is [31m required",
            ]
        );
    }

    #[test]
    fn the_localized_message_of_the_service_is_preferred() {
        let mut details = ErrorDetails::with_error_info("NOT_FOUND", "prima.go.id", []);
        details.set_localized_message("id-ID", "Survei tidak ditemukan");
        let status = Status::with_error_details(Code::NotFound, "no such survey", details);
        assert_eq!(status_lines(&status), ["Survei tidak ditemukan [NOT_FOUND]"]);
        assert_eq!(
            status_lines(&Status::not_found("x")),
            ["tidak ditemukan (x) [NotFound]"]
        );
    }

    #[test]
    fn a_broken_pipe_is_recognised_below_other_errors() {
        let error = anyhow::Error::from(std::io::Error::from(ErrorKind::BrokenPipe)).context("cetak");
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&anyhow::anyhow!("lain")));
    }
}
