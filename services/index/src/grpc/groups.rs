//! Means of groups of units in a cycle.

use std::collections::BTreeMap;

use prima_platform::{failure::Failure, number, page::Page};
use prima_proto::{index::v1 as pb, name};

use super::{
    check,
    cycles::find,
    indexes::{publish, summary},
};
use crate::{
    app::{App, recompute},
    domain::score,
    store::assessment::assessments_by_type,
};

/// The means of a cycle's units by their type, as the directory tells it; `unknown` for those it has not told of.
pub async fn list(
    app: &App,
    cycle: &str,
    r: &pb::ListIndexesRequest,
) -> Result<pb::ListIndexesResponse, Failure> {
    let mut faults = Vec::new();
    let name = check::named("parent", name::Cycle::parse(cycle), &mut faults);
    let page = Page::parse(r.page_size, &r.page_token, &[&r.parent]);
    let page = page.map_err(|f| faults.extend(f)).ok();
    let (Some(name), Some(page), true) = (name, page, faults.is_empty()) else {
        return Err(faults.into());
    };
    let reader = app.context.db.reader();
    let cycle = find(app, "parent", &name.to_string()).await?;
    let instrument = recompute::instrument(reader, &cycle).await?;
    let mut groups: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for (exact, unit_type) in assessments_by_type(reader, cycle.id).await? {
        groups.entry(unit_type).or_default().push(exact);
    }
    let mut groups: Vec<_> = groups.into_iter().filter(|(key, _)| *key > page.after).collect();
    let next_page_token = page.cut(&mut groups, |(key, _)| key.clone());
    let indexes = groups.into_iter().map(|(key, units)| {
        let exact = units
            .iter()
            .flatten()
            .filter_map(|text| number::parse_fraction(text));
        let exact: Vec<_> = exact.collect();
        let mut group = pb::IndexSummary {
            units_counted: i64::try_from(exact.len()).unwrap_or(i64::MAX),
            units_expected: i64::try_from(units.len()).unwrap_or(i64::MAX),
            ..summary(&cycle, format!("{name}/unitTypes/{key}"))
        };
        publish(&mut group, score::agency(&instrument, &exact).as_ref());
        group
    });
    Ok(pb::ListIndexesResponse {
        indexes: indexes.collect(),
        next_page_token,
    })
}
