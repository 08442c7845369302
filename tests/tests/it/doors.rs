//! Every method answers the same by both doors: by gRPC, and in JSON by the Connect protocol.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use http::{Request, Version};
use prima_platform::testing::{
    eventually,
    http::{send, send_until},
};
use prima_tests::{
    DEADLINE,
    client::channel,
    process::{Command, Process, Service},
    raw::RawCodec,
};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MethodDescriptor, Value};
use serde_json::json;
use tokio::time::timeout;
use tonic::{Code, Status, client::Grpc, metadata::MetadataValue, transport::Channel};

type Json = serde_json::Value;

/// How long a stream may take to its first message; one without news has none.
const OPEN: Duration = Duration::from_secs(3);

/// What a call was answered.
#[derive(Debug, Clone, PartialEq)]
struct Answered {
    code: String,
    text: String,
    /// Types of the details, and their bytes.
    details: Vec<(String, String)>,
    message: Json,
}

/// Removes what differs between two calls that are answered the same: how fresh a table is, and up to when it is known.
fn steady(mut message: Json) -> Json {
    if let Some(fields) = message.as_object_mut() {
        for name in ["freshness", "asOf", "knownAt"] {
            fields.remove(name);
        }
    }
    message
}

/// The name of a code in JSON.
fn name(code: Code) -> String {
    let debug = format!("{code:?}");
    let mut name = String::new();
    for letter in debug.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name.replace("cancelled", "canceled")
}

fn refused(status: &Status) -> Answered {
    let details = tonic_types::Status::decode(status.details()).unwrap().details;
    let detail = |any: &prost_types::Any| {
        let kind = any.type_url.rsplit('/').next().unwrap().to_owned();
        (kind, STANDARD_NO_PAD.encode(&any.value))
    };
    Answered {
        code: name(status.code()),
        text: status.message().to_owned(),
        details: details.iter().map(detail).collect(),
        message: Json::Null,
    }
}

fn accepted(message: Json) -> Answered {
    Answered {
        code: "ok".to_owned(),
        text: String::new(),
        details: Vec::new(),
        message: steady(message),
    }
}

fn refused_in_json(error: &Json) -> Answered {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let details = error["details"].as_array().into_iter().flatten();
    Answered {
        code: text(&error["code"]),
        text: text(&error["message"]),
        details: details
            .map(|one| (text(&one["type"]), text(&one["value"])))
            .collect(),
        message: Json::Null,
    }
}

/// A suite in one process, with the demo data.
struct Served {
    process: Process,
    address: SocketAddr,
    channel: Channel,
    token: String,
    methods: Vec<MethodDescriptor>,
}

fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn is_streamed(method: &MethodDescriptor) -> bool {
    method.is_client_streaming() || method.is_server_streaming()
}

fn envelope(flags: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flags], length.as_slice(), message].concat()
}

/// The first message in envelopes, with its flags; `None` while it is not whole.
fn first(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [flags, a, b, c, d, rest @ ..] = bytes else {
        return None;
    };
    let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap();
    Some((*flags, rest.get(..length)?))
}

impl Served {
    async fn start(dir: &std::path::Path) -> Self {
        let process = Command::new(Service::Up)
            .data(dir)
            // One caller asks for all of it.
            .env("PRIMA_GRPC__CALLS_PER_SECOND_PER_PEER", "0")
            .env("PRIMA_TELEMETRY__LEVEL", "info")
            .env("PRIMA_RANKING__HISTORY_STEP_SECONDS", "1")
            .demo()
            .start()
            .await;
        let loaded = eventually(DEADLINE * 4, || async {
            process.log().contains("Tabel contoh ditetapkan").then_some(())
        });
        loaded.await.expect("the demo data is loaded");
        let token = std::fs::read_to_string(dir.join("token")).unwrap();
        let pool = DescriptorPool::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
        let methods = pool.services().flat_map(|s| s.methods().collect::<Vec<_>>());
        let url = process.url();
        Self {
            address: url.strip_prefix("http://").unwrap().parse().unwrap(),
            channel: channel(&url),
            process,
            token: token.trim().to_owned(),
            methods: methods.collect(),
        }
    }

    /// By gRPC. Of a stream of responses it is the first one.
    async fn by_grpc(&self, method: &MethodDescriptor, token: bool, request: &DynamicMessage) -> Answered {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let mut call = tonic::Request::new(tokio_stream::once(request.encode_to_vec()));
        if token {
            let value = MetadataValue::try_from(format!("Bearer {}", self.token)).unwrap();
            call.metadata_mut().insert("authorization", value);
        }
        let answer = async {
            let answers = grpc
                .streaming(call, path(method).parse().unwrap(), RawCodec)
                .await?;
            answers.into_inner().message().await
        };
        let Ok(answer) = timeout(OPEN, answer).await else {
            return accepted(json!("open"));
        };
        match answer {
            Ok(None) => accepted(Json::Null),
            Ok(Some(bytes)) => {
                let message = DynamicMessage::decode(method.output(), bytes.as_slice()).unwrap();
                accepted(serde_json::to_value(&message).unwrap())
            }
            Err(status) => refused(&status),
        }
    }

