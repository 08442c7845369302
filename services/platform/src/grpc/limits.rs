//! What a call must find room in before it is worked on: rates, places, bytes; and how its streams are told apart.

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
use crate::{caller::Caller, config, failure::Failure};

/// Methods of health; a check answers under any load, else the load would have the process killed.
pub(super) const HEALTH: &str = "/grpc.health.v1.Health/";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
/// Services of reflection, each a stream both ways.
pub(super) const REFLECTION: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

tokio::task_local! {
    static ORIGIN: Origin;
}

/// Where the call that is being worked on comes from; nothing is known outside of one.
pub(super) fn origin() -> Origin {
    ORIGIN.try_with(Clone::clone).unwrap_or_default()
}

/// Works on a call from `origin`.
pub(super) fn within<F: Future>(origin: Origin, work: F) -> impl Future<Output = F::Output> {
    ORIGIN.scope(origin, work)
}

/// What is streamed of a method.
#[derive(Debug, Clone, Copy)]
struct Streams {
    requests: bool,
    answers: bool,
}

/// `package.Service/Method` of every method; none when the descriptors can't be read.
fn methods(descriptors: &[u8]) -> HashMap<String, Streams> {
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
                    format!("{}.{}/{}", file.package(), service.name(), method.name()),
                    streams,
                );
            }
        }
    }
    methods
}

/// The limits of one server.
pub(super) struct Limits {
    methods: HashMap<String, Streams>,
    proxies: Proxies,
    rates: Rates,
    calls: Arc<Pool>,
    /// Streams of health and reflection: no service counts them.
    streams: Arc<Pool>,
    bytes: Arc<Pool>,
    patience: Duration,
}

/// What a call was given.
pub(super) struct Room {
    /// Its place, until its answer was taken; of a watch until it is open, since then it has one among those.
    pub place: Option<Share>,
    /// Whether it opens a watch.
    pub watch: bool,
    /// How its request is received.
    pub terms: Terms,
}

impl Limits {
    /// As the configuration says; `descriptors` holds every method there is.
    pub(super) fn new(descriptors: &[u8], config: &config::Grpc) -> Self {
        Self {
            methods: methods(descriptors),
            proxies: Proxies::new(config),
            rates: Rates::new(config),
            calls: Pool::of_calls(config),
            streams: Pool::of_places(WATCHERS, config.max_watchers, config),
            bytes: Pool::of_bytes(config),
            patience: Duration::from_secs(config.receive_seconds),
        }
    }

    /// Whether a method, `package.Service/Method`, is one of those described.
    pub(super) fn knows(&self, method: &str) -> bool {
        self.methods.contains_key(method)
    }

    /// Where a request comes from, token aside.
    pub(super) fn origin(&self, request: &Request<Body>) -> Origin {
        let socket = request.extensions().get::<Socket>();
        socket.map_or_else(Origin::default, |socket| {
            self.proxies.of_call(*socket, request.headers())
        })
    }

    /// A call of somebody who is known by the address only, or not yet by a token that held before.
    pub(super) fn arrive(&self, request: &Request<Body>, origin: &Origin) -> Result<(), Failure> {
        if request.uri().path() == CHECK {
            return Ok(());
        }
        self.rates.of_peer(origin.peer)
    }

    /// Finds room for the call of `caller`, who becomes part of `origin`.
    pub(super) fn room(
        &self,
        request: &Request<Body>,
        caller: &Caller,
        origin: &mut Origin,
    ) -> Result<Room, Failure> {
        let path = request.uri().path();
        let known = caller.known().is_ok();
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
            patience: self.patience,
            bytes: self.bytes.nothing(origin, class),
        };
        let watch = class == Class::Watch;
        Ok(Room { place, watch, terms })
    }
}
