//! `openapi.json`: every method as it is called by JSON over HTTP, the Connect protocol, in OpenAPI 3.1.

use std::collections::{BTreeMap, HashMap};

use anyhow::anyhow;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use prima_platform::grpc::by_get;
use prima_proto::access::{RULES, Rule};
use prost::Message;
use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor, ServiceDescriptor};
use serde_json::{Map, Value, json};
use tonic_types::pb;

use super::{
    comments::comment,
    example::example,
    reasons::{self, Reason},
    schema::{Schemas, reference, with},
};
use crate::{client::contract, local::access, summaries::summary};

/// The codes of the protocol with their HTTP statuses.
const STATUSES: [(&str, u16); 16] = [
    ("canceled", 499),
    ("unknown", 500),
    ("invalid_argument", 400),
    ("deadline_exceeded", 504),
    ("not_found", 404),
    ("already_exists", 409),
    ("permission_denied", 403),
    ("resource_exhausted", 429),
    ("failed_precondition", 400),
    ("aborted", 409),
    ("out_of_range", 400),
    ("unimplemented", 501),
    ("internal", 500),
    ("unavailable", 503),
    ("data_loss", 500),
    ("unauthenticated", 401),
];

const ABOUT: &str = "Every method of the suite as JSON over HTTP, by the [Connect protocol](https://connectrpc.com/docs/protocol): \
    `POST` with a JSON body, or `GET` where it is listed. The same address speaks gRPC. Messages follow the [JSON mapping of \
    protobuf](https://protobuf.dev/programming-guides/json/): 64-bit numbers are text, a field that has its default value is absent, and \
    names may be sent in snake case too; a field that is not known is refused. Fields, values of enums, methods and reasons of errors are added, never changed or removed: \
    ignore those of answers that you do not know.\n\nAn error has the HTTP status of its code and the body `connect.error`, whose detail \
    `google.rpc.ErrorInfo` has a stable `reason` (domain `prima.go.id`). A method with a stream sends and receives messages in \
    envelopes: a byte of flags, four bytes of length (big-endian), and the JSON; it answers with the status 200, and the last envelope, \
    with the flag 2, has `error` if there was one.\n\nRepeat a call without an answer with the same `requestId`. `proto/README.md` \
    describes names, repeats, pages, limits and retries.";

/// The document of the methods of these services, and of the audit log, which every process has. Fails when the descriptors that
/// were compiled in are damaged.
pub(super) fn document(services: &[&str]) -> anyhow::Result<Value> {
    let mut document = Document::default();
    let details = DescriptorPool::decode(pb::FILE_DESCRIPTOR_SET)?;
    let (mut tags, mut last, mut paths) = (Vec::new(), String::new(), Map::new());
    for method in contract::methods()? {
        let of = method.parent_service();
        if !is_of(of, services) {
            continue;
        }
        if last != of.full_name() {
            tags.push(tag(of));
            last = of.full_name().to_owned();
        }
        paths.insert(contract::path(&method), document.path(&method)?);
    }
    document.errors(&details);
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Prima",
            "summary": "Pengukuran dan pemeringkatan pelayanan publik",
            "description": ABOUT,
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that this document comes from"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "Of the operator (`prima token`), or of the issuer of OpenID Connect that the operator trusts.",
            }},
            "parameters": parameters(),
            "responses": document.responses,
            "schemas": document.schemas.into_sorted(),
        },
    }))
}

fn is_of(service: &ServiceDescriptor, services: &[&str]) -> bool {
    let package = area(service);
    package == "audit" || services.contains(&package.as_str())
}

/// The word that follows `prima.` in the package, the name of the process that serves it.
fn area(service: &ServiceDescriptor) -> String {
    let package = service.package_name().split('.').nth(1);
    package.unwrap_or_default().to_owned()
}

fn tag(service: &ServiceDescriptor) -> Value {
    let (name, text) = (
        service.full_name(),
        comment(&service.parent_file(), service.path()),
    );
    json!({"name": name, "description": format!("{}.\n\n{text}", summary(name))})
}

fn parameters() -> Value {
    json!({
        "version": {
            "name": "Connect-Protocol-Version",
            "in": "header",
            "description": "Version of the Connect protocol.",
            "schema": {"type": "string", "const": "1"},
        },
        "timeout": {
            "name": "Connect-Timeout-Ms",
            "in": "header",
            "description": "Deadline of the call in milliseconds, at most ten digits.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,10}$"},
        },
        "encoding": {
            "name": "encoding",
            "in": "query",
            "required": true,
            "description": "Form of `message`.",
            "schema": {"type": "string", "const": "json"},
        },
        "connect": {
            "name": "connect",
            "in": "query",
            "description": "Version of the Connect protocol.",
            "schema": {"type": "string", "const": "v1"},
        },
    })
}

