//! Bodies of calls. A request must arrive in time and may not use more memory than its share; a response keeps its
//! call's place until the client has received it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tonic::{Status, body::Body};

use super::{
    shares::{Share, refused},
    status::status,
};
use crate::failure::{Failure, Kind};

/// Bytes of each request that do not count: the limit on the number of calls covers them.
const UNCOUNTED: usize = 16 * 1024;
/// Bytes of the prefix of a gRPC message: a flag and the length.
const PREFIX: usize = 5;

/// Limits under which a request is received.
pub(super) struct Terms {
    /// Whether each message counts by itself: those of a stream are processed one by one, while other requests are kept
    /// whole.
    pub streamed: bool,
    /// How long to wait for each message of a stream, or for the whole of another request.
    pub timeout: Duration,
    /// The call's share of the bytes in flight.
    pub bytes: Share,
}

/// A request body that fails when it takes too long or exceeds the limit of bytes.
pub(super) struct Received {
    inner: Body,
    terms: Terms,
    messages: Messages,
    all: usize,
    /// What is left of the timeout.
    left: Duration,
    /// When the wait for the caller began, and its timer; `None` while data is processed.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Received {
    /// Receives `inner` under these limits.
    pub(super) fn wrap(inner: Body, terms: Terms) -> Body {
        Body::new(Self {
            inner,
            left: terms.timeout,
            terms,
            messages: Messages::default(),
            all: 0,
            waiting: None,
        })
    }

    /// Counts the bytes received.
    fn count(&mut self, data: &Bytes) -> Result<(), Failure> {
        self.all = self.all.saturating_add(data.len());
        let ended = self.messages.pass(data);
        let kept = if self.terms.streamed {
            if ended {
                self.left = self.terms.timeout;
            }
            self.messages.open
        } else {
            self.all
        };
        let counted = kept.saturating_sub(UNCOUNTED);
        self.terms.bytes.shrink(counted);
        self.terms.bytes.grow(counted)
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            if let Some((since, _)) = self.waiting.take() {
                self.left = self.left.saturating_sub(since.elapsed());
            }
            if let Some(Ok(frame)) = &frame
                && let Some(data) = frame.data_ref()
                && let Err(failure) = self.count(data)
            {
                return Poll::Ready(Some(Err(status(failure))));
            }
            return Poll::Ready(frame);
        }
        let left = self.left;
        let (_, sleep) = self.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(tokio::time::sleep_until(now + left)))
        });
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Some(Err(status(too_slow(self.terms.timeout)))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn too_slow(timeout: Duration) -> Failure {
    let seconds = timeout.as_secs();
    let text = format!("the request did not come within {seconds} seconds");
    let failure = Failure::new(
        Kind::Exhausted,
        "REQUEST_TOO_SLOW",
        text,
        "Permintaan terlalu lama dikirim",
    );
    let value = usize::try_from(seconds).unwrap_or(usize::MAX);
    refused("grpc.receive_seconds", "call", value, failure)
}

/// Finds the messages in a body.
#[derive(Default)]
struct Messages {
    /// Bytes of the prefix received so far.
    prefix: usize,
    /// Length of the message, from its prefix.
    length: usize,
    /// Bytes received of the message that has not ended yet.
    open: usize,
}

impl Messages {
    /// Reads the next bytes; whether a message ended in them.
    fn pass(&mut self, mut data: &[u8]) -> bool {
        let mut ended = false;
        while data.has_remaining() {
            if self.prefix < PREFIX {
                let byte = usize::from(data.get_u8());
                // The first byte is the flag.
                if self.prefix > 0 {
                    self.length = self.length << 8 | byte;
                }
                self.prefix += 1;
            } else {
                let part = data.len().min(self.length - self.open);
                data.advance(part);
                self.open += part;
            }
            if self.prefix == PREFIX && self.open == self.length {
                *self = Self::default();
                ended = true;
            }
        }
        ended
    }
}

/// A response body that keeps the place of its call until the caller has received it or disconnected.
pub(super) struct Placed {
    inner: Body,
    _place: Option<Share>,
}

impl Placed {
    /// Makes `inner` keep the place.
    pub(super) fn wrap(inner: Body, place: Option<Share>) -> Body {
        Body::new(Self { inner, _place: place })
    }
}

impl http_body::Body for Placed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_their_bytes_are_split() {
        let mut body = Vec::new();
        for length in [0_u8, 1, 7, 200] {
            body.extend([0, 0, 0, 0, length]);
            body.extend(vec![9; usize::from(length)]);
        }
        for size in [1, 2, 3, 5, 64, 1000] {
            let mut messages = Messages::default();
            let ended = body.chunks(size).filter(|part| messages.pass(part)).count();
            assert!((1..=4).contains(&ended));
            assert_eq!((messages.prefix, messages.open), (0, 0), "{size}");
        }
        let mut messages = Messages::default();
        assert!(!messages.pass(&[0, 0, 1, 0, 0]));
        assert!(!messages.pass(&[9; 65_535]));
        assert_eq!(messages.open, 65_535);
        assert!(messages.pass(&[9, 0]));
        assert_eq!((messages.prefix, messages.open), (1, 0));
    }
}
