//! The press: it signs the log of publications, and keeps the files that a web server offers equal to the database.
//!
//! The database is written first. Files are derived from it: the replica with the lease writes those that are missing or differ, after a
//! commit, at the start and once in a while, the head of the log last. A file with a name never changes, so it may be killed anywhere.
//!
//! The files are also what a database is compared with. When their head of the log has entries that the database lacks, as after the
//! restoration of an old backup, nothing is signed and no file is written: two heads of one size with other entries are a fork of the log,
//! which every witness sees.

mod documents;

use std::{iter, sync::Arc, time::Duration};

use prima_platform::{
    config, failpoint,
    failure::Failure,
    jws,
    lease::Lease,
    objects::{self, Objects},
    service::{Context, Error},
    tlog::{
        checkpoint::{Checkpoint, signer_key},
        note::{Kind, Note, Signature, VerifierKey},
        tile,
        tree::Tree,
    },
    token::{self, Signer},
};
use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use documents::{Format, citation, documents, log_damaged};

use super::audit_heads::{AuditHeads, follower};
use crate::{domain::publication::AuditHead, store};

/// Name of the lease of the replica that writes the files.
pub const LEASE: &str = "publications";
/// How long a replica keeps the lease: it renews it each time it looks after the files.
pub const HOLD: Duration = Duration::from_secs(15);
/// How often files are looked after without a commit, and after a fault.
const EVERY: Duration = Duration::from_secs(5);
/// After so many rounds all files are compared again.
const ROUNDS: u32 = 720;

/// Signs publications and writes their files.
pub struct Press {
    signer: Signer,
    settings: config::Publication,
    objects: Objects,
    wake: Notify,
    audit_heads: Arc<AuditHeads>,
}

/// The log as it was signed.
pub struct Log {
    /// Its entries.
    pub entries: Vec<Vec<u8>>,
    /// Its signed head.
    pub note: Note,
}

