//! The second door: the [Connect protocol](https://connectrpc.com/docs/protocol) for every method, in JSON or protobuf,
//! over HTTP/1.1 and HTTP/2, on the port of gRPC.
//!
//! A call becomes a gRPC call in the same process. The [`Door`] is outside of the edge: it reads the head of a request, and
//! turns the gRPC response into one of Connect. The [`Frames`] are inside of it: they turn the body of the request into
//! gRPC messages while the edge counts its bytes and its time. So the rights, limits, deadlines, logs and traces of a
//! call are those of gRPC, and no method is written twice.

mod answer;
mod body;
mod call;
mod document;
mod envelope;
mod error;
mod faults;
mod gzip;
mod head;
mod json;
mod method;
mod refusal;
mod stream;

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Either},
};
use http::{Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};

pub(super) use call::Call;
pub use document::Document;
pub use method::by_get;

use document::Documents;
use head::Opening;
use method::Methods;

/// The protocol of one server.
pub(super) struct Connect {
    methods: Methods,
    documents: Documents,
    /// Longest message accepted, bytes.
    limit: usize,
}

impl Connect {
    /// Speaks for the methods in `descriptors` and for those of health; `documents` are answered besides, `limit` is
    /// the longest message, bytes.
    pub(super) fn new(descriptors: &[u8], documents: Vec<Document>, limit: usize) -> Arc<Self> {
        Arc::new(Self {
            methods: Methods::new(descriptors),
            documents: Documents::new(documents),
            limit,
        })
    }
}

/// The layer outside of the edge.
#[derive(Clone)]
pub(super) struct Door(pub Arc<Connect>);

/// The layer inside of the edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frames;

impl<S> Layer<S> for Door {
    type Service = DoorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DoorService {
            inner,
            connect: self.0.clone(),
        }
    }
}

impl<S> Layer<S> for Frames {
    type Service = FramesService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        FramesService(inner)
    }
}

/// A service behind the door.
#[derive(Clone)]
pub(super) struct DoorService<S> {
    inner: S,
    connect: Arc<Connect>,
}

impl<S> Service<Request<Body>> for DoorService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Self::Response, Self::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match head::open(&self.connect, request) {
            Opening::Grpc(request) => Either::Left(self.inner.call(request)),
            Opening::Answer(response) => Either::Right(std::future::ready(Ok(response)).boxed()),
            Opening::Call(call, request) => {
                let answer = self.inner.call(request);
                Either::Right(async move { Ok(answer::of(call, answer.await?).await) }.boxed())
            }
        }
    }
}

/// A service that gets gRPC messages whatever the protocol of the call.
#[derive(Debug, Clone)]
pub(super) struct FramesService<S>(S);

impl<S> Service<Request<Body>> for FramesService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match request.extensions_mut().remove::<Call>() {
            Some(call) => self.0.call(request.map(|body| body::frames(body, call))),
            None => self.0.call(request),
        }
    }
}
