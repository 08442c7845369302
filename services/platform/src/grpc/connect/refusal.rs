//! Refusals, in the form of the call where there is one, and the bodies of responses.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use serde_json::{Map, Value};
use tonic::{Status, body::Body};

use super::{
    Connect,
    call::Call,
    envelope::{self, END},
    error,
    gzip::GZIP,
};

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
pub(super) fn kept(data: Bytes, of: Option<Body>) -> Body {
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
        let end = end(call, Some(status), &HeaderMap::new());
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

/// The response of a stream, with this body.
pub(super) fn stream_of(call: &Call, mut headers: HeaderMap, body: Body) -> Response<Body> {
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

/// The last message of a stream: the error, unless it is `None`, and the metadata behind the messages.
pub(super) fn end(call: &Call, failed: Option<&Status>, trailers: &HeaderMap) -> Bytes {
    let mut end = Map::new();
    if let Some(failed) = failed {
        end.insert(
            "error".to_owned(),
            error::object(failed, &call.shared.methods.pool),
        );
    }
    let mut metadata = Map::new();
    for name in trailers.keys().filter(|name| !name.as_str().starts_with("grpc-")) {
        let values = trailers.get_all(name).iter();
        let values: Vec<Value> = values
            .filter_map(|value| value.to_str().ok())
            .map(Value::from)
            .collect();
        metadata.insert(name.as_str().to_owned(), values.into());
    }
    if !metadata.is_empty() {
        end.insert("metadata".to_owned(), metadata.into());
    }
    let text = Value::from(end).to_string();
    envelope::put(END, text.as_bytes()).unwrap_or_default()
}
