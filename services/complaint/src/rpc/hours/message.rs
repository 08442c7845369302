//! Converts working hours from and to protobuf.

use chrono::NaiveTime;
use prima_platform::{failure::Violation, request::Faults};
use prima_proto::{complaint::v1, name};

use crate::domain::worktime::{Hours, WEEKDAYS, Week, Zone};

/// Parses the hours in a request.
pub fn given(raw: &v1::AgencyHours, faults: &mut Faults) -> Option<Hours> {
    let zone = Zone::from_key(&raw.zone);
    if zone.is_none() {
        faults.add(
            "hours.zone",
            "must be wib, wita or wit",
            "harus wib, wita, atau wit",
        );
    }
    let (week, indices) = week(&raw.days, faults)?;
    let hours = Hours::new(zone?, week).map_err(|violations| {
        let at = |violation: Violation| Violation {
            field: field_of(&violation.field, &indices),
            ..violation
        };
        violations.into_iter().map(at).collect()
    });
    faults.take_all(hours)
}

/// The index of each weekday in the request.
type Indices = [Option<usize>; 7];

/// Parses a list of days into a week; `None` when a day has faults.
fn week(days: &[v1::DayHours], faults: &mut Faults) -> Option<(Week, Indices)> {
    if !(1..=7).contains(&days.len()) {
        faults.add("hours.days", "must be 1 to 7", "harus 1 sampai 7");
        return None;
    }
    let (mut week, mut indices) = (Week::default(), Indices::default());
    let mut before = 0;
    let mut valid = true;
    for (n, day) in days.iter().enumerate() {
        let at = |part: &str| format!("hours.days[{n}].{part}");
        let ordered = (1..=7).contains(&day.weekday) && day.weekday > before;
        if !ordered {
            faults.add(
                at("weekday"),
                "must be 1 (Monday) to 7, ordered, each once",
                "harus 1 (Senin) sampai 7, berurutan, masing-masing sekali",
            );
        }
        before = before.max(day.weekday.min(7));
        let open = faults.take(minute(&at("open"), &day.open));
        let close = faults.take(minute(&at("close"), &day.close));
        let slot = usize::try_from(day.weekday - 1).ok().filter(|_| ordered);
        match (slot, open.zip(close)) {
            (Some(slot), Some(hours)) => {
                if let (Some(day), Some(index)) = (week.get_mut(slot), indices.get_mut(slot)) {
                    *day = Some(hours);
                    *index = Some(n);
                }
            }
            _ => valid = false,
        }
    }
    valid.then_some((week, indices))
}

/// Parses a time of the form `HH:MM`.
fn minute(field: &str, raw: &str) -> Result<NaiveTime, Violation> {
    let time = NaiveTime::parse_from_str(raw, "%H:%M").ok();
    time.filter(|time| time.format("%H:%M").to_string() == raw)
        .ok_or_else(|| {
            Violation::new(
                field,
                "must be a time as HH:MM",
                "harus jam berbentuk JJ:MM, misalnya 08:00",
            )
        })
}

/// The request field that corresponds to a fault of the week.
fn field_of(fault: &str, indices: &Indices) -> String {
    let day = WEEKDAYS
        .iter()
        .zip(indices)
        .find(|(key, _)| fault == format!("week[{key}]"));
    match day.and_then(|(_, index)| *index) {
        Some(n) => format!("hours.days[{n}].close"),
        None => "hours.days".to_owned(),
    }
}

/// The hours of an agency; `own` says that they are not the default.
pub fn hours(agency: &name::Agency, hours: &Hours, own: bool) -> v1::AgencyHours {
    let days = (1..).zip(hours.week()).filter_map(|(weekday, day)| {
        let (open, close) = (*day)?;
        Some(v1::DayHours {
            weekday,
            open: open.format("%H:%M").to_string(),
            close: close.format("%H:%M").to_string(),
        })
    });
    v1::AgencyHours {
        agency: agency.to_string(),
        zone: hours.zone().key().to_owned(),
        days: days.collect(),
        own,
    }
}
