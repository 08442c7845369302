//! The body of a request: its messages as those of gRPC.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use tonic::{Code, Status, body::Body};

use super::{
    call::{Call, Codec},
    envelope::{self, COMPRESSED},
    gzip::{self, Fault},
    json,
};
use crate::grpc::status::{detailed, enrich, status};

/// The messages of `inner` as those of gRPC.
pub(super) fn frames(inner: Body, call: Call) -> Body {
    Body::new(Frames {
        inner,
        call,
        buffer: BytesMut::new(),
        messages: 0,
        received: false,
        ended: false,
    })
}

struct Frames {
    inner: Body,
    call: Call,
    buffer: BytesMut,
    /// Number of messages passed on.
    messages: usize,
    /// Whether `inner` has ended.
    received: bool,
    /// Whether everything was passed on, or an error.
    ended: bool,
}

fn too_long(limit: usize) -> Status {
    enrich(&Status::out_of_range(format!(
        "a message may have at most {limit} bytes"
    )))
}

fn malformed(text: &str) -> Status {
    detailed(
        Code::InvalidArgument,
        "MALFORMED_REQUEST",
        text,
        "Permintaan tidak dapat dibaca",
    )
}

impl Call {
    /// The gRPC message of what was sent.
    fn frame(&self, sent: Bytes, packed: bool) -> Result<Bytes, Status> {
        let limit = self.shared.limit;
        let plain = match packed && !sent.is_empty() {
            true => gzip::unpack(&sent, limit)
                .map(Bytes::from)
                .map_err(|fault| match fault {
                    Fault::TooLong => too_long(limit),
                    Fault::Malformed(error) => malformed(&format!("the message is not gzip: {error}")),
                })?,
            false => sent,
        };
        let frame = match self.codec {
            Codec::Json => json::to_frame(&self.method.input, &plain).map_err(status)?,
            Codec::Proto => envelope::put(0, &plain),
        };
        frame.ok_or_else(|| too_long(limit))
    }
}

impl Frames {
    /// The next message that has been received; `None` while there is none.
    fn next(&mut self) -> Result<Option<Bytes>, Status> {
        let limit = self.call.shared.limit;
        if !self.call.enveloped {
            if self.buffer.len() > limit {
                return Err(too_long(limit));
            }
            if !self.received {
                return Ok(None);
            }
            self.ended = true;
            let sent = self.buffer.split().freeze();
            return self.call.frame(sent, self.call.packed).map(Some);
        }
        let taken = envelope::take(&mut self.buffer, limit).map_err(|_| too_long(limit))?;
        let requests = self.call.method.requests;
        let Some((flags, message)) = taken else {
            if self.received {
                self.ended = true;
                if !self.buffer.is_empty() {
                    return Err(malformed("the last message is not complete"));
                }
                if !requests && self.messages == 0 {
                    return Err(enrich(&Status::unimplemented("the request has no message")));
                }
            }
            return Ok(None);
        };
        self.messages += 1;
        if !requests && self.messages > 1 {
            return Err(enrich(&Status::unimplemented(
                "the request has more than one message",
            )));
        }
        match flags {
            0 => self.call.frame(message, false).map(Some),
            COMPRESSED if self.call.packed => self.call.frame(message, true).map(Some),
            COMPRESSED => Err(malformed(
                "a message is compressed, and connect-content-encoding is not sent",
            )),
            other => Err(malformed(&format!("a message has the flags {other}"))),
        }
    }
}

impl http_body::Body for Frames {
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
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(Frame::data(frame)))),
                Ok(None) if self.ended => return Poll::Ready(None),
                Ok(None) => {}
                Err(status) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(status)));
                }
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.buffer.extend_from_slice(data);
                    }
                }
                Some(Err(status)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(status)));
                }
                None => self.received = true,
            }
        }
    }
}
