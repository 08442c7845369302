//! The rounds in which files are written. Each reads the log once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::{TryStreamExt, stream};
use prima_platform::{
    failpoint,
    failure::Failure,
    lease::Lease,
    objects,
    service::Context,
    tlog::{tile, tree::Tree},
};
use sea_orm::{ConnectionTrait, DbErr};
use tokio_util::sync::CancellationToken;

use super::{
    Log, Press,
    blocking::blocking,
    documents::{Format, documents, log_damaged, table_path},
    issue::{Issue, issues},
    pages,
};
use crate::store::{self, Published};

/// How often files are looked after without a commit, and after a fault.
const EVERY: Duration = Duration::from_secs(5);
/// After so many rounds all files are compared again.
const ROUNDS: u32 = 720;
/// Subjects whose pages are made together.
const SUBJECTS: i64 = 200;
/// Files that are compared or written at a time.
const AT_ONCE: usize = 16;

/// What the files had after the last round: the size of the log, and the number of signatures under its head.
pub type Written = Option<(i64, usize)>;

/// A file with its path.
type File = (String, Vec<u8>);

/// Why files can't be written.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The storage failed.
    #[error(transparent)]
    Objects(#[from] objects::Error),
    /// The log is damaged, or a file can't be made.
    #[error("{0}")]
    Failure(#[from] Failure),
}

impl Press {
    /// Writes files until `stop`.
    pub async fn run(self: Arc<Self>, context: Context, lease: Lease, stop: CancellationToken) {
        let (mut written, mut round) = (None, 0);
        loop {
            let all = round % ROUNDS == 0;
            match self.write(context.db.reader(), &lease, written, all).await {
                Ok(now) => {
                    written = now;
                    round += 1;
                }
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

    /// Writes what is missing or differs since `written`, or of all files; returns what they have now, `None` when another replica
    /// writes them.
    ///
    /// # Errors
    ///
    /// Database or storage failed, or the log is damaged. What was written stays.
    pub async fn write(
        &self,
        conn: &impl ConnectionTrait,
        lease: &Lease,
        written: Written,
        all: bool,
    ) -> Result<Written, Fault> {
        if !lease.acquire().await? {
            return Ok(None);
        }
        let (size, _) = store::log_head(conn).await?;
        let state = (size, store::cosignatures(conn, size).await?.len());
        if !all && written == Some(state) {
            return Ok(written);
        }
        let Log { entries, note } = self.newest(conn).await?;
        let entries = Arc::new(entries);
        self.ledger.keep(entries.clone());
        failpoint::hit("ranking.files").await;
        let log = entries.clone();
        let files = blocking(move || tile::files(log.leaves())).await?;
        let files = files.ok_or_else(|| log_damaged("an entry is too long"))?;
        let files = files.into_iter().map(|file| (file.path, file.bytes));
        self.put_all(files.collect()).await?;
        let mut published = store::published_list(conn, ["", ""], 0, u64::MAX >> 1).await?;
        // What was published since the log was read is for the next round.
        published.retain(|one| u64::try_from(one.position).is_ok_and(|position| position < entries.size()));
        // Files of older publications were compared in an earlier round.
        let before = written.filter(|_| !all).map_or(0, |(size, _)| size);
        let changed: Vec<Published> = published
            .iter()
            .filter(|one| one.position >= before)
            .cloned()
            .collect();
        for one in &changed {
            let documents = Arc::new(documents(conn, &entries, one).await?);
            let mut files = Vec::new();
            for format in Format::ALL {
                let made = documents.clone();
                let bytes = blocking(move || made.file(format)).await??;
                files.push((table_path(one.number, format), bytes));
            }
            self.put_all(files).await?;
            // A round may take longer than the lease.
            if !lease.acquire().await? {
                return Ok(None);
            }
        }
        self.put("keys".to_owned(), self.keys_text().into_bytes()).await?;
        failpoint::hit("ranking.checkpoint").await;
        // Otherwise another replica offers a newer head.
        if !lease.acquire().await? {
            return Ok(None);
        }
        self.put("checkpoint".to_owned(), note.to_string().into_bytes())
            .await?;
        if changed.is_empty() {
            return Ok(Some(state));
        }
        let issues = Arc::new(issues(&entries, published)?);
        // A correction also changes what is said of the table that it corrects.
        let numbers = changed.iter().flat_map(|one| [one.number, one.corrects]);
        let numbers: BTreeSet<i64> = numbers.filter(|number| *number != 0).collect();
        let held = self
            .write_figures(conn, lease, &entries, &issues, &numbers)
            .await?
            && self
                .write_subjects(conn, lease, &issues, (!all).then_some(&numbers))
                .await?;
        let catalogue = blocking(move || pages::catalogue(&issues)).await??;
        self.put_all(catalogue).await?;
        Ok(held.then_some(state))
    }

    /// Writes the pages of the metrics and periods of some tables; false when another replica writes them.
    async fn write_figures(
        &self,
        conn: &impl ConnectionTrait,
        lease: &Lease,
        entries: &Tree,
        issues: &Arc<BTreeMap<i64, Issue>>,
        numbers: &BTreeSet<i64>,
    ) -> Result<bool, Fault> {
        let key = |issue: &Issue| [issue.published.metric.clone(), issue.published.period.clone()];
        let keys: BTreeSet<[String; 2]> = numbers.iter().filter_map(|n| issues.get(n)).map(key).collect();
        for own in keys {
            let mut tables = Vec::new();
            for issue in issues.values() {
                if key(issue) == own && issue.corrected_by.is_none() {
                    tables.push(documents(conn, entries, &issue.published).await?);
                }
            }
            let issues = issues.clone();
            let made = blocking(move || pages::of_metric(&own, &tables, &issues)?.files());
            self.put_all(made.await??).await?;
            if !lease.acquire().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes the pages of the subjects of some tables, or of all; false when another replica writes them.
    async fn write_subjects(
        &self,
        conn: &impl ConnectionTrait,
        lease: &Lease,
        issues: &Arc<BTreeMap<i64, Issue>>,
        numbers: Option<&BTreeSet<i64>>,
    ) -> Result<bool, Fault> {
        let numbers: Option<Vec<i64>> = numbers.map(|numbers| numbers.iter().copied().collect());
        let mut after = String::new();
        loop {
            let subjects = store::published_subjects(conn, numbers.as_deref(), &after, SUBJECTS).await?;
            let Some(last) = subjects.last() else {
                return Ok(true);
            };
            let rows = store::published_rows(conn, &subjects).await?;
            let issues = issues.clone();
            let made = blocking(move || {
                let pages = rows.chunk_by(|a, b| a.subject == b.subject);
                let files = pages.map(|own| pages::of_subject(own, &issues)?.files());
                files.collect::<Result<Vec<_>, Failure>>()
            });
            self.put_all(made.await??.concat()).await?;
            if !lease.acquire().await? {
                return Ok(false);
            }
            after.clone_from(last);
        }
    }

    async fn put_all(&self, files: Vec<File>) -> Result<(), Fault> {
        let files = stream::iter(files.into_iter().map(Ok));
        files
            .try_for_each_concurrent(AT_ONCE, |(path, bytes)| self.put(path, bytes))
            .await
    }

    /// Writes a file unless it has this content.
    async fn put(&self, path: String, bytes: Vec<u8>) -> Result<(), Fault> {
        let found = self.objects.get_named(&path).await?;
        if found.as_deref() == Some(bytes.as_slice()) {
            return Ok(());
        }
        let never_changes = ["tables/", "tile/"].iter().any(|start| path.starts_with(start));
        if found.is_some() && never_changes {
            tracing::error!(
                path,
                "a published file was changed by somebody; it is written again"
            );
        }
        Ok(self.objects.put_named(&path, bytes).await?)
    }
}
