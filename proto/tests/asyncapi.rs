//! `asyncapi.json` describes the events on the bus to tools. It is generated from the descriptors and from what makes
//! the subjects. The README tells how to write it again.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should fail there"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use prima_proto::{
    FILE_DESCRIPTOR_SET, name,
    score::Key,
    subject::{self, *},
};
use prost_reflect::{Cardinality, DescriptorPool, EnumDescriptor, FileDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

const PACKAGE: &str = "prima.event.v1";

/// The services that publish scores.
const SCORING: [&str; 4] = ["complaint", "index", "innovation", "survey"];

/// The services that have an audit log: all.
const AUDITED: [&str; 6] = [
    "complaint",
    "directory",
    "index",
    "innovation",
    "ranking",
    "survey",
];

/// One kind of event on the bus.
struct Channel {
    /// Its subject, with `{…}` for each id.
    address: String,
    event_type: &'static str,
    /// Payload, a message of `PACKAGE`.
    payload: &'static str,
}

impl Channel {
    fn service(&self) -> &str {
        self.address.split('.').nth(1).unwrap()
    }

    fn stream(&self) -> String {
        format!("PRIMA_{}", self.service().to_uppercase())
    }

    /// The parts of the subject that name the kind: `directory.unit`, `survey.score.agency`.
    fn id(&self) -> String {
        let parts = self.address.split('.').skip(1);
        parts
            .filter(|part| !part.starts_with('{'))
            .collect::<Vec<_>>()
            .join(".")
    }

    fn parameters(&self) -> impl Iterator<Item = &str> {
        let parts = self.address.split('.');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// Every kind of event. The functions that make subjects are called with placeholders as ids.
fn channels() -> Vec<Channel> {
    let agency = name::Agency {
        agency: "{agency}".into(),
    };
    let unit = name::Unit {
        agency: "{agency}".into(),
        unit: "{unit}".into(),
    };
    let survey = name::Survey {
        unit: unit.clone(),
        survey: "{survey}".into(),
    };
    let channel = |address, event_type, payload| Channel {
        address,
        event_type,
        payload,
    };
    let mut channels = vec![
        channel(subject::agency(&agency), AGENCY_TYPE, "AgencyState"),
        channel(subject::unit(&unit), UNIT_TYPE, "UnitState"),
        channel(
            subject::revocation("{revocation}"),
            REVOCATION_TYPE,
            "RevocationState",
        ),
        channel(survey_result(&survey), SURVEY_RESULT_TYPE, "SurveyResultState"),
        channel(
            complaint_performance(&unit, "{period}"),
            COMPLAINT_PERFORMANCE_TYPE,
            "ComplaintPerformanceState",
        ),
        channel(
            innovation_portfolio(&unit, "{period}"),
            INNOVATION_PORTFOLIO_TYPE,
            "InnovationPortfolioState",
        ),
        channel(
            table_definition("{metric}"),
            TABLE_DEFINITION_TYPE,
            "TableDefinitionState",
        ),
    ];
    for service in AUDITED {
        channels.push(channel(audit_head(service), AUDIT_HEAD_TYPE, "AuditHeadState"));
    }
    for service in SCORING {
        let scored: [name::Subject; 2] = [(&unit).into(), (&agency).into()];
        for scored in scored {
            let key = Key::new(service, "{metric}", "{period}", scored);
            channels.push(channel(key.to_string(), SCORE_TYPE, "ScoreState"));
        }
    }
    channels
}

/// Descriptions of the headers, in the order in which they are written; the second is whether each message has it.
const HEADERS: [(&str, bool, &str); 12] = [
    ("ce-specversion", true, "Version of CloudEvents."),
    ("ce-id", true, "The subject, `/`, and the version."),
    ("ce-source", true, "`/prima/`, and the service that published it."),
    ("ce-type", true, "Type of the payload."),
    ("ce-subject", true, "The subject."),
    ("ce-time", true, "When it was sent, RFC 3339."),
    ("ce-datacontenttype", true, "Content type of the payload."),
    (
        "ce-sequence",
        true,
        "Version of the aggregate, a decimal number. Apply a message only when it is higher than your version of the \
         subject.",
    ),
    (
        "prima-revision",
        true,
        "Revision of the rendering of the state, a decimal number; grows when a release renders the same state \
         differently.",
    ),
    (
        "prima-withdrawn",
        false,
        "On the last state of an aggregate that ended, whose payload may be empty; otherwise absent.",
    ),
    ("traceparent", false, "Trace context of this message."),
    (
        "ce-traceparent",
        false,
        "Trace context of the command that caused the state.",
    ),
];

/// Schema of the headers. Headers of NATS are texts.
fn headers(event_type: &str) -> Value {
    let header = |(name, _, description): (&str, bool, &str)| {
        let mut schema = json!({"type": "string", "description": description});
        match name {
            "ce-specversion" => schema["const"] = "1.0".into(),
            "ce-type" => schema["const"] = event_type.into(),
            "ce-datacontenttype" => schema["const"] = "application/protobuf".into(),
            "prima-withdrawn" => schema["const"] = "true".into(),
            "ce-time" => schema["format"] = "date-time".into(),
            "ce-sequence" | "prima-revision" => schema["pattern"] = "^[0-9]+$".into(),
            _ => {}
        }
        (name.to_owned(), schema)
    };
    let required: Vec<&str> = HEADERS.iter().filter(|h| h.1).map(|h| h.0).collect();
    let properties: Map<String, Value> = HEADERS.into_iter().map(header).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn parameter(name: &str) -> Value {
    let (description, example) = match name {
        "agency" => ("Id of the agency, 1 to 32 characters of a-z, 0-9 and -.", "3271"),
        "unit" => ("Id of the unit, 1 to 63 characters of a-z, 0-9 and -.", "dpmptsp"),
        "survey" => (
            "Id of the survey, 1 to 63 characters of a-z, 0-9 and -.",
            "2024-q3",
        ),
        "revocation" => (
            "SHA-256 of what is revoked, 64 hexadecimal digits.",
            "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
        ),
        "metric" => ("Metric of the score.", "skm"),
        "period" => ("Period: `YYYY`, `YYYY-sN`, `YYYY-qN` or `YYYY-mMM`.", "2024"),
        _ => unreachable!("the parameter {name} has no description"),
    };
    json!({"description": description, "examples": [example]})
}

/// The comment in the contract at this path, on one line.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref().unwrap();
    let place = info.location.iter().find(|place| place.path == path).unwrap();
    let words: Vec<&str> = place.leading_comments().split_whitespace().collect();
    words.join(" ")
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// Schema of a type in the JSON mapping of protobuf. Messages are references.
fn schema_of_kind(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => json!({"type": "boolean"}),
        Kind::String => json!({"type": "string"}),
        Kind::Int32 => json!({"type": "integer", "format": "int32"}),
        Kind::Int64 => json!({"type": "string", "format": "int64"}),
        Kind::Enum(of) => reference("schemas", of.name()),
        Kind::Message(of) if of.full_name() == "google.protobuf.Timestamp" => {
            json!({"type": "string", "format": "date-time"})
        }
        Kind::Message(of) if of.package_name() == PACKAGE => reference("schemas", of.name()),
        other => unreachable!("no event has had a field of {other:?} yet"),
    }
}

fn schema_of_message(message: &MessageDescriptor) -> Value {
    let file = message.parent_file();
    let mut properties = Map::new();
    for field in message.fields() {
        assert!(
            !field.is_map(),
            "no event has had a map yet: {}",
            field.full_name()
        );
        let one = schema_of_kind(&field.kind());
        let description = comment(&file, field.path());
        let schema = match field.cardinality() {
            Cardinality::Repeated => json!({"type": "array", "items": one, "description": description}),
            // What is beside a reference is ignored, so the comment needs a schema around it.
            _ if one.get("$ref").is_some() => json!({"allOf": [one], "description": description}),
            _ => {
                let mut one = one;
                one["description"] = description.into();
                one
            }
        };
        properties.insert(field.json_name().to_owned(), schema);
    }
    json!({
        "type": "object",
        "description": comment(&file, message.path()),
        "properties": properties,
        "x-protobuf-message": message.full_name(),
    })
}

fn schema_of_enum(of: &EnumDescriptor) -> Value {
    let values: Vec<String> = of.values().map(|value| value.name().to_owned()).collect();
    json!({"type": "string", "description": comment(&of.parent_file(), of.path()), "enum": values})
}

fn document(pool: &DescriptorPool) -> Value {
    let mut schemas: Map<String, Value> = messages(pool)
        .map(|message| (message.name().to_owned(), schema_of_message(&message)))
        .collect();
    let enums = pool.all_enums().filter(|of| of.package_name() == PACKAGE);
    schemas.extend(enums.map(|of| (of.name().to_owned(), schema_of_enum(&of))));

    let (mut described, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    let mut parameters = BTreeMap::new();
    for channel in channels() {
        let (id, payload) = (channel.id(), channel.payload);
        let of_channel: Map<String, Value> = channel
            .parameters()
            .map(|name| (name.to_owned(), reference("parameters", name)))
            .collect();
        parameters.extend(
            channel
                .parameters()
                .map(|name| (name.to_owned(), parameter(name))),
        );
        let stream = channel.stream();
        described.insert(
            id.clone(),
            json!({
                "address": channel.address,
                "description": format!("In the JetStream stream `{stream}`, which has the last state of each subject."),
                "parameters": of_channel,
                "messages": {payload: reference("messages", payload)},
                "x-nats-stream": stream,
            }),
        );
        operations.insert(
            format!("receive.{id}"),
            json!({
                "action": "receive",
                "channel": {"$ref": format!("#/channels/{id}")},
                "messages": [{"$ref": format!("#/channels/{id}/messages/{payload}")}],
            }),
        );
        messages.insert(
            payload.to_owned(),
            json!({
                "name": channel.event_type,
                "title": payload,
                "contentType": "application/protobuf",
                "headers": headers(channel.event_type),
                "payload": reference("schemas", payload),
            }),
        );
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Events of Prima",
            "version": "v1",
            "description": "States of the aggregates of Prima, in streams of NATS JetStream, as CloudEvents 1.0 in \
                binary mode. The payload is a protobuf message of the contract `prima/event/v1/event.proto`; its \
                schema here is that of its JSON mapping, which tools show without a plugin. Fields, values of enums \
                and kinds of events are added, never changed or removed: ignore those that you do not know. \
                `README.md` beside this file describes how to read a stream.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/protobuf",
        "servers": {
            "bus": {
                "host": "{host}",
                "protocol": "nats",
                "description": "NATS JetStream 2.12.6 or newer. Only the services publish.",
                "variables": {"host": {"description": "Host and port; the operator tells them with the user."}},
            },
        },
        "channels": described,
        "operations": operations,
        "components": {"messages": messages, "parameters": parameters, "schemas": schemas},
    })
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap()
}

fn messages(pool: &DescriptorPool) -> impl Iterator<Item = MessageDescriptor> {
    let all = pool.all_messages();
    all.filter(|message| message.package_name() == PACKAGE)
}

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn read(relative: &str) -> String {
    fs::read_to_string(path(relative)).unwrap()
}

#[test]
fn the_description_of_the_events_is_the_generated_one() {
    let document = document(&pool());
    if std::env::var_os("WRITE_ASYNCAPI").is_some() {
        let text = serde_json::to_string_pretty(&document).unwrap();
        fs::write(path("asyncapi.json"), text + "\n").unwrap();
    }
    let committed: Value = serde_json::from_str(&read("asyncapi.json")).unwrap();
    assert!(
        committed == document,
        "proto/asyncapi.json is not what the contracts say; the section on events of proto/README.md has the command"
    );
}

#[test]
fn every_kind_of_event_has_a_channel() {
    let channels = channels();
    let ids: BTreeSet<String> = channels.iter().map(Channel::id).collect();
    assert_eq!(ids.len(), channels.len(), "{ids:?}");

    // A payload is a message that is in no other message.
    let pool = pool();
    let fields: Vec<_> = messages(&pool)
        .flat_map(|m| m.fields().collect::<Vec<_>>())
        .collect();
    let parts: BTreeSet<String> = fields
        .iter()
        .filter_map(|field| Some(field.kind().as_message()?.name().to_owned()))
        .collect();
    let all: BTreeSet<String> = messages(&pool).map(|m| m.name().to_owned()).collect();
    let payloads: BTreeSet<String> = channels.iter().map(|c| c.payload.to_owned()).collect();
    assert_eq!(payloads, &all - &parts);

    let text = read("src/subject.rs");
    let types: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once("_TYPE: &str = "))
        .map(|(_, value)| value.trim_matches(['"', ';']))
        .collect();
    let of_channels: BTreeSet<&str> = channels.iter().map(|c| c.event_type).collect();
    assert_eq!(of_channels, types);

    let services = fs::read_dir(path("../services")).unwrap();
    let scoring: BTreeSet<String> = services
        .map(|entry| entry.unwrap().path())
        .filter(|service| {
            let publish = fs::read_to_string(service.join("src/events/publish.rs"));
            publish.is_ok_and(|text| text.contains("Key::new("))
        })
        .map(|service| service.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(scoring, SCORING.map(str::to_owned).into());
}

#[test]
fn the_readme_has_a_row_for_every_kind_of_event() {
    let readme = read("README.md");
    for channel in channels() {
        let mut subject = channel.address.replace('{', "<").replace('}', ">");
        if [SCORE_TYPE, AUDIT_HEAD_TYPE].contains(&channel.event_type) {
            subject = subject.replacen(channel.service(), "<service>", 1);
        }
        let row = format!(
            "| `{subject}` | `{}` | `{}` |",
            channel.event_type, channel.payload
        );
        assert!(readme.contains(&row), "proto/README.md has no row {row}");
        assert!(readme.contains(&format!("`{}`", channel.stream())), "{subject}");
    }
}

#[test]
fn the_headers_are_those_that_the_bus_writes() {
    let text = read("../services/platform/src/bus/wire.rs");
    let written: Vec<&str> = text
        .split("headers.insert(")
        .skip(1)
        .map(|call| call.split('"').nth(1).unwrap())
        .collect();
    assert_eq!(HEADERS.map(|header| header.0).as_slice(), written);
    let readme = read("README.md");
    for name in written {
        assert!(
            readme.contains(&format!("`{name}`")),
            "proto/README.md lacks {name}"
        );
    }
}
