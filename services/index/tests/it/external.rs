//! Scores of other bodies over gRPC, and what reaches the bus.

use prima_proto::{event::v1 as event, index::v1 as pb};
use tonic::Code;

use crate::{fixture::*, scene};

fn score(metric: &str, subject: &str, period: &str, score: &str) -> pb::ExternalScore {
    pb::ExternalScore {
        metric: metric.into(),
        subject: subject.into(),
        period: period.into(),
        score: score.into(),
        ..Default::default()
    }
}

fn record(id: &str, score: pb::ExternalScore) -> pb::RecordExternalScoreRequest {
    pb::RecordExternalScoreRequest {
        request_id: id.into(),
        score: Some(score),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_score_gets_its_category_and_becomes_a_score() {
    on_each_database(async |mut t| {
        let new = score("ombudsman", "agencies/3271", "2024", "92.5");
        let answer = t
            .client
            .record_external_score(operator(record("a", new.clone())))
            .await
            .unwrap();
        let stored = answer.into_inner().score.unwrap();
        assert_eq!(
            (
                stored.score.as_str(),
                stored.category.as_str(),
                stored.zone.as_str(),
                stored.era.as_str()
            ),
            ("92.50", "A", "hijau", "ombudsman-2022")
        );
        let again = t
            .client
            .record_external_score(operator(record("a", new.clone())))
            .await
            .unwrap();
        assert_eq!(again.into_inner().score.unwrap(), stored);
        let staged = t
            .staged::<event::ScoreState>("prima.index.score.ombudsman.2024.agency.3271")
            .await
            .unwrap();
        assert_eq!(
            (staged.state.value.as_str(), staged.state.recorded),
            ("92.50", true)
        );
        assert_eq!(staged.state.status(), event::ScoreStatus::Final);
        // Once more is a mistake, unless it says why.
        let twice = t
            .client
            .record_external_score(operator(record("b", new.clone())))
            .await;
        refused(twice, Code::AlreadyExists, "ALREADY_EXISTS");
        let mended = pb::ExternalScore {
            score: "87.995".into(),
            reason: "Salah ketik".into(),
            ..new
        };
        let off = t
            .client
            .record_external_score(operator(record("c", mended.clone())))
            .await;
        assert_eq!(faults(off), ["score.score"]);
        let mended = pb::ExternalScore {
            score: "87.99".into(),
            ..mended
        };
        let answer = t
            .client
            .record_external_score(operator(record("d", mended)))
            .await
            .unwrap();
        assert_eq!(answer.into_inner().score.unwrap().category, "B");
        let later = t
            .staged::<event::ScoreState>("prima.index.score.ombudsman.2024.agency.3271")
            .await
            .unwrap();
        assert!(later.version > staged.version);
        assert_eq!(later.state.value, "87.99");
        assert_eq!(t.count("external_score").await, 2, "what was replaced is kept");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_within_an_era_only() {
    on_each_database(async |mut t| {
        let subject = "agencies/3271/units/dpmptsp";
        for (n, (period, value)) in [("2021", "80.00"), ("2022", "93.16"), ("2023", "95.23")]
            .iter()
            .enumerate()
        {
            let new = record(&format!("r-{n}"), score("ombudsman", subject, period, value));
            t.client.record_external_score(operator(new)).await.unwrap();
        }
        let list = pb::ListExternalScoresRequest {
            metric: "ombudsman".into(),
            subject: "agencies/3271/units/-".into(),
            page_size: 2,
            ..Default::default()
        };
        let first = t
            .client
            .list_external_scores(operator(list.clone()))
            .await
            .unwrap()
            .into_inner();
        let changes: Vec<bool> = first.scores.iter().map(|s| s.change.is_some()).collect();
        // 2021 and 2022 were assessed by different methods.
        assert_eq!(changes, [false, false]);
        let rest = pb::ListExternalScoresRequest {
            page_token: first.next_page_token,
            ..list
        };
        let rest = t
            .client
            .list_external_scores(operator(rest))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((rest.scores.len(), rest.next_page_token.as_str()), (1, ""));
        let change = rest.scores[0].change.clone().unwrap();
        assert_eq!(
            (
                change.base_period.as_str(),
                change.points.as_str(),
                change.relative_percent.as_str()
            ),
            ("2022", "2.07", "2.22")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_at_once_and_roles_are_kept() {
    on_each_database(async |mut t| {
        let bad = pb::ExternalScore {
            source: "x".repeat(501),
            reason: "x".into(),
            ..score("zodiac", "units/1", "2024-x", "many")
        };
        let found = faults(t.client.record_external_score(operator(record("", bad))).await);
        assert_eq!(
            found,
            [
                "request_id",
                "score.metric",
                "score.subject",
                "score.period",
                "score.source",
                "score.reason"
            ]
        );
        let bad = pb::ExternalScore {
            category: "A".into(),
            no_maladministration: true,
            ..score("ombudsman", "agencies/3271", "2024", "60")
        };
        let found = faults(t.client.record_external_score(operator(record("a", bad))).await);
        assert_eq!(found, ["score.category", "score.no_maladministration"]);
        let unit = score("sakip", "agencies/3271/units/dpmptsp", "2024", "80");
        assert_eq!(
            faults(t.client.record_external_score(operator(record("b", unit))).await),
            ["score.subject"]
        );
        let early = score("ombudsman", "agencies/3271", "2012", "80");
        assert_eq!(
            faults(t.client.record_external_score(operator(record("c", early))).await),
            ["score.period"]
        );
        let other = score("ombudsman", "agencies/3273", "2024", "80");
        let denied = t.client.record_external_score(operator(record("d", other))).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        assert_eq!(
            t.count("external_score").await + t.count("request").await + t.count("outbox").await,
            0
        );
        let metrics = t
            .client
            .list_external_metrics(operator(pb::ListExternalMetricsRequest {}))
            .await;
        assert_eq!(metrics.unwrap().into_inner().metrics.len(), 8);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_records_of_one_score_exactly_one_is_first() {
    on_each_database(async |t| {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..20 {
            let mut client = t.client.clone();
            tasks.spawn(async move {
                let new = score("ombudsman", "agencies/3271", "2024", &format!("{}", 60 + n));
                client
                    .record_external_score(operator(record(&format!("r-{n}"), new)))
                    .await
                    .is_ok()
            });
        }
        let stored = tasks.join_all().await.into_iter().filter(|ok| *ok).count();
        assert_eq!(
            (stored, t.count("external_score").await, t.count("outbox").await),
            (1, 1, 1)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_computed_or_recorded_but_not_both() {
    on_each_database(async |mut t| {
        let (evaluated, recorded) = ("agencies/3271/units/dpmptsp", "agencies/3271/units/rsud");
        let cycle = scene::open(&t, "nasional", scene::cycle()).await;
        let past = score("ipp", recorded, &cycle.year, "4.06");
        t.client
            .record_external_score(operator(record("a", past)))
            .await
            .unwrap();
        let request = pb::EnrollUnitRequest {
            request_id: "rsud".into(),
            cycle: cycle.name.clone(),
            unit: recorded.into(),
            form: "offline".into(),
        };
        let refusal = t.assessment.enroll_unit(admin(request)).await;
        refused(refusal, Code::FailedPrecondition, "RECORDED_INDEX_EXISTS");
        scene::enroll(&t, "nasional", "dpmptsp", "offline").await;
        for subject in [evaluated, "agencies/3271"] {
            let new = record(subject, score("ipp", subject, &cycle.year, "4.06"));
            let new = pb::RecordExternalScoreRequest {
                request_id: new.request_id.replace('/', "-"),
                ..new
            };
            let refusal = t.client.record_external_score(operator(new)).await;
            refused(refusal, Code::FailedPrecondition, "COMPUTED_INDEX_EXISTS");
        }
    })
    .await;
}
