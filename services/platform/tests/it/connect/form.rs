//! The cases of the suite, each in the forms in which it can be sent.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, HeaderName, Method, Request, Response, Version};
use prost::Message;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Code;

use super::{
    LIMIT, Served, envelope, envelopes, pack,
    service::{self, NAME, code, message, pairs},
    unpack,
};

/// Cases whose code is another one here, and why.
const OTHER_CODES: [(&str, Code); 1] = [
    // What a caller sends wrong is never INTERNAL here, see `status::enrich`.
    ("unexpected-compressed-message", Code::InvalidArgument),
];

/// A case in one of the forms in which it can be sent.
#[derive(Clone)]
pub(super) struct Form {
    case: Value,
    version: Version,
    is_json: bool,
    packed: bool,
}

/// What a response says, in whichever form.
#[derive(Debug, Default)]
pub(super) struct Said {
    http: u16,
    payloads: Vec<Value>,
    error: Option<Value>,
    headers: HeaderMap,
    trailers: Vec<(String, String)>,
}

impl Form {
    pub(super) fn name(&self) -> String {
        let name = self.case["request"]["testName"].as_str().unwrap();
        let codec = if self.is_json { "json" } else { "proto" };
        format!(
            "{name} {:?} {codec} {}",
            self.version,
            if self.packed { "gzip" } else { "identity" }
        )
    }

    fn method(&self) -> &str {
        let request = &self.case["request"];
        if let Some(method) = request["method"].as_str() {
            return method;
        }
        match request["streamType"].as_str().unwrap() {
            "STREAM_TYPE_UNARY" => "Unary",
            "STREAM_TYPE_SERVER_STREAM" => "ServerStream",
            "STREAM_TYPE_CLIENT_STREAM" => "ClientStream",
            _ => "BidiStream",
        }
    }

    /// The messages of the request.
    fn messages(&self, served: &Served) -> Vec<DynamicMessage> {
        let input = served.method(self.method()).input();
        let listed = self.case["request"]["requestMessages"].as_array().unwrap();
        let sizes = self.case["expandRequests"].as_array();
        let sized = |(number, json): (usize, &Value)| {
            let mut json = json.clone();
            json.as_object_mut().unwrap().remove("@type");
            let mut sent = message(&input, &json);
            let size = sizes.and_then(|sizes| sizes[number]["sizeRelativeToLimit"].as_i64());
            if let Some(size) = size {
                let size = usize::try_from(i64::try_from(LIMIT).unwrap() + size).unwrap();
                let mut length = size - sent.encoded_len();
                while sent.encoded_len() != size {
                    let data = vec![0_u8; length];
                    sent.set_field_by_name("request_data", prost_reflect::Value::Bytes(data.into()));
                    length = (length + size).saturating_sub(sent.encoded_len());
                }
            }
            sent
        };
        listed.iter().enumerate().map(sized).collect()
    }

    fn bytes(&self, message: &DynamicMessage) -> Vec<u8> {
        match self.is_json {
            true => serde_json::to_vec(message).unwrap(),
            false => message.encode_to_vec(),
        }
    }

    pub(super) fn request(&self, served: &Served) -> Request<Vec<u8>> {
        let request = &self.case["request"];
        let raw = &request["rawRequest"];
        if !raw.is_null() {
            return self.raw(served, raw);
        }
        let method = served.method(self.method());
        let enveloped = method.is_client_streaming() || method.is_server_streaming();
        let codec = if self.is_json { "json" } else { "proto" };
        let mut sent = Request::post(format!("/{NAME}/{}", method.name())).version(self.version);
        let messages = self.messages(served);
        let mut body: Vec<u8> = if enveloped {
            sent = sent.header("content-type", format!("application/connect+{codec}"));
            if self.packed {
                sent = sent.header("connect-content-encoding", "gzip");
                let packed = messages.iter().map(|one| envelope(1, &pack(&self.bytes(one))));
                packed.flatten().collect()
            } else {
                messages
                    .iter()
                    .flat_map(|one| envelope(0, &self.bytes(one)))
                    .collect()
            }
        } else if self.packed {
            sent = sent.header("content-encoding", "gzip");
            pack(&self.bytes(&messages[0]))
        } else {
            self.bytes(&messages[0])
        };
        if request["useGetHttpMethod"] == true {
            let message = match self.is_json {
                true => format!(
                    "message={}",
                    String::from_utf8(body)
                        .unwrap()
                        .bytes()
                        .map(|byte| format!("%{byte:02X}"))
                        .collect::<String>()
                ),
                false => format!("message={}&base64=1", URL_SAFE_NO_PAD.encode(body)),
            };
            let path = format!("/{NAME}/{}?{message}&encoding={codec}&connect=v1", method.name());
            sent = Request::get(path).version(self.version);
            body = Vec::new();
        } else if !enveloped {
            sent = sent.header("content-type", format!("application/{codec}"));
        }
        sent = sent.header("connect-protocol-version", "1");
        if let Some(ms) = request["timeoutMs"].as_u64() {
            sent = sent.header("connect-timeout-ms", ms);
        }
        for (name, value) in pairs(&request["requestHeaders"]) {
            sent = sent.header(name, value);
        }
        sent.body(body).unwrap()
    }

