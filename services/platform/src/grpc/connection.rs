//! Accepted connections. One that does not begin to speak HTTP/2 is dropped after a while, and at the stop: a graceful
//! stop waits for every handshake.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::{Stream, StreamExt, future::BoxFuture};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Bytes that open an HTTP/2 connection.
const PREFACE: usize = 24;
/// How long a connection may take to send them.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait when the process has no descriptor left for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that ends when it stays silent.
pub(super) struct Connection {
    tcp: TcpStream,
    read: usize,
    /// When to give up on one that has not begun.
    silent: Option<BoxFuture<'static, ()>>,
}

/// The connections of a listener.
pub(super) fn accept(
    listener: TcpListener,
    stop: CancellationToken,
) -> impl Stream<Item = io::Result<Connection>> + Unpin {
    let next = async |(listener, stop): (TcpListener, CancellationToken)| loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                let connection = Connection::new(tcp, stop.clone());
                return Some((Ok(connection), (listener, stop)));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    futures::stream::unfold((listener, stop), next).boxed()
}

impl Connection {
    fn new(tcp: TcpStream, stop: CancellationToken) -> Self {
        // Answers are small; none waits for the next. It fails only on a connection that is gone.
        let _gone = tcp.set_nodelay(true);
        let silent = async move {
            tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(PATIENCE) => {} }
        };
        Self {
            tcp,
            read: 0,
            silent: Some(Box::pin(silent)),
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
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.tcp.connect_info()
    }
}
