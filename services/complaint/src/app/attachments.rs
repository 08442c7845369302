//! Files: taken in sealed, claimed by what they belong to, read by those who may.
//!
//! A file is sealed piece by piece under a key of its own as it comes, so that nobody but the holder of the row reads it
//! and erasing the row's key erases the file. What is stored first is the row: a file without an owner is swept after a
//! day, whether its content ever came or not.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::TimeDelta;
use futures::{Stream, TryStreamExt};
use prima_platform::{
    caller::Caller,
    clock::micros,
    db::Txn,
    failure::{Failure, Kind, Violation},
    objects::Digest,
    vault::Keyring,
};
use prima_proto::{complaint::v1, name};
use sea_orm::ConnectionTrait;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use super::{App, Once, elsewhere, not_found, reporter, reporter::Access, require_intake, require_liaison};
use crate::{
    domain::{
        file::{MediaType, START},
        workflow::Role,
    },
    store::{
        Lock,
        attachment::{
            New, Owner, Stored, attachment_get, attachment_insert, attachments_give, attachments_lock,
            attachments_of, attachments_pending,
        },
        complaint::complaint_by_tracking,
        ownership::{self, consultation_access, ownership},
        sealed::File,
    },
};

const METHOD: &str = "complaint.UploadAttachment";
/// Bytes of a file that are sealed at once.
const PIECE: usize = 256 << 10;
/// Bytes that sealing adds to a piece: the nonce and the tag.
const SEAL: usize = 28;
/// Uploads at once; each holds its file in memory.
pub const UPLOADS: usize = 16;
/// Files that a reporter may have uploaded and not yet used.
const PENDING: i64 = 20;
/// How long a file waits for its owner.
pub const WAIT: TimeDelta = TimeDelta::hours(24);

/// What the head of an upload says.
#[derive(Debug)]
pub struct Head {
    /// Tells repeats.
    pub once: Once,
    /// Name of the file.
    pub display_name: String,
    /// Its type.
    pub media_type: MediaType,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Code and secret of the reporter.
    pub access: Option<Access>,
}

/// A file on its way. Dropped it leaves nothing.
pub struct Upload {
    _slot: OwnedSemaphorePermit,
    _turn: Turn,
    head: Head,
    caller: Caller,
    uploader: String,
    key: String,
    ring: Keyring,
    waiting: Vec<u8>,
    sealed: Vec<u8>,
    pieces: u64,
    start: Vec<u8>,
    sum: Sha256,
    came: u64,
}

/// How an upload begins.
pub enum Begun {
    /// It was answered before.
    Answered(v1::Attachment),
    /// The bytes may come.
    Upload(Box<Upload>),
}

/// Begins an upload: asks who it is, whether it was answered, and whether there is room, before a byte is read.
pub async fn begin(app: &App, caller: &Caller, head: Head) -> Result<Begun, Failure> {
    let reader = app.context.db.reader();
    let (caller, uploader) = match &head.access {
        Some(access) => {
            let report = reporter::report(app, reader, access, Lock::None).await?;
            let uploader = report.name.to_string();
            // Ids of requests are told apart by report: reporters have no token.
            (Caller::new(uploader.clone(), Vec::new(), Vec::new()), uploader)
        }
        None => {
            require_intake(caller)?;
            (caller.clone(), subject(caller))
        }
    };
    let txn = app.context.db.begin().await?;
    let first = head.once.find::<v1::Attachment>(&txn, METHOD, &caller).await?;
    if let Some(mut first) = first {
        let name = name::Attachment::parse(&first.name).map_err(Failure::internal)?;
        let stored = attachment_get(&txn, &name).await?;
        let file = stored
            .map(|stored| stored.file(&app.vault))
            .transpose()?
            .flatten();
        first.display_name = file.map(|file| file.display_name).unwrap_or_default();
        return Ok(Begun::Answered(first));
    }
    drop(txn);
    if head.access.is_some() && attachments_pending(reader, &uploader).await? >= PENDING {
        return Err(too_many());
    }
    let slot = app.uploads.clone().try_acquire_owned().map_err(|_| too_many())?;
    let turn = Turn::take(app, &uploader, head.access.is_some()).ok_or_else(too_many)?;
    let key = Keyring::generate_key()?;
    Ok(Begun::Upload(Box::new(Upload {
        _slot: slot,
        _turn: turn,
        ring: ring(&key)?,
        pieces: pieces(head.size),
        head,
        caller,
        uploader,
        key,
        waiting: Vec::new(),
        sealed: Vec::new(),
        start: Vec::new(),
        sum: Sha256::new(),
        came: 0,
    })))
}

