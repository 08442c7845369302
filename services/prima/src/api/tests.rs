//! The documents are complete, and what they say of the bus is what the services do.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use prima_proto::subject::{AUDIT_HEAD_TYPE, SCORE_TYPE};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::Value;

use super::{
    asyncapi::{self, Channel, HEADERS, SCORING, channels},
    openapi,
};
use crate::{client::contract, summaries::summary};

const ALL: [&str; 6] = [
    "directory",
    "survey",
    "innovation",
    "complaint",
    "index",
    "ranking",
];

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(relative)
}

fn read(relative: &str) -> String {
    fs::read_to_string(path(relative)).unwrap()
}

/// Every reference of a document.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_points_to_something_and_every_schema_is_used() {
    for document in [openapi(&ALL).unwrap(), asyncapi::document(&ALL).unwrap()] {
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in &found {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        for kind in ["schemas", "responses", "parameters", "messages"] {
            for name in document["components"][kind]
                .as_object()
                .into_iter()
                .flat_map(|all| all.keys())
            {
                let reference = format!("#/components/{kind}/{name}");
                assert!(
                    found.contains(reference.as_str()),
                    "nothing refers to {reference}"
                );
            }
        }
    }
}

#[test]
fn every_method_is_described_and_those_that_only_read_by_get_too() {
    let document = openapi(&ALL).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = contract::methods().unwrap();
    assert_eq!(paths.len(), methods.len());
    let mut read = 0;
    for method in methods {
        let item = &paths[&contract::path(&method)];
        let post = &item["post"];
        assert_eq!(post["summary"], summary(method.full_name()));
        assert!(
            post["description"].as_str().is_some_and(|text| text.len() > 20),
            "{item}"
        );
        let streams = method.is_client_streaming() || method.is_server_streaming();
        assert_eq!(
            post["requestBody"]["content"].get("application/json").is_none(),
            streams
        );
        // A refusal of a method with a stream is in its last envelope.
        assert_eq!(
            post["responses"].get("404").is_none(),
            streams,
            "{}",
            method.name()
        );
        if let Some(get) = item.get("get") {
            read += 1;
            assert!(get.get("requestBody").is_none() && get["parameters"][0]["name"] == "message");
        }
    }
    assert!(read > 60, "{read}");
    let get = |method: &str| {
        paths[&format!("/prima.survey.v1.SurveyService/{method}")]
            .get("get")
            .is_some()
    };
    assert!(get("GetResult") && !get("WatchResult") && !get("ReadExactResult") && !get("CreateSurvey"));
    // Its request may contain a single-use token, which no log of addresses should.
    assert!(!get("GetQuestionnaire"));
}

#[test]
fn a_process_describes_what_it_serves() {
    let document = openapi(&["survey"]).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let tags: BTreeSet<&str> = paths.keys().filter_map(|path| path.split(['/']).nth(1)).collect();
    let served = [
        "prima.audit.v1.AuditService",
        "prima.survey.v1.AccessService",
        "prima.survey.v1.SurveyService",
    ];
    assert_eq!(tags, BTreeSet::from(served));
    let answered = super::documents(&["survey"]).unwrap();
    assert_eq!(answered.len(), 2);
    assert_eq!(
        serde_json::from_slice::<Value>(&answered[0].body).unwrap(),
        document
    );
    let events = asyncapi::document(&["survey"]).unwrap();
    let channels: Vec<&String> = events["channels"].as_object().unwrap().keys().collect();
    assert_eq!(
        channels,
        [
            "survey.result",
            "survey.audit.head",
            "survey.score.unit",
            "survey.score.agency"
        ]
    );
}

