//! The desk of a unit: the channels by which it can be reached for consultation and complaints, and its records of
//! accountability. All of them are dated, so that an assessment can refer to any day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::case::Channel;

/// How many channels a desk may have, including past ones.
pub const CHANNELS_MAX: usize = 100;
/// How many records a desk may have.
pub const RECORDS_MAX: usize = 1000;

/// A channel by which a unit can be reached, with the time in which it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskChannel {
    /// Channel.
    pub channel: Channel,
    /// First day on which it is open.
    pub since: NaiveDate,
    /// Last day on which it is open; `None` without an end.
    pub until: Option<NaiveDate>,
}

/// Kinds of accountability (pertanggungjawaban, PEKPPP): what a unit does with the complaints that it receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    /// Laporan berkala.
    Report,
    /// Monitoring dan evaluasi.
    Monitoring,
    /// Tindak lanjut.
    FollowUp,
    /// Publikasi.
    Publication,
}

impl RecordKind {
    /// Stable key, as in `ComplaintRecordFacts`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Monitoring => "monitoring",
            Self::FollowUp => "follow-up",
            Self::Publication => "publication",
        }
    }
}

/// A record of accountability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Kind.
    pub kind: RecordKind,
    /// Day of the event.
    pub date: NaiveDate,
    /// Title.
    pub title: String,
    /// Link; may be empty.
    pub link: String,
}

/// The desk of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Desk {
    /// Channels by which it can be reached.
    #[serde(rename = "ways")]
    pub channels: Vec<DeskChannel>,
    /// First day of a desk that is separate from the front office.
    pub separate_since: Option<NaiveDate>,
    /// First day on which it receives reports through SP4N-LAPOR!.
    pub sp4n_since: Option<NaiveDate>,
    /// Records in the order in which they were added; they are never changed.
    pub records: Vec<Record>,
}

impl Desk {
    /// The channels, ordered by key and first day.
    pub fn channels_in_order(&self) -> Vec<&DeskChannel> {
        let mut channels: Vec<&DeskChannel> = self.channels.iter().collect();
        channels.sort_by_key(|entry| (entry.channel.key(), entry.since));
        channels
    }

    /// The records by date; those of the same day in the order in which they were added.
    pub fn records_in_order(&self) -> Vec<&Record> {
        let mut records: Vec<&Record> = self.records.iter().collect();
        records.sort_by_key(|record| record.date);
        records
    }
}

/// Whether a channel is online, so that nobody has to come to the counter or bring a letter. PEKPPP distinguishes
/// "luring" (tatap muka) from "daring" and lists the telephone together with SMS and chat applications, so the
/// telephone counts as online.
pub fn is_online(channel: Channel) -> bool {
    !matches!(channel, Channel::FaceToFace | Channel::Letter)
}

/// Indices of channels that are open at the same time as an earlier one of the same kind. Earlier means an earlier
/// first day or, on the same day, a lower index.
pub fn overlapping(channels: &[DeskChannel]) -> Vec<usize> {
    let mut by_channel: BTreeMap<Channel, Vec<(NaiveDate, usize, Option<NaiveDate>)>> = BTreeMap::new();
    for (n, entry) in channels.iter().enumerate() {
        by_channel
            .entry(entry.channel)
            .or_default()
            .push((entry.since, n, entry.until));
    }
    let mut found = Vec::new();
    for mut entries in by_channel.into_values() {
        entries.sort_unstable();
        // The last day that is covered by the channels looked at so far.
        let mut covered_until = NaiveDate::MIN;
        for (since, n, until) in entries {
            if since <= covered_until {
                found.push(n);
            }
            covered_until = covered_until.max(until.unwrap_or(NaiveDate::MAX));
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(channel: Channel, since: &str, until: &str) -> DeskChannel {
        DeskChannel {
            channel,
            since: since.parse().unwrap(),
            until: until.parse().ok(),
        }
    }

    #[test]
    fn a_channel_is_open_only_once_at_a_time() {
        let channels = [
            entry(Channel::Email, "2025-01-01", ""),
            entry(Channel::Web, "2025-01-01", "2025-06-30"),
            entry(Channel::Web, "2025-07-01", ""),
            entry(Channel::Sms, "2025-03-01", "2025-05-01"),
            entry(Channel::Sms, "2025-05-01", ""),
            entry(Channel::Phone, "2025-02-01", "2025-02-02"),
            entry(Channel::Phone, "2025-01-01", "2025-12-31"),
            entry(Channel::Phone, "2025-04-01", "2025-04-01"),
        ];
        assert_eq!(overlapping(&channels), [4, 5, 7]);
        assert_eq!(overlapping(&channels[..3]), [0usize; 0]);
    }

    #[test]
    fn every_channel_except_counter_and_letter_is_online() {
        let offline: Vec<Channel> = Channel::ALL.into_iter().filter(|c| !is_online(*c)).collect();
        assert_eq!(offline, [Channel::FaceToFace, Channel::Letter]);
    }
}
