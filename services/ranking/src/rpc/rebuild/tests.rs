//! Rebuilds beside tables that are read and change.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use prima_platform::{
    bus::{Bus, memory::Memory},
    caller::{Caller, Role},
    testing::{
        eventually,
        served::{by, fields, refused},
    },
};
use prima_proto::ranking::v1;
use tonic::{Code, Status, Streaming};

use crate::{
    domain::{TableKey, tests::score},
    rpc::testing::{self, LONG, Replica, TABLE, rank},
};

type Stream = Streaming<v1::RebuildLeagueTablesResponse>;

fn admin() -> Caller {
    Caller::new("a".to_owned(), vec![Role::Admin], vec!["*".to_owned()])
}

async fn start(replica: &Replica, accepted: &str) -> Result<Stream, Status> {
    let message = v1::RebuildLeagueTablesRequest {
        accepted_hash: accepted.to_owned(),
    };
    let answer = replica
        .client
        .clone()
        .rebuild_league_tables(by(admin(), message))
        .await;
    answer.map(tonic::Response::into_inner)
}

/// The last message, and how the stream ended.
async fn result(mut stream: Stream) -> (v1::RebuildLeagueTablesResponse, Result<(), Status>) {
    let mut last = v1::RebuildLeagueTablesResponse::default();
    loop {
        match tokio::time::timeout(LONG, stream.message())
            .await
            .expect("the rebuild goes on")
        {
            Ok(Some(message)) => last = message,
            Ok(None) => return (last, Ok(())),
            Err(status) => return (last, Err(status)),
        }
    }
}

async fn five() -> (Arc<Memory>, Replica) {
    let bus = testing::bus().await;
    for (unit, value) in [("a", "90"), ("b", "80"), ("c", "70"), ("d", "60"), ("e", "50")] {
        rank(&bus, unit, 1, value).await;
    }
    let replica = Replica::start(&bus).await;
    (bus, replica)
}

/// Changes a score in memory alone, as a fault would.
fn corrupt(replica: &Replica, of: &str, value: &str) {
    replica.app.tables.corrupt(|league_tables| {
        league_tables.score("other", 1000, score(of, value)).unwrap();
    });
}

