//! Shares of limits: one peer, connection, token or class of calls can't use up a limit. Each attack runs against a
//! real server while calls of another peer succeed.

use std::{convert::Infallible, net::SocketAddr, task::Poll, time::Duration};

use futures::{FutureExt, future::BoxFuture, stream};
use http::uri::PathAndQuery;
use prima_platform::{
    caller::Role,
    clock::Clock,
    config,
    grpc::{Edge, Server, WatchStream, Watchers, bind, status},
    lifecycle::Tasks,
    testing::{
        attack::{Attack, Misuse, Plan, connect},
        eventually,
        served::refused,
    },
    token::{Signer, Verifier},
};
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};
use tokio::{io::AsyncReadExt, task::JoinHandle, time::interval};
use tonic::{
    Code, Request, Response, Status, Streaming,
    body::Body,
    client,
    server::{self, NamedService},
    service::Routes,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use crate::world::LONG;

pub(crate) const ATTACKER: [u8; 4] = [127, 0, 0, 1];
pub(crate) const CITIZEN: [u8; 4] = [127, 0, 0, 2];
pub(crate) const SAY: &str = "/test.v1.Test/Say";
const SEND: &str = "/test.v1.Test/Send";
const WATCH: &str = "/test.v1.Test/Watch";
const SIGNED: &str = "/test.v1.Test/Signed";

type Codec = ProstCodec<Vec<u8>, Vec<u8>>;

/// A service with a method of each class, which returns the number of bytes received.
#[derive(Clone)]
struct Test {
    watchers: Watchers,
}

impl NamedService for Test {
    const NAME: &'static str = "test.v1.Test";
}

fn length(message: &[u8]) -> Vec<u8> {
    message.len().to_string().into_bytes()
}

impl server::UnaryService<Vec<u8>> for Test {
    type Response = Vec<u8>;
    type Future = BoxFuture<'static, Result<Response<Vec<u8>>, Status>>;

    fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
        async move { Ok(Response::new(length(request.get_ref()))) }.boxed()
    }
}

impl server::ClientStreamingService<Vec<u8>> for Test {
    type Response = Vec<u8>;
    type Future = BoxFuture<'static, Result<Response<Vec<u8>>, Status>>;

    fn call(&mut self, request: Request<Streaming<Vec<u8>>>) -> Self::Future {
        let mut stream = request.into_inner();
        async move {
            let mut all = Vec::new();
            while let Some(message) = stream.message().await? {
                all.extend(message);
            }
            Ok(Response::new(length(&all)))
        }
        .boxed()
    }
}

impl server::ServerStreamingService<Vec<u8>> for Test {
    type Response = Vec<u8>;
    type ResponseStream = WatchStream<Vec<u8>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
        let watchers = self.watchers.clone();
        async move {
            let opened = watchers.open(async move |sender| {
                if sender.send(request.into_inner()).await.is_ok() {
                    sender.closed().await;
                }
            });
            opened.map(Response::new).map_err(status)
        }
        .boxed()
    }
}

impl tower::Service<http::Request<Body>> for Test {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = self.clone();
        async move {
            let mut grpc = server::Grpc::new(Codec::default());
            Ok(match request.uri().path() {
                SEND => grpc.client_streaming(service, request).await,
                WATCH => grpc.server_streaming(service, request).await,
                _ => grpc.unary(service, request).await,
            })
        }
        .boxed()
    }
}

fn descriptors() -> Vec<u8> {
    let method = |path: &str| MethodDescriptorProto {
        name: path.rsplit('/').next().map(str::to_owned),
        client_streaming: Some(path == SEND),
        server_streaming: Some(path == WATCH),
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Test".into()),
        method: [SAY, SEND, WATCH, SIGNED].map(method).into(),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        package: Some("test.v1".into()),
        service: vec![service],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

/// A configuration without rate limits: the number of calls per second depends on the machine.
pub(crate) fn without_rates() -> config::Grpc {
    config::Grpc {
        calls_per_second_per_peer: 0,
        calls_per_second_per_token: 0,
        ..config::Grpc::default()
    }
}

/// A running server.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    signer: Signer,
    tasks: Tasks,
    _running: JoinHandle<()>,
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.tasks.soft().cancel();
    }
}

