//! Converts deadlines to protobuf.

use prima_proto::complaint::v1;

use crate::domain::{workflow::Class, worktime::Length};

/// The deadline of a class for a unit; `own` is what the unit has promised, in working days.
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
