//! Definitions as messages.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::{name, ranking::v1 as pb};

use crate::{
    domain::{Definition, definition::built_in::BuiltIn},
    store,
};

/// The resource name of a version of the definition of a metric.
pub fn resource_name(metric: &str, version: i64) -> String {
    let name = name::TableDefinition {
        metric: metric.to_owned(),
        version: version.to_string(),
    };
    name.to_string()
}

fn message(definition: &Definition, version: i64, json: &str) -> pb::TableDefinition {
    pb::TableDefinition {
        name: resource_name(&definition.metric, version),
        metric: definition.metric.clone(),
        version,
        title: definition.title.id.clone(),
        title_en: definition.title.en.clone(),
        json: json.to_owned(),
        ..pb::TableDefinition::default()
    }
}

/// A definition of the release.
pub fn built_in(built_in: &BuiltIn, current: bool) -> pb::TableDefinition {
    let definition = &built_in.definition;
    pb::TableDefinition {
        built_in: true,
        current,
        ..message(definition, definition.version, built_in.json)
    }
}

/// A definition that was created here. One that this release can't read has its key as its title.
pub fn own(row: &store::Definition, current: bool) -> pb::TableDefinition {
    let definition =
        Definition::read(&row.document).unwrap_or_else(|_| Definition::unreadable(&row.metric, row.version));
    pb::TableDefinition {
        create_time: Some(to_proto(from_micros(row.created_at))),
        current,
        ..message(&definition, row.version, &row.document)
    }
}
