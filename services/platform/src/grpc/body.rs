//! Bodies of calls: requests that must keep coming and may not fill the memory, and answers that hold their call's place
//! until they were taken.

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

/// What a call brings without being counted: the limit on calls covers it.
const FREE: usize = 16 * 1024;
/// Of a message in gRPC: a flag and the length.
const HEAD: usize = 5;

/// How a request is received.
pub(super) struct Terms {
    /// Whether messages count one by one: those of a stream are taken as they come, of others the whole is kept.
    pub streamed: bool,
    /// How long to wait for a message, or for the whole of a request that is no stream.
    pub patience: Duration,
    /// Takes part in the budget of bytes in flight.
    pub bytes: Share,
}

/// A request body that fails when it takes too long or brings more than there is room for.
pub(super) struct Received {
    inner: Body,
    terms: Terms,
    messages: Messages,
    all: usize,
    /// What is left of the patience.
    left: Duration,
    /// Runs only while somebody waits for the caller.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Received {
    /// Receives `inner` on these terms.
    pub(super) fn wrap(inner: Body, terms: Terms) -> Body {
        Body::new(Self {
            inner,
            left: terms.patience,
            terms,
            messages: Messages::default(),
            all: 0,
            waiting: None,
        })
    }

    /// Counts what has come.
    fn count(&mut self, data: &Bytes) -> Result<(), Failure> {
        self.all = self.all.saturating_add(data.len());
        let ended = self.messages.pass(data);
        let kept = if self.terms.streamed {
            if ended {
                self.left = self.terms.patience;
            }
            self.messages.open
        } else {
            self.all
        };
        let counted = kept.saturating_sub(FREE);
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
        Poll::Ready(Some(Err(status(too_slow(self.terms.patience)))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn too_slow(patience: Duration) -> Failure {
    let seconds = patience.as_secs();
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

/// Follows the messages in a body.
#[derive(Default)]
struct Messages {
    /// Bytes of the head that have come, and the length that they tell.
    head: usize,
    length: usize,
    /// Bytes of the message that has begun and not ended.
    open: usize,
}

impl Messages {
    /// Passes over what has come; whether a message ended in it.
    fn pass(&mut self, mut data: &[u8]) -> bool {
        let mut ended = false;
        while data.has_remaining() {
            if self.head < HEAD {
                let byte = usize::from(data.get_u8());
                // The first is the flag.
                if self.head > 0 {
                    self.length = self.length << 8 | byte;
                }
                self.head += 1;
            } else {
                let part = data.len().min(self.length - self.open);
                data.advance(part);
                self.open += part;
            }
            if self.head == HEAD && self.open == self.length {
                *self = Self::default();
                ended = true;
            }
        }
        ended
    }
}

/// An answer that holds the place of its call until it was taken, or its caller is gone.
pub(super) struct Placed {
    inner: Body,
    _place: Option<Share>,
}

impl Placed {
    /// Lets `inner` hold the place.
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
    fn messages_are_told_apart_however_they_are_cut() {
        let mut body = Vec::new();
        for length in [0_u8, 1, 7, 200] {
            body.extend([0, 0, 0, 0, length]);
            body.extend(vec![9; usize::from(length)]);
        }
        for size in [1, 2, 3, 5, 64, 1000] {
            let mut messages = Messages::default();
            let ended = body.chunks(size).filter(|part| messages.pass(part)).count();
            assert!((1..=4).contains(&ended));
            assert_eq!((messages.head, messages.open), (0, 0), "{size}");
        }
        let mut messages = Messages::default();
        assert!(!messages.pass(&[0, 0, 1, 0, 0]));
        assert!(!messages.pass(&[9; 65_535]));
        assert_eq!(messages.open, 65_535);
        assert!(messages.pass(&[9, 0]));
        assert_eq!((messages.head, messages.open), (1, 0));
    }
}