impl TestServer {
    pub(crate) async fn start(mut config: config::Grpc) -> Self {
        "127.0.0.1:0".clone_into(&mut config.listen);
        config.reflection = false;
        config.shutdown_grace_seconds = 0;
        let signer = Signer::generate().unwrap();
        let (tasks, (listener, address)) = (Tasks::default(), bind(&config).await.unwrap());
        let (_reporter, health) = tonic_health::server::health_reporter();
        let mut routes = Routes::builder();
        let watchers = Watchers::new(config.max_watchers, &config, tasks.clone());
        routes.add_service(health).add_service(Test { watchers });
        let public = [SAY, SEND, WATCH].map(str::to_owned);
        let verifier = Verifier::new(signer.public_key()).unwrap();
        let server = Server {
            routes: routes.routes(),
            edge: Edge::new(verifier, public, &descriptors(), &config),
            descriptors: &[],
            documents: Vec::new(),
        };
        let own = tasks.clone();
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        let running = tokio::spawn(async move { server.run(listener, &config, &own).await.unwrap() });
        Self {
            address,
            signer,
            tasks,
            _running: running,
        }
    }

    /// A client with this address, on a connection of its own.
    fn caller(&self, from: [u8; 4]) -> Caller {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        Caller {
            channel: endpoint.local_address(Some(from.into())).connect_lazy(),
            headers: Vec::new(),
        }
    }

    fn token(&self, subject: &str) -> String {
        let (now, hour) = (Clock::system().now(), chrono::Duration::hours(1));
        let token = self
            .signer
            .sign(subject, &[Role::Intake], &["1".into()], now, hour);
        format!("Bearer {}", token.unwrap())
    }

