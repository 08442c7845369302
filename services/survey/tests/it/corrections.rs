//! Voids: voided responses are excluded from every figure exactly, and the void is recorded.

use prima_platform::caller::{Caller, Role};
use prima_proto::{
    event::v1::{ScoreState, ScoreStatus},
    survey::v1 as pb,
};
use tonic::Code;

use crate::{credentials::message, fixture::*};

pub const UNIT_SCORE: &str = "prima.survey.score.skm.2024.unit.3271.dpmptsp";
pub const RESULT: &str = "prima.survey.result.3271.dpmptsp.a";

pub fn by_ids(id: &str, survey: &str, ids: &[&str]) -> pb::VoidResponsesRequest {
    pb::VoidResponsesRequest {
        request_id: id.into(),
        survey: survey.into(),
        which: Some(pb::void_responses_request::Which::Responses(pb::ResponseIds {
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        })),
        reason: "Salah unggah berkas".into(),
    }
}

/// A request to void every response of an import.
pub fn by_import(id: &str, survey: &str, import: &str) -> pb::VoidResponsesRequest {
    pb::VoidResponsesRequest {
        which: Some(pb::void_responses_request::Which::ImportId(import.into())),
        ..by_ids(id, survey, &[])
    }
}

impl World {
    pub async fn voided(&mut self, request: pb::VoidResponsesRequest) -> pb::VoidEntry {
        let answer = self.client.void_responses(operator(request)).await.unwrap();
        answer.into_inner().void.unwrap()
    }

