//! Accepted connections, whose number is limited. A connection that does not begin HTTP/2, or send the head of a request of
//! HTTP/1.1, after a TLS handshake where there is one, is dropped after a timeout, and when the server stops, because a
//! graceful stop waits for every handshake.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{Stream, StreamExt, future::BoxFuture};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::{Connected, TcpIncoming};

use super::{
    origin::{Proxies, Socket},
    shares::{Class, Pool, Share},
    tls::Stream as Bytestream,
};

/// The connection preface of HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long to wait when a connection can't be accepted, such as when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// What a connection has begun with: the preface of HTTP/2, or the head of a request of HTTP/1.1.
#[derive(Debug)]
struct Beginning {
    /// Bytes of the preface that have arrived; `None` when another byte has.
    preface: Option<usize>,
    /// Ends of lines since the last other byte.
    lines: usize,
}

impl Beginning {
    /// Of a connection on which nothing has arrived.
    fn new() -> Self {
        Self {
            preface: Some(0),
            lines: 0,
        }
    }

    /// Reads the next bytes; whether the beginning is complete.
    fn pass(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            self.preface = self
                .preface
                .filter(|read| PREFACE.get(*read) == Some(byte))
                .map(|read| read + 1);
            match (self.preface, byte) {
                (Some(read), _) if read == PREFACE.len() => return true,
                (Some(_), _) | (None, b'\r') => {}
                (None, b'\n') => self.lines += 1,
                (None, _) => self.lines = 0,
            }
            if self.lines == 2 {
                return true;
            }
        }
        false
    }
}

/// A connection that fails when its beginning does not arrive in time.
pub(super) struct Connection {
    stream: Bytestream,
    socket: Socket,
    _place: Share,
    beginning: Beginning,
    /// Ends when the beginning is overdue; `None` after it has arrived.
    overdue: Option<BoxFuture<'static, ()>>,
}

/// Limits under which connections are accepted.
pub(super) struct Terms {
    /// Interval of TCP keepalive probes, which end the connection of a client that vanished before it began.
    pub keepalive: Duration,
    /// How long a connection may take to begin.
    pub timeout: Duration,
    /// The places of connections.
    pub places: Arc<Pool>,
    /// Proxies that open connections for others.
    pub proxies: Proxies,
    /// What accepts TLS handshakes; `None` without TLS.
    pub tls: Option<watch::Receiver<TlsAcceptor>>,
}

/// The connections of a listener.
pub(super) fn accept(
    listener: TcpListener,
    terms: Terms,
    stop: CancellationToken,
) -> impl Stream<Item = Connection> + Unpin {
    let incoming = TcpIncoming::from(listener)
        // Responses are small and must not wait for the next one.
        .with_nodelay(Some(true))
        .with_keepalive(Some(terms.keepalive))
        .with_keepalive_interval(Some(terms.keepalive));
    let terms = Arc::new(terms);
    incoming
        .filter_map(move |accepted| {
            let (stop, terms) = (stop.clone(), terms.clone());
            async move {
                match accepted {
                    Ok(tcp) => Connection::new(tcp, &terms, stop),
                    Err(error) => {
                        tracing::warn!(%error, "a connection can't be accepted");
                        tokio::time::sleep(PAUSE).await;
                        None
                    }
                }
            }
        })
        .boxed()
}

impl Connection {
    /// `None` when the client has disconnected, or when there is no place left; then the connection is closed.
    fn new(tcp: TcpStream, terms: &Terms, stop: CancellationToken) -> Option<Self> {
        let socket = Socket::new(tcp.peer_addr().ok()?.ip());
        let origin = terms.proxies.of_connection(socket);
        let place = terms.places.take(&origin, Class::Public).ok()?;
        let timeout = terms.timeout;
        let overdue = async move {
            tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(timeout) => {} }
        };
        let acceptor = terms.tls.as_ref().map(|acceptor| acceptor.borrow().clone());
        Some(Self {
            stream: Bytestream::new(tcp, acceptor),
            socket,
            _place: place,
            beginning: Beginning::new(),
            overdue: Some(Box::pin(overdue)),
        })
    }
}

impl Connection {
    /// Fails an operation that has to wait when its beginning is overdue.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &mut self.overdue {
            Some(overdue) if polled.is_pending() => match overdue.as_mut().poll(cx) {
                Poll::Ready(()) => {
                    self.overdue = None;
                    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
                }
                Poll::Pending => Poll::Pending,
            },
            _ => polled,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.overdue.is_some()
            && self
                .beginning
                .pass(buf.filled().get(before..).unwrap_or_default())
        {
            self.overdue = None;
        }
        self.in_time(cx, polled)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.in_time(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.in_time(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.in_time(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Connected for Connection {
    type ConnectInfo = Socket;

    fn connect_info(&self) -> Socket {
        self.socket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_begins_with_a_preface_or_with_a_whole_head() {
        let ends_at = |bytes: &[u8]| {
            let mut beginning = Beginning::new();
            let mut parts = bytes.chunks(1);
            parts.position(|byte| beginning.pass(byte)).map(|at| at + 1)
        };
        assert_eq!(ends_at(PREFACE), Some(24));
        assert_eq!(ends_at(b"PRI * HTTP/2.0\r\n\r\nSM\r\n"), None);
        assert_eq!(ends_at(b"GET / HTTP/1.1\r\n\r\n"), Some(18));
        assert_eq!(ends_at(b"POST / HTTP/1.1\r\nhost: x\r\n\r\n{}"), Some(28));
        assert_eq!(ends_at(b"GET / HTTP/1.1\n\n"), Some(16));
        assert_eq!(ends_at(b"PUT / HTTP/1.1\r\nhost: x\r\nhost: y\r\n"), None);
    }
}
