//! How soon and how often the watchers of one table see its changes, and what each costs: `WatchLeagueTable` of one replica
//! in a process of its own, over TCP, with and without `deltas`.
//!
//! `cargo bench -p prima-ranking --bench watch`; it takes a minute.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, spawns, and compares the clocks of two processes of one machine"
)]

mod replica;

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use prima_proto::ranking::v1::{
    WatchLeagueTableRequest, WatchLeagueTableResponse, ranking_service_client::RankingServiceClient,
};
use prost::Message;
use tokio::task::JoinHandle;
use tonic::{
    Streaming,
    transport::{Channel, Endpoint},
};

/// Watches of one connection.
const STREAMS: usize = 50;

#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Numbers of watchers, and of updates a second: each watcher is to get each update.
    watchers: [(usize, u32); 2],
    idle: usize,
    seconds: u64,
}

/// Microseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

/// The replica; killed on drop.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(updates: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["replica", updates])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            child,
            url: format!("http://{}", address.trim()),
        }
    }

    /// Resident memory, bytes.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    async fn watch(&self, count: usize, deltas: bool) -> Vec<Streaming<WatchLeagueTableResponse>> {
        let mut streams = Vec::new();
        let mut client: Option<RankingServiceClient<Channel>> = None;
        for n in 0..count {
            if n % STREAMS == 0 {
                let channel = Endpoint::from_shared(self.url.clone())
                    .unwrap()
                    .connect()
                    .await
                    .unwrap();
                client = Some(RankingServiceClient::new(channel));
            }
            let request = WatchLeagueTableRequest {
                name: replica::TABLE.to_owned(),
                deltas,
                ..Default::default()
            };
            let mut stream = client
                .as_mut()
                .unwrap()
                .watch_league_table(request)
                .await
                .unwrap()
                .into_inner();
            stream.message().await.unwrap().unwrap();
            streams.push(stream);
        }
        streams
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What the watchers have seen while it was measured.
#[derive(Debug, Default)]
struct Seen {
    measuring: AtomicBool,
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// Reads a watch to its end. Returns how long each update took to arrive, in microseconds.
fn read(mut stream: Streaming<WatchLeagueTableResponse>, seen: Arc<Seen>) -> JoinHandle<Vec<u64>> {
    tokio::spawn(async move {
        let (mut delays, mut last) = (Vec::new(), 0);
        while let Ok(Some(message)) = stream.message().await {
            let arrived = now();
            let stamps = message
                .rows
                .iter()
                .filter_map(|row| row.category_display_name.parse::<u64>().ok());
            let new: Vec<u64> = stamps.filter(|stamp| *stamp > last).collect();
            if seen.measuring.load(Ordering::Relaxed) {
                seen.messages.fetch_add(1, Ordering::Relaxed);
                seen.bytes
                    .fetch_add(message.encoded_len() as u64, Ordering::Relaxed);
                delays.extend(new.iter().map(|stamp| arrived.saturating_sub(*stamp)));
            }
            last = new.into_iter().max().unwrap_or(last);
        }
        delays
    })
}

/// The value below which this share of the sorted ones is.
fn percentile(sorted: &[u64], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted
        .get(at.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default() as f64
        / 1e3
}

async fn latency((watchers, updates): (usize, u32), seconds: u64, deltas: bool) {
    let server = Server::start(&updates.to_string());
    let seen = Arc::new(Seen::default());
    let before = server.memory();
    let streams = server.watch(watchers, deltas).await;
    let readers: Vec<_> = streams
        .into_iter()
        .map(|stream| read(stream, Arc::clone(&seen)))
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    seen.measuring.store(true, Ordering::Relaxed);
    let start = Instant::now();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    seen.measuring.store(false, Ordering::Relaxed);
    let elapsed = start.elapsed().as_secs_f64();
    let each = server.memory().saturating_sub(before) / watchers as u64;
    drop(server);
    let mut delays = Vec::new();
    for reader in readers {
        delays.extend(reader.await.unwrap());
    }
    delays.sort_unstable();
    let messages = seen.messages.load(Ordering::Relaxed) as f64;
    println!(
        "{watchers} watchers, {updates} updates a second, {}: {:.0} messages/s of {:.0} bytes; seen after p50 {:.1} ms, \
         p99 {:.1} ms; {each} bytes of memory each",
        if deltas { "deltas" } else { "all rows" },
        messages / elapsed,
        seen.bytes.load(Ordering::Relaxed) as f64 / messages.max(1.0),
        percentile(&delays, 0.5),
        percentile(&delays, 0.99),
    );
}

/// Memory of watchers that have received their first message and wait.
async fn memory(sizes: Sizes) {
    let server = Server::start("0");
    drop(server.watch(STREAMS, true).await);
    let before = server.memory();
    let streams = server.watch(sizes.idle, true).await;
    let each = server.memory().saturating_sub(before) / sizes.idle as u64;
    println!(
        "{} waiting watchers: {each} bytes each, with their share of a connection",
        streams.len()
    );
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    if let [role, updates] = arguments.as_slice()
        && role == "replica"
    {
        replica::run(updates.parse().unwrap()).await;
        return;
    }
    let sizes = match env::var("PRIMA_BENCH_SMALL").is_ok_and(|value| value == "1") {
        true => Sizes {
            watchers: [(50, 20), (100, 10)],
            idle: 100,
            seconds: 1,
        },
        false => Sizes {
            watchers: [(1000, 20), (2000, 10)],
            idle: 2000,
            seconds: 10,
        },
    };
    for watchers in sizes.watchers {
        for deltas in [true, false] {
            latency(watchers, sizes.seconds, deltas).await;
        }
    }
    memory(sizes).await;
}
