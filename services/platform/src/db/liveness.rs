//! Pooled connections that the network has forgotten: they look open and answer nothing, and the pool's own ping waits for
//! them without a limit.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{
    ConnectOptions,
    sqlx::{Connection, PgConnection},
};
use tokio::time::{Instant, timeout};

/// How long a connection may take to answer a ping before it counts as lost.
pub(super) const ANSWER: Duration = Duration::from_secs(2);
/// How long a connection may be idle. Gateways forget one after four minutes and more.
const IDLE: Duration = Duration::from_secs(180);

/// When a connection was last found lost.
#[derive(Clone, Debug, Default)]
struct Liveness(Arc<Mutex<Option<Instant>>>);

/// Lets a pool hand out only connections that answer, and keep none that is still waiting for an answer. Whoever wants a
/// connection waits for one lost one at most: those that were idle meanwhile are taken for lost as well.
pub(super) fn test_connections(options: &mut ConnectOptions) {
    let liveness = Liveness::default();
    options
        .idle_timeout(IDLE)
        .test_before_acquire(false)
        .map_sqlx_postgres_before_acquire(move |connection, idle| {
            let liveness = liveness.clone();
            Box::pin(async move { Ok(liveness.answers(connection, idle.idle_for).await) })
        })
        .map_sqlx_postgres_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(async { Ok(settles(connection).await) }))
        });
}

impl Liveness {
    async fn answers(&self, connection: &mut PgConnection, idle: Duration) -> bool {
        let lost = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lost.is_some_and(|lost| idle >= lost.elapsed()) {
            return false;
        }
        match timeout(ANSWER, connection.ping()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::info!(%error, "an idle connection is broken; it is dropped");
                false
            }
            Err(_) => {
                tracing::warn!(
                    "an idle connection does not answer; it is dropped with all that were idle meanwhile"
                );
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                false
            }
        }
    }
}

/// Waits for what a dropped caller has left: the answer to its statement, the rollback of its transaction.
async fn settles(connection: &mut PgConnection) -> bool {
    match timeout(ANSWER, connection.flush()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::info!(%error, "a connection broke; it is dropped");
            false
        }
        Err(_) => {
            tracing::warn!("a connection was given back and does not answer; it is dropped");
            false
        }
    }
}
