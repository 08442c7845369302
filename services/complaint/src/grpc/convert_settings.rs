//! From messages to settings, with every fault found at once.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveTime, Utc};
use prima_platform::{
    clock::from_proto,
    failure::{Failure, Violation},
    faults::Faults,
    text,
    vault::Keyring,
};
use prima_proto::{complaint::v1, name};

use super::faults::Fields;
use crate::{
    app::{add_workflow, import_holidays, set_deadline, update_agency_hours},
    domain::{
        calendar::{Holiday, HolidayKind, YEARS},
        workflow::Workflow,
        worktime::{Hours, Pause, WEEKDAYS, Week, Zone},
    },
    store::settings::Promise,
};

/// Days off that one import takes at most.
const HOLIDAYS: usize = 1000;
/// Pauses that one calculation takes at most.
const PAUSES: usize = 100;
/// Working days of a calculation at most.
const CALCULATED_DAYS: i32 = 1000;
/// Working days that a unit may promise at most.
const PROMISED_DAYS: i32 = 365;

fn citation(raw: &str, faults: &mut Faults) -> String {
    faults.or_default(text::line("citation", raw, 5, 300))
}

/// One agency.
pub fn agency(field: &str, raw: &str, faults: &mut Faults) -> Option<name::Agency> {
    let agency = faults.name(field, raw, name::Agency::parse)?;
    if agency.agency == "-" {
        faults.add(field, "must name one agency", "harus menyebut satu instansi");
    }
    Some(agency)
}

/// One unit.
pub fn unit(field: &str, raw: &str, faults: &mut Faults) -> Option<name::Unit> {
    let unit = faults.name(field, raw, name::Unit::parse)?;
    if unit.agency == "-" || unit.unit == "-" {
        faults.add(field, "must name one unit", "harus menyebut satu unit");
    }
    Some(unit)
}

/// ImportHolidays.
pub fn import_holidays(
    vault: &Keyring,
    request: v1::ImportHolidaysRequest,
) -> Result<import_holidays::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let citation = citation(&request.citation, &mut faults);
    let mut holidays = Vec::new();
    let mut seen = BTreeSet::new();
    if !(1..=HOLIDAYS).contains(&request.holidays.len()) {
        faults.add(
            "holidays",
            format!("must be 1 to {HOLIDAYS}"),
            format!("harus 1 sampai {HOLIDAYS}"),
        );
    } else {
        for (n, raw) in request.holidays.iter().enumerate() {
            let kind = match raw.kind() {
                v1::HolidayKind::LiburNasional => HolidayKind::LiburNasional.key(),
                v1::HolidayKind::CutiBersama => HolidayKind::CutiBersama.key(),
                v1::HolidayKind::Unspecified => "",
            };
            let read = Holiday::read(&raw.date, kind, &raw.display_name);
            let read = read.map_err(|violations| {
                let at = |violation: Violation| Violation {
                    field: match violation.field.as_str() {
                        "name" => format!("holidays[{n}].display_name"),
                        field => format!("holidays[{n}].{field}"),
                    },
                    ..violation
                };
                violations.into_iter().map(at).collect()
            });
            let Some(holiday) = faults.take_all(read) else {
                continue;
            };
            if !seen.insert(holiday.date) {
                let field = format!("holidays[{n}].date");
                faults.add(field, "came before", "tanggal ini sudah ada di atas");
            }
            holidays.push(holiday);
        }
    }
    faults.settle(once.map(|once| import_holidays::Request {
        once,
        holidays,
        citation,
    }))
}

/// ListHolidays: the year.
pub fn year(request: &v1::ListHolidaysRequest) -> Result<i32, Failure> {
    let mut faults = Faults::default();
    let year = faults.range("year", request.year, *YEARS.start(), *YEARS.end());
    faults.settle(Some(year))
}

/// What CalculateDueTime asks for.
pub struct Calculation {
    /// The event.
    pub start: DateTime<Utc>,
    /// Working days.
    pub days: u32,
    /// The agency; `None` for the default.
    pub agency: Option<name::Agency>,
    /// Pauses.
    pub pauses: Vec<Pause>,
}

