//! The gRPC response of a call as one of Connect.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, header, response::Parts};
use http_body::Body as _;
use tonic::{Code, Status, body::Body};

use super::{
    call::{Call, Codec},
    envelope,
    gzip::{self, GZIP},
    json,
    refusal::{end, kept, refused, stream_of},
    stream,
};
use crate::grpc::status::{enrich, status};

/// The response of Connect for that of gRPC.
pub(super) async fn of(call: Call, response: Response<Body>) -> Response<Body> {
    let (parts, body) = response.into_parts();
    if call.enveloped {
        return streamed(call, parts, body);
    }
    match message(&call, &parts, body).await {
        Ok(mut answered) => {
            copy(&parts.headers, "", answered.headers_mut());
            answered
        }
        Err(failed) => {
            let mut response = refused(&call, &failed);
            copy(&parts.headers, "", response.headers_mut());
            copy(
                &failed.metadata().clone().into_headers(),
                "trailer-",
                response.headers_mut(),
            );
            response
        }
    }
}

fn streamed(call: Call, parts: Parts, body: Body) -> Response<Body> {
    let mut headers = HeaderMap::new();
    match Status::from_header_map(&parts.headers) {
        Some(status) => {
            let status = Some(status).filter(|status| status.code() != Code::Ok);
            let mut trailers = HeaderMap::new();
            copy(&parts.headers, "", &mut trailers);
            let last = end(&call, status.as_ref(), &trailers);
            stream_of(&call, headers, kept(last, Some(body)))
        }
        None => {
            copy(&parts.headers, "", &mut headers);
            let body = stream::messages(body, call.clone());
            stream_of(&call, headers, body)
        }
    }
}

/// Copies the metadata of headers, which is all that is not of the protocol, with `prefix` before each name.
fn copy(from: &HeaderMap, prefix: &str, to: &mut HeaderMap) {
    for (name, value) in from {
        let text = name.as_str();
        if text.starts_with("grpc-")
            || [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::DATE].contains(name)
        {
            continue;
        }
        if let Ok(name) = HeaderName::try_from(format!("{prefix}{text}")) {
            to.append(name, value.clone());
        }
    }
}

/// The response with the only message of a call.
async fn message(call: &Call, parts: &Parts, mut body: Body) -> Result<Response<Body>, Status> {
    let ok = |status: Option<Status>| {
        status
            .filter(|status| status.code() != Code::Ok)
            .map_or(Ok(()), Err)
    };
    // Such a status has the metadata in the headers.
    ok(Status::from_header_map(&parts.headers)).map_err(|status| {
        Status::with_details(status.code(), status.message(), status.details().to_vec().into())
    })?;
    let (mut received, mut trailers) = (BytesMut::new(), HeaderMap::new());
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame?.into_data() {
            Ok(data) => received.extend_from_slice(&data),
            Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    ok(Status::from_header_map(&trailers))?;
    let taken = envelope::take(&mut received, usize::MAX).ok().flatten();
    let Some((0, message)) = taken else {
        return Err(enrich(&Status::unknown("the response has no message")));
    };
    let message: Bytes = match call.codec {
        Codec::Json => json::of_message(&call.method.output, message)
            .map_err(status)?
            .into(),
        Codec::Proto => message,
    };
    let packed = Some(&message)
        .filter(|_| call.accepts_packed)
        .and_then(|message| gzip::pack(message));
    let is_packed = packed.is_some();
    let mut response = Response::new(kept(packed.map_or(message, Bytes::from), Some(body)));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static(call.codec.media_type(false));
    headers.insert(header::CONTENT_TYPE, kind);
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(GZIP));
    }
    // What was read by GET may be kept by caches, which ask again each time; who may read it depends on the token.
    let cache = match call.by_get {
        true => "private, no-cache",
        false => "no-store",
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if call.by_get {
        headers.insert(
            header::VARY,
            HeaderValue::from_static("authorization, accept-encoding"),
        );
    }
    copy(&trailers, "trailer-", headers);
    Ok(response)
}
