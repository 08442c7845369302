//! The edge: a tower layer around all services that catches panics, traces, sheds load, identifies the caller, and logs
//! one line for each call.

use std::{
    collections::HashSet,
    future::ready,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use opentelemetry::KeyValue;
use tokio::time::Instant;
use tonic::{Status, body::Body};
use tower::{Layer, Service};
use tracing::Instrument;

use super::{
    body::{Placed, Received},
    connect,
    limits::{self, Call, HEALTH, Limits, REFLECTION, Room},
    origin::Network,
    shares::Origin,
    shed::Shed,
    status::{enrich, status},
    watching,
};
use crate::{
    caller::Caller,
    config,
    failure::{Failure, Kind},
    telemetry,
    token::{Claimed, Verifier},
    trace,
};

/// A call that was refused because its token is not valid.
#[derive(Debug)]
pub struct InvalidToken {
    /// The method, `package.Service/Method`.
    pub method: Arc<str>,
    /// The network of the caller, when it is known.
    pub network: Option<Network>,
    /// What the token says of itself, which nothing has verified.
    pub claimed: Claimed,
    /// Why it is not valid; nothing of the token.
    pub fault: String,
}

/// What is done about a call with a token that is not valid, before it is answered.
type OnInvalidToken = Box<dyn Fn(InvalidToken) -> BoxFuture<'static, ()> + Send + Sync>;

struct Shared {
    verifier: Verifier,
    public: HashSet<String>,
    limits: Limits,
    shed: Shed,
    on_invalid_token: Option<OnInvalidToken>,
}

/// The reason of a refusal of a token.
const TOKEN_INVALID: &str = "TOKEN_INVALID";

/// The tower layer.
#[derive(Clone)]
pub struct Edge {
    shared: Arc<Shared>,
}

impl Edge {
    /// `public` names the methods (`/package.Service/Method`) or services (`/package.Service/`) that need no token,
    /// `descriptors` describes all methods, `config` contains the limits.
    pub fn new(
        verifier: Verifier,
        public: impl IntoIterator<Item = String>,
        descriptors: &[u8],
        config: &config::Grpc,
    ) -> Self {
        let mut public: HashSet<String> = public.into_iter().collect();
        public.extend([HEALTH].into_iter().chain(REFLECTION).map(str::to_owned));
        Self {
            shared: Arc::new(Shared {
                verifier,
                public,
                limits: Limits::new(descriptors, config),
                shed: Shed::default(),
                on_invalid_token: None,
            }),
        }
    }

    /// Has `act` done about each call with a token that is not valid, before it is answered. It must be called before the
    /// edge is cloned.
    #[must_use]
    pub fn on_invalid_token<F>(mut self, act: impl Fn(InvalidToken) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.on_invalid_token = Some(Box::new(move |call| act(call).boxed()));
        }
        self
    }
}

impl Shared {
    fn is_public(&self, path: &str) -> bool {
        self.public.contains(path)
            || path
                .rfind('/')
                .is_some_and(|end| path.get(..=end).is_some_and(|s| self.public.contains(s)))
    }

    /// The caller. A token that is sent must be valid, for public methods as well.
    fn caller(&self, request: &Request<Body>, origin: &Origin) -> Result<Caller, Failure> {
        let Some(value) = request.headers().get(http::header::AUTHORIZATION) else {
            self.limits.arrive(request, origin)?;
            let caller = Caller::anonymous();
            if !self.is_public(request.uri().path()) {
                caller.require_token()?;
            }
            return Ok(caller);
        };
        let token = bearer_of(value);
        if let Some(caller) = token.and_then(|token| self.verifier.cached(token)) {
            return Ok(caller);
        }
        // Before its signature is verified a call is limited by its address, because verifying costs more than the rest
        // of a call.
        self.limits.arrive(request, origin)?;
        let token = token.ok_or_else(|| not_valid("not a bearer token"))?;
        self.verifier
            .verify(token)
            .map_err(|error| not_valid(&error.to_string()))
    }