    async fn voids(&mut self, survey: &str) -> Vec<pb::VoidEntry> {
        let request = pb::ListVoidsRequest {
            survey: survey.into(),
            ..Default::default()
        };
        self.client
            .list_voids(operator(request))
            .await
            .unwrap()
            .into_inner()
            .voids
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_after_closing_changes_the_score_and_is_recorded() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..4 {
            t.respond(
                &survey,
                &format!("r-{n}"),
                &SKM.map(|key| (key, if n == 0 { 1 } else { 4 })),
            )
            .await;
        }
        t.close(&survey).await;
        assert_eq!(t.result(&survey).await.index, "81.25");
        let request = by_ids("v1", &survey, &["r-0"]);
        let void = t.voided(request.clone()).await;
        assert_eq!(
            (void.number, void.responses, void.actor.as_str()),
            (1, 1, "operator")
        );
        assert_eq!(
            (void.reason.as_str(), void.import_id.as_str()),
            ("Salah unggah berkas", "")
        );
        assert!(void.void_time.is_some());
        assert_eq!(
            t.voided(request).await,
            void,
            "a repeat returns the stored response"
        );
        let result = t.result(&survey).await;
        assert_eq!(
            (result.index.as_str(), result.respondents, result.voided),
            ("100.00", 3, 1)
        );
        let score = t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!((score.value.as_str(), score.sample_size), ("100.00", 3));
        assert_eq!(score.status, ScoreStatus::Final as i32);
        // Responses that are voided already are not voided again.
        let again = t.voided(by_ids("v2", &survey, &["r-0", "r-1"])).await;
        assert_eq!((again.number, again.responses), (2, 1));
        t.assert_sums(&survey).await;
        assert_eq!(t.voids(&survey).await, [void, again]);
        assert_eq!(t.count("response").await, 4, "nothing is deleted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_voided_response_stays_in_use() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        t.respond(&survey, "r", &SKM.map(|key| (key, 4))).await;
        let sent = |score| pb::SubmitResponseRequest {
            request_id: "r".into(),
            survey: survey.clone(),
            response: Some(all(score)),
            ..Default::default()
        };
        let first = t
            .client
            .submit_response(operator(sent(4)))
            .await
            .unwrap()
            .into_inner();
        assert!(!first.voided);
        t.voided(by_ids("v", &survey, &["r"])).await;
        let again = t
            .client
            .submit_response(operator(sent(4)))
            .await
            .unwrap()
            .into_inner();
        let told = pb::SubmitResponseResponse {
            voided: true,
            ..first
        };
        assert_eq!(again, told, "the repeat is told that it counts no more");
        let streamed = |id: &str| message(&survey, id, all(4), None);
        let stream = futures::stream::iter([streamed("r"), streamed("new"), streamed("new")]);
        let answer = t
            .client
            .submit_responses(operator(stream))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (answer.accepted, answer.repeated_count, answer.voided_count),
            (1, 2, 1)
        );
        t.voided(by_ids("w", &survey, &["new"])).await;
        refused(
            t.client.submit_response(operator(sent(1))).await,
            Code::InvalidArgument,
            "REQUEST_ID_REUSED",
        );
        let result = t.result(&survey).await;
        assert_eq!(
            (result.respondents, result.voided, result.index.as_str()),
            (0, 2, "")
        );
        assert!(
            t.staged::<ScoreState>(UNIT_SCORE).await.is_none(),
            "the score is withdrawn"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_surveys_with_responses_of_an_import_are_listed() {
    on_each_database(async |mut t| {
        for survey in ["a", "b", "c"] {
            t.survey(survey).await;
        }
        let name = |survey: &str| format!("agencies/3271/units/dpmptsp/surveys/{survey}");
        for (survey, import) in [("a", "berkas"), ("b", "lain"), ("c", "berkas")] {
            let message = pb::SubmitResponsesRequest {
                import_id: import.into(),
                ..message(&name(survey), "r", all(4), None)
            };
            let stream = operator(futures::stream::iter([message]));
            t.client.submit_responses(stream).await.unwrap();
        }
        let of_import = async |t: &mut World| -> Vec<String> {
            let request = pb::ListSurveysRequest {
                parent: "agencies/3271/units/dpmptsp".into(),
                import_id: "berkas".into(),
                ..Default::default()
            };
            let listed = t.client.list_surveys(operator(request)).await.unwrap();
            listed.into_inner().surveys.into_iter().map(|s| s.name).collect()
        };
        assert_eq!(of_import(&mut t).await, [name("a"), name("c")]);
        t.voided(by_import("v", &name("c"), "berkas")).await;
        assert_eq!(
            of_import(&mut t).await,
            [name("a")],
            "voided responses do not count"
        );
        let wrong = pb::ListSurveysRequest {
            parent: "agencies/3271/units/dpmptsp".into(),
            import_id: "a b".into(),
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.list_surveys(operator(wrong)).await),
            ["import_id"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_responses_are_reported_and_nothing_is_voided() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        t.respond(&survey, "r", &SKM.map(|key| (key, 4))).await;
        let before = t.result(&survey).await;
        let request = by_ids("v", &survey, &["x", "r", "y"]);
        assert_eq!(
            faults(t.client.void_responses(operator(request)).await),
            ["responses.ids[0]", "responses.ids[2]"]
        );
        let request = by_import("v", &survey, "none");
        assert_eq!(
            faults(t.client.void_responses(operator(request)).await),
            ["import_id"]
        );
        let request = by_ids("v", "agencies/3271/units/dpmptsp/surveys/none", &["r"]);
        refused(
            t.client.void_responses(operator(request)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        assert_eq!(t.result(&survey).await, before);
        assert_eq!(t.count("void").await, 0);
        // The request id of a refused request can be used again.
        t.voided(by_ids("v", &survey, &["r"])).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_void_is_reported_at_once() {
    on_each_database(async |mut t| {
        let bad = pb::VoidResponsesRequest {
            reason: "ya".into(),
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.void_responses(operator(bad)).await),
            ["request_id", "survey", "which", "reason"]
        );
        let survey = t.survey("a").await.name;
        let bad = by_ids("v", &survey, &["a b", "x", "x", ""]);
        assert_eq!(
            faults(t.client.void_responses(operator(bad)).await),
            ["responses.ids[0]", "responses.ids[2]", "responses.ids[3]"]
        );
        for ids in [vec![], vec!["x"; 1001]] {
            let bad = by_ids("v", &survey, &ids);
            assert_eq!(
                faults(t.client.void_responses(operator(bad)).await),
                ["responses.ids"]
            );
        }
        let bad = by_import("v", &survey, "");
        assert_eq!(
            faults(t.client.void_responses(operator(bad)).await),
            ["import_id"]
        );
        let bad = pb::ListVoidsRequest {
            page_token: "x".into(),
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.list_voids(operator(bad)).await),
            ["survey", "page_token"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_operator_of_the_agency_voids() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        t.respond(&survey, "r", &SKM.map(|key| (key, 4))).await;
        let evaluator = Caller::new("e".into(), vec![Role::Evaluator], vec!["3271".into()]);
        let intake = Caller::new("i".into(), vec![Role::Intake], vec!["3271".into()]);
        let elsewhere = Caller::new("o".into(), vec![Role::Operator], vec!["3272".into()]);
        let list = pb::ListVoidsRequest {
            survey: survey.clone(),
            ..Default::default()
        };
        for (caller, reads) in [(evaluator, true), (intake, false), (elsewhere, false)] {
            refused(
                t.client
                    .void_responses(by(caller.clone(), by_ids("v", &survey, &["r"])))
                    .await,
                Code::PermissionDenied,
                "PERMISSION_DENIED",
            );
            assert_eq!(t.client.list_voids(by(caller, list.clone())).await.is_ok(), reads);
        }
        refused(
            t.client
                .void_responses(by(Caller::anonymous(), by_ids("v", &survey, &["r"])))
                .await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        assert!(
            t.client
                .void_responses(admin(by_ids("v", &survey, &["r"])))
                .await
                .is_ok()
        );
    })
    .await;
}
