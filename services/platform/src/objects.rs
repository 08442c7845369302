//! Storage of files under the SHA-256 of their content: in a folder, or in a bucket of S3 or of a compatible service.
//!
//! An upload is written to a temporary object. It is renamed to its final key only when its length and digest are the
//! declared ones, so a partial file is never read, and the same content is stored once. [`Objects::sweep`] removes the
//! temporary objects of processes that were killed.

mod named;

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::{
    MultipartUpload, ObjectStore, ObjectStoreExt, aws::AmazonS3Builder, local::LocalFileSystem, path::Path,
    prefix::PrefixStore,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    clock::Clock,
    config,
    failure::{Failure, Kind},
    id::Ids,
    lifecycle::Tasks,
};

/// Bytes of a part of an upload: the smallest that S3 accepts.
const PART: usize = 5 << 20;
/// Most concurrent uploads; each has up to a part and a message in memory.
const UPLOADS: usize = 32;
/// Bytes of one piece of a file that is read.
const PIECE: usize = 256 << 10;
/// Folder of temporary objects.
const TEMPORARY: &str = "upload";
/// How long an upload may take.
const UPLOAD_TIMEOUT: TimeDelta = TimeDelta::minutes(30);
/// Age from which a temporary object is not in use any more.
const STALE: TimeDelta = TimeDelta::hours(1);
/// How often stale temporary objects are removed.
const SWEEP: Duration = Duration::from_secs(600);

/// SHA-256 of a content.
pub type Digest = [u8; 32];

/// Why a file can't be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The storage can't be opened as configured.
    #[error("objects.url {0}: {1}")]
    Url(String, String),
    /// The folder can't be created.
    #[error("objects.url file:{}: {}", .0.display(), .1)]
    Folder(PathBuf, #[source] std::io::Error),
    /// The storage failed.
    #[error("object storage: {0}")]
    Store(#[from] object_store::Error),
    /// More bytes were received than were declared.
    #[error("is longer than the {0} bytes that were declared")]
    TooLong(u64),
    /// Fewer bytes were received than were declared.
    #[error("has {received} bytes instead of the {declared} that were declared")]
    TooShort {
        /// Bytes that were declared.
        declared: u64,
        /// Bytes that were received.
        received: u64,
    },
    /// The content has another digest than the declared one.
    #[error("the SHA-256 is not the one that was declared")]
    WrongDigest,
    /// The number of concurrent uploads has reached its limit.
    #[error("{UPLOADS} uploads are in progress")]
    Busy,
    /// The upload took too long.
    #[error("the upload took longer than {} minutes", UPLOAD_TIMEOUT.num_minutes())]
    TooSlow,
    /// The stored content has changed.
    #[error("the stored object {0} is damaged")]
    Damaged(String),
}

impl Error {
    /// Whether the same upload or read may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Store(error) => !matches!(error, object_store::Error::NotFound { .. }),
            Self::Busy | Self::TooSlow => true,
            Self::Url(..)
            | Self::Folder(..)
            | Self::TooLong(_)
            | Self::TooShort { .. }
            | Self::WrongDigest
            | Self::Damaged(_) => false,
        }
    }
}

impl From<Error> for Failure {
    /// An unavailable storage is `UNAVAILABLE`, a lost or damaged object `INTERNAL`. A fault of the caller is
    /// `INVALID_ARGUMENT`; services should rather return a violation with the field.
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match &error {
            Error::Store(error) if is_full(error) => Self::storage_full(text),
            Error::Store(_) if error.retryable() => Self::unavailable(text),
            Error::Url(..) | Error::Folder(..) | Error::Store(_) | Error::Damaged(_) => Self::internal(text),
            Error::Busy => Self::new(
                Kind::Exhausted,
                "TOO_MANY_UPLOADS",
                text,
                "Terlalu banyak unggahan; coba lagi sebentar lagi",
            ),
            Error::TooSlow => Self::new(Kind::Exhausted, "UPLOAD_TOO_SLOW", text, "Unggahan terlalu lama"),
            Error::TooLong(_) | Error::TooShort { .. } | Error::WrongDigest => Self::new(
                Kind::Invalid,
                "WRONG_CONTENT",
                text,
                "Isi berkas tidak sesuai keterangannya",
            ),
        }
    }
}

/// Whether the file system of the folder is full.
fn is_full(error: &object_store::Error) -> bool {
    use std::io::{self, ErrorKind};
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |cause| cause.source())
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| {
            matches!(
                error.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
            )
        })
}