    fn plan(&self, path: &str, misuse: Misuse, connections: usize, streams: usize) -> Plan {
        Plan {
            target: self.address,
            from: ATTACKER.into(),
            path: path.into(),
            misuse,
            connections,
            streams,
            again: None,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) channel: Channel,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Caller {
    fn with(&self, name: &'static str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name, value.into()));
        other
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        for (name, value) in &self.headers {
            request.metadata_mut().insert(*name, value.parse().unwrap());
        }
        request
    }

    async fn ready(&self) -> client::Grpc<Channel> {
        let mut grpc = client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        grpc
    }

    pub(crate) async fn call(&self, path: &'static str, bytes: usize) -> Result<(), Status> {
        let (request, path) = (self.request(vec![7; bytes]), PathAndQuery::from_static(path));
        let answer = self.ready().await.unary(request, path, Codec::default()).await?;
        assert_eq!(answer.into_inner(), bytes.to_string().into_bytes());
        Ok(())
    }

    /// Opens a watch and reads its first message.
    pub(crate) async fn watch(&self) -> Result<Streaming<Vec<u8>>, Status> {
        let (request, path) = (self.request(b"now".to_vec()), PathAndQuery::from_static(WATCH));
        let mut grpc = self.ready().await;
        let answer = grpc.server_streaming(request, path, Codec::default());
        let mut stream = answer.await?.into_inner();
        assert_eq!(stream.message().await?.unwrap(), b"now");
        Ok(stream)
    }

    /// Sends this number of messages of ten bytes at an interval.
    async fn send(&self, messages: usize, pause: Duration) -> Result<(), Status> {
        let stream = stream::unfold(
            (0, interval(pause.max(Duration::from_millis(1)))),
            move |(sent, mut ticks)| async move {
                if sent == messages {
                    return None;
                }
                ticks.tick().await;
                Some((vec![7; 10], (sent + 1, ticks)))
            },
        );
        let (request, path) = (self.request(stream), PathAndQuery::from_static(SEND));
        let mut grpc = self.ready().await;
        let answer = grpc.client_streaming(request, path, Codec::default());
        assert_eq!(
            answer.await?.into_inner(),
            (10 * messages).to_string().into_bytes()
        );
        Ok(())
    }
}

/// Waits until `condition` is true.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let met = eventually(LONG, || async { condition().then_some(()) }).await;
    met.unwrap_or_else(|| panic!("{what}"));
}

/// Asserts the details of a refusal by a limit: reason, limit, kind of holder, value, and delay of a retry.
#[track_caller]
fn assert_refused(status: &Status, reason: &str, limit: &str, share: &str, value: &str) {
    let status = refused(Err::<(), _>(status.clone()), Code::ResourceExhausted, reason);
    let details = status.get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    assert_eq!(
        ["limit", "share", "value"].map(|key| metadata[key].as_str()),
        [limit, share, value],
        "{status:?}"
    );
    let after = details.retry_info().and_then(|info| info.retry_delay).unwrap();
    assert!(after > Duration::ZERO, "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_never_send_a_byte_leave_room_for_other_peers() {
    let server = TestServer::start(without_rates()).await;
    let (attacker, citizen) = (server.caller(ATTACKER), server.caller(CITIZEN));
    for _ in 0..2 {
        let attack = Attack::start(server.plan(SAY, Misuse::Headers, 8, 160)).await;
        // At least, since the connections of the attack before are released one by one.
        until("the attack has its share", || attack.ended() >= 1280 - 512).await;
        assert!(attack.open() <= 512);
        let (count, status) = attack.refused("TOO_MANY_CALLS");
        assert!(count >= 1280 - 512, "each refusal has its reason");
        let limit = "grpc.max_concurrent_requests";
        assert_refused(&status.unwrap(), "TOO_MANY_CALLS", limit, "peer", "512");
        let alike = attacker.call(SAY, 10).await.unwrap_err();
        assert_refused(&alike, "TOO_MANY_CALLS", limit, "peer", "512");
        citizen.call(SAY, 10).await.unwrap();
        let signed = citizen.with("authorization", &server.token("portal"));
        signed.call(SIGNED, 10).await.unwrap();
        signed.send(3, Duration::ZERO).await.unwrap();
        signed.watch().await.unwrap();
        // Health checks are not limited.
        let mut health = HealthClient::new(attacker.channel.clone());
        health.check(HealthCheckRequest::default()).await.unwrap();
        // The places of the attack are released with its connections.
        drop(attack);
        let freed = eventually(LONG, || async { attacker.call(SAY, 10).await.ok() });
        freed.await.expect("the limits are released");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_leaves_room_for_others_of_its_peer() {
    let config = config::Grpc {
        max_streams_per_connection: 400,
        ..without_rates()
    };
    let server = TestServer::start(config).await;
    let attack = Attack::start(server.plan(SEND, Misuse::Headers, 1, 400)).await;
    until("the attack has its share", || attack.ended() == 400 - 256).await;
    let (_, status) = attack.refused("TOO_MANY_CALLS");
    let limit = "grpc.max_concurrent_requests";
    assert_refused(&status.unwrap(), "TOO_MANY_CALLS", limit, "connection", "256");
    server.caller(ATTACKER).call(SAY, 10).await.unwrap();

    // Several attackers, each within its own share, use all places that are not reserved for other classes.
    let mut second = server.plan(SEND, Misuse::Headers, 2, 200);
    second.from = [127, 0, 0, 3].into();
    // A stream that is refused because the citizen's call has the place is opened again.
    second.again = Some(Duration::from_millis(50));
    let _second = Attack::start(second).await;
    let citizen = server.caller(CITIZEN);
    let full = eventually(LONG, || async { citizen.send(1, Duration::ZERO).await.err() });
    assert_refused(
        &full.await.expect("the server has them all"),
        "OVERLOADED",
        limit,
        "all",
        "1024",
    );
    citizen.call(SAY, 10).await.unwrap();
    citizen.watch().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_sent_byte_by_byte_is_aborted_and_a_slow_stream_is_not() {
    let config = config::Grpc {
        receive_seconds: 1,
        ..without_rates()
    };
    let server = TestServer::start(config).await;
    let often = Duration::from_millis(200);
    for path in [SAY, SEND, WATCH] {
        let attack = Attack::start(server.plan(path, Misuse::Drip(1000, often), 4, 120)).await;
        until("all were opened", || attack.open() + attack.ended() == 480).await;
        server.caller(CITIZEN).call(SAY, 10).await.unwrap();
        until("each is ended", || attack.refused("REQUEST_TOO_SLOW").0 == 480).await;
        let (_, status) = attack.refused("REQUEST_TOO_SLOW");
        assert_refused(
            &status.unwrap(),
            "REQUEST_TOO_SLOW",
            "grpc.receive_seconds",
            "call",
            "1",
        );
        assert_eq!((attack.open(), attack.held()), (0, 0));
        server.caller(ATTACKER).call(SAY, 10).await.unwrap();
    }
    // Each message arrives in time, but all of them together take longer.
    server.caller(CITIZEN).send(8, often * 2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_messages_fill_a_share_of_the_bytes_and_no_more() {
    const MESSAGE: usize = 4 << 20;
    let config = config::Grpc {
        max_bytes_in_flight: 16 << 20,
        ..without_rates()
    };
    let server = TestServer::start(config).await;
    let citizen = server.caller(CITIZEN);
    for path in [SAY, SEND] {
        let attack = Attack::start(server.plan(path, Misuse::Unfinished(MESSAGE - 100), 4, 25)).await;
        until("most are ended", || attack.ended() >= 98).await;
        let counted = 16 * 1024;
        let most = (8 << 20) + 100 * counted;
        assert!(attack.held() <= most, "{} bytes are held", attack.held());
        let (count, status) = attack.refused("TOO_MANY_BYTES");
        assert!(count >= 98);
        let status = status.unwrap();
        let share = status.get_error_details().error_info().unwrap().metadata["share"].clone();
        let value = if share == "peer" { 8 << 20 } else { MESSAGE };
        assert_refused(
            &status,
            "TOO_MANY_BYTES",
            "grpc.max_bytes_in_flight",
            &share,
            &value.to_string(),
        );
        citizen.call(SAY, MESSAGE - 100).await.unwrap();
        drop(attack);
        let freed = eventually(LONG, || async {
            server.caller(ATTACKER).call(SAY, MESSAGE - 100).await.ok()
        });
        freed.await.expect("the bytes are released");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_of_one_peer_leave_room_for_those_of_others() {
    // Fewer than the limit of calls, so that none is refused for that.
    let config = config::Grpc {
        max_watchers: 200,
        ..without_rates()
    };
    let server = TestServer::start(config).await;
    let ask = || Misuse::Ask(b"now".to_vec().encode_to_vec());
    let attack = Attack::start(server.plan(WATCH, ask(), 8, 20)).await;
    until("the attack has its share", || attack.ended() == 160 - 100).await;
    let (_, status) = attack.refused("TOO_MANY_WATCHERS");
    assert_refused(
        &status.unwrap(),
        "TOO_MANY_WATCHERS",
        "grpc.max_watchers",
        "peer",
        "100",
    );
    let citizen = server.caller(CITIZEN);
    let _watch = citizen.watch().await.unwrap();
    citizen.call(SAY, 10).await.unwrap();
    // A watch does not count as a call in progress: the attacker's calls have their own share.
    server.caller(ATTACKER).call(SAY, 10).await.unwrap();
    drop(attack);
    let freed = eventually(LONG, || async { server.caller(ATTACKER).watch().await.ok() });
    freed.await.expect("the places are free again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_one_peer_leave_room_for_those_of_others() {
    let config = config::Grpc {
        max_connections: 200,
        receive_seconds: 2,
        ..without_rates()
    };
    let server = TestServer::start(config).await;
    let mut silent = Vec::new();
    for _ in 0..150 {
        silent.push(connect(server.address, ATTACKER.into()).await.unwrap());
    }
    server.caller(CITIZEN).call(SAY, 10).await.unwrap();
    // Connections beyond the share are closed at once, the others when their preface is overdue.
    for (n, mut tcp) in silent.into_iter().enumerate() {
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(LONG, tcp.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "connection {n} is closed");
    }
    server.caller(ATTACKER).call(SAY, 10).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_a_second_are_limited_by_peer_and_by_token() {
    let config = config::Grpc {
        calls_per_second_per_peer: 5,
        calls_per_second_per_token: 8,
        ..config::Grpc::default()
    };
    let server = TestServer::start(config).await;
    let flood = async |caller: Caller| {
        for _ in 0..1000 {
            if let Err(status) = caller.call(SAY, 10).await {
                return status;
            }
        }
        panic!("nothing is limited");
    };
    let limited = flood(server.caller(ATTACKER)).await;
    let limit = "grpc.calls_per_second_per_peer";
    assert_refused(&limited, "RATE_LIMITED", limit, "peer", "5");
    let after = limited.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert!(after <= Duration::from_millis(200), "{after:?}");
    // Another peer, and a token that was verified before, have buckets of their own.
    let citizen = server.caller(CITIZEN);
    citizen.call(SAY, 10).await.unwrap();
    let portal = citizen.with("authorization", &server.token("portal"));
    let limited = flood(portal.clone()).await;
    assert_refused(
        &limited,
        "RATE_LIMITED",
        "grpc.calls_per_second_per_token",
        "token",
        "8",
    );
    let other = citizen.with("authorization", &server.token("portal 2"));
    other.call(SAY, 10).await.unwrap();
    // Calls with forged tokens count for their peer, so that the verification of signatures is limited.
    let forged = server.caller([127, 0, 0, 4]);
    let forged = forged.with("authorization", "Bearer e30.e30.e30");
    for n in 0.. {
        let status = forged.call(SAY, 10).await.unwrap_err();
        if n >= 5 && status.code() == Code::ResourceExhausted {
            assert_refused(&status, "RATE_LIMITED", limit, "peer", "5");
            break;
        }
        assert_eq!(status.code(), Code::Unauthenticated, "{n}");
    }
    // A retry after the delay succeeds.
    let again = eventually(LONG, || async { portal.call(SAY, 10).await.ok() });
    again.await.expect("the bucket of a token is filled again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_trusted_proxy_can_name_another_peer() {
    let limited = async |server: &TestServer, from: [u8; 4], names: &dyn Fn(usize) -> String| {
        let caller = server.caller(from);
        for n in 0..60 {
            let caller = caller.with("x-forwarded-for", &names(n));
            if let Err(status) = caller.call(SAY, 10).await {
                refused(Err::<(), _>(status), Code::ResourceExhausted, "RATE_LIMITED");
                return true;
            }
        }
        false
    };
    let each = |n: usize| format!("203.0.113.{n}");
    let config = config::Grpc {
        // The rate is so low that no bucket is filled again while this runs.
        calls_per_second_per_peer: 1,
        ..config::Grpc::default()
    };
    let server = TestServer::start(config.clone()).await;
    assert!(limited(&server, ATTACKER, &each).await, "no proxy is trusted");

    let trusting = config::Grpc {
        trusted_proxies: vec!["127.0.0.8/30".into()],
        ..config
    };
    let server = TestServer::start(trusting).await;
    let proxy = [127, 0, 0, 9];
    assert!(!limited(&server, proxy, &each).await, "each is a peer");
    assert!(limited(&server, ATTACKER, &each).await, "not a proxy");
    // An address that the caller has written precedes the one that the proxy has added.
    let forged = |n: usize| format!("203.0.114.{n}, 198.51.100.7");
    assert!(limited(&server, proxy, &forged).await);
    let chain = |n: usize| format!("203.0.114.{n}, 198.51.100.8, 127.0.0.10");
    assert!(limited(&server, proxy, &chain).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_carries_more_on_a_connection_than_a_share() {
    let config = config::Grpc {
        max_streams_per_connection: 700,
        trusted_proxies: vec!["127.0.0.1".into()],
        ..without_rates()
    };
    let server = TestServer::start(config).await;
    let attack = Attack::start(server.plan(SEND, Misuse::Headers, 1, 600)).await;
    until("the peer has its share", || attack.ended() == 600 - 512).await;
    let (_, status) = attack.refused("TOO_MANY_CALLS");
    let limit = "grpc.max_concurrent_requests";
    assert_refused(&status.unwrap(), "TOO_MANY_CALLS", limit, "peer", "512");
}
