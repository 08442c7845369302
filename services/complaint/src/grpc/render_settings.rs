//! Settings as messages.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::{complaint::v1, name};

use crate::{
    domain::{
        calendar::{Holiday, HolidayKind},
        workflow::{Class, Workflow},
        worktime::{Hours, Length},
    },
    store::settings::WorkflowRow,
};

/// A day off.
pub fn holiday(holiday: &Holiday) -> v1::Holiday {
    let kind = match holiday.kind {
        HolidayKind::LiburNasional => v1::HolidayKind::LiburNasional,
        HolidayKind::CutiBersama => v1::HolidayKind::CutiBersama,
    };
    v1::Holiday {
        date: holiday.date.to_string(),
        kind: kind.into(),
        display_name: holiday.name.clone(),
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

/// The deadline of a class for a unit that promises `own` working days, or nothing of its own.
pub fn deadline(class: &Class, own: Option<u32>) -> v1::ClassDeadline {
    let length = own.map(Length::WorkingDays).or(class.deadline);
    let (working, calendar) = match length {
        Some(Length::WorkingDays(days)) => (days, 0),
        Some(Length::Days(days)) => (0, days),
        None => (0, 0),
    };
    let days = |days: u32| i32::try_from(days).unwrap_or(i32::MAX);
    v1::ClassDeadline {
        class: class.key.clone(),
        label: class.label.clone(),
        working_days: days(working),
        own: own.is_some(),
        calendar_days: days(calendar),
    }
}

/// A workflow that was added.
pub fn workflow(row: &WorkflowRow, title: &str, current: bool) -> v1::Workflow {
    v1::Workflow {
        id: row.id.clone(),
        display_name: title.to_owned(),
        json: row.body.clone(),
        create_time: Some(to_proto(from_micros(row.created_at))),
        current,
    }
}

/// The workflow that comes with the service.
pub fn built_in(current: bool) -> v1::Workflow {
    let workflow = Workflow::built_in();
    v1::Workflow {
        id: workflow.id.clone(),
        display_name: workflow.title.clone(),
        json: Workflow::BUILT_IN.to_owned(),
        create_time: None,
        current,
    }
}
