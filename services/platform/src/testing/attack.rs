//! Malicious clients: raw HTTP/2 from any loopback address; to the server, each address is another peer.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use h2::{RecvStream, SendStream, client::SendRequest};
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};
use tonic::Status;
use tonic_types::StatusExt;

/// What the client does on each stream.
#[derive(Debug, Clone)]
pub enum Misuse {
    /// Sends the headers only.
    Headers,
    /// Announces a message of this many bytes, and sends it byte by byte at this interval.
    Drip(usize, Duration),
    /// Sends a message of this many bytes without the last one.
    Unfinished(usize),
    /// Sends this message, and reads the responses for ever.
    Ask(Vec<u8>),
}

/// An attack with many streams.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub target: SocketAddr,
    /// Address of the attacker.
    pub from: IpAddr,
    /// `/package.Service/Method`.
    pub path: String,
    /// What the client does on each stream.
    pub misuse: Misuse,
    /// Number of connections.
    pub connections: usize,
    /// Number of streams on each connection.
    pub streams: usize,
    /// Delay after which a refused stream is opened again; `None` to never do so.
    pub again: Option<Duration>,
}

/// Counts of the streams of an attack.
#[derive(Debug, Default)]
struct Tally {
    open: AtomicUsize,
    held: AtomicUsize,
    refused: Mutex<BTreeMap<String, (usize, Option<Status>)>>,
}

/// A running attack, which ends when this value is dropped.
#[derive(Debug)]
pub struct Attack {
    tally: Arc<Tally>,
    _tasks: JoinSet<()>,
}

/// Opens a TCP connection from an address.
pub async fn connect(target: SocketAddr, from: IpAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(target).await
}

impl Attack {
    /// Starts the attack. Streams beyond the server's limit are opened when it allows them.
    pub async fn start(plan: Plan) -> Self {
        let (tally, mut tasks) = (Arc::new(Tally::default()), JoinSet::new());
        // Made once, so that the attacker uses little CPU time of the machine that it shares with the server.
        let body = plan.misuse.body();
        for _ in 0..plan.connections {
            let tcp = connect(plan.target, plan.from).await.unwrap();
            let (send, connection) = h2::client::handshake(tcp).await.unwrap();
            tasks.spawn(async move {
                let _ended = connection.await;
            });
            for _ in 0..plan.streams {
                let (plan, send, tally) = (plan.clone(), send.clone(), tally.clone());
                let body = body.clone();
                tasks.spawn(async move {
                    loop {
                        plan.attack(send.clone(), body.clone(), &tally).await;
                        match plan.again {
                            Some(pause) => tokio::time::sleep(pause).await,
                            None => return,
                        }
                    }
                });
            }
        }
        Self { tally, _tasks: tasks }
    }

    /// Number of streams that are open.
    pub fn open(&self) -> usize {
        self.tally.open.load(Ordering::SeqCst)
    }

    /// Bytes that the server has accepted on those.
    pub fn held(&self) -> usize {
        self.tally.held.load(Ordering::SeqCst)
    }

    /// Number of streams that the server has ended, for any reason.
    pub fn ended(&self) -> usize {
        self.tally.refused.lock().unwrap().values().map(|(n, _)| n).sum()
    }

    /// Number of streams that the server has ended for this reason, and the status of the last one.
    pub fn refused(&self, reason: &str) -> (usize, Option<Status>) {
        let refused = self.tally.refused.lock().unwrap();
        refused.get(reason).cloned().unwrap_or_default()
    }
}

impl Plan {
    /// Opens one stream and attacks on it until the server ends it.
    async fn attack(&self, send: SendRequest<Bytes>, body: Bytes, tally: &Tally) {
        let Ok(mut send) = send.ready().await else { return };
        let request = http::Request::post(format!("http://{}{}", self.target, self.path))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let Ok((answer, mut stream)) = send.send_request(request, false) else {
            return;
        };
        tally.open.fetch_add(1, Ordering::SeqCst);
        let mut sent = 0;
        let misuse = async {
            let sent = |more| {
                sent += more;
                tally.held.fetch_add(more, Ordering::SeqCst);
            };
            self.misuse.send(body, &mut stream, sent).await;
            std::future::pending::<()>().await;
        };
        let ended = async {
            let (head, mut body) = answer.await?.into_parts();
            match Status::from_header_map(&head.headers) {
                Some(status) => Ok(status),
                None => status_after(&mut body).await,
            }
        };
        let status: Result<Status, h2::Error> =
            tokio::select! { status = ended => status, () = misuse => return };
        tally.open.fetch_sub(1, Ordering::SeqCst);
        tally.held.fetch_sub(sent, Ordering::SeqCst);
        let status = status.ok();
        let details = status.as_ref().map(StatusExt::get_error_details);
        let reason = details.as_ref().and_then(|details| details.error_info());
        let reason = reason.map(|info| info.reason.clone()).unwrap_or_default();
        let mut refused = tally.refused.lock().unwrap();
        let (count, last) = refused.entry(reason).or_default();
        *count += 1;
        *last = status;
    }
}

impl Misuse {
    /// The bytes that are sent on a stream.
    fn body(&self) -> Bytes {
        match self {
            Self::Headers => Bytes::new(),
            Self::Drip(length, _) => frame(&vec![0x08; *length]),
            Self::Unfinished(length) => {
                let mut whole = frame(&vec![0x08; *length]);
                whole.truncate(whole.len() - 1);
                whole
            }
            Self::Ask(message) => frame(message),
        }
    }

    async fn send(&self, mut body: Bytes, stream: &mut SendStream<Bytes>, mut sent: impl FnMut(usize)) {
        match self {
            Self::Headers => {}
            Self::Drip(_, pause) => {
                let mut ticks = tokio::time::interval(*pause);
                while !body.is_empty() {
                    ticks.tick().await;
                    if stream.send_data(body.split_to(1), false).is_err() {
                        return;
                    }
                    sent(1);
                }
            }
            Self::Unfinished(_) => {
                while !body.is_empty() {
                    stream.reserve_capacity(body.len().min(64 * 1024));
                    let Some(Ok(room)) = poll_fn(|cx| stream.poll_capacity(cx)).await else {
                        return;
                    };
                    let part = body.split_to(room.min(body.len()));
                    let size = part.len();
                    if stream.send_data(part, false).is_err() {
                        return;
                    }
                    sent(size);
                }
            }
            Self::Ask(_) => {
                let _reset = stream.send_data(body, true);
            }
        }
    }
}

/// A message with its gRPC prefix.
fn frame(message: &[u8]) -> Bytes {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    frame.into()
}

/// Reads the responses, and returns the status at their end.
async fn status_after(body: &mut RecvStream) -> Result<Status, h2::Error> {
    while let Some(data) = body.data().await {
        body.flow_control().release_capacity(data?.len())?;
    }
    let trailers = body.trailers().await?;
    let status = trailers.and_then(|trailers| Status::from_header_map(&trailers));
    Ok(status.unwrap_or_else(|| Status::unknown("no status")))
}
