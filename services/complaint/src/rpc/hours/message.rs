//! Working hours from messages and to messages.

use chrono::NaiveTime;
use prima_platform::{failure::Violation, request::Faults};
use prima_proto::{complaint::v1, name};

use crate::domain::worktime::{Hours, WEEKDAYS, Week, Zone};

/// Hours as a message gives them.
pub fn given(raw: &v1::AgencyHours, faults: &mut Faults) -> Option<Hours> {
    let zone = Zone::from_key(&raw.zone);
    if zone.is_none() {
        faults.add(
            "hours.zone",
            "must be wib, wita or wit",
            "harus wib, wita, atau wit",
        );
    }
    let (week, places) = week(&raw.days, faults)?;
    let hours = Hours::new(zone?, week).map_err(|violations| {
        let at = |violation: Violation| Violation {
            field: field_of(&violation.field, &places),
            ..violation
        };
        violations.into_iter().map(at).collect()
    });
    faults.take_all(hours)
}

/// The place of each weekday in the list.
type Places = [Option<usize>; 7];

/// The week of a list of days; `None` when a day has no place in it.
fn week(days: &[v1::DayHours], faults: &mut Faults) -> Option<(Week, Places)> {
    if !(1..=7).contains(&days.len()) {
        faults.add("hours.days", "must be 1 to 7", "harus 1 sampai 7");
        return None;
    }
    let (mut week, mut places) = (Week::default(), Places::default());
    let mut before = 0;
    let mut whole = true;
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
                if let (Some(day), Some(place)) = (week.get_mut(slot), places.get_mut(slot)) {
                    *day = Some(hours);
                    *place = Some(n);
                }
            }
            _ => whole = false,
        }
    }
    whole.then_some((week, places))
}

/// `HH:MM`.
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

/// The field of the message that a fault of a week is about.
fn field_of(fault: &str, places: &Places) -> String {
    let day = WEEKDAYS
        .iter()
        .zip(places)
        .find(|(key, _)| fault == format!("week[{key}]"));
    match day.and_then(|(_, place)| *place) {
        Some(n) => format!("hours.days[{n}].close"),
        None => "hours.days".to_owned(),
    }
}

/// Hours of an agency, its own or the default.
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
