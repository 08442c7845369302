use prima_platform::bus::memory::Memory;
use prima_proto::event::v1::ScoreState;
use prost::Message;
use tonic::Code;

use super::*;
use crate::rpc::testing::{Replica, TABLE, bus, publish, rank, unit};

/// Announces a unit, and publishes its score with a standard error.
async fn estimate(bus: &Memory, unit_id: &str, version: i64, value: &str, error: &str) {
    if version == 1 {
        publish(
            bus,
            &format!("prima.directory.unit.11.{unit_id}"),
            1,
            Some(unit(unit_id)),
        )
        .await;
    }
    let state = ScoreState {
        value: value.to_owned(),
        standard_error: error.to_owned(),
        ..ScoreState::default()
    };
    let subject = format!("prima.survey.score.skm.2024.unit.11.{unit_id}");
    publish(bus, &subject, version, Some(state.encode_to_vec())).await;
}

fn request() -> pb::GetRankCertaintyRequest {
    pb::GetRankCertaintyRequest {
        name: TABLE.to_owned(),
        best: 1,
        ..Default::default()
    }
}

async fn read(replica: &Replica, request: pb::GetRankCertaintyRequest) -> pb::GetRankCertaintyResponse {
    let response = replica.client.clone().get_rank_certainty(request).await;
    response.unwrap().into_inner()
}

fn ends(interval: Option<&pb::RankInterval>) -> (i32, i32) {
    interval.map(|interval| (interval.from, interval.to)).unwrap()
}

#[tokio::test]
async fn each_ranked_row_has_its_intervals_and_its_group() {
    let bus = bus().await;
    for (id, value, error) in [("a", "90", "0.5"), ("b", "80", "0.5"), ("c", "80.1", "0.5")] {
        estimate(&bus, id, 1, value, error).await;
    }
    rank(&bus, "d", 1, "85").await;
    let replica = Replica::start(&bus).await;
    let response = read(&replica, request()).await;
    let certainty = response.certainty.as_ref().unwrap();
    assert_eq!(certainty.absent_reason(), pb::CertaintyAbsent::Unspecified);
    assert_eq!(
        (certainty.groups, certainty.confidence_percent, certainty.best),
        (2, 95, 1)
    );
    assert_eq!(certainty.without_standard_error, 1);
    assert!(certainty.draws > 0 && !certainty.method.is_empty());
    let shown: Vec<_> = response
        .rows
        .iter()
        .map(|row| {
            let own = row.certainty.as_ref();
            let name = row.row.as_ref().unwrap().display_name.as_str();
            (
                name,
                own.map(|own| {
                    let joint = ends(own.joint.as_ref());
                    (
                        own.standard_error.as_str(),
                        joint,
                        own.group,
                        own.among_best,
                        own.not_among_best,
                    )
                }),
            )
        })
        .collect();
    let expected = [
        ("a", Some(("0.5000", (1, 1), 1, true, false))),
        ("d", None),
        ("c", Some(("0.5000", (2, 3), 2, false, true))),
        ("b", Some(("0.5000", (2, 3), 2, false, true))),
    ];
    assert_eq!(shown, expected);
    let again = read(&replica, request()).await;
    assert_eq!((again.rows, again.certainty), (response.rows, response.certainty));
}

#[tokio::test]
async fn a_table_without_enough_standard_errors_says_so_and_has_its_rows() {
    let bus = bus().await;
    rank(&bus, "a", 1, "90").await;
    rank(&bus, "b", 1, "80").await;
    let replica = Replica::start(&bus).await;
    let reason =
        |response: &pb::GetRankCertaintyResponse| response.certainty.as_ref().unwrap().absent_reason();
    let response = read(&replica, request()).await;
    assert_eq!(reason(&response), pb::CertaintyAbsent::NoStandardErrors);
    assert_eq!(response.rows.len(), 2);
    assert!(response.rows.iter().all(|row| row.certainty.is_none()));
    estimate(&bus, "c", 1, "70", "0.5").await;
    replica.shows("c", "70").await;
    let response = read(&replica, request()).await;
    assert_eq!(reason(&response), pb::CertaintyAbsent::TooFewSubjects);
    assert_eq!(response.rows.len(), 3);
    assert!(response.rows.iter().all(|row| row.certainty.is_none()));
}

#[tokio::test]
async fn every_fault_is_named_and_a_table_without_scores_is_not_found() {
    let replica = Replica::start(&bus().await).await;
    let mut client = replica.client.clone();
    let status = client.get_rank_certainty(request()).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let bad = pb::GetRankCertaintyRequest {
        name: "x".to_owned(),
        confidence_percent: 80,
        best: 1001,
    };
    let status = client.get_rank_certainty(bad).await.unwrap_err();
    let fields = prima_platform::testing::served::fields(&status);
    assert_eq!(fields, ["name", "confidence_percent", "best"]);
}

#[tokio::test]
async fn the_table_is_read_and_updated_while_callers_wait_and_they_share_one_computation() {
    let bus = bus().await;
    for (id, value) in [("a", "90"), ("b", "80")] {
        estimate(&bus, id, 1, value, "0.5").await;
    }
    let replica = Replica::start(&bus).await;
    let turn = replica.app.certainties.turn().await.unwrap();
    let callers = (0..4).map(|_| read(&replica, request()));
    let mut callers = Box::pin(futures::future::join_all(callers));
    assert!(futures::poll!(&mut callers).is_pending());
    // The update is applied and read although a computation has the turn.
    estimate(&bus, "b", 2, "95", "0.5").await;
    replica.shows("b", "95").await;
    assert!(futures::poll!(&mut callers).is_pending());
    drop(turn);
    let responses = callers.await;
    for response in &responses {
        let first = response.rows[0].row.as_ref().unwrap();
        assert_eq!(first.display_name, "b", "the rows are those after the wait");
        assert_eq!(response.rows, responses[0].rows);
    }
    assert_eq!(replica.app.certainties.kept(), 1);
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_stop_the_computation() {
    let bus = bus().await;
    for (id, value) in [("a", "90"), ("b", "80")] {
        estimate(&bus, id, 1, value, "0.5").await;
    }
    let replica = Replica::start(&bus).await;
    let found = Read::of(&replica.app, &TABLE.parse().unwrap()).unwrap();
    let confidence = Confidence::of(95).unwrap();
    let turn = replica.app.certainties.turn().await.unwrap();
    let certainties = Arc::clone(&replica.app.certainties);
    let mut computing = Box::pin(certainties.compute(turn, found.estimates(), found.hash, confidence));
    let _begun = futures::poll!(&mut computing);
    drop(computing);
    // The turn comes back when the result is kept.
    drop(replica.app.certainties.turn().await.unwrap());
    assert!(found.known(&replica.app, confidence).is_some());
}