/// What a service may refuse.
struct Refusals {
    reasons: Vec<Reason>,
    /// References to the responses, by status.
    references: Map<String, Value>,
}

#[derive(Default)]
struct Document {
    schemas: Schemas,
    responses: Map<String, Value>,
    /// By service.
    refusals: HashMap<String, Refusals>,
}

impl Document {
    fn path(&mut self, method: &MethodDescriptor) -> anyhow::Result<Value> {
        let name = method.full_name();
        let streams = method.is_client_streaming() || method.is_server_streaming();
        let kind = if streams {
            "application/connect+json"
        } else {
            "application/json"
        };
        let common = self.operation(method, kind, streams)?;
        let example = json!({"example": example(name)});
        let content = json!({kind: with(self.content(&method.input(), streams), example)});
        let post = with(
            common.clone(),
            json!({
                "operationId": name,
                "parameters": [reference("parameters", "version"), reference("parameters", "timeout")],
                "requestBody": {"required": true, "content": content},
            }),
        );
        if !by_get(method) {
            return Ok(json!({"post": post}));
        }
        let message = json!({
            "name": "message",
            "in": "query",
            "required": true,
            "description": "The request as JSON, percent-encoded.",
            "content": content,
        });
        let others = ["encoding", "connect", "timeout"].map(|name| reference("parameters", name));
        let parameters: Vec<Value> = [message].into_iter().chain(others).collect();
        let get = json!({"operationId": format!("{name}.get"), "parameters": parameters});
        Ok(json!({"get": with(common, get), "post": post}))
    }

    /// What is the same by both methods of HTTP.
    fn operation(&mut self, method: &MethodDescriptor, kind: &str, streams: bool) -> anyhow::Result<Value> {
        let (service, path) = (method.parent_service(), contract::path(method));
        let text = comment(&method.parent_file(), method.path());
        let rule = RULES.iter().find(|rule| path.ends_with(rule.method));
        let rule = *rule.ok_or_else(|| anyhow!("no rule of {path}"))?;
        let what = if method.is_server_streaming() {
            "A message of the stream"
        } else {
            "The answer"
        };
        let answer = self.content(&method.output(), streams);
        let mut responses = Map::new();
        responses.insert(
            "200".to_owned(),
            json!({"description": what, "content": {kind: answer}}),
        );
        let area = area(service);
        let refusals = match self.refusals.remove(&area) {
            Some(known) => known,
            None => self.refusals_of(&area),
        };
        if !streams {
            responses.extend(refusals.references.clone());
        }
        let reasons = refusals.reasons.iter();
        let named: Vec<Value> = reasons
            .filter(|reason| text.contains(&format!("`{}`", reason.reason)))
            .filter(|reason| !reason.codes.contains(&reason.reason))
            .map(|reason| json!({"reason": reason.reason, "description": reason.means}))
            .collect();
        self.refusals.insert(area, refusals);
        Ok(json!({
            "tags": [service.full_name()],
            "summary": summary(method.full_name()),
            "description": format!("{text}{}", who(rule)),
            "security": security(rule),
            "responses": responses,
            "x-access": access::machine(rule),
            "x-reasons": named,
        }))
    }

    fn content(&mut self, message: &MessageDescriptor, streams: bool) -> Value {
        let schema = self.schemas.message(message);
        match streams {
            true => json!({"schema": schema, "x-envelopes": true}),
            false => json!({"schema": schema}),
        }
    }

    /// The refusals of a service, whose responses are added.
    fn refusals_of(&mut self, service: &str) -> Refusals {
        let reasons = reasons::of_service(service);
        let mut by_status: BTreeMap<u16, Map<String, Value>> = BTreeMap::new();
        for reason in &reasons {
            for code in &reason.codes {
                let code = connect_code(code);
                if let Some(status) = status_of(&code) {
                    let examples = by_status.entry(status).or_default();
                    examples.insert(reason.reason.to_owned(), refusal(reason, &code));
                }
            }
        }
        let mut references = Map::new();
        for (status, examples) in by_status {
            let name = format!("{service}.{status}");
            references.insert(status.to_string(), reference("responses", &name));
            self.responses.insert(name, {
                let codes: Vec<String> = STATUSES
                    .iter()
                    .filter(|(_, of)| *of == status)
                    .map(|(code, _)| format!("`{code}`"))
                    .collect();
                json!({
                    "description": format!("The call is refused: {}. The examples are the reasons.", codes.join(" or ")),
                    "content": {"application/json": {"schema": reference("schemas", "connect.error"), "examples": examples}},
                })
            });
        }
        Refusals { reasons, references }
    }