    fn request(&self, request: http::request::Builder, token: bool, body: Vec<u8>) -> Request<Vec<u8>> {
        let request = request.version(Version::HTTP_11);
        let request = match token {
            true => request.header("authorization", format!("Bearer {}", self.token)),
            false => request,
        };
        request.body(body).unwrap()
    }

    /// In JSON.
    async fn in_json(&self, method: &MethodDescriptor, token: bool, request: &DynamicMessage) -> Answered {
        let text = serde_json::to_vec(request).unwrap();
        let post = Request::post(path(method));
        if is_streamed(method) {
            let post = post.header("content-type", "application/connect+json");
            let request = self.request(post, token, envelope(0, &text));
            let sent = send_until(self.address, request, |body| first(body).is_some());
            let Ok(response) = timeout(OPEN, sent).await else {
                return accepted(json!("open"));
            };
            let response = response.unwrap();
            assert_eq!(response.status(), 200, "{}", path(method));
            let (flags, message) = first(response.body()).unwrap();
            let message: Json = serde_json::from_slice(message).unwrap();
            return match (flags, message.get("error")) {
                (0, _) => accepted(message),
                (_, Some(error)) => refused_in_json(error),
                (_, None) => accepted(Json::Null),
            };
        }
        let post = post.header("content-type", "application/json");
        self.whole(self.request(post, token, text)).await
    }

    async fn whole(&self, request: Request<Vec<u8>>) -> Answered {
        let name = request.uri().path().to_owned();
        let response = send(self.address, request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json", "{name}");
        let message: Json = serde_json::from_slice(response.body()).unwrap();
        match response.status().as_u16() {
            200 => accepted(message),
            _ => refused_in_json(&message),
        }
    }

    /// In JSON by GET; `None` when the method can't be called so.
    async fn by_get(
        &self,
        method: &MethodDescriptor,
        token: bool,
        request: &DynamicMessage,
    ) -> Option<Answered> {
        let text = serde_json::to_string(request).unwrap();
        let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let get = Request::get(format!(
            "{}?encoding=json&connect=v1&message={text}",
            path(method)
        ));
        let request = self.request(get, token, Vec::new());
        let response = send(self.address, request).await.unwrap();
        if response.status() == 405 {
            return None;
        }
        let message: Json = serde_json::from_slice(response.body()).unwrap();
        Some(match response.status().as_u16() {
            200 => accepted(message),
            _ => refused_in_json(&message),
        })
    }
}

/// Texts that are names or parts of requests, found in responses.
#[derive(Default)]
struct Known(BTreeSet<String>);

impl Known {
    fn learn(&mut self, message: &Json) {
        match message {
            Json::String(text) if text.contains('/') && text.len() < 200 => {
                self.0.insert(text.clone());
            }
            Json::Array(items) => items.iter().take(30).for_each(|item| self.learn(item)),
            Json::Object(fields) => fields.values().for_each(|value| self.learn(value)),
            _ => {}
        }
    }

    /// A known name of the form that the comment of a field shows, such as `agencies/{agency}/units/{unit}`.
    fn name(&self, field: &FieldDescriptor) -> Option<String> {
        let file = field.parent_file();
        let info = file.file_descriptor_proto().source_code_info.as_ref().unwrap();
        let comment = info.location.iter().find(|place| place.path == field.path())?;
        let comment = comment.leading_comments().replace('\n', " ");
        let pattern = comment.split('`').find(|part| part.contains("/{"))?.to_owned();
        let fits = |known: &&String| {
            let (known, pattern): (Vec<_>, Vec<_>) =
                (known.split('/').collect(), pattern.split('/').collect());
            let same = |(known, wanted): (&&str, &&str)| wanted.starts_with('{') || known == wanted;
            known.len() == pattern.len() && known.iter().zip(&pattern).all(same)
        };
        self.0.iter().find(fits).cloned()
    }

    fn text(&self, field: &FieldDescriptor) -> Option<String> {
        let fixed = match field.name() {
            "parent" => self.name(field).unwrap_or_else(|| "agencies/-".to_owned()),
            "metric" => "skm".to_owned(),
            "period" => "2024-q3".to_owned(),
            "request_id" => "doors".to_owned(),
            "query" => "layanan".to_owned(),
            "purpose" => "Pemeriksaan".to_owned(),
            _ => self.name(field)?,
        };
        Some(fixed)
    }

