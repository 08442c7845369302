//! The etag of a resource: its version as text.

use std::fmt::Display;

use crate::failure::Failure;

/// The etag of a version.
pub fn of(version: i64) -> String {
    version.to_string()
}

/// `Ok` when `sent` is the etag of `version`, with or without the quotes of HTTP. An empty one matches any version.
///
/// # Errors
///
/// `ETAG_MISMATCH`: `name` has changed since it was read.
pub fn check(sent: &str, version: i64, name: impl Display) -> Result<(), Failure> {
    let plain = sent
        .strip_prefix('"')
        .and_then(|e| e.strip_suffix('"'))
        .unwrap_or(sent);
    if sent.is_empty() || plain == of(version) {
        return Ok(());
    }
    Err(Failure::stale_etag(&name.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_quoted_or_plain_and_empty_means_any() {
        assert_eq!(of(12), "12");
        for etag in ["", "12", "\"12\""] {
            assert!(check(etag, 12, "x").is_ok(), "{etag}");
        }
        for etag in ["1", "012", "\"12", "12\"", "\"\"", " ", "x"] {
            let stale = check(etag, 12, "agencies/32").unwrap_err();
            assert_eq!(stale.reason, "ETAG_MISMATCH", "{etag}");
            assert!(stale.message.contains("agencies/32"), "{stale}");
        }
    }
}