/// CalculateDueTime.
pub fn calculation(request: &v1::CalculateDueTimeRequest) -> Result<Calculation, Failure> {
    let mut faults = Faults::default();
    let start = time("start_time", request.start_time.as_ref(), &mut faults);
    let days = faults.range("working_days", request.working_days, 0, CALCULATED_DAYS);
    let agency = Some(&request.agency)
        .filter(|raw| !raw.is_empty())
        .and_then(|raw| agency("agency", raw, &mut faults));
    let mut pauses = Vec::new();
    if request.pauses.len() > PAUSES {
        faults.add(
            "pauses",
            format!("must be at most {PAUSES}"),
            format!("paling banyak {PAUSES}"),
        );
    } else {
        let mut before = None;
        for (n, pause) in request.pauses.iter().enumerate() {
            let (from_field, to_field) = (format!("pauses[{n}].start_time"), format!("pauses[{n}].end_time"));
            let from = time(&from_field, pause.start_time.as_ref(), &mut faults);
            let to = time(&to_field, pause.end_time.as_ref(), &mut faults);
            let Some((from, to)) = from.zip(to) else {
                continue;
            };
            if from >= to {
                faults.add(to_field, "must be after the start", "harus sesudah awal jeda");
            }
            if before.is_some_and(|before| from < before) {
                faults.add(
                    from_field,
                    "must not be before the end of the pause above",
                    "tidak boleh sebelum akhir jeda di atasnya",
                );
            }
            before = Some(to);
            pauses.push(Pause { from, to: Some(to) });
        }
    }
    let days = u32::try_from(days).unwrap_or_default();
    faults.settle(start.map(|start| Calculation {
        start,
        days,
        agency,
        pauses,
    }))
}

/// A time that a message can hold: year 1 to 9999.
fn time(field: &str, raw: Option<&prost_types::Timestamp>, faults: &mut Faults) -> Option<DateTime<Utc>> {
    let raw = faults.required(field, raw)?;
    let time = from_proto(raw).filter(|time| (1..=9999).contains(&time.year()));
    if time.is_none() {
        faults.add(field, "is no time", "bukan waktu yang sah");
    }
    time
}

/// GetAgencyHours: the agency.
pub fn hours_agency(request: &v1::GetAgencyHoursRequest) -> Result<name::Agency, Failure> {
    let mut faults = Faults::default();
    let agency = agency("agency", &request.agency, &mut faults);
    faults.settle(agency)
}

/// UpdateAgencyHours.
pub fn update_agency_hours(
    vault: &Keyring,
    request: v1::UpdateAgencyHoursRequest,
) -> Result<update_agency_hours::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let read = faults.required("hours", request.hours).and_then(|raw| {
        let agency = agency("hours.agency", &raw.agency, &mut faults);
        let zone = Zone::from_key(&raw.zone);
        if zone.is_none() {
            faults.add(
                "hours.zone",
                "must be wib, wita or wit",
                "harus wib, wita, atau wit",
            );
        }
        let (week, places) = week(&raw.days, &mut faults)?;
        let hours = Hours::new(zone?, week).map_err(|violations| {
            let at = |violation: Violation| Violation {
                field: field_of(&violation.field, &places),
                ..violation
            };
            violations.into_iter().map(at).collect()
        });
        agency.zip(faults.take_all(hours))
    });
    let request = once.zip(read);
    faults.settle(request.map(|(once, (agency, hours))| update_agency_hours::Request { once, agency, hours }))
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

/// SetDeadline.
pub fn set_deadline(
    vault: &Keyring,
    workflow: &Workflow,
    request: v1::SetDeadlineRequest,
) -> Result<set_deadline::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let unit = unit("unit", &request.unit, &mut faults);
    if workflow.class(&request.class).is_none() {
        faults.add(
            "class",
            "is not a class of the workflow",
            "bukan klasifikasi yang dikenal",
        );
    }
    let days = faults.range("working_days", request.working_days, 0, PROMISED_DAYS);
    let citation = citation(&request.citation, &mut faults);
    let built = once.zip(unit).map(|(once, unit)| set_deadline::Request {
        once,
        promise: Promise {
            unit,
            class: request.class,
            days: u32::try_from(days).unwrap_or_default(),
            citation,
        },
    });
    faults.settle(built)
}

/// ListDeadlines: the unit.
pub fn deadlines_unit(request: &v1::ListDeadlinesRequest) -> Result<name::Unit, Failure> {
    let mut faults = Faults::default();
    let unit = unit("unit", &request.unit, &mut faults);
    faults.settle(unit)
}

/// AddWorkflow.
pub fn add_workflow(
    vault: &Keyring,
    request: v1::AddWorkflowRequest,
) -> Result<add_workflow::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let read = Workflow::parse(&request.json).map_err(|violations| {
        let at = |violation: Violation| Violation {
            field: match violation.field.as_str() {
                "document" => "json".to_owned(),
                field => format!("json.{field}"),
            },
            ..violation
        };
        violations.into_iter().map(at).collect()
    });
    let workflow = faults.take_all(read);
    let built = once.zip(workflow).map(|(once, workflow)| add_workflow::Request {
        once,
        workflow,
        json: request.json,
    });
    faults.settle(built)
}
