//! Desks: from messages, with every fault found at once, and back.

use chrono::{Datelike, NaiveDate};
use prima_platform::{failure::Failure, faults::Faults, text, vault::Keyring};
use prima_proto::{complaint::v1, name};

use super::{
    convert::{channel, date},
    faults::Fields,
    render,
};
use crate::{
    app::{record_accountability, update_desk},
    domain::desk::{CHANNELS, Desk, Record, RecordKind, Way, overlapping},
    store::desk::Stored,
};

/// Years in which something of a desk can have happened.
const YEARS: std::ops::RangeInclusive<i32> = 1945..=2100;

/// GetDesk.
pub fn get(request: &v1::GetDeskRequest) -> Result<name::Unit, Failure> {
    let mut faults = Faults::default();
    let unit = faults.name("unit", &request.unit, name::Unit::parse);
    faults.settle(unit)
}

/// UpdateDesk.
pub fn update(vault: &Keyring, request: v1::UpdateDeskRequest) -> Result<update_desk::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let desk = faults.required("desk", request.desk).unwrap_or_default();
    let unit = faults.name("desk.unit", &desk.unit, name::Unit::parse);
    let new = Desk {
        ways: ways(&desk.channels, &mut faults),
        separate_since: optional_day("desk.separate_since_date", &desk.separate_since_date, &mut faults),
        sp4n_since: optional_day("desk.sp4n_since_date", &desk.sp4n_since_date, &mut faults),
        records: Vec::new(),
    };
    faults.settle(once.zip(unit).map(|(once, unit)| update_desk::Request {
        once,
        unit,
        desk: new,
        etag: desk.etag,
    }))
}

fn ways(raw: &[v1::DeskChannel], faults: &mut Faults) -> Vec<Way> {
    if raw.len() > CHANNELS {
        faults.add(
            "desk.channels",
            format!("must be at most {CHANNELS}"),
            format!("paling banyak {CHANNELS}"),
        );
        return Vec::new();
    }
    let mut ways = Vec::new();
    // Where each of those stands in the request.
    let mut places = Vec::new();
    for (n, raw) in raw.iter().enumerate() {
        let at = |part: &str| format!("desk.channels[{n}].{part}");
        let channel = channel(&at("channel"), raw.channel, faults);
        let since = day(&at("since_date"), &raw.since_date, faults);
        let until = optional_day(&at("until_date"), &raw.until_date, faults);
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
        places.push(n);
        ways.push(Way {
            channel,
            since,
            until,
        });
    }
    for n in overlapping(&ways) {
        let n = places.get(n).copied().unwrap_or_default();
        faults.add(
            format!("desk.channels[{n}]"),
            "is open at the same time as another entry of the same channel",
            "terbuka bersamaan dengan kanal sama yang lain",
        );
    }
    ways
}

fn day(field: &str, raw: &str, faults: &mut Faults) -> Option<NaiveDate> {
    let day = faults.take(date(field, raw))?;
    if YEARS.contains(&day.year()) {
        return Some(day);
    }
    faults.add(
        field,
        "must be a day from 1945 to 2100",
        "harus tanggal antara 1945 dan 2100",
    );
    None
}

fn optional_day(field: &str, raw: &str, faults: &mut Faults) -> Option<NaiveDate> {
    if raw.is_empty() {
        return None;
    }
    day(field, raw, faults)
}

/// RecordAccountability.
pub fn record(
    vault: &Keyring,
    today: NaiveDate,
    request: v1::RecordAccountabilityRequest,
) -> Result<record_accountability::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let unit = faults.name("unit", &request.unit, name::Unit::parse);
    let record = faults
        .required("record", request.record)
        .and_then(|raw| one_record(&raw, today, &mut faults));
    let built = once.zip(unit).zip(record);
    faults.settle(built.map(|((once, unit), record)| record_accountability::Request { once, unit, record }))
}

fn one_record(raw: &v1::Accountability, today: NaiveDate, faults: &mut Faults) -> Option<Record> {
    let kind = match v1::AccountabilityKind::try_from(raw.kind) {
        Ok(v1::AccountabilityKind::Report) => Some(RecordKind::Report),
        Ok(v1::AccountabilityKind::Monitoring) => Some(RecordKind::Monitoring),
        Ok(v1::AccountabilityKind::FollowUp) => Some(RecordKind::FollowUp),
        Ok(v1::AccountabilityKind::Publication) => Some(RecordKind::Publication),
        Ok(v1::AccountabilityKind::Unspecified) | Err(_) => {
            faults.add(
                "record.kind",
                "is required and must be known",
                "Jenis wajib diisi dan dikenal",
            );
            None
        }
    };
    let date = day("record.date", &raw.date, faults);
    if date.is_some_and(|date| date > today) {
        faults.add("record.date", "is in the future", "tanggal ini belum tiba");
    }
    let title = faults.or_default(text::line("record.title", &raw.title, 5, 200));
    let link = if raw.link.is_empty() {
        String::new()
    } else {
        faults.or_default(text::url("record.link", &raw.link))
    };
    let (kind, date) = kind.zip(date)?;
    Some(Record {
        kind,
        date,
        title,
        link,
    })
}

/// A desk as stored.
pub fn render(unit: &name::Unit, stored: &Stored) -> v1::Desk {
    let desk = &stored.desk;
    let text = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let way = |way: &Way| v1::DeskChannel {
        channel: render::channel(way.channel).into(),
        since_date: way.since.to_string(),
        until_date: text(way.until),
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
        channels: desk.ways_in_order().into_iter().map(way).collect(),
        separate_since_date: text(desk.separate_since),
        sp4n_since_date: text(desk.sp4n_since),
        records: desk.records_in_order().into_iter().map(record).collect(),
        etag: match stored.version {
            0 => String::new(),
            version => version.to_string(),
        },
    }
}
