//! Converts desks from and to protobuf.

use chrono::{Datelike, NaiveDate};
use prima_platform::{
    etag,
    failure::Violation,
    request::{self, Choice, Faults, optional, text},
};
use prima_proto::{complaint::v1, name};

use crate::{
    domain::desk::{CHANNELS_MAX, DeskChannel, Record, RecordKind, overlapping},
    rpc::channel,
    store::desk::Stored,
};

const RECORD_KIND: Choice = Choice {
    english: "kind of record",
    indonesian: "Jenis",
};
/// Years that the dates of a desk may have.
const YEARS: std::ops::RangeInclusive<i32> = 1945..=2100;

/// Parses the channels of a desk.
pub fn channels(raw: &[v1::DeskChannel], faults: &mut Faults) -> Vec<DeskChannel> {
    if raw.len() > CHANNELS_MAX {
        faults.add(
            "desk.channels",
            format!("must be at most {CHANNELS_MAX}"),
            format!("paling banyak {CHANNELS_MAX}"),
        );
        return Vec::new();
    }
    let mut channels = Vec::new();
    // The index in the request of each parsed channel.
    let mut indices = Vec::new();
    for (n, raw) in raw.iter().enumerate() {
        let at = |part: &str| format!("desk.channels[{n}].{part}");
        let channel = faults.take(channel::parse(&at("channel"), raw.channel));
        let since = faults.take(day(&at("since_date"), &raw.since_date));
        let until = faults.or_default(optional_day(&at("until_date"), &raw.until_date));
        let Some((channel, since)) = channel.zip(since) else {
            continue;
        };
        if until.is_some_and(|until| until < since) {
            faults.add(
                at("until_date"),
                "must not come before `since_date`",
                "tidak boleh sebelum hari pertama",
            );
            continue;
        }
        indices.push(n);
        channels.push(DeskChannel {
            channel,
            since,
            until,
        });
    }
    for n in overlapping(&channels) {
        let n = indices.get(n).copied().unwrap_or_default();
        faults.add(
            format!("desk.channels[{n}]"),
            "is open at the same time as another entry of the same channel",
            "waktu bukanya tumpang-tindih dengan isian lain untuk kanal yang sama",
        );
    }
    channels
}

fn day(field: &str, raw: &str) -> Result<NaiveDate, Violation> {
    year_known(field, request::day(field, raw)?)
}

fn year_known(field: &str, day: NaiveDate) -> Result<NaiveDate, Violation> {
    if YEARS.contains(&day.year()) {
        return Ok(day);
    }
    Err(Violation::new(
        field,
        "must be a day from 1945 to 2100",
        "harus tanggal antara 1945 dan 2100",
    ))
}

/// Parses an optional date of a desk.
pub fn optional_day(field: &str, raw: &str) -> Result<Option<NaiveDate>, Violation> {
    optional(raw, |raw| day(field, raw))
}

/// Parses a record of accountability, which must not be later than `today`.
pub fn record(raw: &v1::Accountability, today: NaiveDate, faults: &mut Faults) -> Option<Record> {
    let kind = RECORD_KIND.required("record.kind", raw.kind, |kind| match kind {
        v1::AccountabilityKind::Unspecified => None,
        v1::AccountabilityKind::Report => Some(RecordKind::Report),
        v1::AccountabilityKind::Monitoring => Some(RecordKind::Monitoring),
        v1::AccountabilityKind::FollowUp => Some(RecordKind::FollowUp),
        v1::AccountabilityKind::Publication => Some(RecordKind::Publication),
    });
    let kind = faults.take(kind);
    let date = request::past_day("record.date", &raw.date, today);
    let date = faults.take(date.and_then(|date| year_known("record.date", date)));
    let title = faults.or_default(text::name("record.title", &raw.title, 5, 200));
    let link = faults.or_default(optional(&raw.link, |raw| text::url("record.link", raw)));
    let (kind, date) = kind.zip(date)?;
    Some(Record {
        kind,
        date,
        title,
        link: link.unwrap_or_default(),
    })
}

pub fn desk(unit: &name::Unit, stored: &Stored) -> v1::Desk {
    let desk = &stored.desk;
    let text = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let channel = |channel: &DeskChannel| v1::DeskChannel {
        channel: channel::message(channel.channel).into(),
        since_date: channel.since.to_string(),
        until_date: text(channel.until),
    };
    let record = |record: &Record| v1::Accountability {
        kind: match record.kind {
            RecordKind::Report => v1::AccountabilityKind::Report,
            RecordKind::Monitoring => v1::AccountabilityKind::Monitoring,
            RecordKind::FollowUp => v1::AccountabilityKind::FollowUp,
            RecordKind::Publication => v1::AccountabilityKind::Publication,
        }
        .into(),
        date: record.date.to_string(),
        title: record.title.clone(),
        link: record.link.clone(),
    };
    v1::Desk {
        unit: unit.to_string(),
        channels: desk.channels_in_order().into_iter().map(channel).collect(),
        separate_since_date: text(desk.separate_since),
        sp4n_since_date: text(desk.sp4n_since),
        records: desk.records_in_order().into_iter().map(record).collect(),
        etag: match stored.version {
            0 => String::new(),
            version => etag::of(version),
        },
    }
}
