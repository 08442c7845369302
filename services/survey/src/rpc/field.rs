//! Fields that requests of several nouns have.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::from_proto,
    failure::{Failure, Violation},
    page::Page,
    request::{self, Faults, WILDCARD},
};
use prima_proto::name;

use crate::{domain::survey::period, store::survey::Filter};

/// A time, if one is given.
pub fn time(field: &str, value: Option<&prost_types::Timestamp>) -> Result<Option<DateTime<Utc>>, Violation> {
    let Some(value) = value else { return Ok(None) };
    let out = || Violation::new(field, "is out of range", "di luar rentang");
    from_proto(value).map(Some).ok_or_else(out)
}

/// What is well formed of a request, unless a fault was noted: then also the faults of `later`, a check that counts only
/// once the request is known to be no repeat.
pub fn formed<T, R>(
    faults: Faults,
    request: Option<T>,
    later: impl FnOnce() -> Result<R, Vec<Violation>>,
) -> Result<T, Failure> {
    match faults.part(request) {
        Ok(Some(request)) => Ok(request),
        other => {
            let mut all = other.err().unwrap_or_default();
            all.extend(later().err().unwrap_or_default());
            Err(all.into())
        }
    }
}

/// What a list is of, as parsed from `raw`, and its page. There is no other filter.
pub fn listed<T>(
    of: Result<T, Violation>,
    raw: &str,
    size: i32,
    page_token: &str,
) -> Result<(T, Page), Failure> {
    let mut faults = Faults::default();
    let of = faults.take(of);
    let page = faults.take_all(Page::parse(size, page_token, &[raw]));
    faults.settle(of.zip(page))
}

/// Filter and page of a list of surveys or of their results.
pub fn list(text: &str, size: i32, page_token: &str, of: &str) -> Result<(Filter, Page), Failure> {
    let mut faults = Faults::default();
    let parent = faults.take(parent(text));
    let page = faults.take_all(Page::parse(size, page_token, &[text, of]));
    faults.take(request::optional(of, |raw| period("period", raw)));
    faults.build(|| {
        let (parent, page) = parent.zip(page)?;
        let one = |id: String| if id == WILDCARD { String::new() } else { id };
        let filter = Filter {
            agency: one(parent.agency),
            unit: one(parent.unit),
            period: of.to_owned(),
            after: page.after.clone(),
            limit: page.limit(),
        };
        Some((filter, page))
    })
}

/// The parent of a list; no agency means no unit.
fn parent(text: &str) -> Result<name::Unit, Violation> {
    let unit: Option<name::Unit> = text.parse().ok();
    unit.filter(|unit| unit.agency != WILDCARD || unit.unit == WILDCARD)
        .ok_or_else(|| {
            Violation::new(
                "parent",
                "must be agencies/{agency}/units/{unit}, agencies/{agency}/units/- or agencies/-/units/-",
                "harus berbentuk agencies/{agency}/units/{unit}, agencies/{agency}/units/- atau agencies/-/units/-",
            )
        })
}