/// The storage; cheap to clone.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    /// The folder; `None` for a bucket.
    folder: Option<PathBuf>,
    slots: Arc<Semaphore>,
    clock: Clock,
    ids: Ids,
    tasks: Tasks,
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Objects({})", self.store)
    }
}

/// Key of a content by its digest.
fn key(digest: &Digest) -> Path {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let start: String = hex.chars().take(2).collect();
    Path::from_iter(["sha256", start.as_str(), hex.as_str()])
}

impl Objects {
    /// Opens the configured storage; a folder is created if it does not exist. A bucket is not accessed yet.
    pub fn open(config: &config::Objects, clock: Clock, ids: Ids, tasks: Tasks) -> Result<Self, Error> {
        let wrong = |text: String| Error::Url(config.url.clone(), text);
        let (store, folder) = if let Some(dir) = config.url.strip_prefix("file:") {
            let folder = PathBuf::from(dir);
            std::fs::create_dir_all(&folder).map_err(|error| Error::Folder(folder.clone(), error))?;
            let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
            (Arc::new(store) as Arc<dyn ObjectStore>, Some(folder))
        } else if let Some(rest) = config.url.strip_prefix("s3://") {
            (bucket(config, rest)?, None)
        } else {
            return Err(wrong("must be file:DIR or s3://BUCKET/PREFIX".into()));
        };
        Ok(Self {
            store,
            folder,
            slots: Arc::new(Semaphore::new(UPLOADS)),
            clock,
            ids,
            tasks,
        })
    }

    /// Begins an upload of `size` bytes with this digest; [`Error::Busy`] when 32 uploads are in progress.
    pub async fn begin(&self, size: u64, digest: Digest) -> Result<Upload, Error> {
        let slot = self.slots.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let location = Path::from_iter([TEMPORARY.to_owned(), self.ids.next().simple().to_string()]);
        let parts = self.store.put_multipart(&location).await?;
        Ok(Upload {
            objects: self.clone(),
            _slot: slot,
            location,
            parts: Some(parts),
            waiting: BytesMut::new(),
            sum: Sha256::new(),
            size,
            digest,
            received: 0,
            begun: self.clock.now(),
        })
    }

