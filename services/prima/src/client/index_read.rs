//! `prima index show` and `prima index explain`: the index of a unit or an agency in a cycle.

use anyhow::Context;
use prima_proto::{index::v1 as pb, name};

use super::call::repeat;
use super::connect::{Connection, Index};
use super::print::{self, index_tree};
use crate::cli::{IndexReadArgs, TableOrJson};

pub(super) async fn show(connection: &Connection, args: &IndexReadArgs) -> anyhow::Result<()> {
    let name = resource(&args.unit, &args.cycle.cycle)?;
    let summary = summary(&connection.index().await?, name).await?;
    Ok(print::out(&match args.output.format {
        TableOrJson::Table => index_tree::summary_table(&summary),
        TableOrJson::Json => index_tree::summary_json(&summary)?,
    })?)
}

pub(super) async fn explain(connection: &Connection, args: &IndexReadArgs) -> anyhow::Result<()> {
    let name = resource(&args.unit, &args.cycle.cycle)?;
    let client = connection.index().await?;
    let summary = summary(&client, name.clone()).await?;
    let value = repeat!(client, explain_index, pb::ExplainIndexRequest { name })?
        .value
        .unwrap_or_default();
    Ok(print::out(&match args.output.format {
        TableOrJson::Table => index_tree::value_table(&summary, &value),
        TableOrJson::Json => index_tree::value_json(&summary, &value)?,
    })?)
}

async fn summary(client: &Index, name: String) -> anyhow::Result<pb::IndexSummary> {
    let answer = repeat!(client, get_index, pb::GetIndexRequest { name })?;
    Ok(answer.index.unwrap_or_default())
}

/// The resource name of the index of a unit or an agency in a cycle.
fn resource(subject: &str, cycle: &str) -> anyhow::Result<String> {
    let cycle = cycle_name(cycle)?;
    let known = name::Unit::parse(subject).is_ok() || name::Agency::parse(subject).is_ok();
    known.then(|| format!("{cycle}/{subject}")).with_context(|| {
        format!("`{subject}` bukan nama unit (agencies/…/units/…) atau instansi (agencies/…)")
    })
}

/// Reads a cycle, given by its resource name or its bare id.
pub(super) fn cycle_name(text: &str) -> anyhow::Result<name::Cycle> {
    let id = text.strip_prefix("cycles/").unwrap_or(text);
    name::Cycle::parse(&format!("cycles/{id}")).with_context(|| format!("siklus `{text}` tidak sah"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_named_with_or_without_its_collection() {
        for cycle in ["2026", "cycles/2026"] {
            let unit = resource("agencies/3271/units/dpmptsp", cycle).unwrap();
            assert_eq!(unit, "cycles/2026/agencies/3271/units/dpmptsp");
            assert_eq!(
                resource("agencies/3271", cycle).unwrap(),
                "cycles/2026/agencies/3271"
            );
        }
        for (subject, cycle) in [
            ("dpmptsp", "2026"),
            ("agencies/3271/units/", "2026"),
            ("agencies/3271", "cycles/a/b"),
            ("agencies/3271", ""),
        ] {
            assert!(resource(subject, cycle).is_err(), "{subject} {cycle}");
        }
    }
}
