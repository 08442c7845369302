//! Messages of indexes.

use prima_platform::{failure::Failure, number};
use prima_proto::index::v1 as pb;

use crate::{
    derived,
    domain::{
        band::Published,
        cycle::Cycle,
        instrument::Instrument,
        score::{self, F02, F03, Index, Node},
    },
    store::{AgencyIndex, Assessment},
};

/// Decimals of a displayed F-02 or F-03.
const PART_DECIMALS: u32 = 2;

fn part(index: &Index, key: &str) -> String {
    let value = index.part(key).map(|v| number::decimal(v, PART_DECIMALS));
    value.unwrap_or_default()
}

/// The fields that all indexes of a cycle have in common.
pub fn summary(cycle: &Cycle, name: String) -> pb::IndexSummary {
    pb::IndexSummary {
        name,
        metric: cycle.scheme.metric().to_owned(),
        period: cycle.year.clone(),
        r#final: cycle.final_at.is_some(),
        instrument: cycle.instrument.clone(),
        ..Default::default()
    }
}

/// Sets the fields of a published index, if there is one.
pub fn publish(summary: &mut pb::IndexSummary, published: Option<&Published>) {
    if let Some(published) = published {
        summary.index.clone_from(&published.value);
        summary.index_exact = number::fraction(&published.exact);
        summary.category.clone_from(&published.category);
        summary.category_display_name.clone_from(&published.name);
    }
}

/// The index of a unit as a message.
pub fn unit(cycle: &Cycle, instrument: &Instrument, row: &Assessment) -> Result<pb::IndexSummary, Failure> {
    let (_, index) = derived::index(instrument, row)?;
    let mut summary = pb::IndexSummary {
        units_counted: i64::from(index.published.is_some()),
        units_expected: 1,
        f02: part(&index, F02),
        f03: part(&index, F03),
        aspects: index.aspects().iter().map(term).collect(),
        missing: index.missing.clone(),
        version: row.published,
        ..summary(cycle, format!("{}/{}", cycle.name(), row.unit_name()))
    };
    publish(&mut summary, index.published.as_ref());
    Ok(summary)
}

/// The index of an agency as a message.
pub fn agency(cycle: &Cycle, instrument: &Instrument, row: &AgencyIndex) -> pb::IndexSummary {
    let exact = row.exact.as_deref().and_then(number::parse_fraction);
    let published = score::agency(instrument, exact.as_slice());
    let mut summary = pb::IndexSummary {
        units_counted: row.counted,
        units_expected: row.expected,
        version: row.published,
        ..summary(cycle, format!("{}/agencies/{}", cycle.name(), row.agency))
    };
    publish(&mut summary, published.as_ref());
    summary
}

/// One addend of a tree as a message.
pub fn term(node: &Node) -> pb::Term {
    let product = node.value.as_ref().map(|v| v * &node.weight);
    pb::Term {
        key: node.key.clone(),
        display_name: node.name.clone(),
        weight: number::fraction(&node.weight),
        value: node.value.as_ref().map(number::fraction).unwrap_or_default(),
        product: product.as_ref().map(number::fraction).unwrap_or_default(),
        terms: node.terms.iter().map(term).collect(),
        origin: node.origin.to_owned(),
    }
}

/// A published index as a message, without its tree.
pub fn published(instrument: &Instrument, published: Option<Published>) -> pb::IndexValue {
    let exact = published.as_ref().map(|p| number::fraction(&p.exact));
    let published = published.unwrap_or_default();
    pb::IndexValue {
        index: published.value,
        index_exact: exact.unwrap_or_default(),
        category: published.category,
        category_display_name: published.name,
        instrument: instrument.id.clone(),
        citations: instrument.citations.clone(),
        ..Default::default()
    }
}

/// An index with its tree as a message.
pub fn value(instrument: &Instrument, index: &Index) -> pb::IndexValue {
    pb::IndexValue {
        f02: part(index, F02),
        f03: part(index, F03),
        tree: Some(term(&index.tree)),
        missing: index.missing.clone(),
        ..published(instrument, index.published.clone())
    }
}