    /// Whether this content is stored.
    pub async fn has(&self, digest: &Digest) -> Result<bool, Error> {
        match self.store.head(&key(digest)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A stored content in pieces of at most 256 KiB. The stream ends with [`Error::Damaged`] when the content does not
    /// match its digest.
    pub async fn read(
        &self,
        digest: Digest,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let key = key(&digest);
        let pieces = self.store.get(&key).await?.into_stream().map_err(Error::from);
        let pieces = pieces.flat_map(|piece| {
            let pieces = match piece {
                Ok(bytes) => cut(bytes).into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            futures::stream::iter(pieces)
        });
        let state = (Box::pin(pieces), Sha256::new(), key);
        Ok(futures::stream::try_unfold(
            state,
            move |(mut pieces, mut sum, key)| async move {
                match pieces.try_next().await? {
                    Some(piece) => {
                        sum.update(&piece);
                        Ok(Some((piece, (pieces, sum, key))))
                    }
                    None if sum.finalize().as_slice() == digest => Ok(None),
                    None => Err(Error::Damaged(key.to_string())),
                }
            },
        ))
    }

    /// Removes a content; it is not an error if it is not stored. The same content is stored once, so the caller must
    /// make sure that nothing else refers to it.
    pub async fn remove(&self, digest: &Digest) -> Result<(), Error> {
        match self.store.delete(&key(digest)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the temporary objects of uploads that were abandoned an hour or more ago; returns how many. The parts of
    /// an incomplete upload in S3 are removed by a rule of the bucket (`AbortIncompleteMultipartUpload`).
    pub async fn sweep(&self) -> Result<usize, Error> {
        let before = self.clock.now() - STALE;
        let mut removed = 0;
        let mut left = self.store.list(Some(&Path::from(TEMPORARY)));
        while let Some(object) = left.try_next().await? {
            if object.last_modified < before {
                self.store.delete(&object.location).await?;
                removed += 1;
            }
        }
        let Some(folder) = &self.folder else {
            return Ok(removed);
        };
        // Lists do not contain the files in the folder that are not written completely.
        let folder = folder.join(TEMPORARY);
        let failed = |error: std::io::Error| Error::Url(folder.display().to_string(), error.to_string());
        let mut files = match tokio::fs::read_dir(&folder).await {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(removed),
            Err(error) => return Err(failed(error)),
        };
        while let Some(file) = files.next_entry().await.map_err(failed)? {
            // A file that no longer exists was completed or aborted in the meantime.
            let changed = file.metadata().await.and_then(|m| m.modified());
            if changed.is_ok_and(|at| DateTime::<Utc>::from(at) < before)
                && tokio::fs::remove_file(file.path()).await.is_ok()
            {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Spawns a task that sweeps now and every ten minutes.
    pub fn spawn_sweep(&self) {
        let (objects, soft) = (self.clone(), self.tasks.soft().clone());
        self.tasks.spawn("objects", async move {
            loop {
                match objects.sweep().await {
                    Ok(0) => {}
                    Ok(removed) => tracing::info!(removed, "removed abandoned uploads"),
                    Err(error) => tracing::warn!(%error, "can't look for abandoned uploads"),
                }
                tokio::select! {
                    () = soft.cancelled() => return,
                    () = tokio::time::sleep(SWEEP) => {}
                }
            }
        });
    }
}

fn bucket(config: &config::Objects, rest: &str) -> Result<Arc<dyn ObjectStore>, Error> {
    // The HTTP client uses the TLS provider of the process. Installing fails when one is installed already, which is
    // the same.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&config.region)
        .with_access_key_id(&config.access_key_id)
        .with_secret_access_key(&config.secret_access_key);
    if !config.endpoint.is_empty() {
        builder = builder
            .with_endpoint(&config.endpoint)
            .with_allow_http(config.endpoint.starts_with("http://"));
    }
    Ok(Arc::new(PrefixStore::new(builder.build()?, prefix)))
}

fn cut(mut bytes: Bytes) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    while bytes.len() > PIECE {
        pieces.push(bytes.split_to(PIECE));
    }
    if !bytes.is_empty() {
        pieces.push(bytes);
    }
    pieces
}

/// An upload in progress. Dropping it before [`Upload::finish`] aborts it.
pub struct Upload {
    objects: Objects,
    _slot: OwnedSemaphorePermit,
    location: Path,
    parts: Option<Box<dyn MultipartUpload>>,
    waiting: BytesMut,
    sum: Sha256,
    size: u64,
    digest: Digest,
    received: u64,
    begun: DateTime<Utc>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({}, {} of {})", self.location, self.received, self.size)
    }
}

impl Upload {
    /// Adds the next bytes; keeps at most 5 MiB and these in memory.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.objects.clock.now() - self.begun > UPLOAD_TIMEOUT {
            return Err(Error::TooSlow);
        }
        self.received = self.received.saturating_add(bytes.len() as u64);
        if self.received > self.size {
            return Err(Error::TooLong(self.size));
        }
        self.sum.update(bytes);
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PART {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let part = self.waiting.split().freeze();
        if let Some(parts) = &mut self.parts {
            parts.put_part(part.into()).await?;
        }
        Ok(())
    }

    /// Checks that the bytes received have the declared length and digest.
    pub fn verify(&self) -> Result<(), Error> {
        if self.received > self.size {
            return Err(Error::TooLong(self.size));
        }
        if self.received < self.size {
            return Err(Error::TooShort {
                declared: self.size,
                received: self.received,
            });
        }
        if self.sum.clone().finalize().as_slice() != self.digest {
            return Err(Error::WrongDigest);
        }
        Ok(())
    }

    /// Renames the content to its final key if it is the declared one; then it is durable and can be read.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.verify()?;
        if !self.waiting.is_empty() {
            self.flush().await?;
        }
        if let Some(parts) = &mut self.parts {
            parts.complete().await?;
        }
        self.parts = None;
        let store = self.objects.store.clone();
        let stored = match store.head(&self.location).await {
            Ok(stored) if stored.size == self.size => store.rename(&self.location, &key(&self.digest)).await,
            Ok(_) => {
                let _left_to_sweep = store.delete(&self.location).await;
                return Err(Error::Damaged(self.location.to_string()));
            }
            Err(error) => Err(error),
        };
        if stored.is_err() {
            let _left_to_sweep = store.delete(&self.location).await;
        }
        Ok(stored?)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(mut parts) = self.parts.take() else {
            return;
        };
        let location = self.location.clone();
        self.objects.tasks.spawn_short(async move {
            if let Err(error) = parts.abort().await {
                tracing::warn!(%location, %error, "can't abort an upload; the sweep will remove it");
            }
        });
    }
}