async fn shown(replica: &Replica) -> Vec<(i64, String)> {
    let page = replica.page(v1::GetLeagueTableRequest::default()).await.unwrap();
    page.rows.into_iter().map(|row| (row.rank, row.score)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_tables_are_replaced_and_their_watchers_go_on() {
    let (bus, replica) = five().await;
    let before = shown(&replica).await;
    let (last, ended) = result(start(&replica, "").await.unwrap()).await;
    ended.unwrap();
    assert_eq!(
        (last.phase(), last.differing_rows, last.tables),
        (v1::RebuildPhase::Replaced, 0, 2)
    );
    assert_eq!((last.live_hash.len(), &last.live_hash), (64, &last.rebuilt_hash));
    let read: Vec<_> = last
        .sources
        .iter()
        .map(|source| (source.service.as_str(), source.states, source.complete))
        .collect();
    assert_eq!(read, [("directory", 5, true), ("survey", 5, true)]);
    assert_eq!(shown(&replica).await, before);
    rank(&bus, "e", 2, "99").await;
    replica.shows("e", "99").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_differ_are_replaced_only_when_exactly_that_is_accepted() {
    let (bus, replica) = five().await;
    corrupt(&replica, "11/e", "95");
    let (last, ended) = result(start(&replica, "").await.unwrap()).await;
    refused(ended, Code::FailedPrecondition, "TABLES_DIFFER");
    assert_eq!(
        (last.phase(), last.differing_rows),
        (v1::RebuildPhase::Refused, 10)
    );
    assert_ne!(last.live_hash, last.rebuilt_hash);
    let first = &last.differences[0];
    assert_eq!(
        (first.table.as_str(), first.subject.as_str()),
        (TABLE, "agencies/11/units/e")
    );
    let changed: Vec<[&str; 3]> = first
        .fields
        .iter()
        .map(|field| [field.field.as_str(), &field.live, &field.rebuilt])
        .collect();
    assert_eq!(changed[..2], [["rank", "1", "5"], ["score", "95", "50"]]);
    assert_eq!(
        shown(&replica).await[0],
        (1, "95".to_owned()),
        "nothing was replaced"
    );
    // Another hash accepts nothing.
    let (again, ended) = result(start(&replica, &last.rebuilt_hash).await.unwrap()).await;
    refused(ended, Code::FailedPrecondition, "TABLES_DIFFER");
    assert_eq!(again.difference_hash, last.difference_hash);
    // Other scores that arrive meanwhile do not change what was accepted.
    rank(&bus, "f", 1, "20").await;
    replica.shows("f", "20").await;
    let (accepted, ended) = result(start(&replica, &last.difference_hash).await.unwrap()).await;
    ended.unwrap();
    assert_eq!(accepted.phase(), v1::RebuildPhase::Replaced);
    assert_eq!(shown(&replica).await[4], (5, "50".to_owned()));
    // The snapshot gets what the rebuilt tables have, and the next rebuild finds no difference.
    let (next, ended) = result(start(&replica, "").await.unwrap()).await;
    ended.unwrap();
    assert_eq!(
        (next.differing_rows, &next.live_hash),
        (0, &accepted.rebuilt_hash)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_never_see_a_missing_or_partial_table() {
    let (bus, replica) = five().await;
    let done = AtomicBool::new(false);
    let writing = async {
        for version in 2.. {
            if done.load(Ordering::SeqCst) {
                return version;
            }
            for unit in ["a", "b", "c", "d", "e"] {
                rank(&bus, unit, version, &format!("{}", version * 31 % 97)).await;
                tokio::task::yield_now().await;
            }
        }
        0
    };
    let reading = async {
        let key = TableKey::parse(TABLE).unwrap();
        let mut reads = 0_u64;
        while !done.load(Ordering::SeqCst) {
            let rows = replica
                .app
                .tables
                .read()
                .rows(&key, 0, 100)
                .expect("the table is there");
            assert_eq!(rows.len(), 5);
            reads += 1;
            tokio::task::yield_now().await;
        }
        reads
    };
    let rebuilding = async {
        for _ in 0..3 {
            let (last, ended) = result(start(&replica, "").await.unwrap()).await;
            ended.unwrap();
            assert_eq!(
                (last.phase(), last.differing_rows),
                (v1::RebuildPhase::Replaced, 0)
            );
        }
        done.store(true, Ordering::SeqCst);
    };
    let (version, reads, ()) = tokio::join!(writing, reading, rebuilding);
    assert!(reads > 0);
    // Nothing that arrived during a rebuild was lost.
    rank(&bus, "a", version + 1, "99.5").await;
    replica.shows("a", "99.5").await;
    let fresh = Replica::start(&bus).await;
    assert_eq!(shown(&fresh).await, shown(&replica).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rebuild_runs_at_a_time_and_ends_when_its_client_leaves() {
    let (_bus, replica) = five().await;
    let rebuilding = replica.app.tables.begin_rebuild().unwrap();
    refused(
        start(&replica, "").await,
        Code::FailedPrecondition,
        "REBUILD_RUNNING",
    );
    drop(rebuilding);
    drop(start(&replica, "").await.unwrap());
    let again = eventually(LONG, || async { replica.app.tables.begin_rebuild() }).await;
    assert!(again.is_some(), "its tables are freed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_complete_or_is_lost_ends_the_rebuild() {
    let (bus, replica) = five().await;
    bus.lose_everything();
    bus.ensure_stream("directory").await.unwrap();
    let (_, ended) = result(start(&replica, "").await.unwrap()).await;
    refused(ended, Code::FailedPrecondition, "STREAM_INCOMPLETE");
    assert_eq!(shown(&replica).await.len(), 5, "nothing was replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_of_all_agencies_rebuilds() {
    let (_bus, replica) = five().await;
    for (role, agency) in [(Role::Admin, "11"), (Role::Operator, "*"), (Role::Evaluator, "*")] {
        let caller = Caller::new("a".to_owned(), vec![role], vec![agency.to_owned()]);
        let message = v1::RebuildLeagueTablesRequest::default();
        let answer = replica
            .client
            .clone()
            .rebuild_league_tables(by(caller, message))
            .await;
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
    }
    let status = start(&replica, "xyz").await.unwrap_err();
    assert_eq!(fields(&status), ["accepted_hash"]);
}
