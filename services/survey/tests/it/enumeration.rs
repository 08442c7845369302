//! A caller of another agency gets the same response whether a resource exists or not, so resources cannot be enumerated.

use std::collections::BTreeSet;

use pb::AccessMode::{Kiosk as KioskMode, Link, Token};
use prima_platform::caller::{Caller, Role};
use prima_proto::survey::v1 as pb;
use prost_reflect::DescriptorPool;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::{
    corrections::by_ids,
    credentials::*,
    fixture::*,
    publication::{complete, day, medium, plan, publish},
    recorded::record,
};

/// Methods that are public, or open to every token, because what they return is not confidential.
const OPEN: [&str; 14] = [
    "analyze_result",
    "calculate_sample_size",
    "get_agency_result",
    "get_result",
    "get_survey",
    "get_unit_result",
    "list_follow_ups",
    "list_instruments",
    "list_published_results",
    "list_recorded_results",
    "list_results",
    "list_surveys",
    "watch_result",
    // This method is tested below, because it answers for each response.
    "submit_responses",
];

/// Every method of the service.
fn methods() -> BTreeSet<String> {
    let pool = DescriptorPool::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
    let services = ["SurveyService", "AccessService"].map(|name| {
        pool.get_service_by_name(&format!("prima.survey.v1.{name}"))
            .unwrap()
    });
    let snake = |name: &str| {
        let parts = name.chars().map(|c| match c {
            c if c.is_uppercase() => format!("_{}", c.to_lowercase()),
            c => c.to_string(),
        });
        parts.collect::<String>().trim_start_matches('_').to_owned()
    };
    let of = |service: &prost_reflect::ServiceDescriptor| {
        service.methods().map(|m| snake(m.name())).collect::<Vec<_>>()
    };
    services.iter().flat_map(of).collect()
}

/// An operator of another agency.
fn foreign<T>(message: T) -> Request<T> {
    by(
        Caller::new("lain".into(), vec![Role::Operator], vec!["3273".into()]),
        message,
    )
}

/// Code and reason of a refusal. Its text may contain the name that was asked for.
fn refusal<T>(answer: Result<tonic::Response<T>, Status>) -> (Code, String) {
    let status = answer.err().unwrap();
    let details = status.get_error_details();
    (status.code(), details.error_info().unwrap().reason.clone())
}

