//! Calculates when a deadline ends, without storing anything.

use chrono::{DateTime, Datelike, Utc};
use prima_platform::{
    clock::{from_proto, to_proto},
    failure::Failure,
    request::{self, Faults, optional},
};
use prima_proto::{complaint::v1, name};

use crate::{
    context::App,
    domain::worktime::{Clock, Length, Pause},
};

/// How many pauses one calculation may contain.
const PAUSES: usize = 100;
/// How many working days one calculation may contain.
const CALCULATED_DAYS: i32 = 1000;

/// The due time of a deadline that starts at a given time; every caller may ask.
pub async fn calculate(
    app: &App,
    request: v1::CalculateDueTimeRequest,
) -> Result<v1::CalculateDueTimeResponse, Failure> {
    let asked = parse(&request)?;
    // An empty id is that of no agency, so the default hours apply.
    let agency = asked.agency.map(|a| a.agency).unwrap_or_default();
    let work_time = app.settings.work_time(app.context.db.reader(), &agency).await?;
    let due = work_time.due(&Clock {
        started_at: asked.start,
        length: Length::WorkingDays(asked.days),
        pauses: asked.pauses,
        stopped_at: None,
        due: None,
    });
    let due = due.ok_or_else(|| Failure::internal("a clock that runs has no due time"))?;
    Ok(v1::CalculateDueTimeResponse {
        due_time: Some(to_proto(due.at)),
        due_date: work_time.day(due.at).to_string(),
        provisional: due.provisional,
        calendar_version: work_time.calendar().version(),
    })
}

/// A request, parsed.
struct Calculation {
    /// The event from which the deadline counts.
    start: DateTime<Utc>,
    /// Length of the deadline in working days.
    days: u32,
    /// The agency whose hours apply; `None` for the default hours.
    agency: Option<name::Agency>,
    pauses: Vec<Pause>,
}

fn parse(request: &v1::CalculateDueTimeRequest) -> Result<Calculation, Failure> {
    let mut faults = Faults::default();
    let start = time("start_time", request.start_time.as_ref(), &mut faults);
    let days = faults.range("working_days", request.working_days, 0, CALCULATED_DAYS);
    let agency = faults.or_default(optional(&request.agency, |raw| {
        request::one::<name::Agency>("agency", raw)
    }));
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

/// A time from year 1 to 9999, the range of protobuf timestamps.
fn time(field: &str, raw: Option<&prost_types::Timestamp>, faults: &mut Faults) -> Option<DateTime<Utc>> {
    let raw = faults.required(field, raw)?;
    let time = from_proto(raw).filter(|time| (1..=9999).contains(&time.year()));
    if time.is_none() {
        faults.add(field, "is not a valid time", "bukan waktu yang sah");
    }
    time
}
