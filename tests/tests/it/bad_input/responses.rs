//! Invalid responses and surveys.

use prima_proto::survey::v1 as pb;
use prima_tests::{client::Client, sample};
use prost_types::Timestamp;
use tonic::Code;

use super::{begin, healthy, invalid, refused, stored};

fn answered(answers: &[(&str, i32)]) -> pb::Response {
    pb::Response {
        answers: answers.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
        ..pb::Response::default()
    }
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

async fn create(
    client: &mut Client,
    unit: &str,
    id: &str,
    survey: pb::Survey,
) -> Result<String, tonic::Status> {
    let request = pb::CreateSurveyRequest {
        request_id: format!("create-{id}"),
        parent: unit.to_owned(),
        survey_id: id.to_owned(),
        survey: Some(survey),
    };
    let answer = client.survey.create_survey(request).await?.into_inner();
    Ok(answer.survey.unwrap().name)
}

fn rejected(answer: &pb::SubmitResponsesResponse, index: i64) -> &pb::Rejection {
    answer
        .rejections
        .iter()
        .find(|r| r.index == index)
        .unwrap_or_else(|| panic!("{index} is not rejected: {answer:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_response_is_refused_with_every_fault_and_not_stored() {
    let (suite, mut client, unit, survey) = begin().await;
    client
        .submit(&survey, "first", sample::response(0))
        .await
        .unwrap();
    let period = |text: &str| pb::Survey {
        period: text.to_owned(),
        ..pb::Survey::default()
    };
    let closed = create(&mut client, &unit, "closed", period("2023"))
        .await
        .unwrap();
    let close = pb::CloseSurveyRequest {
        name: closed.clone(),
        etag: String::new(),
    };
    client.survey.close_survey(close.clone()).await.unwrap();
    let scheduled = pb::Survey {
        open_time: at(4_102_444_800 - 86_400),
        ..period("2022")
    };
    let scheduled = create(&mut client, &unit, "scheduled", scheduled).await.unwrap();
    let before = stored(&suite.cluster).await;

    // The survey is wrong.
    let unknown = format!("{unit}/surveys/nowhere");
    let good = || sample::response(1);
    refused(
        client.submit(&unknown, "r", good()).await,
        Code::NotFound,
        "NOT_FOUND",
    );
    let fault = refused(
        client.submit(&closed, "r", good()).await,
        Code::FailedPrecondition,
        "SURVEY_CLOSED",
    );
    assert!(fault.retry.is_none(), "a repeat does not help");
    refused(
        client.survey.close_survey(close).await,
        Code::FailedPrecondition,
        "SURVEY_CLOSED",
    );
    refused(
        client.submit(&scheduled, "r", good()).await,
        Code::FailedPrecondition,
        "SURVEY_NOT_OPEN",
    );

    // Everything is wrong at once: three answers missing, three out of range, two unknown, and time, profile and id.
    let mut wrong = answered(&[
        ("requirements", 0),
        ("procedure", 5),
        ("time", i32::MIN),
        ("cost", 3),
        ("product", 3),
        ("competence", 3),
        ("speed", 2),
        ("\u{0}evil", 2),
    ]);
    wrong.submit_time = at(253_402_300_799);
    wrong.profile = Some(pb::RespondentProfile {
        sex: "X".into(),
        age: -1,
        education: "S9".into(),
        occupation: "\u{0}".into(),
        service: "Not A Token".into(),
        ..Default::default()
    });
    let fault = invalid(
        client.submit(&survey, "an id", wrong.clone()).await,
        &[
            "request_id",
            "response.submit_time",
            "response.answers.requirements",
            "response.answers.procedure",
            "response.answers.time",
            "response.answers.conduct",
            "response.answers.complaint_handling",
            "response.answers.facilities",
            "response.answers.speed",
            "response.answers.evil",
            "response.profile.sex",
            "response.profile.age",
            "response.profile.education",
            "response.profile.occupation",
            "response.profile.service",
        ],
    );
    for violation in &fault.violations {
        let message = &violation.localized_message.as_ref().unwrap().message;
        assert_ne!(message, &violation.description, "in Indonesian");
    }
    assert!(fault.localized.contains("wajib dijawab"), "{}", fault.localized);

    // No answer at all gives nine faults, and no response at all gives the same. Then a time that no calendar has.
    assert_eq!(
        client
            .submit(&survey, "r", answered(&[]))
            .await
            .map_err(|s| super::fault(&s).violations.len()),
        Err(9)
    );
    let bare = pb::SubmitResponseRequest {
        request_id: "r".into(),
        survey: survey.clone(),
        response: None,
        ..Default::default()
    };
    let answer = client.survey.submit_response(bare).await;
    assert_eq!(super::fault(&answer.unwrap_err()).violations.len(), 9);
    for (seconds, nanos) in [
        (i64::MAX, 0),
        (i64::MIN, 0),
        (0, -1),
        (1_700_000_000, i32::MAX),
        (-1, 0),
    ] {
        let mut response = good();
        response.submit_time = Some(Timestamp { seconds, nanos });
        invalid(
            client.submit(&survey, "r", response).await,
            &["response.submit_time"],
        );
    }
    // When the faults exceed what a header can carry, as many as fit are listed and all are counted.
    let mut flood = good();
    flood
        .answers
        .extend((0..2000).map(|n| (format!("{n}{}", "🦀".repeat(300)), 1)));
    let fault = refused(
        client.submit(&survey, "r", flood).await,
        Code::InvalidArgument,
        "INVALID_FIELDS",
    );
    assert!(fault.localized.contains("2000"), "{}", fault.localized);
    for count in [1, 2, 3, 4, 5, 6] {
        let mut few = good();
        few.answers
            .extend((0..count).map(|n| (format!("{n}{}", "🦀".repeat(300)), 1)));
        refused(
            client.submit(&survey, "r", few).await,
            Code::InvalidArgument,
            "INVALID_FIELDS",
        );
    }
    assert_eq!(stored(&suite.cluster).await, before, "nothing is stored");
    assert_eq!(client.result(&survey).await.respondents, 1, "nothing is counted");

    // In a stream only the invalid responses are refused, each with its position, its id and its faults.
    let row = |survey: &str, id: &str, response: pb::Response| pb::SubmitResponsesRequest {
        survey: survey.to_owned(),
        response_id: id.to_owned(),
        response: Some(response),
        ..Default::default()
    };
    let rows = vec![
        row(&survey, "s-0", good()),
        row("", "s-1", wrong),
        row("", "s-2", good()),
        row("", "s-0", sample::response(5)),
        row("", "", good()),
        row(&closed, "s-5", good()),
        row(&unknown, "s-6", good()),
        row("malformed", "s-7", good()),
        row(&scheduled, "s-8", good()),
        row(&survey, "s-2", good()),
        row("", "s-10", good()),
        row("", &"x".repeat(5000), good()),
    ];
    let answer = client
        .survey
        .submit_responses(tokio_stream::iter(rows))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (answer.accepted, answer.repeated_count, answer.rejected),
        (3, 1, 8),
        "{answer:?}"
    );
    let positions: Vec<i64> = answer.rejections.iter().map(|r| r.index).collect();
    assert_eq!(positions, [1, 3, 4, 5, 6, 7, 8, 11], "in order");
    for (index, id, reason, fields) in [
        (3, "s-0", "REQUEST_ID_REUSED", vec!["response_id"]),
        (4, "", "INVALID_FIELDS", vec!["response_id"]),
        (5, "s-5", "SURVEY_CLOSED", vec![]),
        (6, "s-6", "NOT_FOUND", vec![]),
        (7, "s-7", "INVALID_FIELDS", vec!["survey"]),
        (8, "s-8", "SURVEY_NOT_OPEN", vec![]),
    ] {
        let rejection = rejected(&answer, index);
        assert_eq!(
            (rejection.response_id.as_str(), rejection.reason.as_str()),
            (id, reason)
        );
        let found: Vec<&str> = rejection.violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(found, fields, "{rejection:?}");
    }
    for rejection in &answer.rejections {
        assert!(!rejection.message.is_empty(), "{rejection:?}");
        assert!(
            rejection.violations.iter().all(|v| !v.description.is_empty()),
            "{rejection:?}"
        );
    }
    assert_eq!(rejected(&answer, 1).violations.len(), 14);
    assert_eq!(client.result(&survey).await.respondents, 4);

    // With more invalid responses than can be listed, the first thousand are listed and all are counted.
    let rows = (0..2500).map(move |n| row(&survey, &format!("b-{n}"), answered(&[])));
    let answer = client
        .survey
        .submit_responses(tokio_stream::iter(rows))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (answer.accepted, answer.rejected, answer.rejections.len()),
        (0, 2500, 1000)
    );
    assert_eq!(answer.rejections[999].index, 999);
    healthy(&suite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_survey_is_refused_with_every_fault_and_not_stored() {
    let (suite, mut client, unit, survey) = begin().await;
    let before = stored(&suite.cluster).await;
    let element = |key: &str, code: &str| pb::SurveyElement {
        key: key.to_owned(),
        code: code.to_owned(),
        ..pb::SurveyElement::default()
    };
    let wrong = pb::Survey {
        display_name: "a\u{0}b".into(),
        period: "2024-q5".into(),
        instrument: "skm-\u{0}".into(),
        weight_variant: 99,
        open_time: at(i64::MAX),
        close_time: at(i64::MIN),
        population: -1,
        ..pb::Survey::default()
    };
    let request = pb::CreateSurveyRequest {
        request_id: "two words".into(),
        parent: "agencies/3271".into(),
        survey_id: "A".into(),
        survey: Some(wrong),
    };
    invalid(
        client.survey.create_survey(request).await,
        &[
            "request_id",
            "parent",
            "survey_id",
            "survey.display_name",
            "survey.period",
            "survey.instrument",
            "survey.weight_variant",
            "survey.open_time",
            "survey.close_time",
            "survey.population",
        ],
    );
    let ok = || pb::Survey {
        period: "2021".into(),
        ..pb::Survey::default()
    };
    for (n, wrong) in [
        pb::Survey {
            period: String::new(),
            ..ok()
        },
        pb::Survey {
            display_name: "x".repeat(201),
            ..ok()
        },
        pb::Survey {
            population: i64::MAX,
            ..ok()
        },
        pb::Survey {
            elements: vec![element("time", ""), element("time", "")],
            ..ok()
        },
        pb::Survey {
            elements: vec![element("speed", "")],
            ..ok()
        },
        pb::Survey {
            elements: vec![element("time", "\u{0}")],
            ..ok()
        },
        pb::Survey {
            elements: vec![element("time", &"U".repeat(1000))],
            ..ok()
        },
        pb::Survey {
            elements: vec![element("time", "")],
            weight_variant: 2,
            ..ok()
        },
        pb::Survey {
            open_time: at(2_000_000_000),
            close_time: at(1_999_999_999),
            ..ok()
        },
        pb::Survey {
            close_time: at(1_000_000_000),
            ..ok()
        },
        pb::Survey {
            elements: vec![element("time", ""); 100_000],
            ..ok()
        },
    ]
    .into_iter()
    .enumerate()
    {
        let answer = create(&mut client, &unit, &format!("w{n}"), wrong.clone()).await;
        assert!(answer.is_err(), "{n}: {answer:?}");
        refused(answer, Code::InvalidArgument, "INVALID_FIELDS");
    }
    // Another scheme in the same unit and period, and a name that is in use.
    let other = pb::Survey {
        period: "2024-q3".into(),
        weight_variant: 2,
        ..pb::Survey::default()
    };
    refused(
        create(&mut client, &unit, "other", other).await,
        Code::FailedPrecondition,
        "OTHER_SCHEME_IN_PERIOD",
    );
    refused(
        create(&mut client, &unit, "2024-q3", ok()).await,
        Code::AlreadyExists,
        "ALREADY_EXISTS",
    );
    // `-` is the wildcard for all, so it can't be an id.
    for (parent, id, field) in [
        ("agencies/-/units/dpmptsp", "s", "parent"),
        ("agencies/3271/units/-", "s", "parent"),
        (unit.as_str(), "-", "survey_id"),
    ] {
        let request = pb::CreateSurveyRequest {
            request_id: "wild".into(),
            parent: parent.to_owned(),
            survey_id: id.to_owned(),
            survey: Some(ok()),
        };
        invalid(client.survey.create_survey(request).await, &[field]);
    }
    for population in [0, -1, 1_000_000_001, i64::MAX, i64::MIN] {
        let request = pb::CalculateSampleSizeRequest {
            population,
            ..Default::default()
        };
        invalid(
            client.survey.calculate_sample_size(request).await,
            &["population"],
        );
    }
    assert_eq!(stored(&suite.cluster).await, before, "nothing is stored");
    assert_eq!(client.result(&survey).await.respondents, 0);
    healthy(&suite).await;
}
