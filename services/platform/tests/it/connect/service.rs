//! The service of the conformance suite: it answers as its request says. It is written on frames of gRPC, since services
//! that are generated can't send metadata behind their only message.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{FutureExt, future::BoxFuture};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body as _, Frame};
use prost::{Message, bytes::Bytes};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::{Value, json};
use tokio::time::Sleep;
use tonic::{Code, Status, body::Body, server::NamedService};

pub(super) const NAME: &str = "connectrpc.conformance.v1.ConformanceService";
const TYPES: &str = "type.googleapis.com/connectrpc.conformance.v1.";

#[derive(Clone)]
pub(super) struct Conformance(pub DescriptorPool);

impl NamedService for Conformance {
    const NAME: &'static str = NAME;
}

/// Reads the JSON of a message.
pub(super) fn message(of: &MessageDescriptor, json: &Value) -> DynamicMessage {
    DynamicMessage::deserialize(of.clone(), json).unwrap()
}

/// A code of the suite, such as `CODE_NOT_FOUND`.
pub(super) fn code(name: &str) -> Code {
    const CODES: [&str; 17] = [
        "OK",
        "CANCELED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let name = name.trim_start_matches("CODE_");
    let number = CODES.iter().position(|known| *known == name);
    Code::from(i32::try_from(number.unwrap_or_else(|| panic!("{name}"))).unwrap())
}

/// Lists of headers as the suite writes them.
pub(super) fn pairs(list: &Value) -> Vec<(HeaderName, HeaderValue)> {
    let mut pairs = Vec::new();
    for header in list.as_array().into_iter().flatten() {
        let name = HeaderName::try_from(header["name"].as_str().unwrap().to_lowercase()).unwrap();
        for value in header["value"].as_array().unwrap() {
            pairs.push((
                name.clone(),
                HeaderValue::from_str(value.as_str().unwrap()).unwrap(),
            ));
        }
    }
    pairs
}

/// What the service knows of the call.
fn info(headers: &HeaderMap, requests: &[Value]) -> Value {
    let listed: Vec<Value> = headers
        .keys()
        .map(|name| {
            let values: Vec<&str> = headers
                .get_all(name)
                .iter()
                .map(|value| value.to_str().unwrap())
                .collect();
            json!({ "name": name.as_str(), "value": values })
        })
        .collect();
    let timeout = headers.get("grpc-timeout").map(|value| value.to_str().unwrap());
    let ms = timeout.map(|text| text.trim_end_matches('m').to_owned());
    let mut info = json!({ "requestHeaders": listed, "requests": requests });
    if let Some(ms) = ms {
        info["timeoutMs"] = ms.into();
    }
    info
}

impl Conformance {
    async fn answer(self, request: http::Request<Body>) -> http::Response<Body> {
        let (head, mut body) = request.into_parts();
        let method = head.uri.path().rsplit('/').next().unwrap().to_owned();
        let service = self.0.get_service_by_name(NAME).unwrap();
        let method = service.methods().find(|one| one.name() == method).unwrap();
        let mut received = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            match frame {
                Ok(frame) => received.extend_from_slice(frame.data_ref().unwrap()),
                Err(status) => return status.into_http(),
            }
        }
        if method.name() == "Unimplemented" {
            return Status::unimplemented("not implemented").into_http();
        }
        let (mut requests, mut rest) = (Vec::new(), received.as_slice());
        while let [0, a, b, c, d, more @ ..] = rest {
            let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap();
            let request = DynamicMessage::decode(method.input(), &more[..length]).unwrap();
            let mut request = serde_json::to_value(&request).unwrap();
            request["@type"] = format!("{TYPES}{}", method.input().name()).into();
            requests.push(request);
            rest = &more[length..];
        }
        assert!(rest.is_empty());
        let definition = requests
            .first()
            .map_or(Value::Null, |first| first["responseDefinition"].clone());
        let info = info(&head.headers, &requests);
        let data: Vec<Value> = match (&definition["responseData"], method.is_server_streaming()) {
            (Value::Array(list), _) => list.clone(),
            (data, false) if definition["error"].is_null() => vec![data.clone()],
            _ => Vec::new(),
        };
        let mut frames = VecDeque::new();
        for (number, data) in data.iter().enumerate() {
            let mut payload = json!({ "data": data });
            if number == 0 {
                payload["requestInfo"] = info.clone();
            }
            let bytes = message(&method.output(), &json!({ "payload": payload })).encode_to_vec();
            let mut frame = vec![0];
            frame.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
            frame.extend(bytes);
            frames.push_back(Frame::data(Bytes::from(frame)));
        }
        let status = self.status(&definition["error"], data.is_empty().then_some(&info));
        let mut trailers: HeaderMap = pairs(&definition["responseTrailers"]).into_iter().fold(
            HeaderMap::new(),
            |mut all, (name, value)| {
                all.append(name, value);
                all
            },
        );
        status.add_header(&mut trailers).unwrap();
        frames.push_back(Frame::trailers(trailers));
        let delay = definition["responseDelayMs"].as_u64().map(Duration::from_millis);
        let mut delay = delay.map(|delay| Box::pin(tokio::time::sleep(delay)));
        if !method.is_server_streaming()
            && let Some(delay) = delay.take()
        {
            delay.await;
        }
        let body = Body::new(Delayed { delay, frames });
        let mut response = http::Response::new(body);
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        for (name, value) in pairs(&definition["responseHeaders"]) {
            headers.append(name, value);
        }
        response
    }

    fn status(&self, error: &Value, info: Option<&Value>) -> Status {
        if error.is_null() {
            return Status::new(Code::Ok, "");
        }
        let any = self.0.get_message_by_name("google.protobuf.Any").unwrap();
        let details = error["details"].as_array().into_iter().flatten().cloned();
        let info = info.map(|info| {
            let mut info = info.clone();
            info["@type"] = format!("{TYPES}ConformancePayload.RequestInfo").into();
            info
        });
        let details = details.chain(info).map(|detail| {
            let bytes = message(&any, &detail).encode_to_vec();
            prost_types::Any::decode(bytes.as_slice()).unwrap()
        });
        let code = code(error["code"].as_str().unwrap());
        let text = error["message"].as_str().unwrap_or_default().to_owned();
        let status = tonic_types::pb::Status {
            code: i32::from(code),
            message: text.clone(),
            details: details.collect(),
        };
        Status::with_details(code, text, status.encode_to_vec().into())
    }
}

impl tower::Service<http::Request<Body>> for Conformance {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.clone().answer(request).map(Ok).boxed()
    }
}

/// Frames that are sent after a delay.
struct Delayed {
    delay: Option<Pin<Box<Sleep>>>,
    frames: VecDeque<Frame<Bytes>>,
}

impl http_body::Body for Delayed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(delay) = &mut self.delay {
            std::task::ready!(delay.as_mut().poll(cx));
            self.delay = None;
        }
        Poll::Ready(self.frames.pop_front().map(Ok))
    }
}

/// The bytes of a message in Base64, as the suite writes them.
pub(super) fn bytes(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap()).unwrap()
}
