//! One file per use case that changes state: begin, look for the first answer, lock, domain, save, stage, commit.
//! Rows are locked in this order: calendar, reports (two of them in the order of their keys), consultation,
//! tallies, desk, marks of performance, performance, the request, files, outbox.

pub mod act;
pub mod action;
pub mod add_workflow;
pub mod attachments;
pub mod consultation;
pub mod erase;
pub mod feed;
pub mod find_complaints;
pub mod ground;
pub mod import_holidays;
pub mod key_usage;
pub mod performance;
pub mod performance_states;
pub mod read_identity;
pub mod recompute;
pub mod record_accountability;
pub mod reporter;
pub mod retention;
pub mod rotation;
pub mod set_deadline;
pub mod submit_complaint;
pub mod sweep;
pub mod update_agency_hours;
pub mod update_desk;

use std::{fmt::Display, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{self, Caller},
    db::Txn,
    failpoint,
    failure::{Failure, Kind},
    grpc::Watchers,
    objects::Objects,
    request_id,
    service::Context,
    vault::Keyring,
};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, Semaphore, watch};

use crate::{
    domain::{code, retention::Periods, workflow::Role},
    store::sealed::Secrets,
};
use ground::Ground;

/// Files that are sent at once.
const READERS: usize = 128;

/// What the use cases stand on; cheap to clone.
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
    marks: Arc<Notify>,
    lines: Arc<Notify>,
    fed: Arc<watch::Sender<i64>>,
    uploads: Arc<Semaphore>,
    turns: attachments::Turns,
    readers: Watchers,
    random: SystemRandom,
}

impl App {
    /// The use cases of one process.
    pub fn new(context: Context, vault: Keyring, objects: Objects, ground: Ground) -> Self {
        let stall = Duration::from_secs(context.config.grpc.watch_stall_seconds);
        let readers = Watchers::new(READERS, stall, context.tasks.clone());
        Self {
            context,
            vault,
            objects,
            ground,
            marks: Arc::default(),
            lines: Arc::default(),
            fed: Arc::new(watch::Sender::new(0)),
            uploads: Arc::new(Semaphore::new(attachments::UPLOADS)),
            turns: attachments::Turns::default(),
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

    /// Told when marks of performance were committed.
    pub fn marks(&self) -> &Notify {
        &self.marks
    }

    /// Told when lines of a timeline were committed.
    pub fn lines(&self) -> &Notify {
        &self.lines
    }

    /// The last number of the feed that is known here; watchers go up to it.
    pub fn fed(&self) -> &watch::Sender<i64> {
        &self.fed
    }

    /// Opens the streams that send files; apart from those that watch, so that neither takes the other's room.
    pub fn readers(&self) -> &Watchers {
        &self.readers
    }

    /// Commits, and wakes who waits for it.
    pub async fn commit(&self, txn: Txn) -> Result<(), Failure> {
        failpoint::hit("complaint.staged").await;
        txn.commit().await?;
        failpoint::hit("complaint.committed").await;
        self.context.outbox.committed();
        self.marks.notify_one();
        self.lines.notify_waiters();
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

/// What a tracking code is found by: a digest, since the code itself lets people in. 100 random bits need no salt.
pub fn tracking_digest(tracking_code: &str) -> Vec<u8> {
    Sha256::digest(tracking_code.as_bytes()).to_vec()
}

/// The id of a request, and the keyed digest of its body as parsed. A repeat gets the first answer; the answer
/// that is kept holds nothing personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Client-made id.
    pub request_id: String,
    /// Digest.
    pub digest: Vec<u8>,
}

impl Once {
    /// The first answer, if there is one.
    pub async fn find<A>(&self, txn: &Txn, method: &str, caller: &Caller) -> Result<Option<A>, Failure>
    where
        A: prost::Message + Default,
    {
        request_id::find(txn, method, caller, &self.request_id, &self.digest).await
    }

    /// Keeps the answer in the transaction that did the work.
    pub async fn keep(
        &self,
        txn: &Txn,
        method: &str,
        caller: &Caller,
        answer: &impl prost::Message,
        app: &App,
    ) -> Result<(), Failure> {
        let digest = &self.digest;
        let clock = &app.context.clock;
        request_id::keep(txn, method, caller, &self.request_id, digest, answer, clock).await
    }
}

/// The highest role that the caller holds for an agency.
///
/// # Errors
///
/// `PERMISSION_DENIED` without any.
pub fn role_in(caller: &Caller, agency: &str) -> Result<Role, Failure> {
    if require_national(caller).is_ok() {
        return Ok(Role::NationalAdmin);
    }
    if require_coordinator(caller, agency).is_ok() {
        return Ok(Role::CoordinatorAdmin);
    }
    require_liaison(caller, agency)?;
    Ok(Role::LiaisonOfficer)
}

/// `Ok` for a liaison officer of the agency and who stands for them.
pub fn require_liaison(caller: &Caller, agency: &str) -> Result<(), Failure> {
    require(caller, caller::Role::Operator, agency)
}

/// `Ok` for who may read reports of some agency.
pub fn require_some(caller: &Caller) -> Result<(), Failure> {
    caller.holds(&[caller::Role::Operator])
}

/// `Ok` for the coordinator of the agency and the national admin.
pub fn require_coordinator(caller: &Caller, agency: &str) -> Result<(), Failure> {
    require(caller, caller::Role::Admin, agency)
}

/// The agency is not repeated: a code or a telephone number may stand there by mistake.
fn require(caller: &Caller, role: caller::Role, agency: &str) -> Result<(), Failure> {
    caller.known()?;
    caller.require(&[role], agency).map_err(|_| {
        Failure::new(
            Kind::Denied,
            "PERMISSION_DENIED",
            format!("needs the role {} in the agency", role.as_str()),
            format!("Perlu peran {} di instansi tersebut", role.as_str()),
        )
    })
}

/// `Ok` for the national admin.
pub fn require_national(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[caller::Role::Admin], "*")
}

/// `Ok` for a system or desk that takes reports in, of any agency.
pub fn require_intake(caller: &Caller) -> Result<(), Failure> {
    caller.holds(&[caller::Role::Intake, caller::Role::Operator])
}

/// It is another agency's. Which one is not told.
pub fn elsewhere() -> Failure {
    Failure::new(
        Kind::Denied,
        "PERMISSION_DENIED",
        "needs a role in the agency that has it",
        "Perlu peran di instansi yang menanganinya",
    )
}

/// What is named does not exist. The name is not repeated: a code or a telephone number may stand there by mistake.
pub fn not_found(name: impl Display) -> Failure {
    let name = name.to_string();
    let kind = name.split('/').next().unwrap_or_default();
    Failure::new(
        Kind::NotFound,
        "NOT_FOUND",
        format!("nothing in `{kind}` has this name"),
        format!("Tidak ada yang bernama demikian di `{kind}`"),
    )
}

/// `Ok` when the etag is empty or current.
pub fn check_etag(etag: &str, version: i64, name: impl Display) -> Result<(), Failure> {
    let plain = etag.trim_matches('"');
    if etag.is_empty() || plain == version.to_string() {
        Ok(())
    } else {
        Err(Failure::stale_etag(&name.to_string()))
    }
}

/// A refusal that the state gives.
pub fn precondition(
    reason: &'static str,
    english: impl Into<String>,
    indonesian: impl Into<String>,
) -> Failure {
    Failure::new(Kind::Precondition, reason, english, indonesian)
}
