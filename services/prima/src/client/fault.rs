//! What went wrong, in Indonesian, a line per fault.

use std::io::ErrorKind;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::print::clean;

/// The lines that tell what went wrong: a refused call with every violation, or each cause in turn.
pub fn lines(error: &anyhow::Error) -> Vec<String> {
    let mut lines = Vec::new();
    let mut before: Vec<String> = Vec::new();
    for cause in error.chain() {
        if let Some(status) = cause.downcast_ref::<Status>() {
            let mut told = status_lines(status);
            if let Some(first) = told.first_mut() {
                before.push(std::mem::take(first));
                *first = before.join(": ");
            }
            lines.append(&mut told);
            before.clear();
            break;
        }
        let text = clean(&cause.to_string());
        // Many errors repeat their source in their own text.
        if !before.iter().any(|said| said.contains(&text)) {
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

/// A refused call: what is wrong with its reason in brackets, then each violation on its own line.
pub fn status_lines(status: &Status) -> Vec<String> {
    let reason = status.get_details_error_info().map(|info| info.reason).filter(|reason| !reason.is_empty());
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    let text = match status.get_details_localized_message() {
        // The text of a bad request only repeats what follows.
        Some(_) if !violations.is_empty() => "permintaan tidak sah".to_owned(),
        Some(localized) => localized.message,
        None => format!("{} ({})", code_text(status.code()), status.message()),
    };
    let code = reason.unwrap_or_else(|| format!("{:?}", status.code()));
    let mut lines = vec![clean(&format!("{text} [{code}]"))];
    for violation in violations {
        let text = violation.localized_message.map(|localized| localized.message).filter(|text| !text.is_empty());
        let text = text.unwrap_or(violation.description);
        lines.push(clean(&format!("  {}: {text}", violation.field)));
    }
    lines
}

/// [`status_lines`] on one line.
pub fn status_line(status: &Status) -> String {
    status_lines(status).iter().map(|line| line.trim()).collect::<Vec<_>>().join("; ")
}

/// Whether the reader of our output has gone.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
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
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn every_violation_stands_on_its_own_line() {
        let mut details = ErrorDetails::with_error_info("INVALID_FIELDS", "prima.go.id", []);
        details.add_bad_request_violation("survey.period", "periode tidak sah");
        details.add_bad_request_violation("survey_id", "wajib\u{1b}[31m diisi");
        details.set_localized_message("id-ID", "periode tidak sah; wajib diisi");
        let status = Status::with_error_details(Code::InvalidArgument, "invalid fields", details);
        let error = Err::<(), _>(status).context("survei tidak dibuat").unwrap_err();
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
    fn the_services_own_words_are_preferred() {
        let mut details = ErrorDetails::with_error_info("NOT_FOUND", "prima.go.id", []);
        details.set_localized_message("id-ID", "Survei tidak ditemukan");
        let status = Status::with_error_details(Code::NotFound, "no such survey", details);
        assert_eq!(status_lines(&status), ["Survei tidak ditemukan [NOT_FOUND]"]);
        assert_eq!(status_lines(&Status::not_found("x")), ["tidak ditemukan (x) [NotFound]"]);
    }

    #[test]
    fn a_reader_who_left_is_recognised_below_other_errors() {
        let error = anyhow::Error::from(std::io::Error::from(ErrorKind::BrokenPipe)).context("cetak");
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&anyhow::anyhow!("lain")));
    }
}
