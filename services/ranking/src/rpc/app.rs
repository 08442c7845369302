//! What every operation uses: the tables of this replica, and how current they are.

use std::{sync::Arc, time::Duration};

use prima_platform::{
    bus::Bus,
    clock::{Clock, to_proto},
    consume::{Freshness, Position, Source},
    failure::{Failure, Kind},
    grpc::Watchers,
    lifecycle::Tasks,
};
use prima_proto::ranking::v1;
use tokio::sync::watch;

use crate::derived::{certainty::Certainties, past::History, tables::Tables};

/// What every operation uses; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The tables.
    pub tables: Arc<Tables>,
    /// The tables of the past.
    pub history: Arc<History>,
    /// How sure ranks are.
    pub certainties: Arc<Certainties>,
    /// How current the tables are.
    pub freshness: Freshness,
    /// Becomes true once every stream was read to its end, or a whole snapshot was loaded.
    pub ready: watch::Receiver<bool>,
    /// Opens the streams of watchers.
    pub watchers: Watchers,
    /// The minimum interval between two messages to a watcher.
    pub interval: Duration,
    /// Runs what renders tables for watchers.
    pub tasks: Tasks,
    /// The machine's time, or that of a test.
    pub clock: Clock,
    /// The bus, from which the tables can be rebuilt.
    pub bus: Arc<dyn Bus>,
    /// What is read from it.
    pub sources: Arc<[Source]>,
}

impl App {
    /// Fails until the tables are complete: before that, a missing table means nothing.
    ///
    /// # Errors
    ///
    /// `UNAVAILABLE`, `TABLES_LOADING`: not every stream was read to its end yet.
    pub fn check_ready(&self) -> Result<(), Failure> {
        if *self.ready.borrow() {
            return Ok(());
        }
        Err(Failure::new(
            Kind::Unavailable,
            "TABLES_LOADING",
            "the tables are still being loaded",
            "Tabel peringkat sedang dimuat; coba lagi sebentar lagi",
        ))
    }

    /// How current the tables are, as a message. What is read after it contains at least the states up to its positions.
    pub fn freshness(&self) -> Option<v1::Freshness> {
        let now = self.freshness.now();
        Some(v1::Freshness {
            stale: !now.waiting_for.is_empty(),
            as_of: now.as_of.map(to_proto),
            waiting_for: now.waiting_for,
            positions: now.positions.into_iter().map(position).collect(),
            computed_at: Some(to_proto(self.clock.now())),
        })
    }
}

fn position(position: Position) -> v1::StreamPosition {
    v1::StreamPosition {
        service: position.service,
        stream_created: position.created,
        sequence: position.sequence,
    }
}
