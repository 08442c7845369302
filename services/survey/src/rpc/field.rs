//! Parses fields that requests of several nouns share.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::from_proto,
    failure::{Failure, Violation},
    page::Page,
    request::{self, Faults, WILDCARD},
};
use prima_proto::name;

use crate::{domain::survey::period, store::survey::Filter};

/// An optional time.
pub fn time(field: &str, value: Option<&prost_types::Timestamp>) -> Result<Option<DateTime<Utc>>, Violation> {
    let Some(value) = value else { return Ok(None) };
    let out = || Violation::new(field, "is out of range", "Waktu di luar rentang yang didukung");
    from_proto(value).map(Some).ok_or_else(out)
}

/// The well-formed request. When there are faults, those of `domain_check` are reported too; without faults that check is left
/// to the operation itself, which makes it only when the request is not a repeat.
pub fn well_formed<T, R>(
    faults: Faults,
    request: Option<T>,
    domain_check: impl FnOnce() -> Result<R, Vec<Violation>>,
) -> Result<T, Failure> {
    match faults.part(request) {
        Ok(Some(request)) => Ok(request),
        other => {
            let mut all = other.err().unwrap_or_default();
            all.extend(domain_check().err().unwrap_or_default());
            Err(all.into())
        }
    }
}

/// The parent of a list, as parsed from `raw`, and its page. There is no other filter.
pub fn parent_and_page<T>(
    parent: Result<T, Violation>,
    raw: &str,
    size: i32,
    page_token: &str,
) -> Result<(T, Page), Failure> {
    let mut faults = Faults::default();
    let parent = faults.take(parent);
    let page = faults.take_all(Page::parse(size, page_token, &[raw]));
    faults.settle(parent.zip(page))
}

/// Filter and page of a list of surveys or of their results.
pub fn survey_filter(
    text: &str,
    size: i32,
    page_token: &str,
    in_period: &str,
    import_id: &str,
) -> Result<(Filter, Page), Failure> {
    let mut faults = Faults::default();
    let parent = faults.take(parent(text));
    let mut filters = vec![text, in_period];
    // Without an import the page tokens are those of earlier releases.
    filters.extend(Some(import_id).filter(|id| !id.is_empty()));
    let page = faults.take_all(Page::parse(size, page_token, &filters));
    faults.take(request::optional(in_period, |raw| period("period", raw)));
    faults.take(request::optional(import_id, |raw| {
        request::id("import_id", raw.to_owned())
    }));
    faults.build(|| {
        let (parent, page) = parent.zip(page)?;
        let not_wildcard = |id: String| if id == WILDCARD { String::new() } else { id };
        let filter = Filter {
            agency: not_wildcard(parent.agency),
            unit: not_wildcard(parent.unit),
            period: in_period.to_owned(),
            import: import_id.to_owned(),
            is_published: false,
            after: page.after.clone(),
            limit: page.limit(),
        };
        Some((filter, page))
    })
}

/// The parent of a list: a unit, in which the unit or both ids may be `-` for any.
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