/// Why files can't be written.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    Objects(#[from] objects::Error),
    #[error("{0}")]
    Failure(#[from] Failure),
    #[error("{0}")]
    Key(#[from] token::Error),
}

impl Press {
    /// Reads the key and opens the storage; `None` when no key is configured.
    pub fn open(context: &Context) -> Result<Option<Self>, Error> {
        let settings = context.config.publication.clone();
        if settings.key.is_empty() {
            return Ok(None);
        }
        let signer = Signer::load(settings.key.as_ref())?;
        let storage = config::Objects {
            url: settings.url.clone(),
            ..context.config.objects.clone()
        };
        let (clock, ids, tasks) = (context.clock.clone(), context.ids.clone(), context.tasks.clone());
        let objects = Objects::open(&storage, clock, ids, tasks)?;
        Ok(Some(Self {
            signer,
            settings,
            objects,
            wake: Notify::new(),
            audit_heads: Arc::default(),
        }))
    }

    /// Follows the heads of the audit logs of the other services, which the log keeps.
    pub fn follow(&self, context: &Context) {
        let ranked = context.config.ranking.sources.iter().cloned();
        let services = iter::once("directory".to_owned()).chain(ranked);
        context.spawn_follower(follower(context, services, self.audit_heads.clone()));
    }

    /// The newest heads of these audit logs, by service.
    pub fn audit_heads(&self) -> Vec<AuditHead> {
        self.audit_heads.all()
    }

    /// Has the files written soon.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// The keys that verify the log, the present one first.
    pub fn log_keys(&self) -> Vec<VerifierKey> {
        let origin = &self.settings.origin;
        let earlier = self.settings.earlier_keys.iter();
        let earlier = earlier.filter_map(|key| VerifierKey::new(origin, Kind::Note, jws::public_key(key)?));
        let own = signer_key(&self.signer, origin, Kind::Note).ok();
        let mut keys: Vec<VerifierKey> = own.into_iter().chain(earlier).collect();
        keys.dedup();
        keys
    }

    /// Those and the keys of the witnesses, one a line.
    pub fn keys_text(&self) -> String {
        let keys = self.log_keys().into_iter().chain(self.settings.witness_keys());
        keys.map(|key| format!("{key}\n")).collect()
    }

    /// The key of the witness that signed; after a rotation a witness has more than one under its name.
    pub fn witness(&self, signature: &Signature) -> Option<VerifierKey> {
        let keys = self.settings.witness_keys();
        keys.into_iter().find(|key| signature.is_by(key))
    }

    /// The head of a log with these entries.
    fn head(&self, entries: &[Vec<u8>]) -> Checkpoint {
        Checkpoint {
            origin: self.settings.origin.clone(),
            size: entries.len() as u64,
            root: Tree::of(entries.iter().cloned()).root(),
        }
    }

    /// The signed head of a log with these entries.
    pub fn sign(&self, entries: &[Vec<u8>]) -> Result<Note, Failure> {
        self.head(entries).sign(&self.signer).map_err(Failure::internal)
    }

    /// The head of the log that readers have; `None` before the first one.
    ///
    /// # Errors
    ///
    /// The storage is not available, or the head is not signed by the keys of this log.
    pub async fn offered(&self) -> Result<Option<Checkpoint>, Failure> {
        let Some(bytes) = self.objects.get_named("checkpoint").await? else {
            return Ok(None);
        };
        let note = std::str::from_utf8(&bytes).ok().and_then(Note::parse);
        let head = note.and_then(|note| Checkpoint::verified(&note, &self.log_keys()));
        let head = head.ok_or_else(|| log_damaged("the file `checkpoint` is not signed by its key"))?;
        Ok(Some(head))
    }

    /// Succeeds when a log with these entries continues a head.
    fn check(&self, entries: &[Vec<u8>], head: &Checkpoint) -> Result<(), Failure> {
        let first = usize::try_from(head.size)
            .ok()
            .and_then(|size| entries.get(..size));
        match first {
            None => Err(log_damaged(&format!(
                "it has {} entries instead of {}",
                entries.len(),
                head.size
            ))),
            Some(first) if self.head(first).root != head.root => Err(log_damaged(&format!(
                "its first {} entries are others",
                head.size
            ))),
            Some(_) => Ok(()),
        }
    }

    /// The log with this size and signed head, when the stored entries are those that were signed and continue the head that readers
    /// have. That one is read before the database, which may only have gone on since. Only the head of an empty log is signed
    /// here; others were signed when they were published.
    ///
    /// # Errors
    ///
    /// `LOG_DAMAGED`: the database was altered or restored.
    pub async fn log(
        &self,
        conn: &impl ConnectionTrait,
        (size, signed): (i64, String),
        offered: Option<&Checkpoint>,
    ) -> Result<Log, Failure> {
        let entries = store::log_entries(conn, size).await?;
        let note = match (size, signed.as_str()) {
            (0, "") => self.sign(&entries)?,
            (_, signed) => {
                Note::parse(signed).ok_or_else(|| log_damaged("its head is not signed by its key"))?
            }
        };
        let head = Checkpoint::verified(&note, &self.log_keys())
            .ok_or_else(|| log_damaged("its head is not signed by its key"))?;
        if u64::try_from(size).ok() != Some(head.size) {
            return Err(log_damaged("its size is not the one that was signed"));
        }
        self.check(&entries, &head)?;
        if let Some(offered) = offered {
            self.check(&entries, offered)?;
        }
        Ok(Log { entries, note })
    }

    /// The newest head of the log with the signatures of witnesses under it.
    ///
    /// # Errors
    ///
    /// Those of [`Self::log`].
    pub async fn newest(&self, conn: &impl ConnectionTrait) -> Result<Log, Failure> {
        let offered = self.offered().await?;
        let head = store::log_head(conn).await?;
        let size = head.0;
        let mut log = self.log(conn, head, offered.as_ref()).await?;
        log.note.signatures.extend(cosigned(conn, size).await?);
        Ok(log)
    }

    /// Writes files until `stop`.
    pub async fn run(self: Arc<Self>, context: Context, lease: Lease, stop: CancellationToken) {
        let (mut written, mut round) = (None, 0);
        loop {
            let all = round % ROUNDS == 0;
            match self.write(&context, &lease, &mut written, all).await {
                Ok(()) => round += 1,
                Err(error) => {
                    round = 0;
                    tracing::error!(%error, "the files of publications are not written; trying again");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Writes what is missing or differs. `written` is what the files had after the last round.
    async fn write(
        &self,
        context: &Context,
        lease: &Lease,
        written: &mut Option<(i64, usize)>,
        all: bool,
    ) -> Result<(), Fault> {
        if !lease.acquire().await? {
            *written = None;
            return Ok(());
        }
        let reader = context.db.reader();
        let (size, _) = store::log_head(reader).await?;
        let state = (size, store::cosignatures(reader, size).await?.len());
        if !all && *written == Some(state) {
            return Ok(());
        }
        let Log { entries, note } = self.newest(reader).await?;
        failpoint::hit("ranking.files").await;
        let too_long = || log_damaged("an entry is too long");
        for file in tile::files(&entries).ok_or_else(too_long)? {
            self.put(&file.path, file.bytes).await?;
        }
        let before = written.filter(|_| !all).map_or(0, |(size, _)| size);
        for published in store::published_list(reader, ["", ""], 0, u64::MAX >> 1).await? {
            // Files of older publications were compared in an earlier round.
            if published.position < before {
                continue;
            }
            let documents = documents(reader, &published).await?;
            for format in Format::ALL {
                let path = format!("tables/{}/{}", published.number, format.file());
                self.put(&path, documents.file(format)?).await?;
            }
        }
        self.put("keys", self.keys_text().into_bytes()).await?;
        failpoint::hit("ranking.checkpoint").await;
        // A round may have taken longer than the lease; then another replica offers a newer head.
        if !lease.acquire().await? {
            *written = None;
            return Ok(());
        }
        self.put("checkpoint", note.to_string().into_bytes()).await?;
        *written = Some(state);
        Ok(())
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        let found = self.objects.get_named(path).await?;
        if found.as_deref() == Some(bytes.as_slice()) {
            return Ok(());
        }
        if found.is_some() && !["keys", "checkpoint"].contains(&path) {
            tracing::error!(
                path,
                "a published file was changed by somebody; it is written again"
            );
        }
        Ok(self.objects.put_named(path, bytes).await?)
    }
}

/// The signatures of witnesses under the head with this size.
pub async fn cosigned(conn: &impl ConnectionTrait, size: i64) -> Result<Vec<Signature>, DbErr> {
    let lines = store::cosignatures(conn, size).await?;
    Ok(lines.iter().filter_map(|line| Signature::parse(line)).collect())
}
