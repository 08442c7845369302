//! What is stored of a respondent is read and erased at their request, by the national admin alone, and both are logged.

use pb::{
    AccessMode::{Agent, Token},
    erase_response_texts_request::Which as Erased,
    read_response_request::Which as Sought,
};
use prima_platform::caller::{Caller, Role};
use prima_proto::survey::v1 as pb;
use tonic::{Code, Request};

use crate::{
    comments::list,
    credentials::*,
    fixture::*,
    stored::{dump, found},
};

fn read(survey: &str, which: Sought) -> pb::ReadResponseRequest {
    pb::ReadResponseRequest {
        survey: survey.into(),
        which: Some(which),
        reason: "Permohonan 12/PDP/2026".into(),
    }
}

fn erase(id: &str, survey: &str, which: Erased) -> pb::EraseResponseTextsRequest {
    pb::EraseResponseTextsRequest {
        request_id: id.into(),
        survey: survey.into(),
        which: Some(which),
        reason: "Permohonan 13/PDP/2026".into(),
    }
}

impl World {
    /// What is stored of a response.
    pub async fn read_response(&mut self, survey: &str, id: &str) -> pb::HeldResponse {
        let request = read(survey, Sought::ResponseId(id.into()));
        let answer = self.client.read_response(admin(request)).await.unwrap();
        answer.into_inner().response.unwrap()
    }

    async fn log(&mut self, survey: &str) -> Vec<pb::RespondentLogEntry> {
        let request = pb::ListRespondentLogRequest {
            survey: survey.into(),
            ..Default::default()
        };
        let answer = self.client.list_respondent_log(admin(request)).await.unwrap();
        answer.into_inner().entries
    }
}

