//! Detects pooled connections whose network path was lost: they look open and never respond, and the pool's own ping
//! has no timeout.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{
    ConnectOptions,
    sqlx::{Connection, PgConnection},
};
use tokio::time::{Instant, timeout};

/// How long a connection may take to respond to a ping before it counts as lost.
pub(super) const ANSWER: Duration = Duration::from_secs(2);
/// How long a connection may be idle. Gateways drop idle connections after four minutes or more.
const IDLE: Duration = Duration::from_secs(180);

/// When a lost connection was last detected.
#[derive(Clone, Debug, Default)]
struct Liveness(Arc<Mutex<Option<Instant>>>);

/// Makes a pool hand out only connections that respond, and drop those that are still waiting for a response. A caller
/// that acquires a connection waits for at most one lost connection: the others that were idle at that time count as
/// lost as well.
pub(super) fn test_connections(options: &mut ConnectOptions) {
    let liveness = Liveness::default();
    options
        .idle_timeout(IDLE)
        .test_before_acquire(false)
        .map_sqlx_postgres_before_acquire(move |connection, idle| {
            let liveness = liveness.clone();
            Box::pin(async move { Ok(liveness.responds(connection, idle.idle_for).await) })
        })
        .map_sqlx_postgres_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(async { Ok(is_idle(connection).await) }))
        });
}

impl Liveness {
    async fn responds(&self, connection: &mut PgConnection, idle: Duration) -> bool {
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
                    "an idle connection does not respond; it is dropped with all that have been idle since"
                );
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                false
            }
        }
    }
}

/// Waits for what a dropped future has left pending: the response to its statement, the rollback of its transaction.
async fn is_idle(connection: &mut PgConnection) -> bool {
    match timeout(ANSWER, connection.flush()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::info!(%error, "a connection broke; it is dropped");
            false
        }
        Err(_) => {
            tracing::warn!("a connection was returned and does not respond; it is dropped");
            false
        }
    }
}
