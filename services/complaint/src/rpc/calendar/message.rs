//! Converts days off from and to protobuf.

use prima_platform::failure::Violation;
use prima_proto::complaint::v1;

use crate::domain::calendar::{Holiday, HolidayKind};

/// The day off at index `n` of the request.
pub fn given(n: usize, raw: &v1::Holiday) -> Result<Holiday, Vec<Violation>> {
    let kind = match raw.kind() {
        v1::HolidayKind::LiburNasional => HolidayKind::LiburNasional.key(),
        v1::HolidayKind::CutiBersama => HolidayKind::CutiBersama.key(),
        v1::HolidayKind::Unspecified => "",
    };
    let at = |violation: Violation| Violation {
        field: match violation.field.as_str() {
            "name" => format!("holidays[{n}].display_name"),
            field => format!("holidays[{n}].{field}"),
        },
        ..violation
    };
    Holiday::read(&raw.date, kind, &raw.display_name)
        .map_err(|violations| violations.into_iter().map(at).collect())
}

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
