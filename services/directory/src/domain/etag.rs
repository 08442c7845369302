//! The etag of a resource: its version as text.

/// Whether `etag` names `version`; an empty one names any. It may come in the quotes that HTTP puts around it.
pub fn holds(etag: &str, version: i64) -> bool {
    let plain = etag
        .strip_prefix('"')
        .and_then(|e| e.strip_suffix('"'))
        .unwrap_or(etag);
    etag.is_empty() || plain == version.to_string()
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn an_etag_is_quoted_or_plain_and_empty_means_any() {
        for etag in ["", "12", "\"12\""] {
            assert!(holds(etag, 12), "{etag}");
        }
        for etag in ["1", "012", "\"12", "12\"", "\"\"", " ", "x"] {
            assert!(!holds(etag, 12), "{etag}");
        }
    }
}
