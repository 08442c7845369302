//! Requests that are sent more than once.

use futures::future::join_all;
use prima_platform::caller::Role;
use prima_proto::{directory::v1 as directory, survey::v1 as survey};
use prima_tests::sample;
use tonic::Code;

use super::{RawClient, RawClients, SURVEY, begin, healthy, invalid, refused, stored};

fn submit(survey: &str, id: &str, n: usize) -> survey::SubmitResponseRequest {
    survey::SubmitResponseRequest {
        request_id: id.to_owned(),
        survey: survey.to_owned(),
        response: Some(sample::response(n)),
        ..Default::default()
    }
}

fn create(unit: &str, request_id: &str, id: &str) -> survey::CreateSurveyRequest {
    survey::CreateSurveyRequest {
        request_id: request_id.to_owned(),
        parent: unit.to_owned(),
        survey_id: id.to_owned(),
        survey: Some(survey::Survey {
            period: "2023".into(),
            ..survey::Survey::default()
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_stored_response_and_another_body_is_refused() {
    let (suite, mut client, unit, name) = begin().await;
    let admin = suite.cluster.admin();
    let raw_clients = RawClients::new(&suite, &admin);

    let first = raw_clients
        .survey
        .send("SubmitResponse", &submit(&name, "r-1", 1))
        .await
        .unwrap();
    let again = raw_clients
        .survey
        .send("SubmitResponse", &submit(&name, "r-1", 1))
        .await
        .unwrap();
    assert_eq!(first, again, "byte for byte");
    let other = raw_clients
        .survey
        .send("SubmitResponse", &submit(&name, "r-1", 2))
        .await;
    let fault = refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
    assert_eq!(fault.fields(), ["request_id"]);

    let created = raw_clients
        .survey
        .send("CreateSurvey", &create(&unit, "c-1", "a"))
        .await
        .unwrap();
    let update = survey::UpdateSurveyRequest {
        survey: Some(survey::Survey {
            name: format!("{unit}/surveys/a"),
            display_name: "Lain".into(),
            ..survey::Survey::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["display_name".into()],
        }),
    };
    raw_clients.survey.send("UpdateSurvey", &update).await.unwrap();
    let again = raw_clients
        .survey
        .send("CreateSurvey", &create(&unit, "c-1", "a"))
        .await
        .unwrap();
    assert_eq!(created, again, "the first answer, though the survey has changed");
    for body in [
        create(&unit, "c-1", "b"),
        create("agencies/3271/units/other", "c-1", "a"),
    ] {
        let other = raw_clients.survey.send("CreateSurvey", &body).await;
        let fault = refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
        assert_eq!(fault.fields(), ["request_id"]);
    }
    // A request id belongs to a caller and a method: with another method it is another request.
    let agency = |id: &str, display_name: &str| directory::CreateAgencyRequest {
        request_id: "c-1".into(),
        agency_id: id.to_owned(),
        agency: Some(directory::Agency {
            display_name: display_name.to_owned(),
            kind: directory::AgencyKind::Provinsi as i32,
            ..directory::Agency::default()
        }),
    };
    let first = raw_clients
        .directory
        .send("CreateAgency", &agency("33", "Jateng"))
        .await
        .unwrap();
    let again = raw_clients
        .directory
        .send("CreateAgency", &agency("33", "Jateng"))
        .await
        .unwrap();
    assert_eq!(first, again);
    for body in [agency("33", "Jatim"), agency("34", "Jateng")] {
        let other = raw_clients.directory.send("CreateAgency", &body).await;
        refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
    }
    let before = stored(&suite.cluster).await;

    // These request ids are malformed.
    let long = "x".repeat(65);
    for id in [
        "",
        "a\u{0}b",
        "\u{0}",
        "two words",
        " ",
        "é",
        "a/b",
        "a\nb",
        &long,
    ] {
        let fault = invalid(
            raw_clients
                .survey
                .send("SubmitResponse", &submit(&name, id, 9))
                .await,
            &["request_id"],
        );
        assert!(fault.violations[0].description.contains("64"), "{fault:?}");
        invalid(
            raw_clients
                .survey
                .send("CreateSurvey", &create(&unit, id, "z"))
                .await,
            &["request_id"],
        );
        let mut body = agency("35", "Jatim");
        body.request_id = id.to_owned();
        invalid(
            raw_clients.directory.send("CreateAgency", &body).await,
            &["request_id"],
        );
    }
    assert_eq!(stored(&suite.cluster).await, before, "nothing is stored");
    assert_eq!(client.result(&name).await.respondents, 1);
    // This is the longest valid id.
    client
        .submit(&name, &"x".repeat(64), sample::response(3))
        .await
        .unwrap();

    at_once(&suite, &unit, &name).await;
    // After the survey is closed, a repeat still gets the stored response, and another body is still refused.
    let close = survey::CloseSurveyRequest {
        name: name.clone(),
        ..Default::default()
    };
    client.survey.close_survey(close).await.unwrap();
    raw_clients
        .survey
        .send("SubmitResponse", &submit(&name, "r-1", 1))
        .await
        .unwrap();
    let other = raw_clients
        .survey
        .send("SubmitResponse", &submit(&name, "r-1", 2))
        .await;
    refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let new = raw_clients
        .survey
        .send("SubmitResponse", &submit(&name, "r-new", 2))
        .await;
    refused(new, Code::FailedPrecondition, "SURVEY_CLOSED");
    healthy(&suite).await;
}

/// Twenty clients send the same request at the same time.
async fn at_once(suite: &prima_tests::Suite, unit: &str, name: &str) {
    let cluster = &suite.cluster;
    let token = cluster.token(&[Role::Operator], &["3271"]);
    let clients: Vec<RawClient> = (0..20)
        .map(|_| RawClient::new(&suite.survey, SURVEY, &token))
        .collect();
    // Every client opens its connection first.
    for client in &clients {
        client.bytes("ListSurveys", vec![]).await.unwrap_err();
    }
    for round in 0..5 {
        let before = stored(cluster).await;
        let body = submit(name, &format!("same-{round}"), round);
        let answers = join_all(clients.iter().map(|c| c.send("SubmitResponse", &body))).await;
        let first = answers[0].as_ref().unwrap();
        assert!(
            answers.iter().all(|a| a.as_ref().unwrap() == first),
            "{answers:?}"
        );

        let body = create(unit, &format!("same-{round}"), &format!("same-{round}"));
        let answers = join_all(clients.iter().map(|c| c.send("CreateSurvey", &body))).await;
        let first = answers[0].as_ref().unwrap();
        assert!(
            answers.iter().all(|a| a.as_ref().unwrap() == first),
            "{answers:?}"
        );

        let grown: Vec<i64> = before
            .iter()
            .zip(stored(cluster).await)
            .map(|(old, new)| new.1 - old.1)
            .collect();
        // One survey, one response, and one stored request for the survey.
        assert_eq!(grown, [0, 0, 0, 0, 1, 1, 1]);

        // Of two bodies with one id one wins, and every sender of the other is refused.
        let bodies = [0, 1].map(|n| submit(name, &format!("split-{round}"), n));
        let answers = join_all(
            clients
                .iter()
                .enumerate()
                .map(|(n, c)| c.send("SubmitResponse", &bodies[n % 2])),
        )
        .await;
        let winner = usize::from(answers[0].is_err());
        for (n, answer) in answers.into_iter().enumerate() {
            if n % 2 == winner {
                answer.unwrap();
            } else {
                refused(answer, Code::InvalidArgument, "REQUEST_ID_REUSED");
            }
        }
        // The same holds for surveys. A sender may also be told that the id is being processed and that it should
        // repeat.
        let bodies = [0, 1].map(|n| create(unit, &format!("split-{round}"), &format!("split-{round}-{n}")));
        let answers = join_all(
            clients
                .iter()
                .enumerate()
                .map(|(n, c)| c.send("CreateSurvey", &bodies[n % 2])),
        )
        .await;
        for (n, answer) in answers.into_iter().enumerate() {
            let Err(status) = answer else { continue };
            let fault = super::fault(&status);
            assert!(
                matches!(fault.reason.as_str(), "REQUEST_ID_REUSED" | "REQUEST_IN_PROGRESS"),
                "{n}: {fault:?}"
            );
            assert_eq!(fault.retry.is_some(), fault.code == Code::Aborted, "{fault:?}");
        }
        let sql = format!("SELECT count(*) FROM survey.survey WHERE name LIKE '%/split-{round}-%'");
        assert_eq!(cluster.number(&sql).await, 1);
    }
}
