//! The limits that a call must pass before it is processed: rates, places and bytes; and the classes of calls.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use http::Request;
use prost::Message;
use tonic::body::Body;

use super::{
    body::Terms,
    origin::{Proxies, Socket},
    rates::Rates,
    shares::{Class, Origin, Pool, Share, WATCHERS},
};
use crate::{caller::Caller, config, failure::Failure, token::Standing};

/// The health service. Its check responds under any load, otherwise the orchestrator would kill a process under load.
pub(super) const HEALTH: &str = "/grpc.health.v1.Health/";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
/// The reflection services, whose methods are bidirectional streams.
pub(super) const REFLECTION: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

/// Where a call comes from.
#[derive(Clone, Default)]
pub(super) struct Call {
    /// Its origin.
    pub origin: Origin,
    /// Its token, for one that opens a stream of responses; `None` without a token.
    pub standing: Option<Standing>,
}

tokio::task_local! {
    static CALL: Call;
}

/// The call that is being processed; the default outside of a call.
pub(super) fn call() -> Call {
    CALL.try_with(Clone::clone).unwrap_or_default()
}

/// Processes a call.
pub(super) fn within<F: Future>(call: Call, work: F) -> impl Future<Output = F::Output> {
    CALL.scope(call, work)
}

/// Which sides of a method are streams.
#[derive(Debug, Clone, Copy)]
struct Streams {
    requests: bool,
    answers: bool,
}

/// All methods, as `package.Service/Method`; empty when the descriptors can't be decoded.
fn methods(descriptors: &[u8]) -> HashMap<Arc<str>, Streams> {
    let Ok(set) = prost_types::FileDescriptorSet::decode(descriptors) else {
        return HashMap::new();
    };
    let mut methods = HashMap::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let streams = Streams {
                    requests: method.client_streaming(),
                    answers: method.server_streaming(),
                };
                methods.insert(
                    format!("{}.{}/{}", file.package(), service.name(), method.name()).into(),
                    streams,
                );
            }
        }
    }
    methods
}

/// The limits of one server.
pub(super) struct Limits {
    methods: HashMap<Arc<str>, Streams>,
    proxies: Proxies,
    rates: Rates,
    calls: Arc<Pool>,
    /// Streams of health and reflection, which no service counts.
    streams: Arc<Pool>,
    bytes: Arc<Pool>,
    timeout: Duration,
}

/// What a call has taken of the limits.
pub(super) struct Room {
    /// Its place, kept until the caller has received the response; that of a watch until the watch is open, which then
    /// has a place among the watchers.
    pub place: Option<Share>,
    /// Whether it opens a watch.
    pub watch: bool,
    /// Limits under which its request is received.
    pub terms: Terms,
}

impl Limits {
    /// The limits of the configuration; `descriptors` describes all methods.
    pub(super) fn new(descriptors: &[u8], config: &config::Grpc) -> Self {
        Self {
            methods: methods(descriptors),
            proxies: Proxies::new(config),
            rates: Rates::new(config),
            calls: Pool::of_calls(config),
            streams: Pool::of_places(WATCHERS, config.max_watchers, config),
            bytes: Pool::of_bytes(config),
            timeout: Duration::from_secs(config.receive_seconds),
        }
    }

    /// The method of this name, `package.Service/Method`; `None` when it does not exist.
    pub(super) fn method(&self, name: &str) -> Option<Arc<str>> {
        self.methods.get_key_value(name).map(|(name, _)| Arc::clone(name))
    }

    /// Origin of a request, without its token.
    pub(super) fn origin(&self, request: &Request<Body>) -> Origin {
        let socket = request.extensions().get::<Socket>();
        socket.map_or_else(Origin::default, |socket| {
            self.proxies.of_call(*socket, request.headers())
        })
    }

    /// Limits the rate of calls without a token, or with one that was not verified before, by their address.
    pub(super) fn arrive(&self, request: &Request<Body>, origin: &Origin) -> Result<(), Failure> {
        if request.uri().path() == CHECK {
            return Ok(());
        }
        self.rates.of_peer(origin.peer)
    }

    /// Takes the places of a call of `caller`, whose token becomes part of `origin`.
    pub(super) fn room(
        &self,
        request: &Request<Body>,
        caller: &Caller,
        origin: &mut Origin,
    ) -> Result<Room, Failure> {
        let path = request.uri().path();
        let known = caller.require_token().is_ok();
        if known {
            origin.token = Some(caller.identity().into());
            self.rates.of_token(origin.token.as_ref())?;
        }
        let streams = self.methods.get(path.trim_start_matches('/'));
        let unary = Streams {
            requests: false,
            answers: false,
        };
        let class = match streams.copied().unwrap_or(unary) {
            Streams { requests: true, .. } => Class::Bulk,
            Streams { answers: true, .. } => Class::Watch,
            _ if known => Class::Authenticated,
            _ => Class::Public,
        };
        let reflection = REFLECTION.iter().any(|service| path.starts_with(service));
        let place = match path {
            CHECK => None,
            _ if path == WATCH || reflection => Some(self.streams.take(origin, Class::Watch)?),
            _ => Some(self.calls.take(origin, class)?),
        };
        let terms = Terms {
            streamed: class == Class::Bulk || reflection,
            timeout: self.timeout,
            bytes: self.bytes.nothing(origin, class),
        };
        let watch = class == Class::Watch;
        Ok(Room { place, watch, terms })
    }
}