#[test]
fn who_may_call_is_what_the_contract_says() {
    let document = openapi(&ALL).unwrap();
    let post = |method: &str| document["paths"][method]["post"].clone();
    let public = post("/prima.ranking.v1.RankingService/GetLeagueTable");
    let either = post("/prima.survey.v1.SurveyService/SubmitResponse");
    let token = post("/prima.directory.v1.DirectoryService/CreateUnit");
    assert_eq!(public["security"], serde_json::json!([]));
    assert_eq!(either["security"], serde_json::json!([{"token": []}, {}]));
    assert_eq!(token["security"], serde_json::json!([{"token": []}]));
    assert_eq!(token["x-access"]["grants"][0]["agency_in"], "parent");
    let reasons: Vec<&Value> = either["x-reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["reason"])
        .collect();
    assert_eq!(reasons, ["TOKEN_USED"]);
    let refusals =
        &document["components"]["responses"]["survey.400"]["content"]["application/json"]["examples"];
    assert_eq!(refusals["TOKEN_USED"]["value"]["code"], "failed_precondition");
    assert_eq!(refusals["INVALID_FIELDS"]["value"]["code"], "invalid_argument");
}

/// Parses JSON as a message, as strictly as the mapping is.
fn parse(message: &MessageDescriptor, json: &Value) {
    let text = json.to_string();
    let mut reader = serde_json::Deserializer::from_str(&text);
    if let Err(error) = DynamicMessage::deserialize(message.clone(), &mut reader) {
        panic!("{}: {error}: {text}", message.full_name());
    }
}

#[test]
fn an_example_is_a_message_of_its_method() {
    let document = openapi(&ALL).unwrap();
    for method in contract::methods().unwrap() {
        let content = &document["paths"][contract::path(&method)]["post"]["requestBody"]["content"];
        let example = &content.as_object().unwrap().values().next().unwrap()["example"];
        assert!(
            example.is_object(),
            "data/examples.json lacks {}",
            method.full_name()
        );
        parse(&method.input(), example);
    }
    let examples = super::example::ALL.len();
    assert_eq!(
        examples,
        contract::methods().unwrap().len(),
        "an example is of no method"
    );
}

#[test]
fn every_kind_of_event_has_a_channel() {
    let channels = channels();
    let ids: BTreeSet<String> = channels.iter().map(Channel::id).collect();
    assert_eq!(ids.len(), channels.len(), "{ids:?}");
    for channel in &channels {
        for name in channel.parameters() {
            assert_ne!(asyncapi::parameter(name)["description"], "", "{name}");
        }
    }

    // A payload is a message that is in no other message.
    let messages = || {
        let all = contract::pool().unwrap().all_messages();
        all.filter(|message| message.package_name() == "prima.event.v1")
    };
    let fields: Vec<_> = messages().flat_map(|m| m.fields().collect::<Vec<_>>()).collect();
    let parts: BTreeSet<String> = fields
        .iter()
        .filter_map(|field| Some(field.kind().as_message()?.name().to_owned()))
        .collect();
    let all: BTreeSet<String> = messages().map(|m| m.name().to_owned()).collect();
    let payloads: BTreeSet<String> = channels.iter().map(|c| c.payload.to_owned()).collect();
    assert_eq!(payloads, &all - &parts);

    let text = read("proto/src/subject.rs");
    let types: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once("_TYPE: &str = "))
        .map(|(_, value)| value.trim_matches(['"', ';']))
        .collect();
    let of_channels: BTreeSet<&str> = channels.iter().map(|c| c.event_type).collect();
    assert_eq!(of_channels, types);

    let scoring: BTreeSet<&str> = ALL
        .into_iter()
        .filter(|service| read(&format!("services/{service}/src/events/publish.rs")).contains("Key::new("))
        .collect();
    assert_eq!(scoring, SCORING.into());
}

#[test]
fn the_readme_has_a_row_for_every_kind_of_event() {
    let readme = read("proto/README.md");
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
    let text = read("services/platform/src/bus/wire.rs");
    let written: Vec<&str> = text
        .split("headers.insert(")
        .skip(1)
        .map(|call| call.split('"').nth(1).unwrap())
        .collect();
    assert_eq!(HEADERS.map(|header| header.0).as_slice(), written);
    let readme = read("proto/README.md");
    for name in written {
        assert!(
            readme.contains(&format!("`{name}`")),
            "proto/README.md lacks {name}"
        );
    }
}
