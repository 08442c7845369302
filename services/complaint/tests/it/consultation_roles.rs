//! Which callers may use which method about consultations.

use prima_platform::{caller::Role, testing::served::mask};
use prima_proto::complaint::v1;
use tonic::Code;

use crate::{consultation::*, fixture::*, knowledge::*};

/// Asserts that a call whose name contains the agency is denied to strangers, to callers who may only submit reports,
/// and without a token.
macro_rules! denied {
    ($t:ident, $method:ident, $request:expr $(, $also:expr)*) => {
        let request = $request;
        let callers = [
            stranger(request.clone()),
            by("loket", Role::Intake, "32", request.clone()),
            by("loket", Role::Intake, "3271", request.clone()),
            $($also(request.clone()),)*
        ];
        for caller in callers {
            let answer = $t.consultations.$method(caller).await;
            refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let answer = $t.consultations.$method(public(request)).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
    };
}

/// As [`denied`], for names that do not contain the agency: strangers get `NOT_FOUND`. The callers listed after it may
/// see the consultation, but are denied the call.
macro_rules! hidden {
    ($t:ident, $method:ident, $request:expr $(, $also:expr)*) => {
        let request = $request;
        let answer = $t.consultations.$method(stranger(request.clone())).await;
        refused(answer, Code::NotFound, "NOT_FOUND");
        let callers = [
            by("loket", Role::Intake, "32", request.clone()),
            by("loket", Role::Intake, "3271", request.clone()),
            $($also(request.clone()),)*
        ];
        for caller in callers {
            let answer = $t.consultations.$method(caller).await;
            refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let answer = $t.consultations.$method(public(request)).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
    };
}

#[tokio::test]
async fn both_agencies_read_a_question_to_a_clinic_and_one_works_on_it() {
    on_each_database(async |mut t| {
        t.member("rina").await;
        denied!(t, request_consultation, clinic("x"), province);
        let name = t.clinic("a").await;
        let read = v1::GetConsultationRequest { name: name.clone() };
        hidden!(t, get_consultation, read.clone());
        for allowed in [
            liaison(read.clone()),
            province(read.clone()),
            coordinator(read.clone()),
            national(read),
        ] {
            t.consultations.get_consultation(allowed).await.unwrap();
        }
        hidden!(t, schedule_consultation, schedule(&name), liaison, coordinator);
        hidden!(
            t,
            answer_consultation,
            answer(&name, "Jawaban"),
            liaison,
            coordinator
        );
        hidden!(
            t,
            complete_consultation,
            complete(&name, "Alasan"),
            liaison,
            coordinator
        );
        t.consultations
            .schedule_consultation(province(schedule(&name)))
            .await
            .unwrap();
        t.consultations
            .answer_consultation(province_admin(answer(&name, "Jawaban")))
            .await
            .unwrap();
        hidden!(t, publish_knowledge, entry(&name, "cuti"), liaison, coordinator);
        t.consultations
            .complete_consultation(national(complete(&name, "")))
            .await
            .unwrap();
        // The agency that answers cannot rate.
        hidden!(
            t,
            rate_consultation,
            rate_by_name(&name, 5),
            province,
            province_admin
        );
        t.consultations
            .rate_consultation(coordinator(rate_by_name(&name, 5)))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_citizens_question_is_read_by_the_agency_asked_and_by_the_citizen() {
    on_each_database(async |mut t| {
        let evaluator = by("penilai", Role::Evaluator, "3271", desk("x"));
        let answer = t.consultations.request_consultation(evaluator).await;
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        let answer = t.consultations.request_consultation(public(desk("x"))).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
        // A desk of any agency may submit a question.
        t.consultations
            .request_consultation(stranger(desk("y")))
            .await
            .unwrap();
        let asked = t.desk("a").await;
        let read = v1::GetConsultationRequest {
            name: asked.name.clone(),
        };
        hidden!(t, get_consultation, read.clone());
        let answer = t.consultations.get_consultation(province(read)).await;
        refused(answer, Code::NotFound, "NOT_FOUND");
        let end = complete(&asked.name, "Sudah jelas");
        t.consultations.complete_consultation(liaison(end)).await.unwrap();
        // Not even the national admin may rate for a citizen.
        hidden!(
            t,
            rate_consultation,
            rate_by_name(&asked.name, 5),
            liaison,
            national
        );
    })
    .await;
}

#[tokio::test]
async fn an_agency_lists_its_own_and_the_national_admin_lists_all() {
    on_each_database(async |mut t| {
        let list = |parent: &str| v1::ListConsultationsRequest {
            parent: parent.into(),
            ..Default::default()
        };
        denied!(t, list_consultations, list(AGENCY), province);
        denied!(t, list_consultations, list("agencies/-"), province, coordinator);
        t.consultations
            .list_consultations(liaison(list(UNIT)))
            .await
            .unwrap();
        t.consultations
            .list_consultations(national(list("agencies/-")))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_coordinator_manages_the_team_and_every_caller_with_a_token_can_list_it() {
    on_each_database(async |mut t| {
        denied!(t, create_team_member, member("rina"), province, coordinator);
        let made = t.member("rina").await;
        let change = v1::UpdateTeamMemberRequest {
            member: Some(made),
            update_mask: mask(&["office"]),
        };
        denied!(t, update_team_member, change.clone(), province, coordinator);
        t.consultations
            .update_team_member(national(change))
            .await
            .unwrap();
        let list = v1::ListTeamMembersRequest {
            parent: PROVINCE.into(),
            ..Default::default()
        };
        t.consultations
            .list_team_members(intake(list.clone()))
            .await
            .unwrap();
        let answer = t.consultations.list_team_members(public(list)).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
    })
    .await;
}

#[tokio::test]
async fn knowledge_is_managed_by_the_agency_that_answered_and_public() {
    on_each_database(async |mut t| {
        let published = t
            .published("a", "Berapa lama izin usaha terbit?", "Lima hari kerja.")
            .await;
        let gone = withdraw(&published.name);
        hidden!(t, withdraw_knowledge, gone.clone());
        let answer = t.consultations.withdraw_knowledge(liaison(gone.clone())).await;
        refused(answer, Code::NotFound, "NOT_FOUND");
        let read = v1::GetKnowledgeRequest {
            name: published.name.clone(),
        };
        t.consultations.get_knowledge(public(read)).await.unwrap();
        t.consultations.withdraw_knowledge(province(gone)).await.unwrap();
    })
    .await;
}
