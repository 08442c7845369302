//! What operations and tasks stand on: the platform, the keys, the files, the settings.
//!
//! Rows are locked in this order: calendar, reports (two of them in the order of their keys), consultation, tallies, desk,
//! performance, files, outbox, the request.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{self, Work},
    db::Txn,
    failpoint,
    failure::Failure,
    grpc::Watchers,
    objects::Objects,
    service::Context,
    vault::Keyring,
};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{Notify, watch};

use crate::{
    domain::{code, retention::Periods},
    ground::Ground,
    store::{By, sealed::Secrets},
    uploads::Uploads,
};

/// Files that are sent at once.
const READERS: usize = 128;

/// What operations and tasks stand on; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The platform.
    pub context: Context,
    /// Seals and opens what is personal.
    pub vault: Keyring,
    /// Stores files.
    pub objects: Objects,
    /// Settings.
    pub ground: Ground,
    /// Room for files that come.
    pub uploads: Uploads,
    /// Told when lines of a timeline were committed.
    pub lines: Arc<Notify>,
    /// The last number of the feed that is known here; watchers go up to it.
    pub fed: Arc<watch::Sender<i64>>,
    /// Opens the streams that send files; apart from those that watch, so that neither takes the other's room.
    pub readers: Watchers,
    random: SystemRandom,
}

impl command::App for App {
    fn context(&self) -> &Context {
        &self.context
    }

    /// Keyed: what a reporter wrote can't be tried out on it.
    fn digest(&self, body: &[u8]) -> Vec<u8> {
        self.vault.digest(body)
    }

    fn committed(&self) {
        self.context.outbox.committed();
        self.context.derived.committed();
        self.lines.notify_waiters();
    }
}

impl App {
    /// What the operations of one process stand on.
    pub fn new(context: Context, vault: Keyring, objects: Objects, ground: Ground) -> Self {
        let readers = Watchers::new(READERS, &context.config.grpc, context.tasks.clone());
        Self {
            context,
            vault,
            objects,
            ground,
            uploads: Uploads::default(),
            lines: Arc::default(),
            fed: Arc::new(watch::Sender::new(0)),
            readers,
            random: SystemRandom::new(),
        }
    }

    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }

    /// How long what is personal is kept.
    pub fn periods(&self) -> Periods {
        let config = &self.context.config.complaint;
        Periods::days(config.identity_days, config.text_days)
    }

    /// People by which figures move at least for whoever may not read what is behind them.
    pub fn disclosure_step(&self) -> i64 {
        self.context.config.complaint.disclosure_step.into()
    }

    /// Commits what a task of the process did, and wakes who waits for it.
    pub async fn commit(&self, txn: Txn) -> Result<(), Failure> {
        failpoint::hit("complaint.staged").await;
        txn.commit().await?;
        failpoint::hit("complaint.committed").await;
        command::App::committed(self);
        Ok(())
    }

    /// A new tracking code with its secret.
    pub fn new_secrets(&self) -> Result<Secrets, Failure> {
        let mut bytes = [0; code::TRACKING + code::SECRET];
        self.random
            .fill(&mut bytes)
            .map_err(|_| Failure::internal("the system gives no random bytes"))?;
        let (tracking, secret) = bytes.split_at(code::TRACKING);
        Ok(Secrets {
            tracking_code: code::code(tracking),
            secret: code::code(secret),
        })
    }
}

impl From<&Work<'_, App>> for By {
    fn from(work: &Work<'_, App>) -> Self {
        Self {
            actor: work.caller.subject().to_owned(),
            at: work.now(),
        }
    }
}
