//! Watches a league table: its first rows, and after each change all of them or what changed.
//!
//! Scores are published in steps, and ranking has nothing but what was published. So a row of a delta is one that a reader who
//! asks for the table often enough has seen as well: deltas disclose no more than the table does.

use std::{sync::Arc, time::Duration};

use prima_platform::{failure::Failure, grpc::WatchStream, page::Page, request::Faults};
use prima_proto::ranking::v1;
use prost::Message;

use super::feed::{Feed, Feeds, Rendering, RowsHash};
use super::read::parse;
use crate::rpc::App;

/// Bytes that the watches of one address together are sent a second. Beyond that each is updated less often.
const ADDRESS_BYTES: u64 = 64 << 20;

/// How long a replica that has read less than the one before may take to read as much, before a watch is resumed.
const CATCH_UP: Duration = Duration::from_secs(2);

/// One message to a watcher. All that watch the same rows share it, so that a slow reader holds no copy.
#[derive(Debug)]
pub struct Update {
    message: Arc<v1::WatchLeagueTableResponse>,
    freshness: Option<v1::Freshness>,
    resume_token: String,
}

impl From<Update> for v1::WatchLeagueTableResponse {
    fn from(update: Update) -> Self {
        Self {
            freshness: update.freshness,
            resume_token: update.resume_token,
            ..Self::clone(&update.message)
        }
    }
}

/// Which rows a watcher has, and what the replica had read then.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Resume {
    rows: RowsHash,
    positions: Vec<v1::StreamPosition>,
}

impl Resume {
    fn of(rendering: &Rendering, freshness: Option<&v1::Freshness>) -> Self {
        Self {
            rows: rendering.hash,
            positions: freshness.map(|now| now.positions.clone()).unwrap_or_default(),
        }
    }

    fn text(&self) -> String {
        let position =
            |at: &v1::StreamPosition| format!(" {}:{}:{}", at.service, at.stream_created, at.sequence);
        let positions: String = self.positions.iter().map(position).collect();
        format!("{:032x}{positions}", self.rows)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let rows = RowsHash::from_str_radix(parts.next()?, 16).ok()?;
        let position = |part: &str| {
            let mut parts = part.split(':');
            Some(v1::StreamPosition {
                service: parts.next()?.to_owned(),
                stream_created: parts.next()?.parse().ok()?,
                sequence: parts.next()?.parse().ok()?,
            })
        };
        let positions = parts.map(position).collect::<Option<_>>()?;
        Some(Self { rows, positions })
    }

    /// Whether `now` has read less of a stream than the watcher has seen of the same stream.
    fn is_ahead_of(&self, now: &v1::Freshness) -> bool {
        self.positions.iter().any(|seen| {
            now.positions.iter().any(|read| {
                read.service == seen.service
                    && read.stream_created == seen.stream_created
                    && read.sequence < seen.sequence
            })
        })
    }
}

/// What the last message of a watch contained.
#[derive(Debug, Clone, PartialEq)]
struct Sent {
    rows: RowsHash,
    table: Option<v1::LeagueTable>,
    is_stale: bool,
}

/// Streams the first rows of a table: now, and again after each change of the table or of how current it is. A watch
/// can be opened before the tables are complete; its messages are then marked stale.
pub fn watch(
    app: &App,
    feeds: &Arc<Feeds>,
    message: &v1::WatchLeagueTableRequest,
) -> Result<WatchStream<Update, v1::WatchLeagueTableResponse>, Failure> {
    let size = message.page_size.to_string();
    let filter = [message.name.as_str(), &size];
    let (key, page) = parse(&message.name, message.page_size, "", &filter)?;
    let resumed = resume(message, &filter)?;
    let (app, feeds, deltas) = (app.clone(), Arc::clone(feeds), message.deltas);
    app.watchers.clone().open(move |sender| async move {
        if let Some(resumed) = &resumed {
            catch_up(&app, resumed).await;
        }
        let (feed, mut newest) = feeds.watch(&app, &key, page.size);
        let mut fresh = app.freshness.fresh();
        let mut known = resumed.map(|resumed| resumed.rows);
        let mut last = None;
        loop {
            fresh.mark_unchanged();
            let now = app.freshness();
            let rendering = Arc::clone(&newest.borrow_and_update());
            // What was read since concerns other tables.
            let freshness = match feed.is_current(&rendering) {
                true => now,
                false => rendering.freshness.clone(),
            };
            let sent = Sent {
                rows: rendering.hash,
                table: rendering.whole.table.clone(),
                is_stale: freshness.as_ref().is_none_or(|now| now.stale),
            };
            if !deltas || last.as_ref() != Some(&sent) {
                let update = match deltas {
                    true => Update {
                        message: since(&feed, known, &rendering),
                        resume_token: page.token(&Resume::of(&rendering, freshness.as_ref()).text()),
                        freshness,
                    },
                    false => Update {
                        message: Arc::clone(&rendering.whole),
                        resume_token: String::new(),
                        freshness,
                    },
                };
                let bytes = update.message.encoded_len();
                if sender.send(update).await.is_err() {
                    return;
                }
                (known, last) = (Some(rendering.hash), Some(sent));
                // Changes during the pause are in the next message.
                tokio::time::sleep(pause(app.interval, bytes, sender.streams_of_peer())).await;
            }
            tokio::select! {
                () = sender.closed() => return,
                changed = newest.changed() => if changed.is_err() { return },
                _ = fresh.changed() => {}
            }
        }
    })
}

