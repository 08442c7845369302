//! Tokens, links and kiosks: one response for each credential, without identifying the person.

use futures::future::join_all;
use pb::AccessMode::{Agent, Kiosk as KioskMode, Link, Token};
use prima_platform::{
    caller::{Caller, Role},
    db::sql,
};
use prima_proto::survey::v1 as pb;
use sea_orm::ConnectionTrait;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::{credentials::*, fixture::*};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_uses_of_one_token_store_one_response() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let one = issue(&mut t, batch_of(&survey, 1)).await.tokens.remove(0);
        let calls = (0..1000).map(|n| {
            let (mut client, credential) = (t.client.clone(), token(&one));
            let request = sent(&survey, &format!("r-{n}"), all(4), Some(credential));
            async move { client.submit_response(Request::new(request)).await }
        });
        let (stored, refusals): (Vec<_>, Vec<_>) = join_all(calls).await.into_iter().partition(Result::is_ok);
        assert_eq!(stored.len(), 1);
        for refusal in refusals {
            refused(refusal, Code::FailedPrecondition, "TOKEN_USED");
        }
        assert_eq!(t.count("response").await, 1);
        assert_eq!(t.result(&survey).await.respondents, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_repeats_of_one_request_get_the_stored_response() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let one = issue(&mut t, batch_of(&survey, 1)).await.tokens.remove(0);
        let calls = (0..1000).map(|_| {
            let mut client = t.client.clone();
            let request = sent(&survey, "r", all(4), Some(token(&one)));
            async move { client.submit_response(Request::new(request)).await }
        });
        let mut answers = Vec::new();
        for answer in join_all(calls).await {
            answers.push(answer.unwrap().into_inner());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
        assert_eq!(t.count("response").await, 1);
        // A request with the same id and another body is refused and does not use the token.
        let other = sent(&survey, "r", all(3), Some(token(&one)));
        let answer = t.client.submit_response(Request::new(other)).await;
        refused(answer, Code::InvalidArgument, "REQUEST_ID_REUSED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_valid_for_its_survey_only() {
    on_each_database(async |mut t| {
        let a = survey_by(&mut t, "a", &[Token, Link]).await;
        let b = survey_by(&mut t, "b", &[Token, Link]).await;
        let one = issue(&mut t, batch_of(&a, 1)).await.tokens.remove(0);
        let link_of_a = link_of(&mut t, &a).await;
        let forged = one.replace(|c: char| c.is_ascii_digit(), "x");
        let denied = Code::PermissionDenied;
        refused(
            citizen(&mut t, &b, "r", token(&one)).await,
            denied,
            "TOKEN_INVALID",
        );
        refused(
            citizen(&mut t, &a, "r", token(&forged)).await,
            denied,
            "TOKEN_INVALID",
        );
        refused(
            citizen(&mut t, &a, "r", token(&link_of_a)).await,
            denied,
            "TOKEN_INVALID",
        );
        refused(
            citizen(&mut t, &a, "r", token("x")).await,
            denied,
            "TOKEN_INVALID",
        );
        refused(
            citizen(&mut t, &b, "r", link(&link_of_a)).await,
            denied,
            "LINK_INVALID",
        );
        refused(citizen(&mut t, &a, "r", link(&one)).await, denied, "LINK_INVALID");
        assert_eq!(t.count("response").await, 0);
        citizen(&mut t, &a, "r", token(&one)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_or_revoked_token_is_refused_but_a_repeat_is_still_answered() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let first = issue(&mut t, batch_of(&survey, 2)).await;
        let second = issue(
            &mut t,
            pb::IssueTokensRequest {
                expire_time: Some("2099-01-01T00:00:00Z".parse().unwrap()),
                ..batch_of(&survey, 3)
            },
        )
        .await;
        let taken = citizen(&mut t, &survey, "r-1", token(&first.tokens[0]))
            .await
            .unwrap();
        let also = citizen(&mut t, &survey, "r-2", token(&second.tokens[0]))
            .await
            .unwrap();
        let revoke = pb::RevokeTokenBatchRequest {
            name: first.batch.unwrap().name,
        };
        t.access.revoke_token_batch(operator(revoke)).await.unwrap();
        let text = "UPDATE token_batch SET expires_at = 1 WHERE expires_at IS NOT NULL";
        let passed =
            t.db.writer()
                .execute_raw(sql(t.db.writer(), text, []))
                .await
                .unwrap();
        assert_eq!(passed.rows_affected(), 1);
        let late = Code::FailedPrecondition;
        let answer = citizen(&mut t, &survey, "r-3", token(&first.tokens[1])).await;
        refused(answer, late, "TOKEN_REVOKED");
        let answer = citizen(&mut t, &survey, "r-4", token(&second.tokens[1])).await;
        refused(answer, late, "TOKEN_EXPIRED");
        let repeat = citizen(&mut t, &survey, "r-1", token(&first.tokens[0])).await;
        assert_eq!(repeat.unwrap(), taken);
        let repeat = citizen(&mut t, &survey, "r-2", token(&second.tokens[0])).await;
        assert_eq!(repeat.unwrap(), also);
        assert_eq!(t.count("response").await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_link_accepts_any_number_of_responses_while_the_survey_allows_links() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Link]).await;
        let own = link_of(&mut t, &survey).await;
        assert!(own.len() <= 80);
        assert_eq!(own, link_of(&mut t, &survey).await);
        for n in 0..3 {
            citizen(&mut t, &survey, &format!("r-{n}"), link(&own))
                .await
                .unwrap();
        }
        allow(&mut t, &survey, &[]).await;
        let answer = citizen(&mut t, &survey, "r-3", link(&own)).await;
        refused(answer, Code::FailedPrecondition, "ACCESS_MODE_NOT_ALLOWED");
        citizen(&mut t, &survey, "r-2", link(&own)).await.unwrap();
        let request = pb::IssueLinkRequest {
            survey: survey.clone(),
        };
        let answer = t.access.issue_link(operator(request)).await;
        refused(answer, Code::FailedPrecondition, "ACCESS_MODE_NOT_ALLOWED");
        assert_eq!(t.result(&survey).await.respondents, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_of_a_kiosk_is_accepted_once() {
    on_each_database(async |mut t| {
        let a = survey_by(&mut t, "a", &[KioskMode]).await;
        let b = survey_by(&mut t, "b", &[KioskMode]).await;
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        let hall = Kiosk::new(UNIT, "aula", 2);
        let unknown = Code::PermissionDenied;
        let proof = lobby.proof(&a, 1, "r-1", &all(4));
        refused(
            citizen(&mut t, &a, "r-1", proof.clone()).await,
            unknown,
            "SIGNATURE_INVALID",
        );
        lobby.register(&mut t).await;
        hall.register(&mut t).await;
        let first = citizen(&mut t, &a, "r-1", proof.clone()).await.unwrap();
        assert_eq!(citizen(&mut t, &a, "r-1", proof).await.unwrap(), first);
        let replay = lobby.proof(&a, 1, "r-2", &all(4));
        let used = Code::FailedPrecondition;
        refused(citizen(&mut t, &a, "r-2", replay).await, used, "COUNTER_USED");
        // Counters of other devices and other surveys are independent, and gaps between counters are allowed.
        citizen(&mut t, &a, "r-2", hall.proof(&a, 1, "r-2", &all(4)))
            .await
            .unwrap();
        citizen(&mut t, &b, "r-1", lobby.proof(&b, 1, "r-1", &all(4)))
            .await
            .unwrap();
        citizen(&mut t, &a, "r-9", lobby.proof(&a, 9, "r-9", &all(4)))
            .await
            .unwrap();
        assert_eq!(t.result(&a).await.respondents, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_valid_for_one_response_of_one_survey_only() {
    on_each_database(async |mut t| {
        let a = survey_by(&mut t, "a", &[KioskMode]).await;
        let b = survey_by(&mut t, "b", &[KioskMode]).await;
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        lobby.register(&mut t).await;
        let impostor = Kiosk::new(UNIT, "lobi", 9);
        for proof in [
            lobby.proof(&b, 1, "r", &all(4)),
            lobby.proof(&a, 1, "r-other", &all(4)),
            lobby.proof(&a, 1, "r", &all(3)),
            impostor.proof(&a, 1, "r", &all(4)),
        ] {
            let answer = citizen(&mut t, &a, "r", proof).await;
            refused(answer, Code::PermissionDenied, "SIGNATURE_INVALID");
        }
        let mut counted = lobby.proof(&a, 1, "r", &all(4));
        counted.kiosk.as_mut().unwrap().counter = 2;
        let answer = citizen(&mut t, &a, "r", counted).await;
        refused(answer, Code::PermissionDenied, "SIGNATURE_INVALID");
        let elsewhere = Kiosk::new("agencies/3271/units/dukcapil", "lobi", 1);
        elsewhere.register(&mut t).await;
        let answer = citizen(&mut t, &a, "r", elsewhere.proof(&a, 0, "r", &all(4))).await;
        assert_eq!(
            faults(answer),
            ["credential.kiosk.device", "credential.kiosk.counter"]
        );
        let taken = citizen(&mut t, &a, "r", lobby.proof(&a, 1, "r", &all(4)))
            .await
            .unwrap();
        let revoke = pb::RevokeDeviceRequest {
            name: lobby.name.clone(),
        };
        t.access.revoke_device(operator(revoke)).await.unwrap();
        let answer = citizen(&mut t, &a, "r-2", lobby.proof(&a, 2, "r-2", &all(4))).await;
        refused(answer, Code::FailedPrecondition, "DEVICE_REVOKED");
        let repeat = citizen(&mut t, &a, "r", lobby.proof(&a, 1, "r", &all(4))).await;
        assert_eq!(repeat.unwrap(), taken);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offline_batch_that_is_submitted_twice_is_stored_once() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token, Link, KioskMode]).await;
        let tokens = issue(&mut t, batch_of(&survey, 3)).await.tokens;
        let own = link_of(&mut t, &survey).await;
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        lobby.register(&mut t).await;
        let written = pb::Response {
            suggestion: "Tambah kursi".into(),
            ..all(3)
        };
        let batch = || {
            vec![
                message(&survey, "t-0", written.clone(), Some(token(&tokens[0]))),
                message("", "t-1", all(4), Some(token(&tokens[1]))),
                message("", "t-1-again", all(4), Some(token(&tokens[1]))),
                message("", "l-0", all(4), Some(link(&own))),
                message("", "l-0", all(4), Some(link(&own))),
                message("", "k-0", all(2), Some(lobby.proof(&survey, 7, "k-0", &all(2)))),
                message("", "k-1", all(2), Some(lobby.proof(&survey, 7, "k-1", &all(2)))),
                message("", "x", all(2), Some(token("x"))),
            ]
        };
        let refusals = [
            ("t-1-again", "TOKEN_USED"),
            ("k-1", "COUNTER_USED"),
            ("x", "TOKEN_INVALID"),
        ];
        let answer = offline(&mut t, batch()).await.unwrap();
        assert_eq!(sums(&answer), ([4, 1, 3], refusals.to_vec()));
        let before = t.result(&survey).await;
        let answer = offline(&mut t, batch()).await.unwrap();
        assert_eq!(sums(&answer), ([0, 5, 3], refusals.to_vec()));
        assert_eq!(t.result(&survey).await, before);
        assert_eq!(before.respondents, 4);
        assert_eq!((t.count("response").await, t.count("comment").await), (4, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_with_a_used_token_does_not_block_a_valid_one_under_the_same_id() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let tokens = issue(&mut t, batch_of(&survey, 3)).await.tokens;
        citizen(&mut t, &survey, "first", token(&tokens[0]))
            .await
            .unwrap();
        let batch = vec![
            message(&survey, "r", all(4), Some(token(&tokens[0]))),
            message("", "r", all(4), Some(token(&tokens[0]))),
            message("", "r", all(4), Some(token(&tokens[1]))),
            message("", "r", all(4), Some(token(&tokens[2]))),
            message("", "r", all(3), Some(token(&tokens[1]))),
        ];
        let answer = offline(&mut t, batch).await.unwrap();
        let refusals = vec![
            ("r", "TOKEN_USED"),
            ("r", "TOKEN_USED"),
            ("r", "REQUEST_ID_REUSED"),
        ];
        assert_eq!(sums(&answer), ([1, 1, 3], refusals));
        assert_eq!(t.result(&survey).await.respondents, 2);
        // A repeat with another token does not use that token.
        citizen(&mut t, &survey, "r-2", token(&tokens[2])).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_may_refuse_responses_of_agents() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let request = sent(&survey, "r", all(4), None);
        let answer = t.client.submit_response(operator(request)).await;
        refused(answer, Code::FailedPrecondition, "ACCESS_MODE_NOT_ALLOWED");
        // When an operator submits with a token, the token is used.
        let one = issue(&mut t, batch_of(&survey, 1)).await.tokens.remove(0);
        let request = sent(&survey, "r", all(4), Some(token(&one)));
        t.client.submit_response(operator(request)).await.unwrap();
        let answer = citizen(&mut t, &survey, "r-2", token(&one)).await;
        refused(answer, Code::FailedPrecondition, "TOKEN_USED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_access_modes_a_survey_accepts_responses_of_agents_only() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        let intake = Caller::new("portal".into(), vec![Role::Intake], vec!["3271".into()]);
        let request = sent(&survey, "r", all(4), Some(pb::Credential::default()));
        t.client.submit_response(by(intake, request)).await.unwrap();
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        lobby.register(&mut t).await;
        let answer = citizen(&mut t, &survey, "k", lobby.proof(&survey, 1, "k", &all(4))).await;
        refused(answer, Code::FailedPrecondition, "ACCESS_MODE_NOT_ALLOWED");
        let answer = t.access.issue_tokens(operator(batch_of(&survey, 1))).await;
        refused(answer, Code::FailedPrecondition, "ACCESS_MODE_NOT_ALLOWED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_role_and_a_credential_no_response_is_accepted() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Link]).await;
        let own = link_of(&mut t, &survey).await;
        let missing = Code::Unauthenticated;
        let request = sent(&survey, "r", all(4), None);
        let answer = t.client.submit_response(Request::new(request)).await;
        refused(answer, missing, "TOKEN_MISSING");
        let other = Caller::new("kota lain".into(), vec![Role::Intake], vec!["3171".into()]);
        let request = sent(&survey, "r", all(4), None);
        let answer = t.client.submit_response(by(other, request)).await;
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        // Earlier responses of the stream with a credential are stored.
        let messages = vec![
            message(&survey, "r-0", all(4), Some(link(&own))),
            message("", "r-1", all(4), None),
            message("", "r-2", all(4), Some(link(&own))),
        ];
        refused(offline(&mut t, messages).await, missing, "TOKEN_MISSING");
        assert_eq!(t.count("response").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_credential_is_reported_with_the_others() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let both = pb::Credential {
            token: "x".into(),
            link: "y".into(),
            kiosk: None,
        };
        let response = pb::Response {
            suggestion: "x".repeat(2001),
            device: "x".repeat(129),
            ..all(4)
        };
        let request = sent(&survey, "", response.clone(), Some(both));
        let answer = t.client.submit_response(Request::new(request)).await;
        assert_eq!(
            faults(answer),
            [
                "credential",
                "request_id",
                "response.suggestion",
                "response.device"
            ]
        );
        let mut bad = message("", "r", response, None);
        bad.import_id = "a b".into();
        let stream = operator(futures::stream::iter(vec![bad]));
        let answer = t.client.submit_responses(stream).await.unwrap().into_inner();
        let fields: Vec<&str> = answer.rejections[0]
            .violations
            .iter()
            .map(|v| v.field.as_str())
            .collect();
        assert_eq!(
            fields,
            ["survey", "import_id", "response.suggestion", "response.device"]
        );
        let kiosk = pb::Credential {
            kiosk: Some(pb::KioskProof::default()),
            ..Default::default()
        };
        let answer = citizen(&mut t, &survey, "r", kiosk).await;
        assert_eq!(
            faults(answer),
            ["credential.kiosk.device", "credential.kiosk.counter"]
        );
        let closed = citizen(&mut t, &survey, "r", token("x")).await.unwrap_err();
        assert!(closed.get_error_details().bad_request().is_none());
    })
    .await;
}