    /// The called method; one that does not exist by the name that the caller has sent, cut to 200 characters.
    fn method(&self, path: &str) -> Method {
        let name = path.trim_start_matches('/');
        match self.limits.method(name) {
            Some(name) => Method { name, exists: true },
            None => Method {
                name: name.chars().take(200).collect::<String>().into(),
                exists: false,
            },
        }
    }

    /// The caller, the call, and the places that it has taken.
    fn admit(&self, request: &Request<Body>) -> Result<(Caller, Call, Room), Failure> {
        let mut origin = self.limits.origin(request);
        let caller = self.caller(request, &origin)?;
        let room = self.limits.room(request, &caller, &mut origin)?;
        let token = request.headers().get(http::header::AUTHORIZATION);
        let token = token
            .and_then(bearer_of)
            .filter(|_| room.watch || room.terms.streamed);
        let standing = token.map(|token| self.verifier.standing(token)).transpose();
        let standing = standing.map_err(|error| not_valid(&error.to_string()))?;
        Ok((caller, Call { origin, standing }, room))
    }

    /// What is done about a call that was refused, if it was because of its token.
    fn about_token(
        &self,
        request: &Request<Body>,
        method: &Method,
        refusal: &Failure,
    ) -> Option<BoxFuture<'static, ()>> {
        let act = self.on_invalid_token.as_ref()?;
        if refusal.reason != TOKEN_INVALID || !method.exists {
            return None;
        }
        let token = request.headers().get(http::header::AUTHORIZATION);
        Some(act(InvalidToken {
            method: Arc::clone(&method.name),
            network: self.limits.origin(request).peer.map(Network::of),
            claimed: token
                .and_then(bearer_of)
                .map(|token| self.verifier.claimed(token))
                .unwrap_or_default(),
            fault: refusal.message.clone(),
        }))
    }
}

/// The refusal of a call with a token that is not valid.
fn not_valid(why: &str) -> Failure {
    Failure::new(
        Kind::Unauthenticated,
        TOKEN_INVALID,
        format!("the token is not valid: {why}"),
        "Token akses tidak sah",
    )
}

/// The token in the value of an `authorization` header.
fn bearer_of(value: &http::HeaderValue) -> Option<&str> {
    value.to_str().ok().and_then(bearer)
}

/// A called method. The name of one that exists is shared, so that no call copies it.
#[derive(Debug, Clone)]
struct Method {
    name: Arc<str>,
    exists: bool,
}

impl Method {
    /// Records a call that has ended in the metrics.
    fn measure(&self, code: tonic::Code, elapsed: Duration) {
        // Callers may send any method name, which must not become values of the metric's attribute.
        let name = match self.exists {
            true => opentelemetry::Value::from(Arc::clone(&self.name)),
            false => "_OTHER".into(),
        };
        let attributes = [
            KeyValue::new("rpc.method", name),
            KeyValue::new("rpc.response.status_code", i64::from(code as i32)),
        ];
        telemetry::meters()
            .calls
            .record(elapsed.as_secs_f64(), &attributes);
    }
}

