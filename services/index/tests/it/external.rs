//! Scores of other bodies over gRPC, and the events on the bus.

use prima_platform::caller::{Caller, Role};
use prima_proto::{event::v1 as event, index::v1 as pb};
use tonic::Code;

use crate::{fixture::*, setup};

pub fn score(metric: &str, subject: &str, period: &str, score: &str) -> pb::ExternalScore {
    pb::ExternalScore {
        metric: metric.into(),
        subject: subject.into(),
        period: period.into(),
        score: score.into(),
        source: "Siaran pers 2024".into(),
        document_link: "https://example.go.id/opini.pdf".into(),
        ..Default::default()
    }
}

pub fn record(id: &str, score: pb::ExternalScore) -> pb::RecordExternalScoreRequest {
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
            .record_external_score(admin(record("a", new.clone())))
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
            .record_external_score(admin(record("a", new.clone())))
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
        // Recording again is refused, unless a reason is given.
        let twice = t
            .client
            .record_external_score(admin(record("b", new.clone())))
            .await;
        refused(twice, Code::AlreadyExists, "ALREADY_EXISTS");
        let mended = pb::ExternalScore {
            score: "87.995".into(),
            reason: "Salah ketik".into(),
            ..new
        };
        let off = t
            .client
            .record_external_score(admin(record("c", mended.clone())))
            .await;
        assert_eq!(faults(off), ["score.score"]);
        let mended = pb::ExternalScore {
            score: "87.99".into(),
            ..mended
        };
        let answer = t
            .client
            .record_external_score(admin(record("d", mended)))
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
async fn changes_are_shown_within_an_era_only() {
    on_each_database(async |mut t| {
        let subject = "agencies/3271/units/dpmptsp";
        for (n, (period, value)) in [("2021", "80.00"), ("2022", "93.16"), ("2023", "95.23")]
            .iter()
            .enumerate()
        {
            let new = record(&format!("r-{n}"), score("ombudsman", subject, period, value));
            t.client.record_external_score(admin(new)).await.unwrap();
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
async fn every_fault_is_reported_at_once_and_roles_are_enforced() {
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
                    .record_external_score(admin(record(&format!("r-{n}"), new)))
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
        let cycle = setup::open(&t, "nasional", setup::cycle()).await;
        let past = score("ipp", recorded, &cycle.year, "4.06");
        t.client
            .record_external_score(admin(record("a", past)))
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
        setup::enroll(&t, "nasional", "dpmptsp", "offline").await;
        for subject in [evaluated, "agencies/3271"] {
            let new = record(subject, score("ipp", subject, &cycle.year, "4.06"));
            let new = pb::RecordExternalScoreRequest {
                request_id: new.request_id.replace('/', "-"),
                ..new
            };
            let refusal = t.client.record_external_score(admin(new)).await;
            refused(refusal, Code::FailedPrecondition, "COMPUTED_INDEX_EXISTS");
        }
    })
    .await;
}

fn confirm(id: &str, score: &pb::ExternalScore) -> pb::ConfirmExternalScoreRequest {
    pb::ConfirmExternalScoreRequest {
        request_id: id.into(),
        metric: score.metric.clone(),
        subject: score.subject.clone(),
        period: score.period.clone(),
        etag: score.etag.clone(),
    }
}

/// The confirmed scores of Kota Bogor, or the unconfirmed ones.
async fn listed(t: &World, unconfirmed: bool) -> Vec<pb::ExternalScore> {
    let list = pb::ListExternalScoresRequest {
        unconfirmed,
        ..Default::default()
    };
    let answer = t.client.clone().list_external_scores(admin(list)).await.unwrap();
    answer.into_inner().scores
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_that_an_agency_records_of_itself_is_not_published_until_it_is_confirmed() {
    on_each_database(async |mut t| {
        let mut waiting = Vec::new();
        for (id, metric, value) in [("a", "ombudsman", "99"), ("b", "ipp", "5.00")] {
            let new = record(id, score(metric, "agencies/3271", "2024", value));
            let stored = t
                .client
                .record_external_score(operator(new.clone()))
                .await
                .unwrap();
            let stored = stored.into_inner().score.unwrap();
            assert_eq!(
                (stored.confirm_time, stored.recorder.as_str()),
                (None, "operator")
            );
            let again = t.client.record_external_score(operator(new)).await.unwrap();
            assert_eq!(again.into_inner().score.unwrap(), stored);
            waiting.push(stored);
        }
        let by_ortal = setup::as_role(
            "ortal",
            Role::Admin,
            record("c", score("sakip", "agencies/3271", "2024", "99")),
        );
        let by_ortal = t.client.record_external_score(by_ortal).await.unwrap();
        assert_eq!(by_ortal.into_inner().score.unwrap().confirm_time, None);
        assert_eq!(t.count("outbox").await, 0);
        assert_eq!(listed(&t, false).await, []);
        assert_eq!(listed(&t, true).await.len(), 3);
        let list = pb::ListExternalScoresRequest {
            subject: "agencies/3271".into(),
            unconfirmed: true,
            ..Default::default()
        };
        let own = t
            .client
            .list_external_scores(operator(list.clone()))
            .await
            .unwrap();
        assert_eq!(own.into_inner().scores.len(), 3);
        for (role, agency) in [
            (Role::Operator, "3273"),
            (Role::Evaluator, "*"),
            (Role::Intake, "3271"),
        ] {
            let other = setup::holding("x", &[role], agency, list.clone());
            let other = t.client.list_external_scores(other).await;
            refused(other, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        // No one of the agency may confirm, nor the recorder, whatever their tokens.
        let ombudsman = &waiting[0];
        let both = Caller::new("b".into(), vec![Role::Admin], vec!["*".into(), "3271".into()]);
        for (caller, reason) in [
            (operator(confirm("x", ombudsman)), "PERMISSION_DENIED"),
            (
                setup::as_role("ortal", Role::Admin, confirm("x", ombudsman)),
                "PERMISSION_DENIED",
            ),
            (
                setup::holding("e", &[Role::Evaluator], "*", confirm("x", ombudsman)),
                "PERMISSION_DENIED",
            ),
            (
                setup::holding("operator", &[Role::Admin], "*", confirm("x", ombudsman)),
                "ASSESSED_MAY_NOT_CONFIRM",
            ),
            (
                setup::holding("a", &[Role::Admin, Role::Operator], "*", confirm("x", ombudsman)),
                "ASSESSED_MAY_NOT_CONFIRM",
            ),
            (by(both, confirm("x", ombudsman)), "ASSESSED_MAY_NOT_CONFIRM"),
        ] {
            let refusal = t.client.confirm_external_score(caller).await;
            refused(refusal, Code::PermissionDenied, reason);
        }
        let stale = pb::ConfirmExternalScoreRequest {
            etag: "1".into(),
            ..confirm("x", ombudsman)
        };
        let stale = t.client.confirm_external_score(admin(stale)).await;
        refused(stale, Code::Aborted, "ETAG_MISMATCH");
        assert_eq!(t.count("outbox").await, 0);
        let done = t
            .client
            .confirm_external_score(admin(confirm("x", ombudsman)))
            .await
            .unwrap();
        let done = done.into_inner().score.unwrap();
        assert!(done.confirm_time.is_some() && done.recorder.is_empty());
        let again = t
            .client
            .confirm_external_score(admin(confirm("x", ombudsman)))
            .await
            .unwrap();
        assert_eq!(again.into_inner().score.unwrap(), done);
        assert_eq!(listed(&t, false).await, [done]);
        assert_eq!(listed(&t, true).await.len(), 2);
        let staged = t
            .staged::<event::ScoreState>("prima.index.score.ombudsman.2024.agency.3271")
            .await
            .unwrap();
        assert_eq!(staged.state.value, "99.00");
        let gone = t
            .client
            .confirm_external_score(admin(confirm("y", ombudsman)))
            .await;
        refused(gone, Code::NotFound, "NOT_FOUND");
        let nothing = pb::ConfirmExternalScoreRequest::default();
        assert_eq!(
            faults(t.client.confirm_external_score(admin(nothing)).await),
            ["request_id", "metric", "subject", "period", "etag"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unconfirmed_replacement_does_not_change_the_confirmed_score() {
    on_each_database(async |mut t| {
        const SUBJECT: &str = "prima.index.score.ombudsman.2024.agency.3271";
        let first = score("ombudsman", "agencies/3271", "2024", "80");
        t.client
            .record_external_score(admin(record("a", first.clone())))
            .await
            .unwrap();
        let before = t.staged::<event::ScoreState>(SUBJECT).await.unwrap();
        let mended = pb::ExternalScore {
            score: "99".into(),
            reason: "Salah ketik".into(),
            ..first.clone()
        };
        let twice = t.client.record_external_score(operator(record("b", first))).await;
        refused(twice, Code::AlreadyExists, "ALREADY_EXISTS");
        for (id, value) in [("c", "98"), ("d", "99")] {
            let mended = pb::ExternalScore {
                score: value.into(),
                ..mended.clone()
            };
            t.client
                .record_external_score(operator(record(id, mended)))
                .await
                .unwrap();
        }
        let waiting = listed(&t, true).await;
        assert_eq!(waiting.len(), 1);
        let scores = listed(&t, false).await.into_iter().map(|s| s.score);
        assert_eq!(scores.collect::<Vec<_>>(), ["80.00"]);
        let now = t.staged::<event::ScoreState>(SUBJECT).await.unwrap();
        assert_eq!((now.version, now.state.value.as_str()), (before.version, "80.00"));
        t.client
            .confirm_external_score(admin(confirm("x", &waiting[0])))
            .await
            .unwrap();
        let now = t.staged::<event::ScoreState>(SUBJECT).await.unwrap();
        assert!(now.version > before.version && now.state.value == "99.00");
        // A score that the national admin records settles the unconfirmed one.
        for (caller, value) in [(true, "70"), (false, "71")] {
            let again = pb::ExternalScore {
                score: value.into(),
                ..mended.clone()
            };
            let request = record(value, again);
            let request = match caller {
                true => operator(request),
                false => admin(request),
            };
            t.client.record_external_score(request).await.unwrap();
        }
        assert_eq!(listed(&t, true).await, []);
        let now = t.staged::<event::ScoreState>(SUBJECT).await.unwrap();
        assert_eq!(now.state.value, "71.00");
        assert_eq!(t.count("external_score").await, 3, "what was replaced is kept");
        assert_eq!(t.count("external_unconfirmed").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_names_its_document() {
    on_each_database(async |mut t| {
        let bad = pb::ExternalScore {
            source: String::new(),
            document_link: "ftp://x".into(),
            document_sha256: vec![1; 31],
            ..score("ombudsman", "agencies/3271", "2024", "80")
        };
        let found = faults(t.client.record_external_score(operator(record("a", bad))).await);
        assert_eq!(
            found,
            ["score.source", "score.document_link", "score.document_sha256"]
        );
        let without = pb::ExternalScore {
            document_link: String::new(),
            ..score("ombudsman", "agencies/3271", "2024", "80")
        };
        let missing = t
            .client
            .record_external_score(operator(record("a", without.clone())))
            .await;
        assert_eq!(faults(missing), ["score.document_link"]);
        let digest = pb::ExternalScore {
            document_sha256: vec![7; 32],
            ..without.clone()
        };
        let stored = t
            .client
            .record_external_score(operator(record("a", digest)))
            .await
            .unwrap();
        assert_eq!(stored.into_inner().score.unwrap().document_sha256, [7; 32]);
        // The national admin need not name a document.
        let stored = t
            .client
            .record_external_score(admin(record("a", without)))
            .await
            .unwrap();
        assert!(stored.into_inner().score.unwrap().confirm_time.is_some());
    })
    .await;
}