/// A survey with one response by an operator and one with a token, which is returned.
async fn two_responses(t: &mut World) -> (String, String) {
    let survey = survey_by(t, "a", &[Agent, Token]).await;
    let one = issue(t, batch_of(&survey, 2)).await.tokens.remove(0);
    let response = |suggestion: &str, criticism: &str| pb::Response {
        profile: Some(pb::RespondentProfile {
            sex: "P".into(),
            age: 31,
            ..Default::default()
        }),
        suggestion: suggestion.into(),
        criticism: criticism.into(),
        ..all(3)
    };
    let request = sent(&survey, "r-1", response("saran satu", "kritik satu"), None);
    t.client.submit_response(operator(request)).await.unwrap();
    let request = sent(&survey, "r-2", response("saran dua", ""), Some(token(&one)));
    t.client.submit_response(Request::new(request)).await.unwrap();
    (survey, one)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_stored_of_a_response_is_read_by_its_id_or_token() {
    on_each_database(async |mut t| {
        let (survey, one) = two_responses(&mut t).await;
        let first = t.read_response(&survey, "r-1").await;
        assert_eq!(first.answers, all(3).answers);
        assert_eq!(first.profile.as_ref().unwrap().age, 31);
        let texts: Vec<&str> = first.comments.iter().map(|c| c.text.as_str()).collect();
        assert_eq!(texts, ["saran satu", "kritik satu"]);
        assert_eq!((first.source.as_str(), first.voided), ("agent", false));
        let second = t
            .client
            .read_response(admin(read(&survey, Sought::Token(one.clone()))));
        let second = second.await.unwrap().into_inner().response.unwrap();
        assert_eq!(
            (second.response_id.as_str(), second.source.as_str()),
            ("r-2", "token:1")
        );
        let log = t.log(&survey).await;
        let seen: Vec<_> = log
            .iter()
            .map(|line| {
                (
                    line.response_id.as_str(),
                    line.act(),
                    line.actor.as_str(),
                    line.texts,
                )
            })
            .collect();
        let read = pb::RespondentAct::Read;
        assert_eq!(seen, [("r-1", read, "admin", 2), ("r-2", read, "admin", 1)]);
        assert_eq!(log[0].reason, "Permohonan 12/PDP/2026");
        // Neither the reason nor the token is stored in plain text.
        let lines = dump(&t).await;
        assert!(found(&lines, "12/PDP/2026").is_empty() && found(&lines, &one).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_texts_of_one_response_are_erased_on_request_and_no_figure_changes() {
    on_each_database(async |mut t| {
        let (survey, one) = two_responses(&mut t).await;
        t.close(&survey).await;
        let before = t.result(&survey).await;
        let request = erase("e-1", &survey, Erased::ResponseId("r-1".into()));
        let first = t
            .client
            .erase_response_texts(admin(request.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(first.texts, 2);
        let again = t
            .client
            .erase_response_texts(admin(request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(again, first, "a repeat gets the stored response");
        assert_eq!(t.found(list(&survey)).await, ["saran dua"]);
        let gone = erase("e-2", &survey, Erased::ResponseId("r-1".into()));
        refused(
            t.client.erase_response_texts(admin(gone)).await,
            Code::FailedPrecondition,
            "NOTHING_TO_ERASE",
        );
        let request = erase("e-3", &survey, Erased::Token(one));
        t.client.erase_response_texts(admin(request)).await.unwrap();
        assert_eq!(t.count("comment").await, 0);
        assert_eq!(t.result(&survey).await, before);
        assert_eq!(t.read_response(&survey, "r-1").await.answers, all(3).answers);
        let log = t.log(&survey).await;
        let acts: Vec<_> = log.iter().map(|line| (line.act(), line.texts)).collect();
        let (read, erased) = (pb::RespondentAct::Read, pb::RespondentAct::Erased);
        assert_eq!(acts, [(erased, 2), (erased, 1), (read, 0)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_national_admin_reads_and_erases_single_responses() {
    on_each_database(async |mut t| {
        let (survey, _) = two_responses(&mut t).await;
        for (role, agency) in [
            (Role::Operator, "3271"),
            (Role::Operator, "*"),
            (Role::Admin, "3271"),
            (Role::Evaluator, "*"),
        ] {
            let caller = || Caller::new("c".into(), vec![role], vec![agency.into()]);
            let id = || "r-1".to_owned();
            let code = Code::PermissionDenied;
            let request = by(caller(), read(&survey, Sought::ResponseId(id())));
            refused(t.client.read_response(request).await, code, "PERMISSION_DENIED");
            let request = by(caller(), erase("e", &survey, Erased::ResponseId(id())));
            refused(
                t.client.erase_response_texts(request).await,
                code,
                "PERMISSION_DENIED",
            );
            let log = pb::ListRespondentLogRequest {
                survey: survey.clone(),
                ..Default::default()
            };
            refused(
                t.client.list_respondent_log(by(caller(), log)).await,
                code,
                "PERMISSION_DENIED",
            );
            let keys = by(caller(), pb::GetTextKeyUsageRequest {});
            refused(t.client.get_text_key_usage(keys).await, code, "PERMISSION_DENIED");
        }
        assert_eq!(
            (t.count("comment").await, t.count("respondent_log").await),
            (3, 0)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_request_about_a_respondent_is_reported() {
    on_each_database(async |mut t| {
        let (survey, _) = two_responses(&mut t).await;
        let bad = pb::ReadResponseRequest {
            survey: "x".into(),
            which: None,
            reason: "x".into(),
        };
        assert_eq!(
            faults(t.client.read_response(admin(bad)).await),
            ["survey", "which", "reason"]
        );
        let bad = pb::EraseResponseTextsRequest {
            which: Some(Erased::ResponseId("a b".into())),
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.erase_response_texts(admin(bad)).await),
            ["request_id", "survey", "response_id", "reason"]
        );
        let bad = read(&survey, Sought::Token(String::new()));
        assert_eq!(faults(t.client.read_response(admin(bad)).await), ["token"]);
        let unknown = read(&survey, Sought::ResponseId("none".into()));
        refused(
            t.client.read_response(admin(unknown)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let forged = read(&survey, Sought::Token("x".repeat(54)));
        refused(
            t.client.read_response(admin(forged)).await,
            Code::PermissionDenied,
            "TOKEN_INVALID",
        );
        // A token that no response came with.
        let other = issue(&mut t, batch_of(&survey, 1)).await.tokens.remove(0);
        let unused = read(&survey, Sought::Token(other));
        refused(
            t.client.read_response(admin(unused)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        assert_eq!(t.count("respondent_log").await, 0);
    })
    .await;
}
