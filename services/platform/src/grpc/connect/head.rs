//! The head of a request: which call it begins, and in which form its messages are.

use std::{borrow::Cow, sync::Arc, time::Duration};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, Request, Response, Uri, Version, header};
use percent_encoding::percent_decode_str;
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};

use super::{
    Connect,
    call::{Call, Codec, Shared},
    document::Document,
    gzip::GZIP,
    method::Method,
    refusal::{refusal, refused, whole},
};
use crate::grpc::status::{detailed, enrich};

const VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
const STREAM_ENCODING: HeaderName = HeaderName::from_static("connect-content-encoding");
const STREAM_ACCEPTS: HeaderName = HeaderName::from_static("connect-accept-encoding");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// Headers that say something of the connection or of the body as it was sent, which are not passed on.
const DROPPED: [HeaderName; 10] = [
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::ACCEPT_ENCODING,
    VERSION,
    TIMEOUT,
    STREAM_ENCODING,
    STREAM_ACCEPTS,
    GRPC_TIMEOUT,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
];

/// What a request was found to be.
pub(super) enum Opening {
    /// A call of gRPC.
    Grpc(Request<Body>),
    /// What is answered at once.
    Answer(Response<Body>),
    /// A call of Connect, as the one of gRPC that is made of it; its body is still that of Connect.
    Call(Call, Request<Body>),
}

/// Reads the head of a request.
pub(super) fn open(connect: &Arc<Connect>, request: Request<Body>) -> Opening {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.as_bytes().strip_prefix(b"application/grpc"));
    if matches!(kind, Some([] | [b'+' | b';' | b' ', ..])) {
        if request.version() >= Version::HTTP_2 {
            return Opening::Grpc(request);
        }
        // It would be done, and its status would be lost with the trailers.
        let status = detailed(
            Code::Unknown,
            "MALFORMED_REQUEST",
            "gRPC needs HTTP/2",
            "gRPC memerlukan HTTP/2",
        );
        let version = http::StatusCode::HTTP_VERSION_NOT_SUPPORTED;
        return Opening::Answer(refusal(connect, version, &status));
    }
    if let Some(document) = connect.documents.get(request.uri().path()) {
        let answer = document.answer(request.method());
        return Opening::Answer(answer.unwrap_or_else(|| not_allowed(connect, Document::ALLOWED)));
    }
    match read(connect, request) {
        Ok(opening) => opening,
        Err(answer) => Opening::Answer(*answer),
    }
}

/// A refusal of what is no call yet, or of a call whose form is known.
type Refused = Box<Response<Body>>;

