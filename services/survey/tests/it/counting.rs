//! Responses are stored first and counted later. A caller whose response was acknowledged reads a result that contains
//! it, and operations that close, change or void count first, however long the runner takes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use prima_platform::db::sql;
use prima_proto::{event::v1::SurveyResultState, survey::v1 as pb};
use sea_orm::ConnectionTrait;
use tokio::task::JoinSet;

use crate::{
    corrections::{RESULT, by_ids},
    credentials::*,
    fixture::*,
};

/// Prevents the runner from counting the existing surveys, as if an earlier attempt had failed.
pub async fn hold_runner(t: &World) {
    let text = "INSERT INTO derived (kind, key, held_until)
                SELECT 'survey-result', CAST(id AS TEXT), 9000000000000000000 FROM survey WHERE TRUE
                ON CONFLICT (kind, key) DO UPDATE SET held_until = excluded.held_until";
    t.db.writer().execute_unprepared(text).await.unwrap();
}

/// Submits one response, which stays uncounted.
async fn submit(t: &mut World, survey: &str, n: usize) {
    let request = sent(survey, &format!("r-{n}"), all(4), None);
    t.client.submit_response(operator(request)).await.unwrap();
    assert_eq!(t.count("survey_delta").await, 1, "answer {n} waits");
}

async fn nothing_waits(t: &World) {
    assert_eq!(t.count("survey_delta").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_contains_the_responses_that_were_acknowledged_before_it() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        hold_runner(&t).await;
        submit(&mut t, &survey, 1).await;
        assert_eq!(t.result(&survey).await.respondents, 1);
        nothing_waits(&t).await;

        submit(&mut t, &survey, 2).await;
        let list = pb::ListResultsRequest {
            parent: "agencies/3271/units/dpmptsp".into(),
            ..Default::default()
        };
        let listed = t.client.list_results(operator(list)).await.unwrap().into_inner();
        assert_eq!(listed.results[0].respondents, 2);

        submit(&mut t, &survey, 3).await;
        let unit = pb::GetUnitResultRequest {
            unit: "agencies/3271/units/dpmptsp".into(),
            period: "2024".into(),
            ..Default::default()
        };
        let unit = t
            .client
            .get_unit_result(operator(unit))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(unit.result.unwrap().respondents, 3);

        // The result of an agency is computed from the scores of its units.
        submit(&mut t, &survey, 4).await;
        let agency = pb::GetAgencyResultRequest {
            agency: "agencies/3271".into(),
            period: "2024".into(),
            ..Default::default()
        };
        let _unknown = t.client.get_agency_result(operator(agency)).await;
        assert_eq!(t.count("unit_score WHERE respondents = 4").await, 1);

        submit(&mut t, &survey, 5).await;
        let analysis = pb::AnalyzeResultRequest {
            survey: survey.clone(),
        };
        let analysis = t
            .client
            .analyze_result(operator(analysis))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(analysis.analysis.unwrap().respondents, 5);

        submit(&mut t, &survey, 6).await;
        let watch = pb::WatchResultRequest {
            survey: survey.clone(),
        };
        let mut watched = t.client.watch_result(operator(watch)).await.unwrap().into_inner();
        let first = watched.message().await.unwrap().unwrap().result.unwrap();
        assert_eq!((first.respondents, first.disclosed_respondents), (6, 6));
        nothing_waits(&t).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_voiding_and_closing_count_first() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        hold_runner(&t).await;
        let staged = async |t: &World| t.staged::<SurveyResultState>(RESULT).await.unwrap().state;

        submit(&mut t, &survey, 1).await;
        let update = pb::UpdateSurveyRequest {
            survey: Some(pb::Survey {
                name: survey.clone(),
                population: 100,
                ..Default::default()
            }),
            update_mask: mask(&["population"]),
        };
        t.client.update_survey(operator(update)).await.unwrap();
        nothing_waits(&t).await;
        assert_eq!(staged(&t).await.respondents, 1);

        submit(&mut t, &survey, 2).await;
        let void = by_ids("void-1", &survey, &["r-2"]);
        t.client.void_responses(operator(void)).await.unwrap();
        nothing_waits(&t).await;
        let state = staged(&t).await;
        assert_eq!((state.respondents, state.voided), (1, 1));

        submit(&mut t, &survey, 3).await;
        t.close(&survey).await;
        nothing_waits(&t).await;
        let state = staged(&t).await;
        assert_eq!((state.respondents, state.disclosed_respondents), (2, 2));
        assert_eq!(t.count("unit_score WHERE respondents = 2 AND final = 1").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_responses_are_counted_once_and_none_after_closing() {
    in_steps(async |mut t| {
        let survey = t.survey("a").await.name;
        let taken = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for caller in 0..6 {
            let (mut client, survey, taken) = (t.client.clone(), survey.clone(), taken.clone());
            callers.spawn(async move {
                let mut accepted = 0_i64;
                for n in 0.. {
                    let id = format!("r-{caller}-{n}");
                    let score = 1 + (caller + n) % 4;
                    let request = sent(&survey, &id, all(score), None);
                    match client.submit_response(operator(request)).await {
                        Ok(_) => accepted += 1,
                        Err(status) => {
                            refused::<()>(Err(status), tonic::Code::FailedPrecondition, "SURVEY_CLOSED");
                            break;
                        }
                    }
                    if n == 30 {
                        taken.store(true, Ordering::SeqCst);
                    }
                }
                accepted
            });
        }
        // Reads and the runner count concurrently.
        let mut before = 0;
        while !taken.load(Ordering::SeqCst) {
            let result = t.result(&survey).await;
            assert!(result.respondents >= before);
            let kept_back = result.respondents - result.disclosed_respondents;
            assert_eq!(kept_back, result.pending);
            assert!((0..10).contains(&kept_back), "{kept_back} are kept back");
            before = result.respondents;
        }
        t.close(&survey).await;
        let closed = t.result(&survey).await;
        let accepted: i64 = callers.join_all().await.into_iter().sum();
        assert_eq!(closed.respondents, accepted);
        assert_eq!(t.count("response").await, accepted);
        // The version of a response is not above the one that counted it.
        let reader = t.db.reader();
        let text = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM response r
                    JOIN survey s ON s.id = r.survey_id WHERE r.batch > s.version";
        let later = reader
            .query_one_raw(sql(reader, text, []))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(later.try_get::<i64>("", "n").unwrap(), 0);
        t.assert_sums(&survey).await;
    })
    .await;
}