/// Uploads of one reporter at once, and of one token, so that nobody takes all the room.
const TURNS: (usize, usize) = (2, UPLOADS / 2);

/// One of the uploads that an uploader may have under way.
struct Turn {
    taken: Turns,
    uploader: String,
}

impl Turn {
    fn take(app: &App, uploader: &str, is_reporter: bool) -> Option<Self> {
        let most = if is_reporter { TURNS.0 } else { TURNS.1 };
        let mut taken = app.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.entry(uploader.to_owned()).or_default();
        if *own >= most {
            return None;
        }
        *own += 1;
        Some(Self {
            taken: app.turns.clone(),
            uploader: uploader.to_owned(),
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.uploader) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.uploader);
            }
        }
    }
}

/// How many uploads of each uploader are under way.
pub type Turns = Arc<Mutex<HashMap<String, usize>>>;

fn too_many() -> Failure {
    Failure::new(
        Kind::Exhausted,
        "TOO_MANY_UPLOADS",
        "too many uploads, or too many files that were uploaded and not used",
        "Terlalu banyak unggahan; coba lagi sebentar lagi",
    )
}

/// How a token's subject is noted as uploader; no name of a report begins so.
fn subject(caller: &Caller) -> String {
    format!("token {}", caller.subject())
}

fn ring(key: &str) -> Result<Keyring, Failure> {
    Keyring::parse(&[format!("file:{key}")]).map_err(|_| Failure::internal("the key of a file can't be used"))
}

/// How many pieces a file of `size` bytes has; at least one.
fn pieces(size: u64) -> u64 {
    size.div_ceil(PIECE as u64).max(1)
}

/// What piece `n` is sealed for: pieces can be neither swapped nor left out.
fn purpose(n: u64, pieces: u64) -> String {
    format!("file {n} of {pieces}")
}

impl Upload {
    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// More came than was told.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.came = self.came.saturating_add(bytes.len() as u64);
        if self.came > self.head.size {
            return Err(vec![size_fault()].into());
        }
        let wanted = START.saturating_sub(self.start.len());
        self.start.extend(bytes.iter().take(wanted));
        self.sum.update(bytes);
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() >= PIECE {
            let rest = self.waiting.split_off(PIECE);
            self.seal()?;
            self.waiting = rest;
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Failure> {
        let done = self.sealed.len().div_ceil(PIECE + SEAL) as u64;
        let piece = self.ring.seal(&purpose(done, self.pieces), &self.waiting)?;
        self.sealed.extend_from_slice(&piece.bytes);
        self.waiting.clear();
        Ok(())
    }

    fn faults(&self) -> Vec<Violation> {
        let mut faults = Vec::new();
        if self.came != self.head.size {
            faults.push(size_fault());
        } else if self.sum.clone().finalize().as_slice() != self.head.sha256 {
            faults.push(Violation::new(
                "head.sha256",
                "is not the SHA-256 of the file",
                "bukan SHA-256 berkas ini",
            ));
        }
        if !self.head.media_type.fits(&self.start) {
            faults.push(Violation::new(
                "head.media_type",
                "is not what the first bytes of the file say",
                "tidak sesuai dengan isi awal berkas",
            ));
        }
        faults
    }

    /// Stores the file, if it is what the head told.
    pub async fn finish(mut self, app: &App) -> Result<v1::Attachment, Failure> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(faults.into());
        }
        if !self.waiting.is_empty() {
            self.seal()?;
        }
        let digest: Digest = Sha256::digest(&self.sealed).into();
        let new = New {
            name: name::Attachment {
                attachment: app.context.ids.next().to_string(),
            },
            uploader: self.uploader,
            media_type: self.head.media_type.as_str(),
            size: self.head.size,
            digest,
            file: File {
                display_name: self.head.display_name,
                key: self.key,
            },
        };
        let txn = app.context.db.begin().await?;
        attachment_insert(&txn, &app.vault, &new, app.now()).await?;
        txn.commit().await?;
        let mut object = app.objects.begin(self.sealed.len() as u64, digest).await?;
        object.write(&self.sealed).await?;
        object.finish().await?;
        let mut answer = v1::Attachment {
            name: new.name.to_string(),
            media_type: new.media_type.to_owned(),
            size: i64::try_from(new.size).map_err(Failure::internal)?,
            ..Default::default()
        };
        // Kept without the name of the file, which stands sealed in the row.
        let txn = app.context.db.begin().await?;
        let once = &self.head.once;
        once.keep(&txn, METHOD, &self.caller, &answer, app).await?;
        txn.commit().await?;
        answer.display_name = new.file.display_name;
        Ok(answer)
    }
}

