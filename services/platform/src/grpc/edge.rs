//! The edge: what every call passes before its service. Panic, trace, shedding, caller, one line in the log.

use std::{
    collections::HashSet,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use opentelemetry::KeyValue;
use prost::Message;
use tokio::{sync::Semaphore, time::Instant};
use tonic::{Status, body::Body};
use tower::{Layer, Service};
use tracing::Instrument;

use super::{
    body::Patient,
    status::{enrich, status},
};
use crate::{
    caller::Caller,
    failure::{Failure, Kind},
    telemetry,
    token::Verifier,
    trace,
};

struct Shared {
    verifier: Verifier,
    public: HashSet<String>,
    methods: HashSet<String>,
    slots: Arc<Semaphore>,
}

const HEALTH: &str = "/grpc.health.v1.Health/";
const REFLECTION: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

/// Makes the edge; a tower layer.
#[derive(Clone)]
pub struct Edge {
    shared: Arc<Shared>,
}

impl Edge {
    /// `public` names the methods (`/package.Service/Method`) or services (`/package.Service/`) that need no token,
    /// `descriptors` holds every method there is.
    pub fn new(
        verifier: Verifier,
        public: impl IntoIterator<Item = String>,
        descriptors: &[u8],
        concurrent: usize,
    ) -> Self {
        let mut public: HashSet<String> = public.into_iter().collect();
        public.extend([HEALTH].into_iter().chain(REFLECTION).map(str::to_owned));
        let slots = Arc::new(Semaphore::new(concurrent));
        Self {
            shared: Arc::new(Shared {
                verifier,
                public,
                methods: methods(descriptors),
                slots,
            }),
        }
    }
}

/// `package.Service/Method` of every method; none when the descriptors can't be read.
fn methods(descriptors: &[u8]) -> HashSet<String> {
    let Ok(set) = prost_types::FileDescriptorSet::decode(descriptors) else {
        return HashSet::new();
    };
    let mut methods = HashSet::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                methods.insert(format!("{}.{}/{}", file.package(), service.name(), method.name()));
            }
        }
    }
    methods
}

impl Shared {
    fn is_public(&self, path: &str) -> bool {
        self.public.contains(path)
            || path
                .rfind('/')
                .is_some_and(|end| path.get(..=end).is_some_and(|s| self.public.contains(s)))
    }

    /// The caller. A token that is sent must hold, on public methods too.
    fn caller(&self, request: &Request<Body>) -> Result<Caller, Failure> {
        let Some(value) = request.headers().get(http::header::AUTHORIZATION) else {
            let caller = Caller::anonymous();
            if !self.is_public(request.uri().path()) {
                caller.known()?;
            }
            return Ok(caller);
        };
        let refused = |why: &str| {
            Failure::new(
                Kind::Unauthenticated,
                "TOKEN_INVALID",
                format!("the token does not hold: {why}"),
                "Token akses tidak sah",
            )
        };
        let text = value.to_str().map_err(|_| refused("not text"))?;
        let token = text
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| refused("not a bearer token"))?;
        self.verifier
            .verify(token)
            .map_err(|error| refused(&error.to_string()))
    }
}

impl<S> Layer<S> for Edge {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        EdgeService {
            inner,
            shared: self.shared.clone(),
        }
    }
}

