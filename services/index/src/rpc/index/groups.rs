//! Means of groups of units in a cycle.

use std::collections::BTreeMap;

use prima_platform::{failure::Failure, number::Rational, page::Page};
use prima_proto::index::v1 as pb;
use sea_orm::ConnectionTrait;

use super::message;
use crate::{
    domain::{cycle::Cycle, score},
    store::{assessments_by_type, instrument_of},
};

/// A page of the means of a cycle's units by the unit type that the directory published, `unknown` for units without
/// one, and the token of the next page.
pub async fn page(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    page: &Page,
) -> Result<(Vec<pb::IndexSummary>, String), Failure> {
    let instrument = instrument_of(conn, cycle).await?;
    let mut groups: BTreeMap<String, Vec<Option<Rational>>> = BTreeMap::new();
    for (exact, unit_type) in assessments_by_type(conn, cycle.id).await? {
        groups.entry(unit_type).or_default().push(exact);
    }
    let mut groups: Vec<_> = groups.into_iter().filter(|(key, _)| *key > page.after).collect();
    let next = page.cut(&mut groups, |(key, _)| key.clone());
    let indexes = groups.into_iter().map(|(key, units)| {
        let exact: Vec<_> = units.iter().flatten().cloned().collect();
        let mut group = pb::IndexSummary {
            units_counted: i64::try_from(exact.len()).unwrap_or(i64::MAX),
            units_expected: i64::try_from(units.len()).unwrap_or(i64::MAX),
            ..message::summary(cycle, format!("{}/unitTypes/{key}", cycle.name()))
        };
        message::publish(&mut group, score::agency(&instrument, &exact).as_ref());
        group
    });
    Ok((indexes.collect(), next))
}
