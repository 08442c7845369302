//! The document of an instrument in a field.

use prima_platform::failure::Violation;

/// Longest document, bytes.
const DOCUMENT_MAX: usize = 1 << 20;

/// A document that is not too long to be read.
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