/// Parses the rows that a watcher has; `None` without a token.
fn resume(message: &v1::WatchLeagueTableRequest, filter: &[&str]) -> Result<Option<Resume>, Failure> {
    let mut faults = Faults::default();
    let field = |faults: Vec<_>| {
        let named = faults
            .into_iter()
            .map(|fault| prima_platform::failure::Violation {
                field: "resume_token".to_owned(),
                ..fault
            });
        named.collect()
    };
    let page = faults.take_all(Page::parse(0, &message.resume_token, filter).map_err(field));
    let page = faults.settle(page)?;
    Ok(Resume::parse(&page.after))
}

/// Waits until this replica has read what the watcher has seen, but not for ever.
async fn catch_up(app: &App, resumed: &Resume) {
    let read = async {
        while app.freshness().is_some_and(|now| resumed.is_ahead_of(&now)) {
            tokio::time::sleep(app.interval).await;
        }
    };
    // A replica that does not get there sends all its rows, marked stale.
    let _late = tokio::time::timeout(CATCH_UP, read).await;
}

/// What a watcher with the rows `known` lacks; all rows when these are not known.
fn since(feed: &Feed, known: Option<RowsHash>, rendering: &Rendering) -> Arc<v1::WatchLeagueTableResponse> {
    known
        .and_then(|known| feed.delta(known, rendering))
        .unwrap_or_else(|| Arc::clone(&rendering.whole))
}

