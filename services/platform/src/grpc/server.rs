//! The gRPC server: health, reflection, limits, a graceful stop with a hard end.

use std::{net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tonic::{service::Routes, transport};

use super::{Edge, connection::accept};
use crate::{config, lifecycle::Tasks};

/// Why the server can't start or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address can't be bound.
    #[error("grpc.listen {0}: {1}")]
    Bind(String, std::io::Error),
    /// Reflection can't be built.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("grpc: {0}")]
    Transport(#[from] transport::Error),
}

/// Binds the listener, so that the port is known before anything is served.
pub async fn bind(config: &config::Grpc) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |error| Error::Bind(config.listen.clone(), error);
    let listener = TcpListener::bind(&config.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// A server to be run.
pub struct Server {
    /// The services, with health already among them.
    pub routes: Routes,
    /// What every call passes.
    pub edge: Edge,
    /// Descriptors for reflection.
    pub descriptors: &'static [u8],
}

impl Server {
    /// Serves until the soft stop, then lets calls end for the grace time and drops the rest.
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
        let soft = tasks.soft().clone();
        let stopping = soft.clone();
        let serve = transport::Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .http2_keepalive_timeout(Some(Duration::from_secs(20)))
            .http2_max_header_list_size(16 * 1024)
            .max_concurrent_streams(1024)
            // A stream of responses must be able to wait in whole batches while one is stored.
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .layer(self.edge)
            .add_routes(routes)
            .serve_with_incoming_shutdown(accept(listener, soft.clone()), async move {
                stopping.cancelled().await;
            });
        let limit = async {
            soft.cancelled().await;
            tokio::time::sleep(Duration::from_secs(config.shutdown_grace_seconds)).await;
        };
        tokio::select! {
            served = serve => Ok(served?),
            () = limit => {
                tracing::warn!("calls did not end in time; dropping them");
                Ok(())
            }
        }
    }
}
