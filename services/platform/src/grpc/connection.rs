//! Accepted connections, at most so many. One that does not begin to speak HTTP/2 is dropped after a while, and at the
//! stop: a graceful stop waits for every handshake.

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
};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::{Connected, TcpIncoming};

use super::{
    origin::{Proxies, Socket},
    shares::{Class, Pool, Share},
};

/// Bytes that open an HTTP/2 connection.
const PREFACE: usize = 24;
/// How long to wait when the process has no descriptor left for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that ends when it stays silent.
pub(super) struct Connection {
    tcp: TcpStream,
    socket: Socket,
    _place: Share,
    read: usize,
    /// When to give up on one that has not begun.
    silent: Option<BoxFuture<'static, ()>>,
}

/// On what terms connections are accepted.
pub(super) struct Terms {
    /// The kernel asks a client that was silent for so long whether it is there, which ends one that vanished before it
    /// spoke HTTP/2.
    pub keepalive: Duration,
    /// How long a connection may take to begin.
    pub patience: Duration,
    /// Their places.
    pub places: Arc<Pool>,
    /// Who opens them for others.
    pub proxies: Proxies,
}

/// The connections of a listener.
pub(super) fn accept(
    listener: TcpListener,
    terms: Terms,
    stop: CancellationToken,
) -> impl Stream<Item = Connection> + Unpin {
    let incoming = TcpIncoming::from(listener)
        // Answers are small; none waits for the next.
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
    /// `None` when it is gone already, or there is no place for it: then it is closed.
    fn new(tcp: TcpStream, terms: &Terms, stop: CancellationToken) -> Option<Self> {
        let socket = Socket::new(tcp.peer_addr().ok()?.ip());
        let origin = terms.proxies.of_connection(socket);
        let place = terms.places.take(&origin, Class::Public).ok()?;
        let patience = terms.patience;
        let silent = async move {
            tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(patience) => {} }
        };
        Some(Self {
            tcp,
            socket,
            _place: place,
            read: 0,
            silent: Some(Box::pin(silent)),
        })
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(cx, buf);
        self.read = self
            .read
            .saturating_add(buf.filled().len().saturating_sub(before));
        if self.read >= PREFACE {
            self.silent = None;
        }
        match &mut self.silent {
            Some(silent) if polled.is_pending() => match silent.as_mut().poll(cx) {
                Poll::Ready(()) => {
                    self.silent = None;
                    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
                }
                Poll::Pending => Poll::Pending,
            },
            _ => polled,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}

impl Connected for Connection {
    type ConnectInfo = Socket;

    fn connect_info(&self) -> Socket {
        self.socket
    }
}
