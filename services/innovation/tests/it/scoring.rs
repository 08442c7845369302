//! Scores of many concurrent evaluators, who do not see each other's scores until the stage closes.

use prima_proto::innovation::v1;
use tokio::task::JoinSet;
use tonic::Code;

use crate::fixture::*;

async fn scores(t: &mut World, request: tonic::Request<v1::ListScoresRequest>) -> Vec<v1::Score> {
    t.client.list_scores(request).await.unwrap().into_inner().scores
}

fn of(entry: &str) -> v1::ListScoresRequest {
    v1::ListScoresRequest { parent: entry.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_evaluators_at_once_lose_nothing() {
    on_each_database(async |mut t| {
        let names = t.competing(&["a", "b", "c", "d", "e", "f"]).await;
        let mut tasks = JoinSet::new();
        for n in 0..49 {
            let (mut client, names) = (t.client.clone(), names.clone());
            tasks.spawn(async move {
                for (k, name) in (0i32..).zip(&names) {
                    let points = (n as i32 * 7 + k * 13) % 101;
                    // Each score is submitted twice, as by a client that missed the first response.
                    let request = score(name, &PARTS, points);
                    let first = client
                        .score_entry(evaluator(n, request.clone()))
                        .await
                        .unwrap()
                        .into_inner();
                    let again = client
                        .score_entry(evaluator(n, request))
                        .await
                        .unwrap()
                        .into_inner();
                    assert_eq!(first, again);
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(t.count("score").await, 49 * 6);
        for (k, name) in (0i32..).zip(&names) {
            let kept = scores(&mut t, ministry(of(name))).await;
            assert_eq!(kept.len(), 49);
            for (n, score) in (0i32..).zip(&kept) {
                assert_eq!(score.evaluator, format!("evaluator-{n:02}"));
                let points = (n * 7 + k * 13) % 101;
                assert!(score.parts.iter().all(|p| p.points == points));
                assert_eq!(score.total, format!("{points}.00"));
            }
        }
        // The fiftieth belongs to the agency.
        let own = t
            .client
            .score_entry(evaluator(49, score(&names[0], &PARTS, 100)))
            .await;
        refused(own, Code::FailedPrecondition, "CONFLICT_OF_INTEREST");
    })
    .await;
}

#[tokio::test]
async fn scores_are_blind_until_the_stage_closes() {
    on_each_database(async |mut t| {
        let name = t.competing(&["a"]).await.remove(0);
        for (n, points) in [(0, 80), (1, 82), (2, 20)] {
            t.client
                .score_entry(evaluator(n, score(&name, &PARTS, points)))
                .await
                .unwrap();
        }
        let seen = scores(&mut t, evaluator(0, of(&name))).await;
        assert_eq!(
            seen.iter().map(|s| s.evaluator.as_str()).collect::<Vec<_>>(),
            ["evaluator-00"]
        );
        assert_eq!(scores(&mut t, evaluator(7, of(&name))).await, []);
        assert_eq!(scores(&mut t, ministry(of(&name))).await.len(), 3);
        refused(
            t.client.list_scores(unit(of(&name))).await,
            Code::PermissionDenied,
            "PERMISSION_DENIED",
        );

        t.advance("penilaian-proposal").await.unwrap();
        let seen = scores(&mut t, evaluator(7, of(&name))).await;
        let left_out: Vec<&str> = seen.iter().map(|s| s.left_out.as_str()).collect();
        assert_eq!(left_out, ["", "", "outlier"]);
        let get = v1::GetEntryRequest { name: name.clone() };
        let entry = t
            .client
            .get_entry(unit(get))
            .await
            .unwrap()
            .into_inner()
            .entry
            .unwrap();
        let result = entry
            .results
            .iter()
            .find(|r| r.stage == "penilaian-proposal")
            .unwrap();
        assert_eq!(
            (result.score.as_str(), result.rank, result.passed),
            ("81.00", 1, true)
        );
        assert_eq!((result.scores_counted, result.scores_left_out), (2, 1));
        let late = t.client.score_entry(evaluator(3, score(&name, &PARTS, 1))).await;
        assert_eq!(faults(late).len(), 10, "the stage that is on now has other parts");
    })
    .await;
}

#[tokio::test]
async fn an_evaluator_may_replace_a_score_until_the_stage_closes() {
    on_each_database(async |mut t| {
        let name = t.competing(&["a"]).await.remove(0);
        for points in [10, 90] {
            t.client
                .score_entry(evaluator(0, score(&name, &PARTS, points)))
                .await
                .unwrap();
        }
        let kept = scores(&mut t, ministry(of(&name))).await;
        assert_eq!(
            kept.iter().map(|s| s.total.as_str()).collect::<Vec<_>>(),
            ["90.00"]
        );
        refused(
            t.advance("penilaian-proposal").await,
            Code::FailedPrecondition,
            "STAGE_INCOMPLETE",
        );
    })
    .await;
}

#[tokio::test]
async fn a_recused_evaluator_no_longer_counts() {
    on_each_database(async |mut t| {
        let name = t.competing(&["a"]).await.remove(0);
        for (n, points) in [(0, 80), (1, 82), (2, 84), (3, 70)] {
            t.client
                .score_entry(evaluator(n, score(&name, &PARTS, points)))
                .await
                .unwrap();
        }
        let recuse = |evaluator: &str| v1::RecuseEvaluatorRequest {
            request_id: format!("recuse-{evaluator}"),
            entry: name.clone(),
            evaluator: evaluator.into(),
            reason: "Saudara kandung pengusul".into(),
            from_stage: String::new(),
        };
        let other = t
            .client
            .recuse_evaluator(evaluator(1, recuse("evaluator-03")))
            .await;
        refused(other, Code::PermissionDenied, "PERMISSION_DENIED");
        t.client
            .recuse_evaluator(ministry(recuse("evaluator-03")))
            .await
            .unwrap();
        t.client.recuse_evaluator(evaluator(5, recuse(""))).await.unwrap();
        for n in [3, 5] {
            let again = t.client.score_entry(evaluator(n, score(&name, &PARTS, 1))).await;
            refused(again, Code::FailedPrecondition, "CONFLICT_OF_INTEREST");
        }
        assert_eq!(
            faults(t.client.recuse_evaluator(ministry(recuse("tamu"))).await),
            ["evaluator"]
        );
        let kept = scores(&mut t, ministry(of(&name))).await;
        assert_eq!(
            kept.iter().map(|s| s.left_out.as_str()).collect::<Vec<_>>(),
            ["", "", "", "recused"]
        );
        t.advance("penilaian-proposal").await.unwrap();
        let get = v1::GetEntryRequest { name };
        let entry = t
            .client
            .get_entry(unit(get))
            .await
            .unwrap()
            .into_inner()
            .entry
            .unwrap();
        assert_eq!(entry.results.last().unwrap().score, "82.00");
    })
    .await;
}

#[tokio::test]
async fn a_recusal_after_a_stage_closed_is_refused_until_its_result_is_accepted() {
    on_each_database(async |mut t| {
        let name = t.competing(&["a"]).await.remove(0);
        for (n, points) in [(0, 80), (1, 82), (2, 84)] {
            let give = evaluator(n, score(&name, &PARTS, points));
            t.client.score_entry(give).await.unwrap();
        }
        t.advance("penilaian-proposal").await.unwrap();
        let recuse = |from_stage: &str| v1::RecuseEvaluatorRequest {
            request_id: format!("recuse-{from_stage}"),
            entry: name.clone(),
            evaluator: "evaluator-01".into(),
            reason: "Saudara kandung pengusul".into(),
            from_stage: from_stage.into(),
        };
        refused(
            t.client.recuse_evaluator(ministry(recuse(""))).await,
            Code::FailedPrecondition,
            "STAGE_CLOSED",
        );
        let closed = t
            .client
            .recuse_evaluator(ministry(recuse("penilaian-proposal")))
            .await;
        assert_eq!(faults(closed), ["from_stage"]);
        let recused = t
            .client
            .recuse_evaluator(ministry(recuse("presentasi-wawancara")))
            .await;
        assert_eq!(
            recused.unwrap().into_inner().closed_stages,
            ["penilaian-proposal"]
        );
        let again = t
            .client
            .score_entry(evaluator(1, score(&name, &["presentasi", "wawancara"], 1)))
            .await;
        refused(again, Code::FailedPrecondition, "CONFLICT_OF_INTEREST");
        // Who has not scored it in a closed stage needs no acceptance.
        let other = v1::RecuseEvaluatorRequest {
            request_id: "recuse-other".into(),
            evaluator: "evaluator-07".into(),
            ..recuse("")
        };
        let other = t.client.recuse_evaluator(ministry(other)).await.unwrap();
        assert_eq!(other.into_inner().closed_stages, Vec::<String>::new());
    })
    .await;
}