/// The time between two messages, by the size of the first one and the number of streams that the address has open.
fn pause(interval: Duration, bytes: usize, streams: usize) -> Duration {
    let bytes = u64::try_from(bytes.saturating_mul(streams)).unwrap_or(u64::MAX);
    interval.max(Duration::from_micros(
        bytes.saturating_mul(1_000_000) / ADDRESS_BYTES,
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use prima_platform::testing::{
        eventually,
        served::{fields, refused},
    };
    use tonic::{Code, Streaming};

    use super::*;
    use crate::rpc::testing::{self, LONG, Replica, TABLE, publish, rank};

    type Stream = Streaming<v1::WatchLeagueTableResponse>;

    async fn watch(replica: &Replica, deltas: bool, token: &str) -> Stream {
        let message = v1::WatchLeagueTableRequest {
            name: TABLE.to_owned(),
            page_size: 5,
            deltas,
            resume_token: token.to_owned(),
        };
        replica
            .client
            .clone()
            .watch_league_table(message)
            .await
            .unwrap()
            .into_inner()
    }

    async fn next(stream: &mut Stream) -> v1::WatchLeagueTableResponse {
        tokio::time::timeout(LONG, stream.message())
            .await
            .expect("a message arrives")
            .unwrap()
            .unwrap()
    }

    /// The rows that a client has, by subject.
    #[derive(Debug, Default, PartialEq)]
    struct Rows(BTreeMap<String, v1::LeagueRow>);

    impl Rows {
        fn apply(&mut self, message: &v1::WatchLeagueTableResponse) {
            if message.kind() == v1::WatchKind::Snapshot {
                self.0.clear();
            }
            for subject in &message.removed_subjects {
                assert!(self.0.remove(subject).is_some(), "{subject} was there");
            }
            for row in &message.rows {
                self.0.insert(row.subject.clone(), row.clone());
            }
        }

        fn of(page: v1::GetLeagueTableResponse) -> Self {
            Self(
                page.rows
                    .into_iter()
                    .map(|row| (row.subject.clone(), row))
                    .collect(),
            )
        }
    }

    fn changed(message: &v1::WatchLeagueTableResponse) -> Vec<&str> {
        message
            .rows
            .iter()
            .map(|row| row.subject.rsplit('/').next().unwrap())
            .collect()
    }

    async fn five(bus: &prima_platform::bus::memory::Memory) {
        for (unit, value) in [("a", "90"), ("b", "80"), ("c", "70"), ("d", "60"), ("e", "50")] {
            rank(bus, unit, 1, value).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_delta_has_only_the_rows_that_changed_or_left() {
        let bus = testing::bus().await;
        five(&bus).await;
        let replica = Replica::start(&bus).await;
        let mut stream = watch(&replica, true, "").await;
        let first = next(&mut stream).await;
        assert_eq!(
            (first.kind(), changed(&first).len()),
            (v1::WatchKind::Snapshot, 5)
        );
        rank(&bus, "b", 2, "85").await;
        let second = next(&mut stream).await;
        assert_eq!(
            (second.kind(), changed(&second)),
            (v1::WatchKind::Delta, vec!["b"])
        );
        assert_eq!(second.table.unwrap().ranked, 5);
        // Another unit enters the first five rows.
        rank(&bus, "f", 1, "82").await;
        let third = next(&mut stream).await;
        assert_eq!(changed(&third), ["f", "c", "d"], "two more have another rank");
        assert_eq!(third.removed_subjects, ["agencies/11/units/e"]);
        publish(&bus, "prima.survey.score.skm.2024.unit.11.a", 2, None).await;
        let fourth = next(&mut stream).await;
        assert_eq!(fourth.removed_subjects, ["agencies/11/units/a"]);
        assert_eq!(changed(&fourth).len(), 5, "each of the others has another rank");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_below_the_first_rows_is_a_delta_of_the_table_alone() {
        let bus = testing::bus().await;
        five(&bus).await;
        let replica = Replica::start(&bus).await;
        let mut stream = watch(&replica, true, "").await;
        next(&mut stream).await;
        rank(&bus, "z", 1, "10").await;
        let second = next(&mut stream).await;
        assert_eq!((changed(&second).len(), second.table.unwrap().ranked), (0, 6));
        // A change that this watcher cannot see sends nothing: the next message is the one after it.
        rank(&bus, "z", 2, "11").await;
        replica.shows("a", "90").await;
        rank(&bus, "a", 2, "91").await;
        assert_eq!(changed(&next(&mut stream).await), ["a"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_applies_deltas_has_the_rows_of_a_snapshot_however_slowly_it_reads() {
        let bus = testing::bus().await;
        five(&bus).await;
        let replica = Replica::start(&bus).await;
        let (mut quick, mut slow) = (watch(&replica, true, "").await, watch(&replica, true, "").await);
        let (mut rows, mut rows_of_slow) = (Rows::default(), Rows::default());
        for version in 2..80_i64 {
            let unit = ["a", "b", "c", "d", "e", "f", "g"][usize::try_from(version).unwrap() * 5 % 7];
            rank(&bus, unit, version, &format!("{}", version * 37 % 101)).await;
            if version % 3 == 0 {
                rows.apply(&next(&mut quick).await);
            }
        }
        rank(&bus, "a", 100, "99.99").await;
        replica.shows("a", "99.99").await;
        let expected = Rows::of(
            replica
                .page(v1::GetLeagueTableRequest {
                    page_size: 5,
                    ..Default::default()
                })
                .await
                .unwrap(),
        );
        while rows != expected {
            rows.apply(&next(&mut quick).await);
        }
        let mut messages = 0;
        while rows_of_slow != expected {
            rows_of_slow.apply(&next(&mut slow).await);
            messages += 1;
        }
        assert!(
            messages <= 5,
            "{messages} messages were kept for one that did not read"
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_watch_is_resumed_at_another_replica_by_what_changed() {
        let bus = testing::bus().await;
        five(&bus).await;
        let (first, second) = (Replica::start(&bus).await, Replica::start(&bus).await);
        // The other replica remembers the rows, since it has a watcher of its own.
        let mut own = watch(&second, true, "").await;
        next(&mut own).await;
        let mut stream = watch(&first, true, "").await;
        let mut rows = Rows::default();
        rows.apply(&next(&mut stream).await);
        rank(&bus, "c", 2, "75").await;
        let message = next(&mut stream).await;
        next(&mut own).await;
        rows.apply(&message);
        drop(stream);
        for (unit, value) in [("a", "95"), ("e", "55")] {
            rank(&bus, unit, 2, value).await;
            next(&mut own).await;
        }
        let mut resumed = watch(&second, true, &message.resume_token).await;
        let delta = next(&mut resumed).await;
        assert_eq!(
            (delta.kind(), changed(&delta)),
            (v1::WatchKind::Delta, vec!["a", "e"])
        );
        rows.apply(&delta);
        let page = second.page(v1::GetLeagueTableRequest::default()).await.unwrap();
        assert_eq!(rows, Rows::of(page));
        // Nothing has changed since: the delta is empty.
        let mut again = watch(&second, true, &delta.resume_token).await;
        let empty = next(&mut again).await;
        assert_eq!((empty.kind(), empty.rows.len()), (v1::WatchKind::Delta, 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_replica_that_does_not_know_the_rows_sends_all() {
        let bus = testing::bus().await;
        five(&bus).await;
        let first = Replica::start(&bus).await;
        let token = next(&mut watch(&first, true, "").await).await.resume_token;
        rank(&bus, "c", 2, "75").await;
        first.shows("c", "75").await;
        let other = Replica::start(&bus).await;
        let snapshot = next(&mut watch(&other, true, &token).await).await;
        assert_eq!(
            (snapshot.kind(), snapshot.rows.len()),
            (v1::WatchKind::Snapshot, 5)
        );
        let of_other_rows = v1::WatchLeagueTableRequest {
            name: TABLE.to_owned(),
            page_size: 6,
            deltas: true,
            resume_token: token,
        };
        let answer = other.client.clone().watch_league_table(of_other_rows).await;
        let status = refused(answer, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(fields(&status), ["resume_token"]);
    }

    #[test]
    fn a_token_says_how_far_the_watcher_has_seen_each_stream() {
        let at = |created, sequence| v1::StreamPosition {
            service: "survey".to_owned(),
            stream_created: created,
            sequence,
        };
        let seen = Resume {
            rows: 7,
            positions: vec![at(1, 10)],
        };
        assert_eq!(Resume::parse(&seen.text()).as_ref(), Some(&seen));
        assert_eq!(Resume::parse("rubbish"), None);
        let now = |position: v1::StreamPosition| v1::Freshness {
            positions: vec![position],
            ..Default::default()
        };
        assert!(seen.is_ahead_of(&now(at(1, 9))));
        assert!(!seen.is_ahead_of(&now(at(1, 10))));
        assert!(!seen.is_ahead_of(&now(at(2, 3))), "another stream");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_deltas_each_message_has_all_rows() {
        let bus = testing::bus().await;
        five(&bus).await;
        let replica = Replica::start(&bus).await;
        let mut stream = watch(&replica, false, "").await;
        assert_eq!(next(&mut stream).await.rows.len(), 5);
        rank(&bus, "c", 2, "75").await;
        let second = next(&mut stream).await;
        assert_eq!((second.rows.len(), second.resume_token.as_str()), (5, ""));
        assert_eq!(second.rows[2].score, "75");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn watchers_share_a_feed_that_ends_with_the_last_of_them() {
        let bus = testing::bus().await;
        five(&bus).await;
        let replica = Replica::start(&bus).await;
        let feeds = Arc::new(Feeds::default());
        let message = v1::WatchLeagueTableRequest {
            name: TABLE.to_owned(),
            ..Default::default()
        };
        let streams: Vec<_> = (0..3)
            .map(|_| super::watch(&replica.app, &feeds, &message).unwrap())
            .collect();
        let count =
            async |expected| eventually(LONG, || async { (feeds.len() == expected).then_some(()) }).await;
        count(1).await.expect("the three share one");
        drop(streams);
        count(0).await.expect("it ends");
    }

    #[test]
    fn an_address_with_many_watches_is_sent_no_more_bytes() {
        let interval = Duration::from_millis(50);
        assert_eq!(pause(interval, 20_000, 32), interval);
        let second = |streams| pause(interval, 20_000, streams).as_millis();
        assert_eq!((second(1000), second(2000)), (298, 596));
    }
}