    /// The schemas of errors and their details.
    fn errors(&mut self, details: &DescriptorPool) {
        let codes = STATUSES.map(|(code, _)| code);
        self.schemas.add(
            "connect.error",
            json!({
                "type": "object",
                "title": "Error",
                "description": "An error of the Connect protocol.",
                "required": ["code"],
                "properties": {
                    "code": {"type": "string", "enum": codes, "description": "Code of the status."},
                    "message": {"type": "string", "description": "What went wrong, for people."},
                    "details": {
                        "type": "array",
                        "description": "Further facts; `google.rpc.ErrorInfo` is always one.",
                        "items": reference("schemas", "connect.error.detail"),
                    },
                },
            }),
        );
        let kinds = ["ErrorInfo", "BadRequest", "RetryInfo", "LocalizedMessage"];
        let known = kinds.map(|kind| format!("google.rpc.{kind}"));
        let messages = known.iter().filter_map(|name| details.get_message_by_name(name));
        let of_kind = messages.map(|message| {
            let debug = self.schemas.message(&message);
            detail(message.name(), &json!({"const": message.full_name()}), &debug)
        });
        let mut variants: Vec<Value> = of_kind.collect();
        variants.push(detail(
            "Other",
            &json!({"not": {"enum": known}}),
            &json!({"type": "object"}),
        ));
        self.schemas.add(
            "connect.error.detail",
            json!({
                "title": "Detail",
                "description": "A detail of an error: `debug` is as JSON what `value` is as bytes.",
                "oneOf": variants,
            }),
        );
    }
}

/// The schema of a detail whose type is given.
fn detail(title: &str, kind: &Value, debug: &Value) -> Value {
    json!({
        "type": "object",
        "title": title,
        "required": ["type", "value"],
        "properties": {
            "type": with(json!({"type": "string"}), kind.clone()),
            "value": {"type": "string", "contentEncoding": "base64"},
            "debug": debug,
        },
    })
}

/// `NOT_FOUND` gives `not_found`; the protocol spells one code otherwise.
fn connect_code(code: &str) -> String {
    match code {
        "CANCELLED" => "canceled".to_owned(),
        code => code.to_lowercase(),
    }
}

fn status_of(code: &str) -> Option<u16> {
    let found = STATUSES.iter().find(|(of, _)| *of == code);
    found.map(|(_, status)| *status)
}

/// The body of an error with this reason, as an example.
fn refusal(reason: &Reason, code: &str) -> Value {
    let info = pb::ErrorInfo {
        reason: reason.reason.to_owned(),
        domain: "prima.go.id".to_owned(),
        metadata: Default::default(),
    };
    json!({
        "summary": reason.means,
        "description": reason.remedy,
        "value": {
            "code": code,
            "message": reason.means,
            "details": [{
                "type": "google.rpc.ErrorInfo",
                "value": STANDARD_NO_PAD.encode(info.encode_to_vec()),
                "debug": {"reason": info.reason, "domain": info.domain},
            }],
        },
    })
}

/// Who may call a method, as a paragraph.
fn who(rule: &Rule) -> String {
    let mut text = format!("\n\nBoleh dipanggil oleh: {}.", access::grants(rule));
    if !rule.condition.is_empty() {
        text += &format!(" Also: {}.", rule.condition.trim_end_matches('.'));
    }
    if rule.personal {
        text += " Jawabannya dapat memuat data pribadi; setiap pembacaan dicatat.";
    }
    text
}

/// What a caller must send: a token, either, or nothing. A token that is sent must be valid in every case.
fn security(rule: &Rule) -> Value {
    let mut callers = rule.grants.iter().flat_map(|grant| grant.who);
    match (rule.is_open(), callers.any(|who| !who.is_open())) {
        (true, false) => json!([]),
        (true, true) => json!([{"token": []}, {}]),
        (false, _) => json!([{"token": []}]),
    }
}