/// A service behind the edge.
#[derive(Clone)]
pub struct EdgeService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Service<Request<Body>> for EdgeService<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let shared = self.shared.clone();
        let method: String = request
            .uri()
            .path()
            .trim_start_matches('/')
            .chars()
            .take(200)
            .collect();
        // tonic keeps the deadline as well, but its answer can't be given any details; so this one comes first.
        let due = timeout(request.headers()).map(|after| {
            let early = after.checked_sub(TICK);
            early.and_then(|early| Instant::now().checked_add(early))
        });
        let parent = request
            .headers()
            .get("traceparent")
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned);
        let span = tracing::info_span!(
            "call", otel.name = %method, otel.kind = "server", rpc.system = "grpc", rpc.method = %method,
            rpc.response.status_code = tracing::field::Empty
        );
        trace::set_parent(&span, parent.as_deref());
        let record = span.clone();
        let work = async move {
            let mut line = Line::new(method, record);
            line.known = shared.methods.contains(&line.method);
            let admitted = shared.caller(&request).and_then(|caller| {
                // Health answers under any load, else the load would have the process killed.
                let free = request.uri().path().starts_with(HEALTH);
                let slot = if free {
                    None
                } else {
                    Some(shared.slots.clone().try_acquire_owned())
                };
                Ok((caller, slot.transpose().map_err(|_| overloaded())?))
            });
            let result = match admitted {
                Err(failure) => Ok(status(failure).into_http()),
                Ok((caller, slot)) => {
                    caller.subject().clone_into(&mut line.who);
                    request.extensions_mut().insert(caller);
                    let answer = AssertUnwindSafe(inner.call(request.map(Patient::wrap))).catch_unwind();
                    let answer = tokio::select! {
                        biased;
                        answer = answer => answer
                            .unwrap_or_else(|_| Ok(status(Failure::internal("panicked")).into_http())),
                        () = passed(due) => {
                            Ok(Status::deadline_exceeded("the caller's deadline has passed").into_http())
                        }
                    };
                    drop(slot);
                    answer
                }
            };
            result.map(|response| line.finish(response))
        };
        work.instrument(span).boxed()
    }
}

/// Resolution of timers.
const TICK: Duration = Duration::from_millis(1);

/// What the caller gives the call, by `grpc-timeout`; a malformed value is none, as in tonic.
fn timeout(headers: &http::HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// Waits for the deadline, if there is one; the inner `None` is too near to wait for.
async fn passed(due: Option<Option<Instant>>) {
    match due {
        None => std::future::pending().await,
        Some(None) => {}
        Some(Some(due)) => tokio::time::sleep_until(due).await,
    }
}

fn overloaded() -> Failure {
    Failure::new(
        Kind::Exhausted,
        "OVERLOADED",
        "too many calls at work; try later",
        "Layanan sedang sibuk; coba lagi sebentar lagi",
    )
}

/// The one line in the log that a call leaves, also when the caller gives up and the call is dropped.
struct Line {
    method: String,
    who: String,
    started: Instant,
    span: tracing::Span,
    code: tonic::Code,
    known: bool,
}

impl Line {
    /// A call that has begun; until it is finished it counts as cancelled.
    fn new(method: String, span: tracing::Span) -> Self {
        Self {
            method,
            who: String::new(),
            started: Instant::now(),
            span,
            code: tonic::Code::Cancelled,
            known: false,
        }
    }

    /// Notes how the call ended, and gives a bare failure its details.
    fn finish(mut self, response: Response<Body>) -> Response<Body> {
        // Present in the header only when the call failed before its first message.
        let early = Status::from_header_map(response.headers());
        let response = match &early {
            Some(bare) if bare.code() != tonic::Code::Ok && bare.details().is_empty() => {
                enrich(bare).into_http()
            }
            _ => response,
        };
        self.code = Status::from_header_map(response.headers()).map_or(tonic::Code::Ok, |s| s.code());
        response
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let (code, elapsed) = (self.code, self.started.elapsed());
        self.span
            .record("rpc.response.status_code", i64::from(code as i32));
        // A caller may invent methods; a metric must not grow with them.
        let method = if self.known {
            self.method.clone()
        } else {
            "_OTHER".to_owned()
        };
        let attributes = [
            KeyValue::new("rpc.method", method),
            KeyValue::new("rpc.response.status_code", i64::from(code as i32)),
        ];
        telemetry::meters()
            .calls
            .record(elapsed.as_secs_f64(), &attributes);
        let ms = (elapsed.as_secs_f64() * 1e5).round() / 100.0;
        tracing::info!(method = %self.method, code = ?code, ms, caller = %self.who, "call");
    }
}
