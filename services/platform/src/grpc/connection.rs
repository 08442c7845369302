//! Accepted connections, whose number is limited. A connection that does not begin HTTP/2, after a TLS handshake where
//! there is one, is dropped after a timeout, and when the server stops, because a graceful stop waits for every handshake.

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

/// Bytes of the connection preface of HTTP/2.
const PREFACE: usize = 24;
/// How long to wait when a connection can't be accepted, such as when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that fails when its preface does not arrive in time.
pub(super) struct Connection {
    stream: Bytestream,
    socket: Socket,
    _place: Share,
    read: usize,
    /// Ends when the preface is overdue; `None` after the preface has arrived.
    overdue: Option<BoxFuture<'static, ()>>,
}

/// Limits under which connections are accepted.
pub(super) struct Terms {
    /// Interval of TCP keepalive probes, which end the connection of a client that vanished before it began HTTP/2.
    pub keepalive: Duration,
    /// How long a connection may take to begin HTTP/2.
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
            read: 0,
            overdue: Some(Box::pin(overdue)),
        })
    }
}

impl Connection {
    /// Fails an operation that has to wait when the beginning of HTTP/2 is overdue.
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
        self.read = self
            .read
            .saturating_add(buf.filled().len().saturating_sub(before));
        if self.read >= PREFACE {
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