fn read(connect: &Arc<Connect>, request: Request<Body>) -> Result<Opening, Refused> {
    let refuse = |http, status: &Status| Box::new(refusal(connect, http, status));
    let (mut parts, body) = request.into_parts();
    let Some(method) = connect.methods.get(parts.uri.path()).cloned() else {
        let status = enrich(&Status::unimplemented(""));
        return Err(refuse(http::StatusCode::NOT_FOUND, &status));
    };
    let by_get = parts.method == Verb::GET;
    if !method.allowed().contains(&parts.method) {
        return Err(Box::new(not_allowed(connect, method.allowed())));
    }
    let query = by_get.then(|| Query::of(&parts.uri));
    let form = match &query {
        Some(query) => Codec::of(&query.encoding).map(|codec| (codec, false)),
        None => parts.headers.get(header::CONTENT_TYPE).and_then(media_type),
    };
    let form = form.filter(|(_, enveloped)| *enveloped != method.is_unary());
    let Some((codec, enveloped)) = form else {
        return Err(Box::new(unknown_form(connect, &method, by_get)));
    };
    if method.requests && method.responses && parts.version < Version::HTTP_2 {
        let status = detailed(
            Code::Unknown,
            "MALFORMED_REQUEST",
            "a stream in both directions needs HTTP/2",
            "Aliran dua arah memerlukan HTTP/2",
        );
        return Err(refuse(http::StatusCode::HTTP_VERSION_NOT_SUPPORTED, &status));
    }
    if parts.headers.contains_key(GRPC_TIMEOUT) {
        // The server of gRPC would answer it, and not in JSON.
        let status = detailed(
            Code::InvalidArgument,
            "MALFORMED_REQUEST",
            "grpc-timeout belongs to gRPC; send connect-timeout-ms",
            "grpc-timeout milik gRPC; kirim connect-timeout-ms",
        );
        return Err(refuse(http::StatusCode::BAD_REQUEST, &status));
    }
    let headers = &parts.headers;
    let sent = match (&query, enveloped) {
        (Some(query), _) => Ok(Some(Cow::Borrowed(query.compression.as_str()))),
        (None, true) => text(headers, &STREAM_ENCODING),
        (None, false) => text(headers, &header::CONTENT_ENCODING),
    };
    let accepted = match enveloped {
        true => text(headers, &STREAM_ACCEPTS),
        false => text(headers, &header::ACCEPT_ENCODING),
    };
    let mut call = Call {
        shared: Shared(connect.clone()),
        method,
        codec,
        enveloped,
        packed: false,
        accepts_packed: false,
        by_get,
        due: None,
    };
    let read = || -> Result<(bool, bool, Option<u64>), Status> {
        let packed = packed(sent?.as_deref())?;
        let accepts_packed = accepted?.map_or(packed, |list| accepts(&list));
        version(headers, query.as_ref())?;
        Ok((packed, accepts_packed, timeout(headers)?))
    };
    let timeout = match read() {
        Ok((packed, accepts_packed, timeout)) => {
            (call.packed, call.accepts_packed) = (packed, accepts_packed);
            timeout
        }
        Err(status) => return Err(Box::new(refused(&call, &status))),
    };
    let body = match query {
        Some(query) => match query.message() {
            Ok(message) => whole(message),
            Err(status) => return Err(Box::new(refused(&call, &status))),
        },
        None => body,
    };
    for name in &DROPPED {
        parts.headers.remove(name);
    }
    let kind = HeaderValue::from_static("application/grpc");
    parts.headers.insert(header::CONTENT_TYPE, kind);
    if let Some(ms) = timeout {
        parts.headers.insert(GRPC_TIMEOUT, grpc_timeout(ms));
        call.due = Instant::now().checked_add(Duration::from_millis(ms));
    }
    parts.method = Verb::POST;
    parts.uri = bare(&parts.uri);
    parts.extensions.insert(call.clone());
    Ok(Opening::Call(call, Request::from_parts(parts, body)))
}

/// An address without its query.
fn bare(uri: &Uri) -> Uri {
    match uri.query() {
        None => uri.clone(),
        Some(_) => uri.path().parse().unwrap_or_default(),
    }
}

/// The codec of a media type, and whether it is that of a stream. Its letters are those of UTF-8.
fn media_type(value: &HeaderValue) -> Option<(Codec, bool)> {
    let text = value.to_str().ok()?.to_ascii_lowercase();
    let (kind, parameters) = text.split_once(';').unwrap_or((&text, ""));
    let utf8 = |parameter: &str| matches!(parameter.trim(), "" | "charset=utf-8" | "charset=\"utf-8\"");
    if !parameters.split(';').all(utf8) {
        return None;
    }
    let kind = kind.trim().strip_prefix("application/")?;
    match kind.strip_prefix("connect+") {
        Some(name) => Some((Codec::of(name)?, true)),
        None => Some((Codec::of(kind)?, false)),
    }
}

/// The text of a header, all of its values; an error when it is not text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<Cow<'a, str>>, Status> {
    let mut all: Option<Cow<'a, str>> = None;
    for value in headers.get_all(name) {
        let value = value
            .to_str()
            .map_err(|_| malformed(&format!("{name} is not text")))?;
        all = Some(match all {
            None => value.into(),
            Some(before) => format!("{before}, {value}").into(),
        });
    }
    Ok(all)
}

/// The refusal of a head that can't be read.
fn malformed(why: &str) -> Status {
    detailed(
        Code::InvalidArgument,
        "MALFORMED_REQUEST",
        why,
        "Permintaan tidak dapat dibaca",
    )
}

/// Whether a message is compressed, by its encoding.
fn packed(encoding: Option<&str>) -> Result<bool, Status> {
    match encoding {
        None | Some("" | "identity") => Ok(false),
        Some(GZIP) => Ok(true),
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            let text = format!("the compression {other:?} is not supported; supported are gzip and identity");
            Err(enrich(&Status::unimplemented(text)))
        }
    }
}