/// The token in an `authorization` header with the scheme `Bearer`.
fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
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
        let shared = &self.shared;
        let method = shared.method(request.uri().path());
        let started = Instant::now();
        let admitted = shared.admit(&request);
        // A call that is shed costs as little as possible: it has no span and no log line of its own.
        if let Err(failure) = &admitted
            && failure.kind == Kind::Exhausted
        {
            shared.shed.note(&method.name, failure);
            method.measure(tonic::Code::ResourceExhausted, started.elapsed());
            return ready(Ok(status(failure.clone()).into_http())).boxed();
        }
        let refused = admitted.as_ref().err();
        let about_token = refused.and_then(|refusal| shared.about_token(&request, &method, refusal));
        // tonic enforces the deadline as well, but with a status without details; so this one ends the call just
        // before.
        let due = timeout(request.headers()).map(|after| {
            let early = after.checked_sub(TICK);
            early.and_then(|early| Instant::now().checked_add(early))
        });
        let system = match request.extensions().get::<connect::Call>() {
            Some(_) => "connectrpc",
            None => "grpc",
        };
        let span = tracing::info_span!(
            "call", otel.name = %method.name, otel.kind = "server", rpc.system.name = system,
            rpc.method = %method.name, rpc.response.status_code = tracing::field::Empty
        );
        let parent = request.headers().get("traceparent");
        trace::set_parent(&span, parent.and_then(|parent| parent.to_str().ok()));
        let record = span.clone();
        let work = async move {
            let mut line = Line::new(method, system, record, started);
            let result = match admitted {
                Err(failure) => {
                    if let Some(about_token) = about_token {
                        about_token.await;
                    }
                    Ok(status(failure).into_http())
                }
                Ok((caller, call, room)) => {
                    if line.is_logged {
                        caller.subject().clone_into(&mut line.who);
                    }
                    request.extensions_mut().insert(caller);
                    if let Some(peer) = call.origin.peer {
                        request.extensions_mut().insert(Network::of(peer));
                    }
                    let Room { place, watch, terms } = room;
                    // A watch ends by itself: see `watching`.
                    let sends = call.standing.clone().filter(|_| !watch);
                    let lapsed = async {
                        match sends {
                            Some(standing) => standing.lapsed().await,
                            None => std::future::pending().await,
                        }
                    };
                    let request = request.map(|body| Received::wrap(body, terms));
                    let answer = AssertUnwindSafe(limits::within(call, inner.call(request))).catch_unwind();
                    let answer = tokio::select! {
                        biased;
                        answer = answer => answer
                            .unwrap_or_else(|_| Ok(status(Failure::internal("panicked")).into_http())),
                        () = lapsed => Ok(status(watching::lapsed()).into_http()),
                        () = passed(due) => {
                            Ok(Status::deadline_exceeded("the caller's deadline has passed").into_http())
                        }
                    };
                    let place = place.filter(|_| !watch);
                    answer.map(|response| response.map(|body| Placed::wrap(body, place)))
                }
            };
            result.map(|response| line.finish(response))
        };
        work.instrument(span).boxed()
    }
}

/// Resolution of tokio's timers.
const TICK: Duration = Duration::from_millis(1);

/// The timeout in `grpc-timeout`; a malformed value is ignored, as in tonic.
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

/// Waits for the deadline, if there is one; the inner `None` is a deadline that is too near to wait for.
async fn passed(due: Option<Option<Instant>>) {
    match due {
        None => std::future::pending().await,
        Some(None) => {}
        Some(Some(due)) => tokio::time::sleep_until(due).await,
    }
}

/// Writes the log line of a call when it is dropped, also when the caller has cancelled it.
struct Line {
    method: Method,
    /// The protocol.
    system: &'static str,
    /// Whether the line is written, by the level of the log.
    is_logged: bool,
    who: String,
    started: Instant,
    span: tracing::Span,
    code: tonic::Code,
}

impl Line {
    /// A call that has begun; it counts as cancelled unless it is finished.
    fn new(method: Method, system: &'static str, span: tracing::Span, started: Instant) -> Self {
        Self {
            method,
            system,
            is_logged: tracing::enabled!(tracing::Level::INFO),
            who: String::new(),
            started,
            span,
            code: tonic::Code::Cancelled,
        }
    }

    /// Records how the call ended, and adds details to a status that has none.
    fn finish(mut self, response: Response<Body>) -> Response<Body> {
        // The status is in the headers only when the call failed before its first message.
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
        self.method.measure(code, elapsed);
        if self.is_logged {
            let ms = (elapsed.as_secs_f64() * 1e5).round() / 100.0;
            let (method, system) = (&self.method.name, self.system);
            tracing::info!(%method, code = ?code, ms, caller = %self.who, system, "call");
        }
    }
}
