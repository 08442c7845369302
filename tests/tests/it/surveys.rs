//! The life of surveys, and how their sums become scores of units and agencies.

use std::{collections::BTreeMap, time::Duration};

use prima_platform::{
    clock::{Clock, to_proto},
    testing::eventually,
};
use prima_proto::{directory::v1 as directory, ranking::v1 as ranking, survey::v1 as survey};
use prima_survey::domain::{
    index::{WeightVariant, compute},
    instrument, number,
    survey::Asked,
    tally::Tally,
};
use prima_tests::{DEADLINE, Suite, client::Client, sample};
use tonic::{Code, Status};
use tonic_types::StatusExt;

fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default()
}

/// The index of `response(n)` over the given `n`, computed independently.
fn index(ns: impl Iterator<Item = usize> + Clone) -> String {
    let skm = instrument::find(instrument::DEFAULT).unwrap();
    let asked: Vec<Asked> = sample::ELEMENTS
        .iter()
        .map(|key| Asked {
            key: (*key).to_owned(),
            ..Asked::default()
        })
        .collect();
    let tallies: Vec<Tally> = sample::ELEMENTS
        .iter()
        .map(|key| {
            let mut sum = Tally::default();
            for n in ns.clone() {
                sum.add(&Tally::of(
                    u8::try_from(sample::response(n).answers[*key]).unwrap(),
                ));
            }
            sum
        })
        .collect();
    let index = compute(skm, &asked, &tallies, WeightVariant::Exact).unwrap();
    number::decimal(&index, 2)
}

async fn create(
    client: &mut Client,
    unit: &str,
    id: &str,
    survey: survey::Survey,
) -> Result<survey::Survey, Status> {
    let request = survey::CreateSurveyRequest {
        request_id: format!("{unit}-{id}").replace('/', "."),
        parent: unit.to_owned(),
        survey_id: id.to_owned(),
        survey: Some(survey::Survey {
            period: "2024-q3".into(),
            ..survey
        }),
    };
    Ok(client
        .survey
        .create_survey(request)
        .await?
        .into_inner()
        .survey
        .unwrap())
}

