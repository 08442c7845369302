//! How a unit can be reached for consultation and complaints, and what it has done with what it heard. All of it is dated,
//! so that it can be judged at any day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::case::Channel;

/// Ways to reach a unit that a desk keeps at most, those of the past included.
pub const CHANNELS: usize = 100;
/// Records that a desk keeps at most.
pub const RECORDS: usize = 1000;

/// One way to reach a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// Channel.
    pub channel: Channel,
    /// First day.
    pub since: NaiveDate,
    /// Last day; `None` while it is open.
    pub until: Option<NaiveDate>,
}

/// What a unit does with what it hears (pertanggungjawaban, PEKPPP).
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

/// One record of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Kind.
    pub kind: RecordKind,
    /// Day.
    pub date: NaiveDate,
    /// Title.
    pub title: String,
    /// Link; may be empty.
    pub link: String,
}

/// The desk of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Desk {
    /// Ways to reach it.
    pub ways: Vec<Way>,
    /// First day of a desk apart from the front office.
    pub separate_since: Option<NaiveDate>,
    /// First day of taking reports through SP4N-LAPOR!.
    pub sp4n_since: Option<NaiveDate>,
    /// Records in the order in which they were made; they are added, never changed.
    pub records: Vec<Record>,
}

impl Desk {
    /// The ways to reach it, by key of the channel and first day.
    pub fn ways_in_order(&self) -> Vec<&Way> {
        let mut ways: Vec<&Way> = self.ways.iter().collect();
        ways.sort_by_key(|way| (way.channel.key(), way.since));
        ways
    }

    /// The records by date, those of one day in the order in which they were made.
    pub fn records_in_order(&self) -> Vec<&Record> {
        let mut records: Vec<&Record> = self.records.iter().collect();
        records.sort_by_key(|record| record.date);
        records
    }
}

/// Whether a channel is online: nobody has to come to the counter or carry paper. PEKPPP tells "luring" (tatap muka) from
/// "daring" and lists the telephone with SMS and chat applications among the media, so the telephone is online.
pub fn is_online(channel: Channel) -> bool {
    !matches!(channel, Channel::FaceToFace | Channel::Letter)
}

/// Places of ways that are open at the same time as another one of the same channel that begins earlier, or that stands
/// before them and begins on the same day.
pub fn overlapping(ways: &[Way]) -> Vec<usize> {
    let mut by_channel: BTreeMap<Channel, Vec<(NaiveDate, usize, Option<NaiveDate>)>> = BTreeMap::new();
    for (n, way) in ways.iter().enumerate() {
        by_channel
            .entry(way.channel)
            .or_default()
            .push((way.since, n, way.until));
    }
    let mut found = Vec::new();
    for mut own in by_channel.into_values() {
        own.sort_unstable();
        // The latest day that is taken; none yet.
        let mut taken = NaiveDate::MIN;
        for (since, n, until) in own {
            if since <= taken {
                found.push(n);
            }
            taken = taken.max(until.unwrap_or(NaiveDate::MAX));
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(channel: Channel, since: &str, until: &str) -> Way {
        Way {
            channel,
            since: since.parse().unwrap(),
            until: until.parse().ok(),
        }
    }

    #[test]
    fn a_channel_is_open_once_at_a_time() {
        let ways = [
            way(Channel::Email, "2025-01-01", ""),
            way(Channel::Web, "2025-01-01", "2025-06-30"),
            way(Channel::Web, "2025-07-01", ""),
            way(Channel::Sms, "2025-03-01", "2025-05-01"),
            way(Channel::Sms, "2025-05-01", ""),
            way(Channel::Phone, "2025-02-01", "2025-02-02"),
            way(Channel::Phone, "2025-01-01", "2025-12-31"),
            way(Channel::Phone, "2025-04-01", "2025-04-01"),
        ];
        assert_eq!(overlapping(&ways), [4, 5, 7]);
        assert_eq!(overlapping(&ways[..3]), [0usize; 0]);
    }

    #[test]
    fn everything_but_the_counter_and_paper_is_online() {
        let offline: Vec<Channel> = Channel::ALL.into_iter().filter(|c| !is_online(*c)).collect();
        assert_eq!(offline, [Channel::FaceToFace, Channel::Letter]);
    }
}
