//! Who may do what with consultations, and who may not.

use prima_platform::{caller::Role, testing::served::mask};
use prima_proto::complaint::v1;
use tonic::Code;

use crate::{consultation::*, fixture::*, knowledge::*};

/// That a call about something whose agency its name tells is denied to strangers, to who only takes questions in, and
/// without a token.
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

/// As [`denied`], where the name does not tell the agency: for strangers it is as if it were not there. Whoever is named
/// besides may see it and do nothing with it.
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
async fn a_question_to_a_clinic_is_for_both_agencies_and_its_work_for_the_one_that_answers() {
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
        // Who answers does not rate.
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
async fn a_citizens_question_is_for_the_agency_asked_and_for_the_citizen() {
    on_each_database(async |mut t| {
        let evaluator = by("penilai", Role::Evaluator, "3271", desk("x"));
        let answer = t.consultations.request_consultation(evaluator).await;
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        let answer = t.consultations.request_consultation(public(desk("x"))).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
        // A desk of any agency takes it in.
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
        // Not even the national admin rates for a citizen.
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
async fn lists_are_for_the_agency_and_the_country_for_the_national_admin() {
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
async fn the_coordinator_keeps_the_team_and_everybody_with_a_token_sees_it() {
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
async fn knowledge_is_kept_by_the_agency_that_answered_and_read_by_everybody() {
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
