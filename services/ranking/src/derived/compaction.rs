//! Keeps the segments of the snapshot few: small ones are merged, and all are written anew from the rows when most of their
//! states were replaced. A replica that starts reads every segment.

use std::collections::BTreeMap;

use prima_platform::{db::Database, id::Ids, lease::Lease};
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use super::segment;
use crate::store::{
    Extent, Segment, StoredState, segment_body, segment_ids, segments_extent, segments_replace,
    segments_whole, snapshot_len, snapshot_page,
};

/// Name of the lease: of replicas that share a database one rewrites.
pub const LEASE: &str = "snapshot segments";
/// Segments that are added before they are counted again.
const ADDED: u32 = 32;
/// Rows that are read at once.
const PAGE: u64 = 8192;
/// States beyond twice those of all rows that segments may have.
const SLACK: i64 = 65_536;
/// Segments with at most as many states are small.
const SMALL: i64 = 1024;
/// As many small segments are left as they are.
const FEW: usize = 16;

/// Rewrites segments when there are too many.
#[derive(Debug)]
pub struct Compaction {
    db: Database,
    lease: Lease,
    ids: Ids,
    /// Saves since segments were counted.
    added: u32,
}

impl Compaction {
    /// Counts the segments at the first call of [`Compaction::run`], and then once in a while.
    pub fn new(db: Database, lease: Lease, ids: Ids) -> Self {
        Self {
            db,
            lease,
            ids,
            added: ADDED,
        }
    }

    /// Is called after each save.
    pub async fn run(&mut self, stop: &CancellationToken) -> Result<(), DbErr> {
        self.added += 1;
        if self.added <= ADDED {
            return Ok(());
        }
        let extent = segments_extent(&self.db).await?;
        let rewrites = self.exceeds(extent).await?;
        let small = segment_ids(&self.db, SMALL).await?;
        if (rewrites || small.len() > FEW) && self.lease.acquire().await? {
            match rewrites {
                true => self.rewrite(stop).await?,
                false => self.merge(&small).await?,
            }
        }
        self.added = 0;
        Ok(())
    }

    /// Whether rows are missing in the segments, or more than half of their states were replaced.
    async fn exceeds(&self, extent: Extent) -> Result<bool, DbErr> {
        let exceeds = |rows: i64| extent.states > rows.saturating_mul(2).saturating_add(SLACK);
        let Some(rows) = extent.whole else {
            return Ok(true);
        };
        if !exceeds(rows) {
            return Ok(false);
        }
        let rows = snapshot_len(&self.db).await?;
        segments_whole(&self.db, rows).await?;
        Ok(exceeds(rows))
    }

    /// Writes all segments anew. What is saved meanwhile is in segments of its own, which stay.
    async fn rewrite(&self, stop: &CancellationToken) -> Result<(), DbErr> {
        let old = segment_ids(&self.db, i64::MAX).await?;
        let mut after = String::new();
        let mut count = 0;
        while !stop.is_cancelled() {
            let rows = snapshot_page(&self.db, &after, PAGE).await?;
            let Some(last) = rows.last() else {
                segments_replace(&self.db, &old, Vec::new()).await?;
                return segments_whole(&self.db, count).await;
            };
            after.clone_from(&last.subject);
            count += i64::try_from(rows.len()).unwrap_or(0);
            segments_replace(&self.db, &[], self.encoded(rows).await?).await?;
        }
        Ok(())
    }

    /// Merges segments.
    pub(super) async fn merge(&self, ids: &[String]) -> Result<(), DbErr> {
        let mut newest: BTreeMap<String, StoredState> = BTreeMap::new();
        for id in ids {
            let Some(body) = segment_body(&self.db, id).await? else {
                continue;
            };
            for state in segment::decode(&body).map_err(|error| DbErr::Custom(error.to_string()))? {
                if newest
                    .get(&state.subject)
                    .is_none_or(|kept| kept.version < state.version)
                {
                    newest.insert(state.subject.clone(), state);
                }
            }
        }
        let merged = self.encoded(newest.into_values().collect()).await?;
        segments_replace(&self.db, ids, merged).await
    }

    async fn encoded(&self, states: Vec<StoredState>) -> Result<Vec<Segment>, DbErr> {
        let ids = self.ids.clone();
        let encoding = tokio::task::spawn_blocking(move || segment::segments(&states, &ids));
        encoding.await.map_err(|error| DbErr::Custom(error.to_string()))
    }
}
