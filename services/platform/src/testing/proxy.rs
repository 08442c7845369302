//! A TCP proxy between a client and its server. A test can make it cut, stall, delay or forget connections.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};
use tokio_util::sync::{CancellationToken, DropGuard};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    Stall,
    Cut,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    delay: Duration,
    /// Connections of earlier generations are forgotten: nothing is forwarded on them any more.
    generation: u64,
}

/// Forwards connections to a server until this value is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    held: Arc<AtomicU64>,
    accepted: Arc<AtomicU64>,
    _end: DropGuard,
}

impl Proxy {
    /// Forwards to `target` from a free port of 127.0.0.1. Needs a tokio runtime that outlives it.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = watch::Sender::new(State {
            mode: Mode::Pass,
            delay: Duration::ZERO,
            generation: 0,
        });
        let held = Arc::new(AtomicU64::new(0));
        let accepted = Arc::new(AtomicU64::new(0));
        let end = CancellationToken::new();
        let counts = (accepted.clone(), held.clone());
        let accepting = accept(listener, target, state.clone(), counts, end.clone());
        spawn(accepting, end.clone());
        Self {
            address,
            state,
            held,
            accepted,
            _end: end.drop_guard(),
        }
    }

    /// Address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `url` with the address of this proxy instead of the host and port.
    pub fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest
            .split_once('/')
            .map_or((rest, String::new()), |(a, p)| (a, format!("/{p}")));
        let user = authority
            .rsplit_once('@')
            .map_or(String::new(), |(user, _)| format!("{user}@"));
        format!("{scheme}://{user}{}{path}", self.address)
    }

    /// Breaks all connections and accepts no new ones.
    pub fn cut(&self) {
        self.state.send_modify(|s| s.mode = Mode::Cut);
    }

    /// Keeps connections open and forwards nothing, as a network without a route.
    pub fn stall(&self) {
        self.state.send_modify(|s| s.mode = Mode::Stall);
    }

    /// Keeps the current connections open and forwards nothing on them any more, in either direction, as a gateway that
    /// has lost its table of connections. New connections work.
    pub fn forget(&self) {
        self.state.send_modify(|s| s.generation += 1);
    }

    /// Forwards everything again, including what it has held back.
    pub fn restore(&self) {
        self.state.send_modify(|s| s.mode = Mode::Pass);
    }

    /// Delays each piece of data by this time.
    pub fn delay(&self, delay: Duration) {
        self.state.send_modify(|s| s.delay = delay);
    }

    /// Number of connections that it has accepted so far.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Bytes to the server that it holds back now.
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::SeqCst)
    }
}

fn spawn(task: impl Future<Output = ()> + Send + 'static, end: CancellationToken) {
    #[expect(clippy::disallowed_methods, reason = "ends with the proxy, which a test owns")]
    tokio::spawn(async move {
        tokio::select! { () = end.cancelled() => {} () = task => {} }
    });
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    state: watch::Sender<State>,
    (accepted, held): (Arc<AtomicU64>, Arc<AtomicU64>),
    end: CancellationToken,
) {
    while let Ok((client, _)) = listener.accept().await {
        accepted.fetch_add(1, Ordering::SeqCst);
        let (state, held) = (state.subscribe(), held.clone());
        let generation = state.borrow().generation;
        let connection = async move {
            if state.borrow().mode == Mode::Cut {
                return;
            }
            let Ok(server) = TcpStream::connect(target).await else {
                return;
            };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::select! {
                () = until_cut(state.clone()) => {}
                () = forward(from_client, to_server, state.clone(), generation, Some(held)) => {}
                () = forward(from_server, to_client, state, generation, None) => {}
            }
        };
        spawn(connection, end.clone());
    }
}

async fn until_cut(mut state: watch::Receiver<State>) {
    let _gone = state.wait_for(|s| s.mode == Mode::Cut).await;
}

/// Forwards data until either side closes; neither side of a forgotten connection is closed. Counts in `held` the bytes
/// that were read and not forwarded yet.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    generation: u64,
    held: Option<Arc<AtomicU64>>,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        let holding = held.as_ref().map(|held| Holding::new(held, read));
        let passes = |s: &State| s.mode == Mode::Pass && s.generation == generation;
        let forgotten = state.borrow().generation != generation;
        if read == 0 && !forgotten {
            return;
        }
        let Ok(State { delay, .. }) = state.wait_for(passes).await.map(|s| *s) else {
            return;
        };
        let Some(piece) = buffer.get(..read) else {
            return;
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(piece).await.is_err() {
            return;
        }
        drop(holding);
    }
}

struct Holding<'a>(&'a AtomicU64, u64);

impl<'a> Holding<'a> {
    fn new(held: &'a AtomicU64, bytes: usize) -> Self {
        let bytes = bytes as u64;
        held.fetch_add(bytes, Ordering::SeqCst);
        Self(held, bytes)
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::SeqCst);
    }
}
