//! The body of the response of a stream: its messages, and the status as the last one.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Frame;
use tokio::time::Sleep;
use tonic::{Code, Status, body::Body};

use super::{
    call::{Call, Codec},
    envelope::{self, COMPRESSED},
    gzip, json,
    refusal::end,
};
use crate::grpc::status::{enrich, status};

/// The messages of `inner`, which are those of gRPC, as those of Connect.
pub(super) fn messages(inner: Body, call: Call) -> Body {
    let due = call.due.map(|due| Box::pin(tokio::time::sleep_until(due)));
    Body::new(Messages {
        inner,
        due,
        call,
        buffer: BytesMut::new(),
        ended: false,
    })
}

struct Messages {
    inner: Body,
    /// Ends at the deadline of the call.
    due: Option<Pin<Box<Sleep>>>,
    call: Call,
    buffer: BytesMut,
    ended: bool,
}

impl Messages {
    /// The next message that is complete; `None` while there is none.
    fn next(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((_, message)) = envelope::take(&mut self.buffer, usize::MAX).ok().flatten() else {
            return Ok(None);
        };
        let message: Bytes = match self.call.codec {
            Codec::Json => json::of_message(&self.call.method.output, message)
                .map_err(status)?
                .into(),
            Codec::Proto => message,
        };
        let packed = Some(&message).filter(|_| self.call.accepts_packed);
        Ok(match packed.and_then(|message| gzip::pack(message)) {
            Some(packed) => envelope::put(COMPRESSED, &packed),
            None => envelope::put(0, &message),
        })
    }

    fn end(
        &mut self,
        failed: Option<&Status>,
        trailers: &HeaderMap,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.ended = true;
        let last = end(&self.call, failed, trailers);
        Poll::Ready(Some(Ok(Frame::data(last))))
    }
}

impl http_body::Body for Messages {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            match self.next() {
                Ok(Some(message)) => return Poll::Ready(Some(Ok(Frame::data(message)))),
                Ok(None) => {}
                Err(failed) => return self.end(Some(&failed), &HeaderMap::new()),
            }
            let polled = Pin::new(&mut self.inner).poll_frame(cx);
            if polled.is_pending()
                && let Some(due) = &mut self.due
                && due.as_mut().poll(cx).is_ready()
            {
                let passed = enrich(&Status::deadline_exceeded("the caller's deadline has passed"));
                return self.end(Some(&passed), &HeaderMap::new());
            }
            match ready!(polled) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => {
                        let trailers = frame.into_trailers().unwrap_or_default();
                        let status = Status::from_header_map(&trailers);
                        let failed = status.filter(|status| status.code() != Code::Ok);
                        return self.end(failed.as_ref(), &trailers);
                    }
                },
                Some(Err(failed)) => return self.end(Some(&failed), &HeaderMap::new()),
                None => {
                    let cut = enrich(&Status::unknown("the stream has ended without a status"));
                    return self.end(Some(&cut), &HeaderMap::new());
                }
            }
        }
    }
}
