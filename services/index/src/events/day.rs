//! Days in payloads.

use chrono::NaiveDate;

/// A day `YYYY-MM-DD`; `None` when there is none.
pub fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

/// Those of the days that are ones.
pub fn days(texts: &[String]) -> Vec<NaiveDate> {
    texts.iter().filter_map(|t| day(t)).collect()
}
