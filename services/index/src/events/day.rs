//! Days in payloads.

use chrono::NaiveDate;

/// Parses a day `YYYY-MM-DD`; `None` when it is empty or malformed.
pub fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

/// The well-formed days among these.
pub fn days(texts: &[String]) -> Vec<NaiveDate> {
    texts.iter().filter_map(|t| day(t)).collect()
}
