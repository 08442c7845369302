//! Flags: which responses look odd, by a rule that is data. A flag deletes nothing; it lets a reader compare the index
//! with and without the responses that carry one.

use std::sync::LazyLock;

use serde::Deserialize;

static RULE: LazyLock<Option<Rule>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/flags.json")).ok());

/// The rule in force; `None` when its embedded data does not read.
pub fn rule() -> Option<&'static Rule> {
    RULE.as_ref()
}

/// When a response is flagged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Rule {
    /// Id with version.
    pub id: String,
    /// Every answer the same.
    pub straight_line: StraightLine,
    /// Many of one source and device within a short time.
    pub burst: Burst,
    /// Many of one device in a day.
    pub shared_device: SharedDevice,
}

/// Every answer the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StraightLine {
    /// Label for people (id-ID).
    pub label: String,
    /// Least answers given.
    pub min_answers: i64,
}

/// Many of one source and device within a short time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Burst {
    /// Label for people (id-ID).
    pub label: String,
    /// More responses than this.
    pub more_than: i64,
    /// The last less than this after the first, by the time they were given.
    pub within_seconds: i64,
    /// Kinds of source that are never flagged: what stands before the colon.
    pub sources_left_out: Vec<String>,
}

/// Many of one device in a day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SharedDevice {
    /// Label for people (id-ID).
    pub label: String,
    /// More responses than this.
    pub more_than: i64,
    /// Hours that the calendar is ahead of UTC.
    pub utc_offset_hours: i64,
    /// Kinds of source that are never flagged.
    pub sources_left_out: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rule_reads() {
        let rule = rule().unwrap();
        assert_eq!(rule.straight_line.min_answers, 5);
        assert_eq!((rule.burst.more_than, rule.burst.within_seconds), (10, 60));
        assert_eq!(rule.shared_device.more_than, 5);
    }
}
