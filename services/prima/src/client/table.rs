//! Definitions of league tables.

use anyhow::bail;
use prima_proto::{name, ranking::v1 as pb};
use serde::Deserialize;
use tonic::Code;

use super::call::{pages, repeat, request_id};
use super::connect::{Connection, Ranking};
use super::print::{self, Table};
use crate::cli::{TableCommand, TableFileArgs, TableListArgs};

/// Longest definition that the service accepts, in bytes.
const DOCUMENT_MAX: u64 = 256 << 10;

pub(super) async fn run(connection: &Connection, command: TableCommand) -> anyhow::Result<()> {
    match command {
        TableCommand::Check(_) => bail!(super::LOCAL),
        TableCommand::Add(args) => add(&connection.ranking().await?, &args).await,
        TableCommand::List(args) => list(&connection.ranking().await?, &args).await,
    }
}

/// The part of a document that tells which definition it replaces.
#[derive(Deserialize)]
struct OfMetric {
    metric: String,
}

/// Adds a definition, unless it is the one that counts already. So the command may be repeated, and an earlier definition can
/// be added again after another one.
async fn add(client: &Ranking, args: &TableFileArgs) -> anyhow::Result<()> {
    let json = super::document(&args.file, DOCUMENT_MAX)?;
    let newest = match serde_json::from_str::<OfMetric>(&json) {
        Ok(of) => newest(client, &of.metric).await?,
        // The service names the faults of the document.
        Err(_) => None,
    };
    if let Some(newest) = newest.as_ref().filter(|newest| newest.json == json) {
        return Ok(print::out(&format!(
            "Sudah berlaku: {} ({})\n",
            newest.name, newest.title
        ))?);
    }
    let mut message = pb::CreateTableDefinitionRequest {
        json,
        ..pb::CreateTableDefinitionRequest::default()
    };
    let before = newest.map(|newest| newest.name).unwrap_or_default();
    message.request_id = request_id(&format!("CreateTableDefinition {before}"), &message);
    let answer = repeat!(client, create_table_definition, message)?;
    let added = answer.definition.unwrap_or_default();
    Ok(print::out(&format!(
        "Berlaku: {} ({})\n",
        added.name, added.title
    ))?)
}

async fn newest(client: &Ranking, metric: &str) -> anyhow::Result<Option<pb::TableDefinition>> {
    if name::id(metric).is_err() {
        return Ok(None);
    }
    let message = pb::GetTableDefinitionRequest {
        name: format!("metrics/{metric}/definitions/-"),
    };
    match repeat!(client, get_table_definition, message) {
        Ok(answer) => Ok(answer.definition),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

async fn list(client: &Ranking, args: &TableListArgs) -> anyhow::Result<()> {
    let message = pb::ListTableDefinitionsRequest {
        metric: args.metric.clone(),
        ..pb::ListTableDefinitionsRequest::default()
    };
    let all = pages!(client, list_table_definitions, message, definitions);
    let name = "prima.ranking.v1.ListTableDefinitionsResponse";
    print::answer(args.output.format, name, &all, |all| table(&all.definitions))
}

fn table(definitions: &[pb::TableDefinition]) -> String {
    Table::of(definitions)
        .whole("Ukuran", |definition| &definition.metric)
        .number("Versi", |definition| definition.version)
        .text("Judul", |definition| &definition.title)
        .text("Asal", |definition| {
            if definition.built_in {
                "bawaan"
            } else {
                "ditambahkan"
            }
        })
        .text(
            "Berlaku",
            |definition| if definition.current { "ya" } else { "tidak" },
        )
        .print()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_which_definition_counts() {
        let definition = |version, built_in| pb::TableDefinition {
            metric: "skm".into(),
            version,
            title: "Survei Kepuasan Masyarakat".into(),
            built_in,
            current: !built_in,
            ..Default::default()
        };
        insta::assert_snapshot!(table(&[definition(1, true), definition(1000, false)]), @"
        ┌────────┬───────┬────────────────────────────┬─────────────┬─────────┐
        │ Ukuran ┆ Versi ┆ Judul                      ┆ Asal        ┆ Berlaku │
        ╞════════╪═══════╪════════════════════════════╪═════════════╪═════════╡
        │ skm    ┆     1 ┆ Survei Kepuasan Masyarakat ┆ bawaan      ┆ tidak   │
        │ skm    ┆  1000 ┆ Survei Kepuasan Masyarakat ┆ ditambahkan ┆ ya      │
        └────────┴───────┴────────────────────────────┴─────────────┴─────────┘
        ");
    }
}