/// Whether gzip is in a list of accepted compressions, and not with a quality of 0.
fn accepts(list: &str) -> bool {
    list.split(',').any(|entry| {
        let (name, quality) = entry.split_once(';').unwrap_or((entry, ""));
        let quality = quality.trim().strip_prefix("q=").map(str::parse);
        name.trim().eq_ignore_ascii_case(GZIP)
            && quality.is_none_or(|q: Result<f32, _>| q.is_ok_and(|q| q > 0.0))
    })
}

fn version(headers: &HeaderMap, query: Option<&Query>) -> Result<(), Status> {
    let sent = text(headers, &VERSION)?;
    if sent.as_deref().is_some_and(|version| version != "1") {
        return Err(malformed("connect-protocol-version must be 1"));
    }
    if query.is_some_and(|query| !matches!(query.version.as_str(), "" | "v1")) {
        return Err(malformed("connect must be v1"));
    }
    Ok(())
}

/// The time-out, milliseconds.
fn timeout(headers: &HeaderMap) -> Result<Option<u64>, Status> {
    let Some(sent) = text(headers, &TIMEOUT)? else {
        return Ok(None);
    };
    let fits = (1..=10).contains(&sent.len()) && sent.bytes().all(|byte| byte.is_ascii_digit());
    let ms = sent.parse().ok().filter(|_| fits);
    ms.map(Some)
        .ok_or_else(|| malformed("connect-timeout-ms must be a number of 1 to 10 digits"))
}

/// A time-out as gRPC writes it, with at most 8 digits.
fn grpc_timeout(ms: u64) -> HeaderValue {
    let text = match ms < 100_000_000 {
        true => format!("{ms}m"),
        false => format!("{}S", ms / 1000),
    };
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("0m"))
}

/// The query of a call by GET.
#[derive(Debug, Default)]
struct Query {
    encoding: String,
    compression: String,
    version: String,
    is_base64: bool,
    message: Option<Vec<u8>>,
}

impl Query {
    /// Reads the query of an address. Parameters may be in any order, and others are ignored.
    fn of(uri: &Uri) -> Self {
        let mut query = Self::default();
        for pair in uri.query().unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = value.replace('+', " ");
            let bytes = Cow::from(percent_decode_str(&value));
            let text = || String::from_utf8_lossy(&bytes).into_owned();
            match name {
                "encoding" => query.encoding = text(),
                "compression" => query.compression = text(),
                "connect" => query.version = text(),
                "base64" => query.is_base64 = text() == "1",
                "message" => query.message = Some(bytes.into_owned()),
                _ => {}
            }
        }
        query
    }

    fn message(self) -> Result<Bytes, Status> {
        /// Padding is optional.
        const BASE64: GeneralPurpose = GeneralPurpose::new(
            &alphabet::URL_SAFE,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        let sent = self
            .message
            .ok_or_else(|| malformed("the query has no message"))?;
        if !self.is_base64 {
            return Ok(sent.into());
        }
        let message = BASE64.decode(sent);
        let message = message.map_err(|error| malformed(&format!("message is not base64: {error}")))?;
        Ok(message.into())
    }
}

/// The refusal of another method of HTTP than those that are allowed.
fn not_allowed(connect: &Connect, allowed: &[Verb]) -> Response<Body> {
    let names: Vec<&str> = allowed.iter().map(Verb::as_str).collect();
    let names = names.join(", ");
    let status = detailed(
        Code::Unknown,
        "MALFORMED_REQUEST",
        &format!("the method of HTTP must be one of {names}"),
        "Metode HTTP tidak sesuai",
    );
    let mut response = refusal(connect, http::StatusCode::METHOD_NOT_ALLOWED, &status);
    if let Ok(names) = HeaderValue::try_from(names) {
        response.headers_mut().insert(header::ALLOW, names);
    }
    response
}

/// The refusal of a body whose media type is not one of those of the method.
fn unknown_form(connect: &Connect, method: &Method, by_get: bool) -> Response<Body> {
    let types = match method.is_unary() {
        true => "application/json, application/proto",
        false => "application/connect+json, application/connect+proto",
    };
    let text = match by_get {
        true => "the parameter encoding must be json or proto".to_owned(),
        false => format!("the content-type must be one of {types}, application/grpc"),
    };
    let status = detailed(
        Code::Unknown,
        "MALFORMED_REQUEST",
        &text,
        "Jenis isi permintaan tidak dikenal",
    );
    let http = http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let mut response = refusal(connect, http, &status);
    let accept = HeaderName::from_static("accept-post");
    response
        .headers_mut()
        .insert(accept, HeaderValue::from_static(types));
    response
}
