//! Responses: the gRPC response of a call as one of Connect, and refusals.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, response::Parts};
use http_body::{Body as _, Frame, SizeHint};
use tonic::{Code, Status, body::Body};

use super::{
    Connect, envelope, error,
    gzip::{self, GZIP},
    head::{Call, Codec},
    json, stream,
};
use crate::grpc::status::{enrich, status};

/// A body that is complete, and keeps what belongs to it until it was sent.
struct Whole {
    data: Option<Bytes>,
    _kept: Option<Body>,
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.data.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}

/// A body of these bytes.
pub(super) fn whole(data: Bytes) -> Body {
    kept(data, None)
}

/// A body of these bytes that keeps the one they were made of, and with it the place of its call.
fn kept(data: Bytes, of: Option<Body>) -> Body {
    let data = Some(data).filter(|data| !data.is_empty());
    Body::new(Whole { data, _kept: of })
}

/// The refusal of a request that is no call, as an error in JSON.
pub(super) fn refusal(connect: &Connect, http: StatusCode, status: &Status) -> Response<Body> {
    let text = error::object(status, &connect.methods.pool).to_string();
    let mut response = Response::new(whole(text.into()));
    *response.status_mut() = http;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The refusal of a call, in its form.
pub(super) fn refused(call: &Call, status: &Status) -> Response<Body> {
    if call.enveloped {
        let end = stream::end(call, Some(status), &HeaderMap::new());
        return stream_of(call, HeaderMap::new(), whole(end));
    }
    let http = error::code(status.code()).1;
    let mut response = refusal(&call.shared, http, status);
    if http == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

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

fn stream_of(call: &Call, mut headers: HeaderMap, body: Body) -> Response<Body> {
    let kind = HeaderValue::from_static(call.codec.media_type(true));
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if call.accepts_packed {
        let name = HeaderName::from_static("connect-content-encoding");
        headers.insert(name, HeaderValue::from_static(GZIP));
    }
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

fn streamed(call: Call, parts: Parts, body: Body) -> Response<Body> {
    let mut headers = HeaderMap::new();
    match Status::from_header_map(&parts.headers) {
        Some(status) => {
            let status = Some(status).filter(|status| status.code() != Code::Ok);
            let mut trailers = HeaderMap::new();
            copy(&parts.headers, "", &mut trailers);
            let end = stream::end(&call, status.as_ref(), &trailers);
            stream_of(&call, headers, kept(end, Some(body)))
        }
        None => {
            copy(&parts.headers, "", &mut headers);
            let body = stream::messages(body, call.clone());
            stream_of(&call, headers, body)
        }
    }
}

/// Copies the metadata of headers, which is all that is not of the protocol, with `prefix` before each name.
pub(super) fn copy(from: &HeaderMap, prefix: &str, to: &mut HeaderMap) {
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
