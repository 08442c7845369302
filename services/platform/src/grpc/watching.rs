//! Streams of responses, which watch something or send a file. Their number is limited, with shares, and the stream of
//! a client that does not read ends.

use std::{
    marker::PhantomData,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures::Stream;
use tokio::sync::mpsc;
use tonic::Status;

use super::{
    limits,
    shares::{Class, Origin, Pool, WATCHERS},
    status::status,
};
use crate::{
    config,
    failure::{Failure, Kind},
    lifecycle::Tasks,
};

/// Opens streams; cheap to clone.
#[derive(Clone, Debug)]
pub struct Watchers {
    places: Arc<Pool>,
    stall: Duration,
    tasks: Tasks,
}

/// The sending side of one stream.
#[derive(Debug)]
pub struct Sender<T> {
    channel: mpsc::Sender<Result<T, Status>>,
    stalled: Arc<AtomicBool>,
    finished: Arc<AtomicBool>,
    stall: Duration,
    places: Arc<Pool>,
    origin: Origin,
}

/// The receiving side, given to tonic. Each item becomes a message when the client is about to read it, so that what waits
/// for a slow reader may be shared with other streams.
#[derive(Debug)]
pub struct WatchStream<T, M = T> {
    channel: mpsc::Receiver<Result<T, Status>>,
    stalled: Arc<AtomicBool>,
    finished: Arc<AtomicBool>,
    ended: bool,
    message: PhantomData<fn() -> M>,
}

impl<T> Sender<T> {
    /// Sends one message; an error when the client has disconnected or has not read for too long, and the stream should
    /// end.
    pub async fn send(&self, message: T) -> Result<(), Gone> {
        match tokio::time::timeout(self.stall, self.channel.send(Ok(message))).await {
            Ok(sent) => sent.map_err(|_| Gone),
            Err(_) => {
                self.stalled.store(true, Ordering::SeqCst);
                Err(Gone)
            }
        }
    }

    /// Ends the stream with a failure.
    pub async fn fail(&self, failure: Failure) {
        let _gone = tokio::time::timeout(self.stall, self.channel.send(Err(status(failure)))).await;
    }

    /// Ends the stream without an error: all messages were sent.
    pub fn finish(self) {
        self.finished.store(true, Ordering::SeqCst);
    }

    /// Number of open streams of the caller's address, including this one; 0 when the address is not known.
    pub fn streams_of_peer(&self) -> usize {
        self.places.used_by_peer(&self.origin)
    }

    /// Waits until the client has disconnected.
    pub async fn closed(&self) {
        self.channel.closed().await;
    }
}

/// The client has disconnected or does not read.
#[derive(Debug, Clone, Copy)]
pub struct Gone;

impl Watchers {
    /// At most `most` streams; the shares and the time that a message may stay unread are those of the configuration.
    pub fn new(most: usize, config: &config::Grpc, tasks: Tasks) -> Self {
        Self {
            places: Pool::of_places(WATCHERS, most, config),
            stall: Duration::from_secs(config.watch_stall_seconds),
            tasks,
        }
    }

    /// Opens a stream to which `feed` sends messages. The feed ends when the client has disconnected or the process
    /// stops.
    pub fn open<T, M, F>(&self, feed: impl FnOnce(Sender<T>) -> F) -> Result<WatchStream<T, M>, Failure>
    where
        T: Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let origin = limits::origin();
        let place = self.places.take(&origin, Class::Watch)?;
        // At most one message is buffered, so that a slow reader gets the latest state next, not an old one.
        let (channel, receiver) = mpsc::channel(1);
        let (stalled, finished) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let work = feed(Sender {
            channel,
            stalled: stalled.clone(),
            finished: finished.clone(),
            stall: self.stall,
            places: self.places.clone(),
            origin,
        });
        let soft = self.tasks.soft().clone();
        self.tasks.spawn_short(async move {
            tokio::select! { () = soft.cancelled() => {} () = work => {} }
            drop(place);
        });
        Ok(WatchStream {
            channel: receiver,
            stalled,
            finished,
            ended: false,
            message: PhantomData,
        })
    }
}

impl<T: Into<M>, M> Stream for WatchStream<T, M> {
    type Item = Result<M, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.channel.poll_recv(cx) {
            Poll::Ready(None) => {
                self.ended = true;
                if self.finished.load(Ordering::SeqCst) {
                    return Poll::Ready(None);
                }
                let (kind, reason, text, localized) = if self.stalled.load(Ordering::SeqCst) {
                    (
                        Kind::Exhausted,
                        "SLOW_READER",
                        "messages were not read in time",
                        "Pesan tidak dibaca tepat waktu",
                    )
                } else {
                    (
                        Kind::Unavailable,
                        "STREAM_ENDED",
                        "the server stops; watch again",
                        "Server berhenti; pantau ulang",
                    )
                };
                Poll::Ready(Some(Err(status(Failure::new(kind, reason, text, localized)))))
            }
            other => other.map(|item| item.map(|item| item.map(Into::into))),
        }
    }
}
