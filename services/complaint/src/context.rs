//! What the operations and the tasks of this service share: platform, keys, object storage and settings.
//!
//! Every transaction locks rows in this order, which rules out deadlocks: calendar, reports (two of them in the order
//! of their keys), consultation, tallies, desk, performance, attachments, outbox, idempotency key.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{self, Work},
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
    settings::Settings,
    store::{By, sealed::Secrets},
    uploads::Uploads,
};

/// How many attachments may be downloaded at the same time.
const DOWNLOADS: usize = 128;

/// What the operations and the tasks of this service share; cheap to clone.
#[derive(Clone)]
pub struct App {
    pub context: Context,
    /// Encrypts and decrypts personal data.
    pub vault: Keyring,
    /// Stores the content of attachments.
    pub objects: Objects,
    /// Reads calendar, working hours, deadlines and workflows.
    pub settings: Settings,
    /// Limits the uploads that run at the same time.
    pub uploads: Uploads,
    /// Notified when lines of a timeline were committed.
    pub timeline_changed: Arc<Notify>,
    /// Position of the feed up to which watchers may read.
    pub feed_position: Arc<watch::Sender<i64>>,
    /// Opens the streams of downloads. Their limit is separate from that of watches, so that neither uses up the
    /// other's.
    pub downloads: Watchers,
    random: SystemRandom,
}

impl command::App for App {
    fn context(&self) -> &Context {
        &self.context
    }

    /// Uses a secret key, so that nobody can find out what a reporter wrote by hashing guesses.
    fn digest(&self, body: &[u8]) -> Vec<u8> {
        self.vault.digest(body)
    }

    fn committed(&self) {
        self.context.outbox.committed();
        self.context.derived.committed();
        self.timeline_changed.notify_waiters();
    }
}

impl App {
    /// Puts together what the operations and tasks of one process share.
    pub fn new(context: Context, vault: Keyring, objects: Objects, settings: Settings) -> Self {
        let downloads = Watchers::new(DOWNLOADS, &context.config.grpc, context.tasks.clone());
        Self {
            context,
            vault,
            objects,
            settings,
            uploads: Uploads::default(),
            timeline_changed: Arc::default(),
            feed_position: Arc::new(watch::Sender::new(0)),
            downloads,
            random: SystemRandom::new(),
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }

    /// Retention periods of personal data.
    pub fn periods(&self) -> Periods {
        let config = &self.context.config.complaint;
        Periods::days(config.identity_days, config.text_days)
    }

    /// Number of people who must have changed a published figure before it moves, for callers who may not read the
    /// reports.
    pub fn disclosure_step(&self) -> i64 {
        self.context.config.complaint.disclosure_step.into()
    }

    /// How often due reports and erasures are looked for.
    pub fn sweep_every(&self) -> Duration {
        Duration::from_millis(self.context.config.complaint.sweep_millis)
    }

    /// Generates a tracking code and its secret.
    pub fn new_secrets(&self) -> Result<Secrets, Failure> {
        let mut bytes = [0; code::TRACKING + code::SECRET];
        self.random
            .fill(&mut bytes)
            .map_err(|_| Failure::internal("the operating system returned no random bytes"))?;
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
