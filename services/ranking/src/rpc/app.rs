//! What the operations stand on: the tables of this replica, and how current they are.

use std::{sync::Arc, time::Duration};

use prima_platform::{
    clock::to_proto,
    consume::Freshness,
    failure::{Failure, Kind},
    grpc::Watchers,
};
use prima_proto::ranking::v1;
use tokio::sync::watch;

use crate::derived::tables::Tables;

/// What the operations stand on; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The tables.
    pub tables: Arc<Tables>,
    /// How current they are.
    pub freshness: Freshness,
    /// Becomes true with the first complete reading.
    pub ready: watch::Receiver<bool>,
    /// Opens the streams of those who watch.
    pub watchers: Watchers,
    /// Time between two messages to one who watches, at least.
    pub interval: Duration,
}

impl App {
    /// `Ok` after the first complete reading: before it an absent table says nothing.
    ///
    /// # Errors
    ///
    /// `UNAVAILABLE`, `TABLES_LOADING`: nothing is read to its end yet.
    pub fn check_ready(&self) -> Result<(), Failure> {
        if *self.ready.borrow() {
            return Ok(());
        }
        Err(Failure::new(
            Kind::Unavailable,
            "TABLES_LOADING",
            "the tables are not read yet",
            "Tabel peringkat sedang dimuat; coba lagi sebentar lagi",
        ))
    }

    /// How far behind an answer may be, as its message.
    pub fn freshness(&self) -> Option<v1::Freshness> {
        let now = self.freshness.now();
        Some(v1::Freshness {
            stale: !now.waiting_for.is_empty(),
            as_of: now.as_of.map(to_proto),
            waiting_for: now.waiting_for,
        })
    }
}