fn size_fault() -> Violation {
    Violation::new(
        "head.size",
        "is not the number of bytes that came",
        "tidak sama dengan jumlah bita yang dikirim",
    )
}

/// Gives files to what they were sent with. Each must have been uploaded within 24 hours by the same token, or with the
/// code of the report by its reporter, and belong to nothing yet. Call it last before the answer is kept: files are
/// locked after everything else.
///
/// # Errors
///
/// `INVALID_ARGUMENT` with `attachments[n]` of every file that can't be claimed.
pub async fn claim(
    app: &App,
    txn: &Txn,
    caller: &Caller,
    names: &[name::Attachment],
    owner: Owner,
) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let mut uploaders = Vec::new();
    if caller.known().is_ok() {
        uploaders.push(subject(caller));
    }
    if let Owner::Line(_) = owner {
        let line = ownership(txn, owner).await?;
        let own = line.filter(|line| line.role == Role::Reporter.key());
        uploaders.extend(own.map(|line| line.name));
    }
    let since = micros(app.now() - WAIT);
    let found = attachments_lock(txn, names).await?;
    let free =
        |file: &Stored| file.owner.is_none() && file.created_at > since && uploaders.contains(&file.uploader);
    let mut ids = Vec::new();
    let mut faults = Vec::new();
    for (n, name) in names.iter().enumerate() {
        match found.iter().find(|file| file.name == *name) {
            Some(file) if free(file) => ids.push(file.id),
            _ => faults.push(Violation::new(
                format!("attachments[{n}]"),
                "is no file that you uploaded in the last 24 hours and that is still free",
                "bukan berkas yang Anda unggah dalam 24 jam terakhir dan belum dipakai",
            )),
        }
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let given = attachments_give(txn, &ids, owner).await?;
    if given == names.len() as u64 {
        Ok(())
    } else {
        Err(Failure::internal("a locked file was given away"))
    }
}

/// The files of owners, in the order in which they were uploaded; owners without files are left out.
pub async fn of(
    app: &App,
    conn: &impl ConnectionTrait,
    owners: &[Owner],
) -> Result<BTreeMap<Owner, Vec<v1::Attachment>>, Failure> {
    let mut files = BTreeMap::<Owner, Vec<v1::Attachment>>::new();
    for stored in attachments_of(conn, owners).await? {
        let Some(owner) = stored.owner else {
            continue;
        };
        let file = stored.file(&app.vault)?;
        files.entry(owner).or_default().push(v1::Attachment {
            name: stored.name.to_string(),
            display_name: file.map(|file| file.display_name).unwrap_or_default(),
            media_type: stored.media_type,
            size: i64::try_from(stored.size).map_err(Failure::internal)?,
        });
    }
    Ok(files)
}

