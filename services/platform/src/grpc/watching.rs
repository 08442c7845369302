//! Streams of responses, which watch something or send a file. Their number is limited, with shares, and the stream of
//! a client that does not read ends.

use std::{
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use futures::Stream;
use tokio::sync::mpsc;
use tonic::Status;

use super::{
    limits::{self, Call},
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

/// Why a stream has ended, when it was not because the process stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// All messages were sent.
    Finished,
    /// The client did not read.
    Stalled,
    /// The token that opened it is no longer valid.
    Lapsed,
}

/// The sending side of one stream.
#[derive(Debug)]
pub struct Sender<T> {
    channel: mpsc::Sender<Result<T, Status>>,
    end: Arc<OnceLock<End>>,
    stall: Duration,
    places: Arc<Pool>,
    origin: Origin,
}

/// The receiving side, given to tonic. Each item becomes a message when the client is about to read it, so that what waits
/// for a slow reader may be shared with other streams.
#[derive(Debug)]
pub struct WatchStream<T, M = T> {
    channel: mpsc::Receiver<Result<T, Status>>,
    end: Arc<OnceLock<End>>,
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
                let _before = self.end.set(End::Stalled);
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
        let _before = self.end.set(End::Finished);
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

    /// Opens a stream to which `feed` sends messages. The feed ends when the client has disconnected, the process stops, or
    /// the token of the call that opens it is no longer valid.
    pub fn open<T, M, F>(&self, feed: impl FnOnce(Sender<T>) -> F) -> Result<WatchStream<T, M>, Failure>
    where
        T: Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let Call { origin, standing } = limits::call();
        let place = self.places.take(&origin, Class::Watch)?;
        // At most one message is buffered, so that a slow reader gets the latest state next, not an old one.
        let (channel, receiver) = mpsc::channel(1);
        let end = Arc::new(OnceLock::new());
        let work = feed(Sender {
            channel,
            end: end.clone(),
            stall: self.stall,
            places: self.places.clone(),
            origin,
        });
        let soft = self.tasks.soft().clone();
        let lapse = end.clone();
        self.tasks.spawn_short(async move {
            let lapsed = async {
                match standing {
                    Some(standing) => standing.lapsed().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = soft.cancelled() => {}
                // The feed, and with it the channel, is dropped afterwards, which wakes the reader.
                () = lapsed => {
                    let _before = lapse.set(End::Lapsed);
                }
                () = work => {}
            }
            drop(place);
        });
        Ok(WatchStream {
            channel: receiver,
            end,
            ended: false,
            message: PhantomData,
        })
    }
}

/// The end of a stream whose token is not valid any more.
pub(super) fn lapsed() -> Failure {
    Failure::new(
        Kind::Unauthenticated,
        "TOKEN_INVALID",
        "the token is not valid any more",
        "Token akses tidak berlaku lagi",
    )
}

/// The last status of a stream; `None` for one that has sent all its messages.
fn last(end: Option<End>) -> Option<Failure> {
    let (kind, reason, text, localized) = match end {
        Some(End::Finished) => return None,
        Some(End::Stalled) => (
            Kind::Exhausted,
            "SLOW_READER",
            "messages were not read in time",
            "Pesan tidak dibaca tepat waktu",
        ),
        Some(End::Lapsed) => return Some(lapsed()),
        None => (
            Kind::Unavailable,
            "STREAM_ENDED",
            "the server stops; watch again",
            "Server berhenti; pantau ulang",
        ),
    };
    Some(Failure::new(kind, reason, text, localized))
}

impl<T: Into<M>, M> Stream for WatchStream<T, M> {
    type Item = Result<M, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let polled = match self.end.get().copied() {
            // What was buffered for a token that is no longer valid is not sent.
            Some(End::Lapsed) => Poll::Ready(None),
            _ => self.channel.poll_recv(cx),
        };
        match polled {
            Poll::Ready(None) => {
                self.ended = true;
                Poll::Ready(last(self.end.get().copied()).map(|failure| Err(status(failure))))
            }
            other => other.map(|item| item.map(|item| item.map(Into::into))),
        }
    }
}