    fn raw(&self, served: &Served, raw: &Value) -> Request<Vec<u8>> {
        let content = |content: &Value| match (&content["binary"], &content["binary_message"]) {
            (Value::Null, Value::Null) => Vec::new(),
            (Value::Null, one) => {
                let mut json = one.clone();
                let name = json.as_object_mut().unwrap().remove("@type").unwrap();
                let name = name.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
                message(&served.pool.get_message_by_name(&name).unwrap(), &json).encode_to_vec()
            }
            (binary, _) => service::bytes(binary),
        };
        let items = raw["stream"]["items"].as_array().into_iter().flatten();
        let mut body: Vec<u8> = items
            .flat_map(|item| {
                let flags = u8::try_from(item["flags"].as_u64().unwrap()).unwrap();
                envelope(flags, &content(&item["payload"]))
            })
            .collect();
        body.extend(content(&raw["unary"]));
        let verb = Method::try_from(raw["verb"].as_str().unwrap()).unwrap();
        let mut sent = Request::builder()
            .method(verb)
            .uri(raw["uri"].as_str().unwrap())
            .version(self.version);
        for (name, value) in pairs(&raw["headers"]) {
            sent = sent.header(name, value);
        }
        sent.body(body).unwrap()
    }

    pub(super) fn said(&self, served: &Served, response: Response<Vec<u8>>) -> Said {
        let (head, body) = response.into_parts();
        let mut said = Said {
            http: head.status.as_u16(),
            headers: head.headers,
            ..Said::default()
        };
        let output = served.method(self.method()).output();
        let payload = |bytes: &[u8]| {
            let message: Value = match self.is_json {
                true => serde_json::from_slice(bytes).unwrap(),
                false => {
                    let message = DynamicMessage::decode(output.clone(), bytes).unwrap();
                    serde_json::to_value(&message).unwrap()
                }
            };
            message["payload"].clone()
        };
        let kind = said.headers["content-type"].to_str().unwrap().to_owned();
        if kind.starts_with("application/connect+") {
            let mut messages = envelopes(&body);
            let (flags, end) = messages.pop().unwrap();
            assert_eq!(flags, 2, "the last message ends the stream");
            let end: Value = serde_json::from_slice(&end).unwrap();
            said.error = end.get("error").cloned();
            for (name, values) in end["metadata"].as_object().into_iter().flatten() {
                for value in values.as_array().unwrap() {
                    said.trailers
                        .push((name.clone(), value.as_str().unwrap().to_owned()));
                }
            }
            for (flags, bytes) in messages {
                let bytes = if flags == 1 { unpack(&bytes) } else { bytes };
                said.payloads.push(payload(&bytes));
            }
            return said;
        }
        for (name, value) in &said.headers {
            if let Some(name) = name.as_str().strip_prefix("trailer-") {
                said.trailers
                    .push((name.to_owned(), value.to_str().unwrap().to_owned()));
            }
        }
        let is_packed = said
            .headers
            .get("content-encoding")
            .is_some_and(|value| value == "gzip");
        let body = if is_packed { unpack(&body) } else { body };
        if said.http == 200 {
            assert_eq!(
                kind,
                if self.is_json {
                    "application/json"
                } else {
                    "application/proto"
                }
            );
            said.payloads.push(payload(&body));
        } else {
            assert_eq!(kind, "application/json");
            said.error = Some(serde_json::from_slice(&body).unwrap());
        }
        said
    }