/// The content of a file in pieces of at most 256 KiB, for who may read it.
///
/// # Errors
///
/// `NOT_FOUND` when there is no such file, it belongs to nothing yet, or not to what the reporter may see.
pub async fn read(
    app: &App,
    caller: &Caller,
    name: &name::Attachment,
    access: Option<Access>,
) -> Result<impl Stream<Item = Result<Vec<u8>, Failure>> + Send + use<>, Failure> {
    let reader = app.context.db.reader();
    let stored = attachment_get(reader, name).await?;
    let stored = stored.ok_or_else(|| not_found(name))?;
    let owner = stored.owner.ok_or_else(|| not_found(name))?;
    let owned = ownership(reader, owner).await?.ok_or_else(|| not_found(name))?;
    match access {
        Some(access) => {
            let shown = shown_to_reporter(app, reader, &access, &owned).await?;
            if !shown {
                return Err(not_found(name));
            }
        }
        None => {
            let agencies = [&owned.agency, &owned.asking_agency];
            let mut held = agencies.into_iter().filter(|agency| !agency.is_empty());
            if !held.any(|agency| require_liaison(caller, agency).is_ok()) {
                return Err(elsewhere());
            }
        }
    }
    let file = stored.file(&app.vault)?.ok_or_else(|| not_found(name))?;
    let sealed = app.objects.read(stored.digest).await?.map_err(Failure::from);
    Ok(unsealed(sealed, ring(&file.key)?, stored.size))
}

/// Whether the reporter or the asker sees a file: those of the report or question, of answers, and of own replies.
async fn shown_to_reporter(
    app: &App,
    conn: &impl ConnectionTrait,
    access: &Access,
    owned: &ownership::Ownership,
) -> Result<bool, Failure> {
    let digest = tracking_digest(access);
    if let Some(report) = complaint_by_tracking(conn, &digest, Lock::None).await? {
        reporter::check(&report.secrets(&app.vault)?, access)?;
        let own = owned.role.is_empty() || owned.role == Role::Reporter.key() || owned.public;
        return Ok(own && owned.name == report.name.to_string());
    }
    let asked = consultation_access(conn, &app.vault, &digest).await?;
    let (name, secrets) = asked.ok_or_else(reporter::unknown)?;
    reporter::check(&secrets, access)?;
    Ok(owned.name == name)
}

fn tracking_digest(access: &Access) -> Vec<u8> {
    super::tracking_digest(&access.tracking_code)
}

/// Opens the pieces of a file of `size` bytes as they come.
fn unsealed<B: AsRef<[u8]>>(
    sealed: impl Stream<Item = Result<B, Failure>> + Send + 'static,
    ring: Keyring,
    size: u64,
) -> impl Stream<Item = Result<Vec<u8>, Failure>> + Send {
    let pieces = pieces(size);
    let state = (Box::pin(sealed), Vec::new(), 0_u64);
    futures::stream::try_unfold(state, move |(mut sealed, mut waiting, n)| {
        let ring = ring.clone();
        async move {
            if n == pieces {
                return Ok(None);
            }
            let before = n.saturating_mul(PIECE as u64);
            let left = usize::try_from(size.saturating_sub(before)).unwrap_or(PIECE);
            let wanted = left.min(PIECE) + SEAL;
            while waiting.len() < wanted {
                let piece = sealed.try_next().await?;
                let piece = piece.ok_or_else(|| Failure::internal("a stored file is cut"))?;
                waiting.extend_from_slice(piece.as_ref());
            }
            let rest = waiting.split_off(wanted);
            let plain = ring.open(&purpose(n, pieces), "file", &waiting)?;
            Ok(Some((plain, (sealed, rest, n + 1))))
        }
    })
}
