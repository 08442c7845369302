//! The press: it signs the log of publications, and keeps the files that a web server offers equal to the database.
//!
//! The database is written first. Files are derived from it: the replica with the lease writes those that are missing or differ, after a
//! commit, at the start and once in a while, the head of the log last. A file with a name never changes, so it may be killed anywhere.
//!
//! The files are also what a database is compared with. When their head of the log has entries that the database lacks, as after the
//! restoration of an old backup, nothing is signed and no file is written: two heads of one size with other entries are a fork of the log,
//! which every witness sees.

mod blocking;
mod documents;
mod issue;
mod ledger;
mod pages;
mod round;

use std::{iter, sync::Arc, time::Duration};

use prima_platform::{
    config,
    failure::Failure,
    objects::Objects,
    service::{Context, Error},
    tlog::{
        checkpoint::{Checkpoint, signer_key},
        note::{Kind, Note, Signature, VerifierKey},
        tree::Tree,
        witness,
    },
    token::Signer,
};
use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::Notify;

pub use blocking::blocking;
pub use documents::{Format, citation, log_damaged};
pub use ledger::Ledger;

use super::audit_heads::{AuditHeads, follower};
use crate::{domain::publication::AuditHead, store};

/// Name of the lease of the replica that writes the files.
pub const LEASE: &str = "publications";
/// How long a replica keeps the lease: it renews it each time it looks after the files.
pub const HOLD: Duration = Duration::from_secs(15);

/// Signs publications and writes their files.
pub struct Press {
    signer: Signer,
    settings: config::Publication,
    objects: Objects,
    ledger: Arc<Ledger>,
    wake: Notify,
    audit_heads: Arc<AuditHeads>,
}

/// The log as it was signed.
pub struct Log {
    /// Its entries.
    pub entries: Tree,
    /// Its signed head.
    pub note: Note,
}

impl Press {
    /// Reads the key and opens the storage; `None` when no key is configured.
    pub fn open(context: &Context, ledger: Arc<Ledger>) -> Result<Option<Self>, Error> {
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
            ledger,
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
        let own = signer_key(&self.signer, &self.settings.origin, Kind::Note).ok();
        self.settings.log_keys(own)
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
    fn head(&self, entries: &Tree) -> Checkpoint {
        Checkpoint {
            origin: self.settings.origin.clone(),
            size: entries.size(),
            root: entries.root(),
        }
    }

    /// The signed head of a log with these entries.
    pub fn sign(&self, entries: &Tree) -> Result<Note, Failure> {
        self.head(entries).sign(&self.signer).map_err(Failure::internal)
    }

    /// The head in a note of this log; `None` when none of its keys signed it and it is not the one that is accepted without.
    fn verified(&self, note: &Note) -> Option<Checkpoint> {
        let accepted = || {
            let head = Checkpoint::parse(&note.text)?;
            let own = Some((head.size, head.root)) == self.settings.accepted_head();
            (own && head.origin == self.settings.origin).then_some(head)
        };
        Checkpoint::verified(note, &self.log_keys()).or_else(accepted)
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
        let head = note.and_then(|note| self.verified(&note));
        let head = head.ok_or_else(|| log_damaged("the file `checkpoint` is not signed by its key"))?;
        Ok(Some(head))
    }

    /// Succeeds when a log with these entries continues a head.
    ///
    /// # Errors
    ///
    /// `LOG_DAMAGED`: it does not.
    pub fn check(&self, entries: &Tree, head: &Checkpoint) -> Result<(), Failure> {
        let proof = entries.consistency(head.size).unwrap_or_default();
        let checked = witness::check(Some(head), &self.head(entries), &proof);
        checked.map_err(|fault| log_damaged(&fault.to_string()))
    }

    /// The log with this size and signed head, when the stored entries are those that were signed and continue the head that readers
    /// have. That one is read before the database, which may only have gone on since. Only the head of an empty log, and one that is
    /// accepted without a signature, are signed here; others were signed when they were published.
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
        let entries = store::log_entries(conn, 0, size).await?;
        let entries = blocking(move || Tree::of(entries)).await?;
        let note = match (size, signed.as_str()) {
            (0, "") => self.sign(&entries)?,
            (_, signed) => {
                Note::parse(signed).ok_or_else(|| log_damaged("its head is not signed by its key"))?
            }
        };
        let head = self
            .verified(&note)
            .ok_or_else(|| log_damaged("its head is not signed by its key"))?;
        if u64::try_from(size).ok() != Some(head.size) {
            return Err(log_damaged("its size is not the one that was signed"));
        }
        self.check(&entries, &head)?;
        if let Some(offered) = offered {
            self.check(&entries, offered)?;
        }
        // A head that is accepted without a signature gets one, by which the log goes on.
        let note = match Checkpoint::verified(&note, &self.log_keys()) {
            Some(_) => note,
            None => self.sign(&entries)?,
        };
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
}

/// The signatures of witnesses under the head with this size.
pub async fn cosigned(conn: &impl ConnectionTrait, size: i64) -> Result<Vec<Signature>, DbErr> {
    let lines = store::cosignatures(conn, size).await?;
    Ok(lines.iter().filter_map(|line| Signature::parse(line)).collect())
}
