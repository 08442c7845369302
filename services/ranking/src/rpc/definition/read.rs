//! Reads definitions.

use std::collections::BTreeMap;

use prima_platform::{
    failure::{Failure, Violation, found},
    page::Page,
    request::{self, Faults, WILDCARD},
    service::Context,
};
use prima_proto::{name, ranking::v1 as pb};
use sea_orm::ConnectionTrait;

use super::message;
use crate::{
    domain::{Definition, definition::built_in::BuiltIn},
    store,
};

/// One version of a definition, or the one that counts.
pub async fn get(
    context: &Context,
    request: &pb::GetTableDefinitionRequest,
) -> Result<pb::GetTableDefinitionResponse, Failure> {
    let name: name::TableDefinition = request::name("name", &request.name)?;
    let metric = name.metric.as_str();
    let version = match name.version.as_str() {
        WILDCARD => None,
        version => Some(parse_version(version)?),
    };
    let conn = context.db.reader();
    let newest = store::definition_newest(conn, metric).await?;
    let current = newest.as_ref().map(|row| row.version).or(newest_built_in(metric));
    let version = version.or(current);
    let own = match version {
        Some(version) => store::definition_get(conn, metric, version).await?,
        None => None,
    };
    let own = own.map(|row| message::own(&row, current == Some(row.version)));
    let built_in = |version| Definition::built_in().find(|known| is(known, metric, version));
    let definition = own.or_else(|| {
        let found = built_in(version?)?;
        Some(message::built_in(found, current == version))
    });
    Ok(pb::GetTableDefinitionResponse {
        definition: Some(found(definition, &request.name)?),
    })
}

fn is(known: &BuiltIn, metric: &str, version: i64) -> bool {
    known.definition.metric == metric && known.definition.version == version
}

fn newest_built_in(metric: &str) -> Option<i64> {
    let versions = Definition::built_in().filter(|known| known.definition.metric == metric);
    versions.map(|known| known.definition.version).max()
}

fn parse_version(text: &str) -> Result<i64, Failure> {
    let version = text
        .parse::<i64>()
        .ok()
        .filter(|version| version.to_string() == text);
    version.ok_or_else(|| {
        let fault = Violation::new(
            "name",
            "must end with the number of a version, or with - for the newest one",
            "harus berakhir dengan nomor versi, atau dengan - untuk yang terbaru",
        );
        fault.into()
    })
}

/// A page of the definitions that count, or of every version of one metric.
pub async fn list(
    context: &Context,
    request: &pb::ListTableDefinitionsRequest,
) -> Result<pb::ListTableDefinitionsResponse, Failure> {
    let mut faults = Faults::default();
    let metric = faults.take(request::optional(&request.metric, |raw| {
        request::parsed("metric", raw, name::id).map(str::to_owned)
    }));
    let filter = [request.metric.as_str()];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &filter));
    let (metric, page) = faults.build(|| metric.zip(page))?;
    let metric = metric.as_deref();
    let conn = context.db.reader();
    // The highest version of a metric counts, and versions that were created here are above those of the release.
    let mut keys = store::definition_keys(conn, metric).await?;
    let built_in =
        Definition::built_in().map(|known| (known.definition.metric.clone(), known.definition.version));
    keys.extend(built_in.filter(|(known, _)| metric.is_none_or(|metric| metric == known)));
    keys.sort();
    let current: BTreeMap<String, i64> = keys.iter().cloned().collect();
    if metric.is_none() {
        keys = current.clone().into_iter().collect();
    }
    keys.retain(|key| position(key) > page.after);
    keys.truncate(page.size + 1);
    let next_page_token = page.cut(&mut keys, position);
    let mut definitions = Vec::with_capacity(keys.len());
    for (metric, version) in keys {
        let is_current = current.get(&metric) == Some(&version);
        definitions.extend(one(conn, &metric, version, is_current).await?);
    }
    Ok(pb::ListTableDefinitionsResponse {
        definitions,
        next_page_token,
    })
}

/// The place of a definition in the list, a text that is ordered as metric and version are.
fn position((metric, version): &(String, i64)) -> String {
    format!("{metric} {version:019}")
}

async fn one(
    conn: &impl ConnectionTrait,
    metric: &str,
    version: i64,
    is_current: bool,
) -> Result<Option<pb::TableDefinition>, Failure> {
    if let Some(known) = Definition::built_in().find(|known| is(known, metric, version)) {
        return Ok(Some(message::built_in(known, is_current)));
    }
    let row = store::definition_get(conn, metric, version).await?;
    Ok(row.map(|row| message::own(&row, is_current)))
}