    /// A request whose names are known ones.
    fn fill(&self, method: &MethodDescriptor) -> DynamicMessage {
        let mut message = DynamicMessage::new(method.input());
        for field in method.input().fields() {
            if field.kind() == Kind::String
                && !field.is_list()
                && let Some(text) = self.text(&field)
            {
                message.set_field(&field, Value::String(text));
            }
        }
        message
    }
}

/// A request of which every text is a name of nothing.
fn unknown(method: &MethodDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(method.input());
    for field in method
        .input()
        .fields()
        .filter(|field| field.kind() == Kind::String)
    {
        let text = Value::String("agencies/0000".to_owned());
        let value = if field.is_list() {
            Value::List(vec![text])
        } else {
            text
        };
        message.set_field(&field, value);
    }
    message
}

/// Whether the same request may be sent once more: the method only reads, or stores what it has answered.
fn may_repeat(method: &MethodDescriptor) -> bool {
    let level = method
        .method_descriptor_proto()
        .options
        .as_ref()
        .unwrap()
        .idempotency_level();
    level == prost_types::method_options::IdempotencyLevel::NoSideEffects
        || method.input().get_field_by_name("request_id").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_answers_the_same_by_both_doors() {
    let dir = tempfile::tempdir().unwrap();
    let mut served = Served::start(dir.path()).await;
    // Names are learned from what is public and from what lists return; each round reaches what the one before has named.
    let mut known = Known::default();
    known.learn(&json!(["agencies/3271", "metrics/skm"]));
    for _ in 0..3 {
        for method in served
            .methods
            .iter()
            .filter(|m| m.name().starts_with("List") && !is_streamed(m))
        {
            known.learn(&served.by_grpc(method, true, &known.fill(method)).await.message);
        }
    }
    // What is not available for a time has an error id of its own in each answer.
    let awards = served.methods.iter().find(|m| m.name() == "ListAwards").unwrap();
    let begun = eventually(DEADLINE, || async {
        let answer = served.by_grpc(awards, true, &known.fill(awards)).await;
        (answer.code != "unavailable").then_some(())
    });
    begun.await.expect("the history of tables begins");
    let mut wrong = Vec::new();
    let (mut calls, mut by_get) = (0, BTreeSet::new());
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for method in &served.methods {
        let mut requests = vec![DynamicMessage::new(method.input()), unknown(method)];
        if may_repeat(method) {
            requests.push(known.fill(method));
        }
        for request in &requests {
            for token in [false, true] {
                let grpc = served.by_grpc(method, token, request).await;
                let mut json = served.in_json(method, token, request).await;
                if is_streamed(method) && json != grpc {
                    // The stream before it goes on for a moment after its client has left, and some run one at a time.
                    let again = eventually(DEADLINE, || async {
                        let json = served.in_json(method, token, request).await;
                        (json == grpc).then_some(json)
                    });
                    json = again.await.unwrap_or(json);
                }
                calls += 1;
                codes.entry(grpc.code.clone()).or_default().insert(path(method));
                if json != grpc {
                    wrong.push(format!("{} {request}:\n  {grpc:?}\n  {json:?}", path(method)));
                }
                if let Some(got) = served.by_get(method, token, request).await {
                    by_get.insert(path(method));
                    if got != grpc {
                        wrong.push(format!("GET {} {request}:\n  {grpc:?}\n  {got:?}", path(method)));
                    }
                }
            }
        }
    }
    let counts: BTreeMap<&str, usize> = codes.iter().map(|(code, of)| (code.as_str(), of.len())).collect();
    assert!(
        wrong.is_empty(),
        "{} of {calls} differ ({counts:?}):\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(calls > 900, "{calls}");
    assert!(counts["ok"] > 50, "{counts:?}");
    assert!(
        counts["unauthenticated"] > 100 && counts["invalid_argument"] > 100,
        "{counts:?}"
    );
    // GET is for methods that only read, whose requests have no secret, and whose responses have no personal data.
    let readable: BTreeSet<String> = served
        .methods
        .iter()
        .filter(|method| {
            let name = format!("{}/{}", method.parent_service().full_name(), method.name());
            let rule = prima_proto::access::RULES
                .iter()
                .find(|rule| rule.method == name)
                .unwrap();
            let proves = |needs| matches!(needs, prima_proto::access::Needs::ProofIn(_));
            let secret = rule.personal || rule.grants.iter().any(|grant| proves(grant.needs));
            let options = method.method_descriptor_proto().options.as_ref().unwrap();
            let reads =
                options.idempotency_level() == prost_types::method_options::IdempotencyLevel::NoSideEffects;
            reads && !secret && !is_streamed(method)
        })
        .map(path)
        .collect();
    assert_eq!(by_get, readable);
    assert!(by_get.len() > 90, "{}", by_get.len());
    assert_eq!(served.process.stop().await, 0);
    let log = served.process.log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("\"system\":\"connectrpc\""))
        .collect();
    assert!(
        lines.len() > 900,
        "calls in JSON have their lines in the log: {}",
        lines.len()
    );
    for word in ["panicked", "\"reason\":\"INTERNAL\"", "\"level\":\"ERROR\""] {
        let line = log.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "{line:?}");
    }
}
