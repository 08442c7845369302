//! Citizens' responses become a rank in the national league table.

use std::time::Duration;

use prima_platform::testing::eventually;
use prima_proto::{ranking::v1 as ranking, survey::v1 as survey};
use prima_tests::{DEADLINE, Suite, sample};

#[tokio::test(flavor = "multi_thread")]
async fn the_real_respondents_give_the_published_index_and_a_rank() {
    let suite = Suite::in_steps().await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let golden = sample::golden();
    let vector = &golden["vectors"][0];
    let name = "metrics/skm/periods/2024-q3/cohorts/dpmptsp";
    let request = ranking::WatchLeagueTableRequest {
        name: name.into(),
        page_size: 10,
        ..Default::default()
    };
    let mut watch = client
        .ranking
        .watch_league_table(request)
        .await
        .unwrap()
        .into_inner();
    let survey = client.create_survey(&unit, "2024-q3").await;
    for (n, response) in sample::respondents(vector).into_iter().enumerate() {
        client
            .submit(&survey, &format!("r-{n:02}"), response)
            .await
            .unwrap();
    }
    let result = client.result(&survey).await;
    // The step that is last full is shown, and nine people wait.
    assert_eq!((result.respondents, result.counted, result.pending), (29, 20, 9));
    assert_eq!(result.elements[0].answers, 20);
    let mut steps = Vec::new();
    tokio::time::timeout(DEADLINE, async {
        while steps.last() != Some(&20) {
            let message = watch.message().await.unwrap().unwrap();
            if let Some(row) = message.rows.first() {
                assert_eq!(row.respondents, row.counted);
                if row.counted == 20 {
                    assert_eq!(row.score, result.index);
                }
                steps.push(row.counted);
            }
        }
    })
    .await
    .expect("the watcher sees the last step");
    assert!(
        steps.iter().all(|n| *n % 5 == 0),
        "the table moved to {steps:?} people"
    );
    client.close(&survey).await;
    let result = client.result(&survey).await;
    assert_eq!(
        (
            result.index.as_str(),
            result.category.as_str(),
            result.counted,
            result.pending
        ),
        ("91.48", "A", 29, 0)
    );
    assert_eq!(result.elements[0].mean, "3.6207");
    let seen = tokio::time::timeout(DEADLINE, async {
        loop {
            let message = watch.message().await.unwrap().unwrap();
            if let Some(row) = message.rows.first() {
                assert!(
                    row.counted % 5 == 0 || row.counted == 29,
                    "{} are shown",
                    row.counted
                );
                if row.counted == 29 {
                    return message;
                }
            }
        }
    });
    let message = seen.await.expect("the watcher sees the score");
    let row = &message.rows[0];
    assert_eq!(
        (row.rank, row.subject.as_str(), row.score.as_str()),
        (1, unit.as_str(), "91.48")
    );
    assert!(!message.freshness.unwrap().stale);
    // The agency follows within seconds, with the mean of its only unit.
    let row = eventually(Duration::from_secs(20), || {
        let mut client = client.clone();
        async move {
            client
                .table("kota")
                .await
                .ok()?
                .into_iter()
                .find(|r| r.respondents == 29)
        }
    });
    let row = row.await.expect("the agency is ranked");
    assert_eq!(
        (
            row.rank,
            row.score.as_str(),
            row.units_counted,
            row.units_expected
        ),
        (1, "91.48", 1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_weight_variants_give_their_published_indices() {
    let suite = Suite::start().await;
    let mut client = suite.client.clone();
    let golden = sample::golden();
    let rows = sample::respondents(&golden["vectors"][0]);
    for (id, variant, index) in [
        ("a", survey::WeightVariant::Exact, "91.48"),
        ("b", survey::WeightVariant::WeightVariant0111, "91.38"),
        ("c", survey::WeightVariant::WeightVariant011, "90.56"),
    ] {
        let request = survey::CreateSurveyRequest {
            request_id: format!("create-{id}"),
            parent: format!("agencies/3271/units/{id}"),
            survey_id: "s".into(),
            survey: Some(survey::Survey {
                period: "2024-q3".into(),
                weight_variant: variant as i32,
                ..survey::Survey::default()
            }),
        };
        let created = client
            .survey
            .create_survey(request)
            .await
            .unwrap()
            .into_inner()
            .survey
            .unwrap();
        assert!(!created.unit_confirmed, "the directory has not announced it");
        let stream: Vec<survey::SubmitResponsesRequest> = rows
            .iter()
            .enumerate()
            .map(|(n, response)| survey::SubmitResponsesRequest {
                survey: created.name.clone(),
                response_id: format!("r-{n}"),
                response: Some(response.clone()),
                ..Default::default()
            })
            .collect();
        let request = tokio_stream::iter(stream);
        let answer = client
            .survey
            .submit_responses(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!((answer.accepted, answer.rejected), (29, 0));
        let result = client.result(&created.name).await;
        assert_eq!((result.index.as_str(), result.category.as_str()), (index, "A"));
    }
}
