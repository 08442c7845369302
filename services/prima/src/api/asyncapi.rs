//! `asyncapi.json`: every event on the bus in AsyncAPI 3.1, from the descriptors and from what makes the subjects and types of the
//! services.

use std::collections::BTreeMap;

use prima_proto::{
    name,
    score::Key,
    subject::{self, *},
};
use serde_json::{Map, Value, json};

use super::schema::{Schemas, reference, with};
use crate::{cli::Service, client::contract};

/// Package of the payloads.
const PACKAGE: &str = "prima.event.v1";

/// The services that publish scores.
pub(super) const SCORING: [&str; 4] = ["complaint", "index", "innovation", "survey"];

/// One kind of event on the bus.
pub(super) struct Channel {
    /// Its subject, with `{…}` for each id.
    pub address: String,
    pub event_type: &'static str,
    /// Payload, a message of `PACKAGE`.
    pub payload: &'static str,
}

impl Channel {
    pub fn service(&self) -> &str {
        self.address.split('.').nth(1).unwrap_or_default()
    }

    pub fn stream(&self) -> String {
        format!("PRIMA_{}", self.service().to_uppercase())
    }

    /// The parts of the subject that name the kind: `directory.unit`, `survey.score.agency`.
    pub fn id(&self) -> String {
        let parts = self.address.split('.').skip(1);
        parts
            .filter(|part| !part.starts_with('{'))
            .collect::<Vec<_>>()
            .join(".")
    }

    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        let parts = self.address.split('.');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// Every kind of event. The functions that make subjects are called with placeholders as ids.
pub(super) fn channels() -> Vec<Channel> {
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
    for service in Service::ALL {
        let address = audit_head(service.name());
        channels.push(channel(address, AUDIT_HEAD_TYPE, "AuditHeadState"));
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
pub(super) const HEADERS: [(&str, bool, &str); 12] = [
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
        let more = match name {
            "ce-specversion" => json!({"const": "1.0"}),
            "ce-type" => json!({"const": event_type}),
            "ce-datacontenttype" => json!({"const": "application/protobuf"}),
            "prima-withdrawn" => json!({"const": "true"}),
            "ce-time" => json!({"format": "date-time"}),
            "ce-sequence" | "prima-revision" => json!({"pattern": "^[0-9]+$"}),
            _ => json!({}),
        };
        let schema = with(json!({"type": "string", "description": description}), more);
        (name.to_owned(), schema)
    };
    let required: Vec<&str> = HEADERS.iter().filter(|h| h.1).map(|h| h.0).collect();
    let properties: Map<String, Value> = HEADERS.into_iter().map(header).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

pub(super) fn parameter(name: &str) -> Value {
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
        _ => ("", ""),
    };
    json!({"description": description, "examples": [example]})
}

/// The document of the events that these services publish. Fails when the descriptors that were compiled in are damaged.
pub(super) fn document(services: &[&str]) -> anyhow::Result<Value> {
    let mut schemas = Schemas::default();
    let (mut described, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    let mut parameters = BTreeMap::new();
    for channel in channels() {
        if !services.contains(&channel.service()) {
            continue;
        }
        let (id, payload, stream) = (channel.id(), channel.payload, channel.stream());
        let of_channel: Map<String, Value> = channel
            .parameters()
            .map(|name| (name.to_owned(), reference("parameters", name)))
            .collect();
        let names = channel.parameters();
        parameters.extend(names.map(|name| (name.to_owned(), parameter(name))));
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
        let state = schemas.message(&contract::message(&format!("{PACKAGE}.{payload}"))?);
        messages.insert(
            payload.to_owned(),
            json!({
                "name": channel.event_type,
                "title": payload,
                "contentType": "application/protobuf",
                "headers": headers(channel.event_type),
                "payload": state,
            }),
        );
    }
    Ok(json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": "Events of Prima",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "States of the aggregates of Prima, in streams of NATS JetStream, as CloudEvents 1.0 in \
                binary mode. The payload is a protobuf message of the contract `prima/event/v1/event.proto`; its \
                schema here is that of its JSON mapping, which tools show without a plugin. Fields, values of enums \
                and kinds of events are added, never changed or removed: ignore those that you do not know. \
                `proto/README.md` describes how to read a stream.",
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
        "components": {"messages": messages, "parameters": parameters, "schemas": schemas.into_sorted()},
    }))
}