    /// Compares what was said with what the suite expects: by its words, or by what the request asked for.
    pub(super) fn check(&self, served: &Served, said: &Said) {
        let name = self.name();
        let request = &self.case["request"];
        let definition = &request["requestMessages"][0]["responseDefinition"];
        let expected = &self.case["expectedResponse"];
        if let Some(http) = expected["httpStatusCode"].as_u64() {
            assert_eq!(u64::from(said.http), http, "{name}");
        }
        let is_overridden = !expected.is_null();
        let error = if is_overridden {
            &expected["error"]
        } else {
            &definition["error"]
        };
        if error.is_null() {
            assert!(said.error.is_none(), "{name}: {:?}", said.error);
        } else {
            let found = said.error.as_ref().unwrap_or_else(|| panic!("{name}: {said:?}"));
            let plain = request["testName"].as_str().unwrap();
            let other = OTHER_CODES.iter().find(|(other, _)| *other == plain);
            let wanted = other.map_or_else(|| code(error["code"].as_str().unwrap()), |(_, code)| *code);
            let found_code = code(&found["code"].as_str().unwrap().to_uppercase());
            assert_eq!(found_code, wanted, "{name}: {found}");
            if let Some(message) = error["message"].as_str() {
                assert_eq!(found["message"], message, "{name}");
            }
            if said.http != 200 && expected["httpStatusCode"].is_null() {
                assert_eq!(said.http, http_status(wanted), "{name}");
            }
        }
        if is_overridden {
            return;
        }
        let has = |all: Vec<(String, String)>, wanted: &Value, what: &str| {
            for (name, value) in pairs(wanted) {
                let value = value.to_str().unwrap();
                let found = all.iter().any(|(n, v)| n == name.as_str() && v == value);
                assert!(found, "{}: {what} {name}: {value} is not in {all:?}", self.name());
            }
        };
        let listed = |(name, value): (&HeaderName, &http::HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
        };
        has(
            said.headers.iter().map(listed).collect(),
            &definition["responseHeaders"],
            "header",
        );
        has(said.trailers.clone(), &definition["responseTrailers"], "trailer");
        let data: Vec<Value> = match &definition["responseData"] {
            Value::Array(list) => list.clone(),
            Value::Null
                if said.error.is_some()
                    || self.method().ends_with("Stream") && self.method() != "ClientStream" =>
            {
                vec![]
            }
            one => vec![one.clone()],
        };
        let found: Vec<Value> = said
            .payloads
            .iter()
            .map(|payload| payload["data"].clone())
            .collect();
        assert_eq!(found, data, "{name}");
        let info = match &said.error {
            Some(error) if data.is_empty() => {
                let details = error["details"].as_array().unwrap();
                let last = details.last().unwrap();
                let kind = "connectrpc.conformance.v1.ConformancePayload.RequestInfo";
                assert_eq!(last["type"], kind, "{name}");
                let descriptor = served.pool.get_message_by_name(kind).unwrap();
                let value = STANDARD_NO_PAD.decode(last["value"].as_str().unwrap()).unwrap();
                let decoded = DynamicMessage::decode(descriptor, value.as_slice()).unwrap();
                let decoded = serde_json::to_value(&decoded).unwrap();
                assert_eq!(last["debug"], decoded, "{name}");
                decoded
            }
            _ => match said.payloads.first() {
                Some(first) => first["requestInfo"].clone(),
                None => return,
            },
        };
        let input = served.method(self.method()).input();
        let sent: Vec<Value> = self
            .messages(served)
            .iter()
            .map(|one| {
                let mut json = serde_json::to_value(one).unwrap();
                json["@type"] = format!("type.googleapis.com/{}", input.full_name()).into();
                json
            })
            .collect();
        assert_eq!(info["requests"], json!(sent), "{name}");
        let heard = pairs(&info["requestHeaders"]);
        let heard = heard.iter().map(|(name, value)| listed((name, value))).collect();
        has(heard, &request["requestHeaders"], "metadata");
        if let Some(ms) = request["timeoutMs"].as_u64() {
            assert_eq!(info["timeoutMs"], ms.to_string(), "{name}");
        }
    }
}

/// The status of HTTP of a code, by the table of the specification.
pub(super) fn http_status(code: Code) -> u16 {
    match code {
        Code::Ok => 200,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::ResourceExhausted => 429,
        Code::Cancelled => 499,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
    }
}

pub(super) fn forms() -> Vec<Form> {
    let suites: Value = serde_json::from_str(include_str!("../../data/connect/cases.json")).unwrap();
    let mut forms = Vec::new();
    for suite in suites.as_array().unwrap() {
        let relevant = |list: &str, value: &str| {
            let listed = suite[list].as_array();
            listed.is_none_or(|listed| listed.iter().any(|one| one == value))
        };
        for case in suite["testCases"].as_array().unwrap() {
            for version in [Version::HTTP_11, Version::HTTP_2] {
                for (is_json, codec) in [(true, "CODEC_JSON"), (false, "CODEC_PROTO")] {
                    for (packed, compression) in [(false, "COMPRESSION_IDENTITY"), (true, "COMPRESSION_GZIP")]
                    {
                        let form = Form {
                            case: case.clone(),
                            version,
                            is_json,
                            packed,
                        };
                        // A stream in both directions needs HTTP/2.
                        let can = version == Version::HTTP_2 || form.method() != "BidiStream";
                        if can
                            && relevant("relevantCodecs", codec)
                            && relevant("relevantCompressions", compression)
                        {
                            forms.push(form);
                        }
                    }
                }
            }
        }
    }
    forms
}
