//! Checks the field with the document of an instrument.

use prima_platform::failure::Violation;

/// Longest document, bytes.
const DOCUMENT_MAX: usize = 1 << 20;

/// Fails when the document is too long to be parsed.
pub fn check(raw: &str) -> Result<(), Violation> {
    if raw.len() <= DOCUMENT_MAX {
        return Ok(());
    }
    Err(Violation::new(
        "document",
        format!("must be at most {DOCUMENT_MAX} bytes"),
        format!("paling besar {DOCUMENT_MAX} bita"),
    ))
}
