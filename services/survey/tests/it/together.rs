//! What several surveys and several people show together: scores of agencies, corrections of an agency, groups.

use chrono::TimeDelta;
use pb::AccessMode::{Agent, Link};
use prima_platform::testing::eventually;
use prima_proto::{event::v1::ScoreState, survey::v1 as pb};
use sea_orm::ConnectionTrait;

use crate::{
    analysis::{analyze, respond_as, sex},
    corrections::by_ids,
    credentials::*,
    fixture::*,
};

const AGENCY: &str = "agencies/3271";

/// A survey of a unit of Kota Bogor for 2024.
async fn survey_of(t: &mut World, unit: &str) -> String {
    let mut request = survey("s");
    request.parent = format!("{AGENCY}/units/{unit}");
    request.request_id = format!("survey-{unit}");
    let definition = request.survey.as_mut().unwrap();
    definition.access_modes = vec![Agent as i32, Link as i32];
    let created = t.client.create_survey(operator(request)).await.unwrap();
    created.into_inner().survey.unwrap().name
}

async fn known(t: &World, units: &[&str]) {
    for unit in units {
        let text =
            format!("INSERT INTO directory_unit (agency, unit, close_date) VALUES ('3271', '{unit}', '')");
        t.db.writer().execute_unprepared(&text).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_score_of_an_agency_says_what_is_in_question_of_its_units() {
    on_each_database(async |mut t| {
        known(&t, &["dpmptsp", "disduk"]).await;
        let (flooded, other) = (
            survey_of(&mut t, "dpmptsp").await,
            survey_of(&mut t, "disduk").await,
        );
        t.respond(&flooded, "own", &SKM.map(|key| (key, 1))).await;
        t.respond(&other, "own", &SKM.map(|key| (key, 4))).await;
        let url = link_of(&mut t, &flooded).await;
        let flood = (0..20).map(|n| message(&flooded, &format!("r-{n}"), all(3), Some(link(&url))));
        offline(&mut t, flood.collect()).await.unwrap();
        assert_eq!(t.result(&flooded).await.in_question, 20);
        // With them the unit has (1 · 1 + 20 · 3) / 21 · 25, and the agency the mean of that and 100.
        let subject = "prima.survey.score.skm.2024.agency.3271";
        let score = eventually(DEADLINE, async || {
            let score = t.staged::<ScoreState>(subject).await?.state;
            (score.in_question == 20).then_some(score)
        });
        let score = score.await.expect("what is in question reaches the agency");
        assert_eq!(
            (score.value.as_str(), score.value_with_questioned.as_str()),
            ("62.50", "86.31")
        );
        let request = pb::GetAgencyResultRequest {
            agency: AGENCY.into(),
            period: "2024".into(),
            ..Default::default()
        };
        let answer = t.client.get_agency_result(operator(request)).await.unwrap();
        let result = answer.into_inner().result.unwrap();
        assert_eq!(
            (result.in_question, result.index_with_questioned.as_str()),
            (20, "86.31")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_corrections_of_all_surveys_of_an_agency_move_together() {
    in_steps(async |mut t| {
        t.clock.set("2024-07-10T01:00:00Z");
        for n in 0..16 {
            let survey = survey_of(&mut t, &format!("u{n:02}")).await;
            for id in 0..6 {
                t.respond(&survey, &format!("r-{id}"), &SKM.map(|key| (key, 3)))
                    .await;
            }
            t.close(&survey).await;
            let void = by_ids(&format!("void-{n}"), &survey, &["r-3"]);
            t.client.void_responses(operator(void)).await.unwrap();
        }
        t.clock.set("2024-07-31T17:00:00Z");
        let moved = eventually(DEADLINE, async || {
            // The results of one answer are of one moment.
            let request = pb::ListResultsRequest {
                parent: "agencies/3271/units/-".into(),
                page_size: 100,
                ..Default::default()
            };
            let answer = t.client.clone().list_results(operator(request)).await.unwrap();
            let results = answer.into_inner().results;
            assert_eq!(results.len(), 16);
            let first = (results[0].counted, results[0].in_correction);
            for result in &results {
                assert_eq!((result.counted, result.in_correction), first, "{}", result.survey);
            }
            (first == (5, false)).then_some(())
        });
        moved.await.expect("the day of corrections has come");
    })
    .await;
}

async fn sexes(t: &mut World, survey: &str) -> Vec<(String, i64)> {
    let analysis = analyze(t, survey).await;
    let sex = analysis.dimensions.into_iter().find(|d| d.key == "sex").unwrap();
    let shown = sex.groups.into_iter().filter(|group| !group.suppressed);
    shown.map(|group| (group.key, group.respondents)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_has_nobody_of_before_those_who_wait() {
    in_steps(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..60 {
            let code = ["L", "P"][n % 2];
            respond_as(
                &mut t,
                &survey,
                &format!("r-{n:02}"),
                sex(code),
                [1 + n as i32 % 4; 9],
            )
            .await;
            // Each is counted alone, and so stored under a version of its own.
            t.result(&survey).await;
        }
        let both = [("L".to_owned(), 20), ("P".to_owned(), 20)];
        assert_eq!(sexes(&mut t, &survey).await, both);
        // In the middle of an import, rows wait that were stored with others that are released.
        let text = "UPDATE response SET batch = 1 WHERE response_id >= 'r-55'";
        t.db.writer().execute_unprepared(text).await.unwrap();
        assert_eq!(
            sexes(&mut t, &survey).await,
            [],
            "they would come before members of a step when they are released"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_through_the_open_link_are_in_no_group_until_the_survey_closes() {
    in_steps(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Link]).await;
        let url = link_of(&mut t, &survey).await;
        for n in 0..130 {
            t.clock.advance(TimeDelta::minutes(5));
            let response = pb::Response {
                profile: Some(sex("L")),
                ..all(1 + n % 4)
            };
            let request = sent(&survey, &format!("l-{n:03}"), response, Some(link(&url)));
            let network = usize::try_from(n).unwrap();
            t.client
                .submit_response(from_network(network, request))
                .await
                .unwrap();
        }
        assert_eq!(t.result(&survey).await.counted, 100);
        assert_eq!(sexes(&mut t, &survey).await, []);
        t.close(&survey).await;
        assert_eq!(sexes(&mut t, &survey).await, [("L".to_owned(), 130)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_network_sends_and_nobody_else_is_bounded_by_a_quarantine() {
    in_steps(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Link]).await;
        let url = link_of(&mut t, &survey).await;
        for n in 0..103 {
            t.clock.advance(TimeDelta::minutes(5));
            let request = sent(&survey, &format!("l-{n:03}"), all(1 + n % 4), Some(link(&url)));
            t.client.submit_response(from_network(1, request)).await.unwrap();
        }
        let result = t.result(&survey).await;
        assert_eq!((result.respondents, result.in_question), (0, 103));
        let named = t.quarantines(&survey).await;
        assert_eq!(
            (named.len(), named[0].kind(), named[0].responses),
            (1, pb::QuarantineKind::Source, 103)
        );
        let of_link = pb::ResponseSelection {
            source: "link".into(),
            ..Default::default()
        };
        let void = crate::quarantine::by_selection("undo", &survey, of_link);
        assert_eq!(t.voided(void).await.responses, 103);
        assert_eq!(t.result(&survey).await.in_question, 0);
    })
    .await;
}