/// The refusal of every method that needs a role in the agency, for a survey and the resources that belong to it.
async fn about(
    t: &World,
    unit: &str,
    survey: &str,
    batch: &str,
    follow_up: &str,
    device: &str,
) -> Vec<(&'static str, (Code, String))> {
    let (mut surveys, mut access) = (t.client.clone(), t.access.clone());
    let id = || "pintu".to_owned();
    let mut told = Vec::new();
    macro_rules! call {
        ($client:ident . $method:ident, $request:expr) => {
            let answer = $client.$method(foreign($request)).await;
            told.push((stringify!($method), refusal(answer)));
        };
    }
    call!(
        surveys.create_survey,
        pb::CreateSurveyRequest {
            parent: unit.into(),
            ..crate::fixture::survey("a")
        }
    );
    call!(
        surveys.list_uncounted_figures,
        pb::ListUncountedFiguresRequest {
            parent: unit.into(),
            ..Default::default()
        }
    );
    call!(
        surveys.update_survey,
        pb::UpdateSurveyRequest {
            survey: Some(pb::Survey {
                name: survey.into(),
                display_name: "Lain".into(),
                ..Default::default()
            }),
            update_mask: mask(&["display_name"]),
        }
    );
    call!(
        surveys.close_survey,
        pb::CloseSurveyRequest {
            name: survey.into(),
            ..Default::default()
        }
    );
    call!(surveys.submit_response, sent(survey, "r-1", all(4), None));
    call!(
        surveys.get_questionnaire,
        pb::GetQuestionnaireRequest {
            survey: survey.into(),
            credential: None,
        }
    );
    call!(surveys.void_responses, by_ids("pintu", survey, &["r-1"]));
    call!(
        surveys.list_voids,
        pb::ListVoidsRequest {
            survey: survey.into(),
            ..Default::default()
        }
    );
    call!(
        surveys.list_comments,
        pb::ListCommentsRequest {
            survey: survey.into(),
            ..Default::default()
        }
    );
    call!(
        surveys.read_exact_result,
        pb::ReadExactResultRequest {
            survey: survey.into(),
            purpose: "Uji pintu".into(),
        }
    );
    call!(
        surveys.list_result_readings,
        pb::ListResultReadingsRequest {
            survey: survey.into(),
            ..Default::default()
        }
    );
    call!(
        surveys.reopen_survey,
        pb::ReopenSurveyRequest {
            name: survey.into(),
            reason: "Uji pintu".into(),
            ..Default::default()
        }
    );
    call!(
        surveys.list_survey_changes,
        pb::ListSurveyChangesRequest {
            survey: survey.into(),
            ..Default::default()
        }
    );
    call!(
        surveys.list_responses,
        pb::ListResponsesRequest {
            survey: survey.into(),
            ..Default::default()
        }
    );
    call!(
        surveys.list_quarantines,
        pb::ListQuarantinesRequest {
            survey: survey.into(),
            ..Default::default()
        }
    );
    call!(
        surveys.decide_quarantine,
        pb::DecideQuarantineRequest {
            name: format!("{survey}/quarantines/1"),
            decision: pb::QuarantineDecision::Void.into(),
            reason: "Uji pintu".into(),
            ..Default::default()
        }
    );
    call!(
        surveys.read_response,
        pb::ReadResponseRequest {
            survey: survey.into(),
            which: Some(pb::read_response_request::Which::ResponseId("r-1".into())),
            reason: "Permohonan 1/PDP".into(),
        }
    );
    call!(
        surveys.erase_response_texts,
        pb::EraseResponseTextsRequest {
            request_id: id(),
            survey: survey.into(),
            which: Some(pb::erase_response_texts_request::Which::ResponseId("r-1".into())),
            reason: "Permohonan 1/PDP".into(),
        }
    );
    call!(
        surveys.list_respondent_log,
        pb::ListRespondentLogRequest {
            survey: survey.into(),
            ..Default::default()
        }
    );
    call!(surveys.get_text_key_usage, pb::GetTextKeyUsageRequest {});
    call!(
        surveys.publish_result,
        publish("pintu", survey, &day(0), vec![medium("papan-pengumuman", "")])
    );
    call!(surveys.create_follow_up, plan(survey, "satu", "time"));
    call!(surveys.complete_follow_up, complete(follow_up, "", &day(0)));
    call!(surveys.record_result, record("pintu", unit, "80"));
    call!(
        access.issue_tokens,
        pb::IssueTokensRequest {
            request_id: id(),
            ..batch_of(survey, 1)
        }
    );
    call!(
        access.list_token_batches,
        pb::ListTokenBatchesRequest {
            parent: survey.into(),
            ..Default::default()
        }
    );
    call!(
        access.revoke_token_batch,
        pb::RevokeTokenBatchRequest { name: batch.into() }
    );
    call!(
        access.issue_link,
        pb::IssueLinkRequest {
            survey: survey.into()
        }
    );
    call!(access.register_device, Kiosk::new(unit, "aula", 3).registration());
    call!(
        access.list_devices,
        pb::ListDevicesRequest {
            parent: unit.into(),
            ..Default::default()
        }
    );
    call!(
        access.revoke_device,
        pb::RevokeDeviceRequest { name: device.into() }
    );
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_gives_another_agency_the_same_refusal_whether_the_resource_exists_or_not() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[pb::AccessMode::Agent, Token, Link, KioskMode]).await;
        let batch = issue(&mut t, batch_of(&survey, 1)).await.batch.unwrap().name;
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        lobby.register(&mut t).await;
        t.respond(&survey, "r-1", &SKM.map(|key| (key, 4))).await;
        t.close(&survey).await;
        let planned = t
            .client
            .create_follow_up(operator(plan(&survey, "satu", "time")))
            .await;
        let follow_up = planned.unwrap().into_inner().follow_up.unwrap().name;
        let existing = about(&t, UNIT, &survey, &batch, &follow_up, &lobby.name).await;
        let missing_name = |name: &str| name.replace("dpmptsp", "tidak-ada");
        let missing = about(
            &t,
            &missing_name(UNIT),
            &missing_name(&survey),
            &missing_name(&batch),
            &missing_name(&follow_up),
            &missing_name(&lobby.name),
        )
        .await;
        assert_eq!(existing, missing);
        for (method, refusal) in &existing {
            assert_eq!(
                refusal,
                &(Code::PermissionDenied, "PERMISSION_DENIED".to_owned()),
                "{method}"
            );
        }
        let checked = existing.iter().map(|(method, _)| *method).chain(OPEN);
        assert_eq!(checked.map(str::to_owned).collect::<BTreeSet<_>>(), methods());
        for name in [&survey, &missing_name(&survey)] {
            let stream = foreign(futures::stream::iter(vec![message(name, "r-1", all(4), None)]));
            let answer = t.client.submit_responses(stream).await.unwrap().into_inner();
            assert_eq!(sums(&answer), ([0, 0, 1], vec![("r-1", "PERMISSION_DENIED")]));
            // A forged credential does not reveal which surveys exist either.
            let mut proof = lobby.proof(name, 1, "r-1", &all(3));
            let kiosk = proof.kiosk.as_mut().unwrap();
            kiosk.device = format!("{}/devices/aula", name.split_once("/surveys").unwrap().0);
            for (credential, reason) in [
                (token("x"), "TOKEN_INVALID"),
                (link("x"), "LINK_INVALID"),
                (proof, "SIGNATURE_INVALID"),
            ] {
                let answer = citizen(&mut t, name, "r-1", credential).await;
                refused(answer, Code::PermissionDenied, reason);
            }
        }
    })
    .await;
}