/// Waits for a row that meets the condition.
async fn row(
    client: &Client,
    cohort: &str,
    condition: impl Fn(&ranking::LeagueRow) -> bool,
) -> ranking::LeagueRow {
    let found = eventually(DEADLINE, || {
        let mut client = client.clone();
        let condition = &condition;
        async move {
            client
                .table(cohort)
                .await
                .ok()?
                .into_iter()
                .find(|r| condition(r))
        }
    });
    match found.await {
        Some(row) => row,
        None => panic!(
            "no such row in {cohort}: {:?}",
            client.clone().table(cohort).await
        ),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_pool_the_surveys_of_a_period() {
    let suite = Suite::start().await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let a = client.create_survey(&unit, "a").await;
    let b = client.create_survey(&unit, "b").await;
    for n in 0..10 {
        client
            .submit(&a, &format!("r-{n}"), sample::response(n))
            .await
            .unwrap();
    }
    for n in 10..17 {
        client
            .submit(&b, &format!("r-{n}"), sample::response(n))
            .await
            .unwrap();
    }
    let pooled = row(&client, "dpmptsp", |r| r.respondents == 17).await;
    assert_eq!(pooled.score, index(0..17));
    assert_eq!(client.result(&a).await.index, index(0..10));
    assert_eq!(client.result(&b).await.index, index(10..17));

    // Surveys of one unit and period must be poolable.
    let other = survey::Survey {
        weight_variant: survey::WeightVariant::WeightVariant011 as i32,
        ..survey::Survey::default()
    };
    let refused = create(&mut client, &unit, "c", other).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "OTHER_SCHEME_IN_PERIOD")
    );
    assert_eq!(
        suite.cluster.number("SELECT count(*) FROM survey.survey").await,
        2
    );

    // Pages of one row contain every survey and result once.
    let (mut surveys, mut results, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let (parent, page_token) = ("agencies/3271/units/-".to_owned(), token);
        let request = survey::ListSurveysRequest {
            parent,
            page_token,
            page_size: 1,
            period: "2024-q3".into(),
            ..Default::default()
        };
        let answer = client.survey.list_surveys(request).await.unwrap().into_inner();
        surveys.extend(answer.surveys.into_iter().map(|s| s.name));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    loop {
        let (parent, page_token) = ("agencies/-/units/-".to_owned(), token);
        let request = survey::ListResultsRequest {
            parent,
            page_token,
            page_size: 1,
            period: String::new(),
        };
        let answer = client.survey.list_results(request).await.unwrap().into_inner();
        results.extend(answer.results.into_iter().map(|r| r.survey));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(surveys, [a.clone(), b.clone()]);
    assert_eq!(results, [a, b]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_agency_is_listed_not_ranked() {
    let suite = Suite::start().await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let second = directory::CreateUnitRequest {
        request_id: "second".into(),
        parent: "agencies/3271".into(),
        unit_id: "rsud".into(),
        unit: Some(directory::Unit {
            display_name: "RSUD Kota Bogor".into(),
            unit_type: "rsud".into(),
            ..directory::Unit::default()
        }),
    };
    client.directory.create_unit(second).await.unwrap();
    let draft = survey::Survey {
        population: 1000,
        ..survey::Survey::default()
    };
    let survey = create(&mut client, &unit, "a", draft).await.unwrap();
    assert_eq!(survey.state, survey::SurveyState::Open as i32);
    client
        .submit(&survey.name, "r-1", sample::response(1))
        .await
        .unwrap();

    // 1000 users of the service need 278 respondents.
    let small = row(&client, "dpmptsp", |r| r.respondents == 1).await;
    let expected = (0, 278, ranking::UnrankedReason::SampleTooSmall as i32);
    assert_eq!(
        (small.rank, small.minimum_respondents, small.unranked_reason),
        expected
    );
    let update = survey::UpdateSurveyRequest {
        survey: Some(survey::Survey {
            name: survey.name.clone(),
            etag: survey.etag,
            ..survey::Survey::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["population".into()],
        }),
    };
    client.survey.update_survey(update.clone()).await.unwrap();
    row(&client, "dpmptsp", |r| r.rank == 1 && r.minimum_respondents == 1).await;
    let stale = client.survey.update_survey(update).await.unwrap_err();
    assert_eq!(
        (stale.code(), reason(&stale).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );

    // The agency is incomplete until its second unit is closed.
    let agency = row(&client, "kota", |r| r.units_expected == 2).await;
    let expected = (0, 1, ranking::UnrankedReason::UnitsMissing as i32);
    assert_eq!(
        (agency.rank, agency.units_counted, agency.unranked_reason),
        expected
    );
    let close = directory::CloseUnitRequest {
        name: "agencies/3271/units/rsud".into(),
        close_date: "2024-06-30".into(),
        successors: vec![unit],
        etag: String::new(),
    };
    client.directory.close_unit(close).await.unwrap();
    let agency = row(&client, "kota", |r| r.rank == 1).await;
    assert_eq!((agency.units_counted, agency.units_expected), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_closes_at_its_time_and_answers_repeats_afterwards() {
    let suite = Suite::start().await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let closes = Clock::system().now() + chrono::Duration::seconds(3);
    let draft = survey::Survey {
        close_time: Some(to_proto(closes)),
        ..survey::Survey::default()
    };
    let survey = create(&mut client, &unit, "a", draft).await.unwrap().name;
    client.submit(&survey, "r-1", sample::response(1)).await.unwrap();
    // The period is over and its surveys are closed, so unit and agency are final.
    for cohort in ["dpmptsp", "kota"] {
        row(&client, cohort, |r| {
            r.status == ranking::ScoreStatus::Final as i32 && r.respondents == 1
        })
        .await;
    }
    let late = client
        .submit(&survey, "r-2", sample::response(2))
        .await
        .unwrap_err();
    assert_eq!(
        (late.code(), reason(&late).as_str()),
        (Code::FailedPrecondition, "SURVEY_CLOSED")
    );
    client
        .submit(&survey, "r-1", sample::response(1))
        .await
        .expect("a repeat is answered");
    let other = client
        .submit(&survey, "r-1", sample::response(2))
        .await
        .unwrap_err();
    assert_eq!(
        (other.code(), reason(&other).as_str()),
        (Code::InvalidArgument, "REQUEST_ID_REUSED")
    );
    let result = client.result(&survey).await;
    assert_eq!(
        (result.respondents, result.state),
        (1, survey::SurveyState::Closed as i32)
    );
    let again = survey::CloseSurveyRequest {
        name: survey,
        etag: String::new(),
    };
    assert_eq!(
        client.survey.close_survey(again).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_optional_element_is_divided_by_its_own_answers() {
    let suite = Suite::start().await;
    let mut client = suite.client.clone();
    let elements = sample::ELEMENTS.iter().map(|key| survey::SurveyElement {
        key: (*key).to_owned(),
        optional: *key == "cost",
        ..survey::SurveyElement::default()
    });
    let draft = survey::Survey {
        elements: elements.collect(),
        ..survey::Survey::default()
    };
    let survey = create(&mut client, "agencies/3271/units/rsud", "a", draft)
        .await
        .unwrap()
        .name;
    for (id, cost) in [("r-1", Some(4)), ("r-2", None), ("r-3", Some(2))] {
        let mut answers: BTreeMap<String, i32> = sample::ELEMENTS
            .iter()
            .map(|key| ((*key).to_owned(), 3))
            .collect();
        answers.remove("cost");
        answers.extend(cost.map(|score| ("cost".to_owned(), score)));
        client
            .submit(
                &survey,
                id,
                survey::Response {
                    answers,
                    ..survey::Response::default()
                },
            )
            .await
            .unwrap();
    }
    let result = client.result(&survey).await;
    let answers = |key: &str| if key == "cost" { 2 } else { 3 };
    assert!(result.elements.iter().all(|e| e.answers == answers(&e.key)));
    assert_eq!(
        (
            result.respondents,
            result.index.as_str(),
            result.category.as_str()
        ),
        (3, "75.00", "C")
    );
    // The watcher receives the next response.
    let request = survey::WatchResultRequest {
        survey: survey.clone(),
    };
    let mut watch = client.survey.watch_result(request).await.unwrap().into_inner();
    assert_eq!(
        watch
            .message()
            .await
            .unwrap()
            .unwrap()
            .result
            .unwrap()
            .respondents,
        3
    );
    let answers = sample::ELEMENTS
        .iter()
        .map(|key| ((*key).to_owned(), 4))
        .collect();
    let response = survey::Response {
        answers,
        ..survey::Response::default()
    };
    client.submit(&survey, "r-4", response).await.unwrap();
    let seen = tokio::time::timeout(Duration::from_secs(10), watch.message())
        .await
        .expect("in time");
    assert_eq!(seen.unwrap().unwrap().result.unwrap().respondents, 4);
    client.close(&survey).await;
    let result = client.result(&survey).await;
    let cost = result.elements.iter().find(|e| e.key == "cost").unwrap();
    assert_eq!((cost.answers, cost.total, cost.mean.as_str()), (3, 10, "3.3333"));
}
