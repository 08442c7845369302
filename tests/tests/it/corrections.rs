//! Single-use tokens and voids while the survey service is killed: each token counts once, and a void is applied
//! completely or not at all.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::{StreamExt, stream};
use prima_platform::testing::eventually;
use prima_proto::survey::v1 as pb;
use prima_tests::{
    DEADLINE, Suite,
    client::{Authorised, Client, authorised},
    sample,
};
use tokio::task::JoinSet;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use pb::access_service_client::AccessServiceClient;

const TOKENS: usize = 160;

/// Whether a call may be repeated because the service was unreachable.
fn away(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal | Code::ResourceExhausted
    )
}

/// Submits a response with a single-use token and no bearer token. Returns whether it was accepted; false means that
/// the token was already used.
async fn use_token(client: Client, survey: &str, token: &str, id: String, n: usize) -> bool {
    let request = pb::SubmitResponseRequest {
        request_id: id,
        survey: survey.to_owned(),
        response: Some(sample::response(n)),
        credential: Some(pb::Credential {
            token: token.to_owned(),
            ..Default::default()
        }),
    };
    let answer = eventually(DEADLINE, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move {
            match client.survey.submit_response(request).await {
                Ok(_) => Some(true),
                Err(status) if away(&status) => None,
                Err(status) => {
                    let details = status.get_error_details();
                    assert_eq!(details.error_info().unwrap().reason, "TOKEN_USED", "{status:?}");
                    Some(false)
                }
            }
        }
    });
    answer.await.expect("answered in time")
}

async fn survey_with_tokens(suite: &Suite) -> (String, Vec<String>) {
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let request = pb::CreateSurveyRequest {
        request_id: "survey".into(),
        parent: unit,
        survey_id: "2024-q3".into(),
        survey: Some(pb::Survey {
            period: "2024-q3".into(),
            access_modes: vec![pb::AccessMode::Agent as i32, pb::AccessMode::Token as i32],
            ..Default::default()
        }),
    };
    let survey = client.survey.create_survey(request).await.unwrap().into_inner();
    let survey = survey.survey.unwrap().name;
    let mut access: AccessServiceClient<Authorised> =
        AccessServiceClient::new(authorised(&suite.survey.url(), &suite.cluster.admin()));
    let request = pb::IssueTokensRequest {
        request_id: "tokens".into(),
        survey: survey.clone(),
        size: i32::try_from(TOKENS).unwrap(),
        ..Default::default()
    };
    let issued = access.issue_tokens(request).await.unwrap().into_inner();
    (survey, issued.tokens)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_once_whenever_survey_is_killed() {
    let mut suite = Suite::start().await;
    let (survey, tokens) = survey_with_tokens(&suite).await;
    let anonymous = Client::new(
        &suite.directory.url(),
        &suite.survey.url(),
        &suite.ranking.url(),
        "",
    );
    // Two people use the same token at once, each with a request id of their own.
    let used = Arc::new(AtomicUsize::new(0));
    let count_used = used.clone();
    let name = survey.clone();
    let mut users = JoinSet::new();
    users.spawn(async move {
        let both = stream::iter(tokens.into_iter().enumerate()).map(|(n, token)| {
            let (client, name, used) = (&anonymous, &name, &used);
            async move {
                let one = use_token(client.clone(), name, &token, format!("a-{n}"), n);
                let other = use_token(client.clone(), name, &token, format!("b-{n}"), n);
                let (one, other) = tokio::join!(one, other);
                let takers = if one { "both" } else { "neither" };
                assert!(one != other, "token {n} was taken from {takers}");
                used.fetch_add(1, Ordering::SeqCst);
            }
        });
        both.buffer_unordered(4).collect::<()>().await;
    });
    for goal in [20, 50, 80] {
        let met = eventually(DEADLINE, || async {
            (count_used.load(Ordering::SeqCst) >= goal).then_some(())
        });
        met.await.expect("tokens are used");
        suite.survey.restart().await;
    }
    users.join_all().await;
    let count = i64::try_from(TOKENS).unwrap();
    let stored = "SELECT count(DISTINCT token) * 1000 + count(*) FROM survey.response";
    assert_eq!(suite.cluster.number(stored).await, count * 1000 + count);
    assert_eq!(suite.client.clone().result(&survey).await.respondents, count);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_void_remains_whenever_survey_is_killed() {
    let mut suite = Suite::start().await;
    let (survey, _) = survey_with_tokens(&suite).await;
    let mut client = suite.client.clone();
    for (import_id, from, to) in [("benar", 0, 40), ("salah", 40, 90)] {
        let rows: Vec<_> = (from..to)
            .map(|n| pb::SubmitResponsesRequest {
                survey: survey.clone(),
                response_id: format!("r-{n}"),
                response: Some(sample::response(n)),
                import_id: import_id.into(),
                ..Default::default()
            })
            .collect();
        let answer = client
            .survey
            .submit_responses(tokio_stream::iter(rows))
            .await
            .unwrap();
        assert_eq!(answer.into_inner().rejected, 0);
    }
    let void = pb::VoidResponsesRequest {
        request_id: "void".into(),
        survey: survey.clone(),
        which: Some(pb::void_responses_request::Which::ImportId("salah".into())),
        reason: "Berkas unit lain".into(),
    };
    let asked = {
        let (client, void) = (client.clone(), void.clone());
        let mut asked = JoinSet::new();
        asked.spawn(async move {
            let answer = eventually(DEADLINE, || {
                let (mut client, void) = (client.clone(), void.clone());
                async move {
                    match client.survey.void_responses(void).await {
                        Ok(answer) => Some(answer.into_inner().void.unwrap().responses),
                        Err(status) if away(&status) => None,
                        Err(status) => panic!("{status:?}"),
                    }
                }
            });
            answer.await.expect("answered in time")
        });
        asked
    };
    suite.survey.restart().await;
    assert_eq!(asked.join_all().await, [50]);
    suite.survey.restart().await;
    let again = eventually(DEADLINE, || {
        let (mut client, void) = (client.clone(), void.clone());
        async move { client.survey.void_responses(void).await.ok() }
    });
    assert_eq!(again.await.unwrap().into_inner().void.unwrap().responses, 50);
    let result = client.result(&survey).await;
    assert_eq!((result.respondents, result.voided), (40, 50));
    client.close(&survey).await;
    let totals = client.result(&survey).await.elements;
    let totals = totals.into_iter().map(|e| (e.key, e.total)).collect();
    assert_eq!(sample::totals(0..40), totals);
    suite.cluster.settle("survey").await;
}
