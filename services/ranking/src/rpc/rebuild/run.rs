//! Builds all tables again from the bus, beside those that are read, and puts them in their place when no row differs.

use std::{pin::pin, sync::Arc, time::Duration};

use prima_platform::{
    bus::{self, Bus},
    caller::Caller,
    consume::{Follower, Freshness, Position, Source},
    failure::{Failure, Kind},
    grpc::{WatchSender, WatchStream},
    request::{self, Faults},
};
use prima_proto::ranking::v1;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::difference;
use crate::{
    derived::tables::rebuild::{Compared, Rebuilding},
    domain::rows_hash::hex,
    rpc::App,
};

/// Interval of the messages about the progress.
const TICK: Duration = Duration::from_millis(200);
/// How long nothing may be read before the rebuild is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a state that only one of the tables has may still be on its way to the other one.
const ON_THE_WAY: Duration = Duration::from_secs(5);
/// Most rows that differ in the last message.
const MOST: usize = 100;

type Sender = WatchSender<v1::RebuildLeagueTablesResponse>;

/// Why a rebuild ends before its last message.
enum Ended {
    Failed(Failure),
    /// The client has left.
    Gone,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The streams that are read, each with its state when the rebuild began.
struct Streams {
    bus: Arc<dyn Bus>,
    sources: Vec<(Source, bus::StreamInfo)>,
}

/// Rebuilds the tables of this replica, and streams the progress and the result.
pub fn run(
    app: &App,
    caller: &Caller,
    message: v1::RebuildLeagueTablesRequest,
) -> Result<WatchStream<v1::RebuildLeagueTablesResponse>, Failure> {
    let mut faults = Faults::default();
    let accepted = faults.take(request::optional(&message.accepted_hash, |raw| {
        request::parsed("accepted_hash", raw, hash).map(str::to_owned)
    }));
    let accepted = faults.settle(accepted)?;
    app.check_ready()?;
    let rebuilding = app.tables.begin_rebuild().ok_or_else(running)?;
    let (app, caller) = (app.clone(), caller.subject().to_owned());
    app.watchers.clone().open(async move |sender| {
        tracing::info!(%caller, "the league tables are being rebuilt");
        match rebuild(&app, rebuilding, accepted, &sender).await {
            Ok(last) => {
                let [differing, live, rebuilt] =
                    [last.differing_rows.to_string(), last.live_hash.clone(), last.rebuilt_hash.clone()];
                let is_replaced = last.phase == i32::from(v1::RebuildPhase::Replaced);
                tracing::info!(%caller, is_replaced, %differing, %live, %rebuilt, "the league tables were rebuilt");
                if sender.send(last).await.is_err() {
                    return;
                }
                match is_replaced {
                    true => sender.finish(),
                    false => sender.fail(differ()).await,
                }
            }
            Err(Ended::Failed(failure)) => {
                tracing::warn!(%caller, %failure, "the league tables were not rebuilt");
                sender.fail(failure).await;
            }
            Err(Ended::Gone) => tracing::info!(%caller, "the rebuild of the league tables was given up"),
        }
    })
}

/// Checks the form of a hash.
fn hash(text: &str) -> Result<&str, [String; 2]> {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (text.len() == 64 && digits).then_some(text).ok_or_else(|| {
        [
            "must be 64 hexadecimal digits in lower case".to_owned(),
            "harus 64 angka heksadesimal huruf kecil".to_owned(),
        ]
    })
}

async fn rebuild(
    app: &App,
    rebuilding: Rebuilding,
    accepted: Option<String>,
    sender: &Sender,
) -> Result<v1::RebuildLeagueTablesResponse, Ended> {
    let streams = Streams::of(app).await?;
    let follower = Follower::new(
        Arc::clone(&streams.bus),
        app.clock.clone(),
        "ranking rebuild",
        app.sources.to_vec(),
        Arc::clone(&rebuilding.tables),
    );
    let reading = follower.freshness();
    let is_read = || *reading.fresh().borrow();
    {
        let mut following = pin!(follower.run(CancellationToken::new()));
        tokio::select! {
            () = &mut following => {}
            done = progress(&streams, &reading, sender, v1::RebuildPhase::Reading, is_read) => done?,
        }
    }
    // Nothing is read for the rebuilt tables alone any more, and what the others receive reaches both: when these have
    // read as far, both have received the same.
    let read = reading.now().positions;
    let has_caught_up = || reaches(&app.freshness.now().positions, &read);
    progress(
        &streams,
        &reading,
        sender,
        v1::RebuildPhase::Waiting,
        has_caught_up,
    )
    .await?;
    streams.check().await?;
    send(sender, streams.message(v1::RebuildPhase::Comparing, &reading)).await?;
    let mut last = streams.message(v1::RebuildPhase::Refused, &reading);
    let Compared {
        comparison,
        is_replaced,
        ..
    } = compare(app, rebuilding, accepted, sender).await?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    if is_replaced {
        last.phase = v1::RebuildPhase::Replaced.into();
    }
    last.live_hash = hex(comparison.one);
    last.rebuilt_hash = hex(comparison.other);
    last.tables = count(comparison.tables);
    last.differing_rows = count(comparison.differing);
    last.difference_hash = comparison.differences_hash.map(hex).unwrap_or_default();
    last.differences = difference::render(comparison.differences);
    Ok(last)
}

/// Compares the tables, and puts the rebuilt ones in their place when they are equal or have the accepted difference. While
/// one of them lacks a state that the other one has, it is waited for.
async fn compare(
    app: &App,
    rebuilding: Rebuilding,
    accepted: Option<String>,
    sender: &Sender,
) -> Result<Compared, Ended> {
    let (rebuilding, accepted) = (Arc::new(rebuilding), Arc::new(accepted));
    let begun = Instant::now();
    loop {
        let (rebuilding, accepted) = (Arc::clone(&rebuilding), Arc::clone(&accepted));
        let sources = Arc::clone(&app.sources);
        let compared = tokio::task::spawn_blocking(move || {
            let services: Vec<&str> = sources.iter().map(|source| source.service.as_str()).collect();
            rebuilding.compare_and_replace(&services, MOST, |comparison| {
                comparison.differences_hash.map(hex) == *accepted
            })
        });
        let compared = compared.await.map_err(Failure::internal)?;
        if compared.is_replaced || compared.has_same_states || begun.elapsed() > ON_THE_WAY {
            return Ok(compared);
        }
        tokio::select! {
            () = sender.closed() => return Err(Ended::Gone),
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

/// Reports the progress until `is_done`.
async fn progress(
    streams: &Streams,
    reading: &Freshness,
    sender: &Sender,
    phase: v1::RebuildPhase,
    is_done: impl Fn() -> bool,
) -> Result<(), Ended> {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut states, mut since) = (0, Instant::now());
    while !is_done() {
        tokio::select! {
            () = sender.closed() => return Err(Ended::Gone),
            _ = tick.tick() => {}
        }
        streams.check().await?;
        let now = reading
            .now()
            .positions
            .iter()
            .map(|position| position.states)
            .sum();
        if now != states {
            (states, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            return Err(stalled().into());
        }
        send(sender, streams.message(phase, reading)).await?;
    }
    Ok(())
}

async fn send(sender: &Sender, message: v1::RebuildLeagueTablesResponse) -> Result<(), Ended> {
    sender.send(message).await.map_err(|_| Ended::Gone)
}

/// Whether every stream was read at least as far as in `read`.
fn reaches(now: &[Position], read: &[Position]) -> bool {
    read.iter().all(|read| {
        now.iter().any(|now| {
            now.service == read.service && now.created == read.created && now.sequence >= read.sequence
        })
    })
}

impl Streams {
    async fn of(app: &App) -> Result<Self, Failure> {
        let mut sources = Vec::new();
        for source in app.sources.iter() {
            let stream = app.bus.stream(&source.service).await.map_err(unavailable)?;
            let stream = stream.filter(|stream| stream.complete);
            let stream = stream.ok_or_else(|| incomplete(&source.service))?;
            sources.push((source.clone(), stream));
        }
        Ok(Self {
            bus: Arc::clone(&app.bus),
            sources,
        })
    }

    /// Fails when the bus is not connected, or a stream is not the one that was there at the beginning.
    async fn check(&self) -> Result<(), Failure> {
        if !self.bus.connection().borrow().up {
            return Err(unavailable("not connected"));
        }
        for (source, begun) in &self.sources {
            let stream = self.bus.stream(&source.service).await.map_err(unavailable)?;
            if stream.is_none_or(|stream| stream.created != begun.created) {
                return Err(incomplete(&source.service));
            }
        }
        Ok(())
    }

    fn message(&self, phase: v1::RebuildPhase, reading: &Freshness) -> v1::RebuildLeagueTablesResponse {
        let now = reading.now();
        let source = |(source, begun): &(Source, bus::StreamInfo)| {
            let at = now
                .positions
                .iter()
                .find(|position| position.service == source.service);
            v1::RebuildSource {
                service: source.service.clone(),
                states: at.map_or(0, |at| i64::try_from(at.states).unwrap_or(i64::MAX)),
                sequence: at.map_or(0, |at| at.sequence),
                until_sequence: begun.last_sequence,
                complete: !now.waiting_for.contains(&source.service),
            }
        };
        v1::RebuildLeagueTablesResponse {
            phase: phase.into(),
            sources: self.sources.iter().map(source).collect(),
            ..Default::default()
        }
    }
}

fn running() -> Failure {
    Failure::new(
        Kind::Precondition,
        "REBUILD_RUNNING",
        "the tables of this replica are being rebuilt already",
        "Tabel peringkat sedang dibangun ulang",
    )
}

fn differ() -> Failure {
    Failure::new(
        Kind::Precondition,
        "TABLES_DIFFER",
        "rows of the rebuilt tables differ, and nothing was replaced; the last message names them",
        "Baris tabel yang dibangun ulang berbeda, dan tidak ada yang diganti; pesan terakhir menyebutkannya",
    )
}

fn stalled() -> Failure {
    Failure::new(
        Kind::Unavailable,
        "REBUILD_STALLED",
        "no state was read for a minute; nothing was replaced",
        "Tidak ada keadaan yang terbaca selama satu menit; tidak ada yang diganti",
    )
}

fn unavailable(error: impl std::fmt::Display) -> Failure {
    Failure::new(
        Kind::Unavailable,
        "BUS_UNAVAILABLE",
        format!("the bus is unavailable, and nothing was replaced: {error}"),
        "Bus peristiwa tidak tersedia; tidak ada yang diganti",
    )
}

fn incomplete(service: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "STREAM_INCOMPLETE",
        format!(
            "the stream of {service} is missing, incomplete or another one than before; nothing was replaced"
        ),
        format!(
            "Aliran peristiwa {service} belum ada, belum lengkap, atau baru dibuat ulang; tidak ada yang diganti"
        ),
    )
}
