//! The gRPC server: health, reflection, limits, a maximum age of connections, and a graceful stop with a time limit.

use std::{io, net::SocketAddr, time::Duration};

use futures::{
    SinkExt, StreamExt,
    channel::mpsc,
    future::{try_join, try_join_all},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport};

use super::{
    Document, Edge,
    connect::{Connect, Door, Frames},
    connection::{Connection, Terms, accept},
    origin::Proxies,
    shares::{CONNECTIONS, Pool},
    tls::{self, Tls},
};
use crate::{config, lifecycle::Tasks};

/// Number of maximum ages of connections, from a tenth below the configured one to a tenth above it. Connections get
/// them in turn, so that clients that connected together, such as after the loss of a replica, do not always reconnect
/// together.
const AGES: u32 = 8;

/// Why the server can't start, or has ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address can't be bound.
    #[error("grpc.listen {0}: {1}")]
    Bind(String, std::io::Error),
    /// The certificate of the listener can't be used.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// Reflection can't be built.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("grpc: {0}")]
    Transport(#[from] transport::Error),
}

/// Binds the listener, so that the port is known before anything is served. Fails as well when its certificate can't be
/// used.
pub async fn bind(config: &config::Grpc) -> Result<(TcpListener, SocketAddr), Error> {
    Tls::load(config)?;
    let failed = |error| Error::Bind(config.listen.clone(), error);
    let listener = TcpListener::bind(&config.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// A server to be run.
pub struct Server {
    /// The services, including health.
    pub routes: Routes,
    /// The layer around all services.
    pub edge: Edge,
    /// Descriptors of all methods, for reflection and for calls in JSON.
    pub descriptors: &'static [u8],
    /// Documents that are answered to GET.
    pub documents: Vec<Document>,
}

impl Server {
    /// Serves until the soft stop, then waits for calls to end within the grace time and drops the others.
    pub async fn run(self, listener: TcpListener, config: &config::Grpc, tasks: &Tasks) -> Result<(), Error> {
        let mut routes = self.routes;
        if config.reflection {
            let builder = || {
                tonic_reflection::server::Builder::configure()
                    .register_encoded_file_descriptor_set(self.descriptors)
                    .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            };
            routes = routes
                .add_service(builder().build_v1()?)
                .add_service(builder().build_v1alpha()?);
        }
        let connect = Connect::new(self.descriptors, self.documents, config.max_message_bytes);
        let soft = tasks.soft().clone();
        let keepalive = Duration::from_secs(config.keepalive_seconds);
        let age = Duration::from_secs(config.max_connection_age_seconds);
        let (lanes, incoming): (Vec<_>, Vec<_>) = (0..AGES).map(|_| mpsc::channel(0)).unzip();
        let servers = (0..AGES).zip(incoming).map(|(lane, incoming)| {
            transport::Server::builder()
                .http2_keepalive_interval(Some(keepalive))
                .http2_keepalive_timeout(Some(keepalive))
                // Without the grace of tonic 0.14.9: with it, a connection gets no GOAWAY, but is cut at the end of the
                // grace.
                .max_connection_age(age * 9 / 10 + age * lane / (5 * (AGES - 1)))
                .http2_max_header_list_size(16 * 1024)
                .max_concurrent_streams(config.max_streams_per_connection)
                // A stream of survey responses must be able to buffer whole batches while one is stored.
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(4 << 20)
                // Calls in JSON come by either version of HTTP; those of gRPC by HTTP/2.
                .accept_http1(true)
                .layer(Door(connect.clone()))
                .layer(self.edge.clone())
                .layer(Frames)
                .add_routes(routes.clone())
                .serve_with_incoming_shutdown(
                    incoming.map(Ok::<Connection, io::Error>),
                    soft.clone().cancelled_owned(),
                )
        });
        let tls = Tls::load(config)?;
        let terms = Terms {
            keepalive,
            timeout: Duration::from_secs(config.receive_seconds),
            places: Pool::of_places(CONNECTIONS, config.max_connections, config),
            proxies: Proxies::new(config),
            tls: tls.as_ref().map(Tls::acceptor),
        };
        let renewal = async {
            match tls {
                Some(tls) => tls.follow().await,
                None => std::future::pending().await,
            }
        };
        let distribute = async {
            distribute(listener, terms, lanes, &soft).await;
            Ok(())
        };
        let serve = try_join(distribute, try_join_all(servers));
        let limit = async {
            soft.cancelled().await;
            tokio::time::sleep(Duration::from_secs(config.shutdown_grace_seconds)).await;
        };
        tokio::select! {
            served = serve => Ok(served.map(drop)?),
            () = renewal => Ok(()),
            () = limit => {
                tracing::warn!("calls did not end in time; dropping them");
                Ok(())
            }
        }
    }
}

/// Distributes the accepted connections over the servers in turn, until the stop; then the port is closed.
async fn distribute(
    listener: TcpListener,
    terms: Terms,
    mut lanes: Vec<mpsc::Sender<Connection>>,
    stop: &CancellationToken,
) {
    let mut accepted = accept(listener, terms, stop.clone());
    let mut turn = 0..;
    let distributing = async {
        while let (Some(connection), Some(turn)) = (accepted.next().await, turn.next()) {
            let lane = turn % lanes.len().max(1);
            if let Some(lane) = lanes.get_mut(lane) {
                // A server that has ended accepts no connection.
                let _ended = lane.send(connection).await;
            }
        }
    };
    tokio::select! { () = stop.cancelled() => {} () = distributing => {} }
}
