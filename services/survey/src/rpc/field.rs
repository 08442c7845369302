//! Fields that requests of several nouns have.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::from_proto,
    failure::{Failure, Violation},
    page::Page,
    request::{self, Faults, WILDCARD},
};
use prima_proto::name::{self, Error, token};

use crate::{domain::period::Period, store::survey::Filter};

/// Name of a survey.
pub fn survey(field: &str, raw: &str) -> Result<name::Survey, Violation> {
    request::name(field, raw, name::Survey::parse, Error::localized)
}

/// Name of a kiosk.
pub fn device(field: &str, raw: &str) -> Result<name::Device, Violation> {
    request::name(field, raw, name::Device::parse, Error::localized)
}

/// Name of one unit.
pub fn unit(field: &str, raw: &str) -> Result<name::Unit, Violation> {
    let unit = request::name(field, raw, name::Unit::parse, Error::localized)?;
    if unit.agency == WILDCARD || unit.unit == WILDCARD {
        return Err(Violation::new(
            field,
            "`-` stands for all and can't be an id",
            "`-` berarti semua, bukan id",
        ));
    }
    Ok(unit)
}

/// Id of something new.
pub fn new_id(field: &str, raw: &str) -> Result<String, Violation> {
    let parse = |raw: &str| token(raw, name::TOKEN_MAX).map(str::to_owned);
    request::new_id(field, raw, parse, Error::localized)
}

/// A time, if one is given.
pub fn time(field: &str, value: Option<&prost_types::Timestamp>) -> Result<Option<DateTime<Utc>>, Violation> {
    let Some(value) = value else { return Ok(None) };
    let out = || Violation::new(field, "is out of range", "di luar rentang");
    from_proto(value).map(Some).ok_or_else(out)
}

/// What is well formed of a request, unless a fault was noted: then also the faults that `later` finds in what is checked
/// only once the request is known to be no repeat.
pub fn formed<T>(
    faults: Faults,
    request: Option<T>,
    later: impl FnOnce() -> Vec<Violation>,
) -> Result<T, Failure> {
    match faults.part(request) {
        Ok(Some(request)) => Ok(request),
        other => {
            let mut all = other.err().unwrap_or_default();
            all.extend(later());
            Err(all.into())
        }
    }
}

/// The faults that `check` finds.
pub fn faults_of(check: impl FnOnce(&mut Vec<Violation>)) -> Vec<Violation> {
    let mut faults = Vec::new();
    check(&mut faults);
    faults
}

/// Agency and unit of a list's parent; empty where it is `-`.
fn parent(text: &str) -> Result<(String, String), Violation> {
    let any = |id: &str| {
        if id == WILDCARD {
            String::new()
        } else {
            id.to_owned()
        }
    };
    match text.split('/').collect::<Vec<_>>().as_slice() {
        ["agencies", "-", "units", "-"] => Ok((String::new(), String::new())),
        ["agencies", agency, "units", unit]
            if *agency != "-"
                && token(agency, name::AGENCY_MAX).is_ok()
                && (*unit == "-" || token(unit, name::TOKEN_MAX).is_ok()) =>
        {
            Ok((any(agency), any(unit)))
        }
        _ => Err(Violation::new(
            "parent",
            "must be agencies/{agency}/units/{unit}, agencies/{agency}/units/- or agencies/-/units/-",
            "harus berbentuk agencies/{agency}/units/{unit}, agencies/{agency}/units/- atau agencies/-/units/-",
        )),
    }
}

/// Filter and page of a list of surveys or of their results.
pub fn list(text: &str, size: i32, page_token: &str, period: &str) -> Result<(Filter, Page), Failure> {
    let mut faults = Faults::default();
    let parent = faults.take(parent(text));
    let page = faults.take_all(Page::parse(size, page_token, &[text, period]));
    if !period.is_empty() && period.parse::<Period>().is_err() {
        faults.add("period", "is not a period", "bukan periode yang benar");
    }
    faults.build(|| {
        let ((agency, unit), page) = parent.zip(page)?;
        let filter = Filter {
            agency,
            unit,
            period: period.to_owned(),
            after: page.after.clone(),
            limit: page.limit(),
        };
        Some((filter, page))
    })
}
