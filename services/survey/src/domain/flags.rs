//! Flags: which responses are suspicious, by a rule that is read from data. A flag excludes no response; readers can compare
//! the index with and without the flagged responses.

use std::sync::LazyLock;

use serde::Deserialize;

static RULE: LazyLock<Option<Rule>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/flags.json")).ok());

/// The rule in force; `None` when its embedded data is malformed.
pub fn rule() -> Option<&'static Rule> {
    RULE.as_ref()
}

/// When a response is flagged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Rule {
    /// Id with version.
    pub id: String,
    /// All answers are the same.
    pub straight_line: StraightLine,
    /// Many responses of one source and device within a short time.
    pub burst: Burst,
    /// Many responses of one device in a day.
    pub shared_device: SharedDevice,
    /// Bursts of an open link, which are in no figure until an operator decides.
    pub quarantine: Quarantine,
}

/// Which bursts of responses through an open link are quarantined, by their times of acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Quarantine {
    /// Of the whole link.
    pub rate: Limit,
    /// Of one device.
    pub device: Limit,
    /// With the same answers.
    pub pattern: Limit,
    /// Of one network.
    pub source: Limit,
}

/// How many responses within what time are a burst.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Limit {
    /// Label for people (id-ID).
    pub label: String,
    /// Responses are a burst when there are more than this number.
    pub more_than: usize,
    /// Limit of the time between the first and the last of them (exclusive).
    pub within_seconds: i64,
}

/// All answers of a response are the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StraightLine {
    /// Label for people (id-ID).
    pub label: String,
    /// Fewest answers that a flagged response has.
    pub min_answers: i64,
}

/// Many responses of one source and device within a short time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Burst {
    /// Label for people (id-ID).
    pub label: String,
    /// Responses are flagged when there are more than this number.
    pub more_than: i64,
    /// Limit of the time between the first and the last of them (exclusive), by their times of submission.
    pub within_seconds: i64,
    /// Kinds of sources whose responses are never flagged: the part of the source before the colon.
    pub sources_left_out: Vec<String>,
}

/// Many responses of one device in a day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SharedDevice {
    /// Label for people (id-ID).
    pub label: String,
    /// Responses are flagged when there are more than this number.
    pub more_than: i64,
    /// Offset of the calendar day from UTC in hours.
    pub utc_offset_hours: i64,
    /// Kinds of sources whose responses are never flagged.
    pub sources_left_out: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rule_is_parsed() {
        let rule = rule().unwrap();
        assert_eq!(rule.straight_line.min_answers, 5);
        assert_eq!((rule.burst.more_than, rule.burst.within_seconds), (10, 60));
        assert_eq!(rule.shared_device.more_than, 5);
    }
}
