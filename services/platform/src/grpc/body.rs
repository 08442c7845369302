//! Request bodies that must keep coming: a caller that opens a call and sends nothing would hold its slot for ever.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tonic::{Status, body::Body};

/// How long the next part of a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request body that fails when nothing comes for too long.
pub(super) struct Patient {
    inner: Body,
    /// Runs only while somebody waits for the caller.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    /// Gives `inner` a limited patience.
    pub(super) fn wrap(inner: Body) -> Body {
        Body::new(Self { inner, waiting: None })
    }
}

impl http_body::Body for Patient {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if polled.is_ready() {
            self.waiting = None;
            return polled;
        }
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + PATIENCE)));
        match waiting.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(Status::deadline_exceeded(
                "nothing was sent for too long",
            )))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
