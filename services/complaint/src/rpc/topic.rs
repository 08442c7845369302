//! Topics of consultations.

use prima_platform::failure::Violation;

use crate::domain::consultation::{Kind, topics};

/// Parses a topic of one kind of consultation, or of any kind.
pub fn parse(field: &str, raw: &str, kind: Option<Kind>) -> Result<String, Violation> {
    if topics(kind).any(|topic| topic.key == raw) {
        return Ok(raw.to_owned());
    }
    let keys: Vec<&str> = topics(kind).map(|topic| topic.key).collect();
    let labels: Vec<&str> = topics(kind).map(|topic| topic.label).collect();
    Err(Violation::new(
        field,
        format!("must be one of {}", keys.join(", ")),
        format!("Pilih salah satu topik: {}", labels.join(", ")),
    ))
}

/// As [`parse`] for any kind; an empty topic means all.
pub fn filter(field: &str, raw: &str) -> Result<String, Violation> {
    if raw.is_empty() {
        return Ok(String::new());
    }
    parse(field, raw, None)
}
