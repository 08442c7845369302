//! The form of a survey: who reads it, and what it contains.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use pb::AccessMode::{Agent, Kiosk as KioskMode, Link, Token};
use prima_platform::{
    bus::Event,
    caller::{Caller, Role},
    db::sql,
    testing::eventually,
};
use prima_proto::{event::v1::UnitState, subject::UNIT_TYPE, survey::v1 as pb};
use prost::Message;
use sea_orm::ConnectionTrait;
use tonic::{Code, Request, Status};

use crate::{credentials::*, fixture::*};

fn asking(survey: &str, credential: Option<pb::Credential>) -> pb::GetQuestionnaireRequest {
    pb::GetQuestionnaireRequest {
        survey: survey.into(),
        credential,
    }
}

/// Reads a form without a token.
async fn read(
    t: &mut World,
    survey: &str,
    credential: impl Into<Option<pb::Credential>>,
) -> Result<pb::Questionnaire, Status> {
    let request = Request::new(asking(survey, credential.into()));
    let answer = t.client.get_questionnaire(request).await;
    answer.map(|answer| answer.into_inner().questionnaire.unwrap())
}

/// The credential by which a kiosk reads, signed at a time that is `off` seconds from that of the service. The lines are built
/// independently of the service.
fn reading(t: &World, kiosk: &Kiosk, survey: &str, off: i64) -> pb::Credential {
    let seconds = t.clock.clock().now().timestamp() + off;
    let lines = ["prima-kiosk-form-1", survey, &kiosk.name, &seconds.to_string()];
    kiosk.signed(seconds, &lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_contains_what_a_citizen_fills_in_and_nothing_else() {
    on_each_database(async |mut t| {
        let mut request = survey("a");
        let given = request.survey.as_mut().unwrap();
        given.display_name = "Survei loket".into();
        given.access_modes = vec![Link.into()];
        given.population = 1200;
        given.elements = vec![
            pb::SurveyElement {
                key: "requirements".into(),
                ..Default::default()
            },
            pb::SurveyElement {
                key: "cost".into(),
                optional: true,
                ..Default::default()
            },
            pb::SurveyElement {
                key: "own_parkir".into(),
                display_name: "Tempat parkir".into(),
                question: "Bagaimana tempat parkir?".into(),
                answers: ["buruk", "kurang", "baik", "sangat baik"].map(Into::into).into(),
                ..Default::default()
            },
        ];
        given.close_time = Some("2099-01-01T00:00:00Z".parse().unwrap());
        t.client.create_survey(operator(request)).await.unwrap();
        let text = "INSERT INTO directory_unit (agency, unit, close_date, display_name)
                    VALUES ('3271', 'dpmptsp', '', 'DPMPTSP Kota Bogor')";
        t.db.writer()
            .execute_raw(sql(t.db.writer(), text, []))
            .await
            .unwrap();
        let name = format!("{UNIT}/surveys/a");
        let link_text = link_of(&mut t, &name).await;
        let form = read(&mut t, &name, link(&link_text)).await.unwrap();
        assert_eq!(form.survey, name);
        assert_eq!(form.display_name, "Survei loket");
        assert_eq!(form.unit_display_name, "DPMPTSP Kota Bogor");
        assert_eq!(form.period, "2024");
        assert!(form.is_open && form.open_time.is_none());
        assert_eq!(form.close_time.unwrap().to_string(), "2099-01-01T00:00:00Z");
        assert_eq!((form.min_score, form.max_score), (1, 4));
        let asked: Vec<(&str, bool)> = form
            .questions
            .iter()
            .map(|q| (q.key.as_str(), q.optional))
            .collect();
        assert_eq!(
            asked,
            [("requirements", false), ("cost", true), ("own_parkir", false)]
        );
        for question in &form.questions {
            assert!(!question.question.is_empty() && !question.display_name.is_empty());
            assert_eq!(question.answers.len(), 4, "{question:?}");
            let is_own = question.key == "own_parkir";
            assert_eq!(question.official_question.is_empty(), is_own, "{question:?}");
            assert_eq!(
                question.official_answers.len(),
                if is_own { 0 } else { 4 },
                "{question:?}"
            );
        }
        let fields: BTreeSet<&str> = form.profile_fields.iter().map(|f| f.key.as_str()).collect();
        assert!(
            fields.is_superset(&BTreeSet::from(["sex", "education", "occupation"])),
            "{fields:?}"
        );
        assert!(form.profile_fields.iter().all(|field| !field.choices.is_empty()));
        // The number of users determines the sample, and is nobody's business who answers.
        assert!(!format!("{form:?}").contains("1200"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_shows_the_words_that_the_survey_shows_and_the_aspect_of_each_question() {
    on_each_database(async |mut t| {
        let mut request = survey("a");
        request.survey.as_mut().unwrap().wording = pb::Wording::Official.into();
        t.client.create_survey(operator(request)).await.unwrap();
        let official = operator(asking(&format!("{UNIT}/surveys/a"), None));
        let official = t.client.get_questionnaire(official).await.unwrap().into_inner();
        for question in official.questionnaire.unwrap().questions {
            assert_eq!(question.question, question.official_question);
            assert_eq!(question.answers, question.official_answers);
        }
        let mut request = survey("f03");
        request.survey.as_mut().unwrap().instrument = "f03-offline-2022".into();
        t.client.create_survey(operator(request)).await.unwrap();
        let f03 = operator(asking(&format!("{UNIT}/surveys/f03"), None));
        let f03 = t.client.get_questionnaire(f03).await.unwrap().into_inner();
        let form = f03.questionnaire.unwrap();
        assert_eq!((form.min_score, form.max_score), (0, 5));
        assert!(form.questions.iter().all(|q| !q.aspect_display_name.is_empty()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_roles_of_the_agency_that_submit_responses_need_no_credential() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Token]).await;
        let by_role = |role: Role, agency: &str| Caller::new("x".into(), vec![role], vec![agency.into()]);
        for (caller, is_admitted) in [
            (by_role(Role::Intake, "3271"), true),
            (by_role(Role::Operator, "3271"), true),
            (by_role(Role::Admin, "*"), true),
            (by_role(Role::Evaluator, "3271"), false),
            (by_role(Role::Intake, "3171"), false),
        ] {
            let answer = t
                .client
                .get_questionnaire(by(caller, asking(&survey, None)))
                .await;
            match is_admitted {
                true => drop(answer.unwrap()),
                false => drop(refused(answer, Code::PermissionDenied, "PERMISSION_DENIED")),
            }
        }
        refused(
            read(&mut t, &survey, None).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        let empty = pb::Credential::default();
        refused(
            read(&mut t, &survey, empty).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        // A role does not replace a credential that is not valid.
        let forged = operator(asking(&survey, Some(token("x"))));
        let forged = t.client.get_questionnaire(forged).await;
        refused(forged, Code::PermissionDenied, "TOKEN_INVALID");
        let both = pb::Credential {
            link: "x".into(),
            ..token("x")
        };
        let both = read(&mut t, &survey, both).await;
        assert_eq!(faults(both), ["credential"]);
        let unknown = operator(asking(&format!("{UNIT}/surveys/none"), None));
        let unknown = t.client.get_questionnaire(unknown).await;
        refused(unknown, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_reads_the_form_of_its_survey_until_it_is_used_and_reading_does_not_use_it() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let other = survey_by(&mut t, "b", &[Token]).await;
        let batch = pb::IssueTokensRequest {
            service: "nib".into(),
            ..batch_of(&survey, 3)
        };
        let issued = issue(&mut t, batch).await;
        let tokens = issued.tokens;
        for _ in 0..3 {
            let form = read(&mut t, &survey, token(&tokens[0])).await.unwrap();
            assert_eq!(form.service, "nib");
        }
        assert_eq!(t.count("response").await, 0);
        citizen(&mut t, &survey, "r-1", token(&tokens[0])).await.unwrap();
        refused(
            read(&mut t, &survey, token(&tokens[0])).await,
            Code::FailedPrecondition,
            "TOKEN_USED",
        );
        read(&mut t, &survey, token(&tokens[1])).await.unwrap();
        for forged in [tokens[1].to_uppercase(), "x".to_owned(), "a".repeat(100_000)] {
            refused(
                read(&mut t, &survey, token(&forged)).await,
                Code::PermissionDenied,
                "TOKEN_INVALID",
            );
        }
        refused(
            read(&mut t, &other, token(&tokens[1])).await,
            Code::PermissionDenied,
            "TOKEN_INVALID",
        );
        let revoke = pb::RevokeTokenBatchRequest {
            name: issued.batch.unwrap().name,
        };
        t.access.revoke_token_batch(operator(revoke)).await.unwrap();
        refused(
            read(&mut t, &survey, token(&tokens[1])).await,
            Code::FailedPrecondition,
            "TOKEN_REVOKED",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_and_a_token_need_their_access_mode_and_no_other_survey() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Link]).await;
        let text = link_of(&mut t, &survey).await;
        read(&mut t, &survey, link(&text)).await.unwrap();
        let other = survey_by(&mut t, "b", &[Link]).await;
        refused(
            read(&mut t, &other, link(&text)).await,
            Code::PermissionDenied,
            "LINK_INVALID",
        );
        let by_role = async |t: &mut World| {
            let asked = operator(asking(&survey, None));
            t.client.get_questionnaire(asked).await.unwrap();
        };
        by_role(&mut t).await;
        allow(&mut t, &survey, &[Agent]).await;
        by_role(&mut t).await;
        refused(
            read(&mut t, &survey, link(&text)).await,
            Code::FailedPrecondition,
            "ACCESS_MODE_NOT_ALLOWED",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_reads_with_a_fresh_signature_of_its_own_that_submits_nothing() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[KioskMode]).await;
        let other = survey_by(&mut t, "b", &[KioskMode]).await;
        let kiosk = Kiosk::new(UNIT, "lobi", 1);
        let unregistered = reading(&t, &kiosk, &survey, 0);
        let invalid = (Code::PermissionDenied, "SIGNATURE_INVALID");
        refused(read(&mut t, &survey, unregistered).await, invalid.0, invalid.1);
        kiosk.register(&mut t).await;
        for off in [-290, 0, 290] {
            let fresh = reading(&t, &kiosk, &survey, off);
            read(&mut t, &survey, fresh.clone()).await.unwrap();
            // Another reading with the same signature gains nothing, so it is not refused.
            read(&mut t, &survey, fresh.clone()).await.unwrap();
            refused(read(&mut t, &other, fresh.clone()).await, invalid.0, invalid.1);
            refused(citizen(&mut t, &survey, "r-1", fresh).await, invalid.0, invalid.1);
        }
        for off in [-400, 400] {
            let stale = reading(&t, &kiosk, &survey, off);
            refused(
                read(&mut t, &survey, stale).await,
                Code::FailedPrecondition,
                "SIGNATURE_EXPIRED",
            );
        }
        // The proof of a response reads nothing, and no survey is revealed to who proves nothing.
        let proof = kiosk.proof(&survey, 1, "r-1", &all(4));
        refused(read(&mut t, &survey, proof).await, invalid.0, invalid.1);
        let none = format!("{UNIT}/surveys/none");
        let of_none = reading(&t, &kiosk, &none, 0);
        refused(read(&mut t, &none, of_none).await, invalid.0, invalid.1);
        let revoke = pb::RevokeDeviceRequest {
            name: kiosk.name.clone(),
        };
        t.access.revoke_device(operator(revoke)).await.unwrap();
        let revoked = reading(&t, &kiosk, &survey, 0);
        refused(
            read(&mut t, &survey, revoked).await,
            Code::FailedPrecondition,
            "DEVICE_REVOKED",
        );
        assert_eq!(t.count("response").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_says_from_when_a_survey_is_open_and_a_closed_one_has_none() {
    on_each_database(async |mut t| {
        let now = t.clock.clock().now();
        let mut request = survey("a");
        let given = request.survey.as_mut().unwrap();
        given.access_modes = vec![Link.into()];
        given.open_time = Some(prima_platform::clock::to_proto(now + TimeDelta::days(1)));
        given.close_time = Some(prima_platform::clock::to_proto(now + TimeDelta::days(2)));
        t.client.create_survey(operator(request)).await.unwrap();
        let name = format!("{UNIT}/surveys/a");
        let text = link_of(&mut t, &name).await;
        let form = read(&mut t, &name, link(&text)).await.unwrap();
        assert!(!form.is_open && form.open_time.is_some());
        t.clock.advance(TimeDelta::hours(25));
        assert!(read(&mut t, &name, link(&text)).await.unwrap().is_open);
        t.clock.advance(TimeDelta::hours(24));
        refused(
            read(&mut t, &name, link(&text)).await,
            Code::FailedPrecondition,
            "SURVEY_CLOSED",
        );
        let by_role = t.client.get_questionnaire(operator(asking(&name, None))).await;
        refused(by_role, Code::FailedPrecondition, "SURVEY_CLOSED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_of_units_that_an_earlier_release_has_stored_are_read_again() {
    on_each_database(async |t| {
        let subject = "prima.directory.unit.3271.lama";
        for statement in [
            "INSERT INTO directory_unit (agency, unit, close_date, display_name) VALUES ('3271', 'lama', '', '')"
                .to_owned(),
            format!(
                "INSERT INTO consumed (consumer, subject, version, revision)
                 VALUES ('survey-directory-unit', '{subject}', 7, 1)"
            ),
        ] {
            t.db.writer().execute_unprepared(&statement).await.unwrap();
        }
        let event = Event {
            subject: subject.to_owned(),
            event_type: UNIT_TYPE.to_owned(),
            revision: 1,
            version: 7,
            withdrawn: false,
            payload: UnitState {
                display_name: "Unit Lama".to_owned(),
                ..Default::default()
            }
            .encode_to_vec(),
            time: String::new(),
            traceparent: None,
            origin: None,
        };
        t.bus.ensure_stream("directory").await.unwrap();
        t.bus.publish("directory", &event, 0).await.unwrap();
        let reader = t.db.reader();
        let stored = eventually(DEADLINE, async || {
            let text = "SELECT display_name FROM directory_unit WHERE unit = 'lama' AND display_name <> ''";
            let row = reader.query_one_raw(sql(reader, text, [])).await.unwrap()?;
            row.try_get_by_index::<String>(0).ok()
        });
        assert_eq!(stored.await.as_deref(), Some("Unit Lama"));
    })
    .await;
}
