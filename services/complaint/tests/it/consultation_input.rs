//! Bad input to every method about consultations: every fault is reported at once, and nothing changes.

use prima_platform::testing::served::mask;
use prima_proto::complaint::v1;
use prost_types::Timestamp;
use tonic::Code;

use crate::{consultation::*, fixture::*, knowledge::*};

#[tokio::test]
async fn a_question_reports_all_faults() {
    on_each_database(async |mut t| {
        let bad = v1::RequestConsultationRequest {
            request_id: String::new(),
            kind: v1::ConsultationKind::ServiceDesk.into(),
            parent: AGENCY.into(),
            asking_unit: UNIT.into(),
            topic: "sop".into(),
            question: "Apa?".into(),
            channel: 99,
            asker: Some(v1::Reporter {
                identity_number: "12".into(),
                ..Default::default()
            }),
            attachments: vec!["berkas.pdf".into()],
        };
        assert_eq!(
            faults(t.consultations.request_consultation(intake(bad)).await),
            [
                "request_id",
                "asking_unit",
                "parent",
                "topic",
                "question",
                "channel",
                "asker.identity_number",
                "asker.phone",
                "asker.display_name",
                "attachments[0]",
            ]
        );
        let bad = v1::RequestConsultationRequest {
            kind: v1::ConsultationKind::Clinic.into(),
            ..desk("a")
        };
        assert_eq!(
            faults(t.consultations.request_consultation(intake(bad)).await),
            ["parent", "asking_unit", "asker", "topic"]
        );
        let bad = v1::RequestConsultationRequest {
            kind: 0,
            parent: "desa".into(),
            topic: String::new(),
            channel: 0,
            question: "x".repeat(10_001),
            ..desk("a")
        };
        assert_eq!(
            faults(t.consultations.request_consultation(intake(bad)).await),
            ["kind", "parent", "topic", "question", "channel"]
        );
        for (kind, parent) in [
            (v1::ConsultationKind::ServiceDesk, "agencies/-/units/dpmptsp"),
            (v1::ConsultationKind::Clinic, "agencies/-"),
        ] {
            let bad = v1::RequestConsultationRequest {
                kind: kind.into(),
                parent: parent.into(),
                topic: "other".into(),
                asking_unit: if kind == v1::ConsultationKind::Clinic {
                    UNIT.into()
                } else {
                    String::new()
                },
                asker: None,
                ..desk("a")
            };
            assert_eq!(
                faults(t.consultations.request_consultation(liaison(bad)).await),
                ["parent"]
            );
        }
        let bad = v1::RequestConsultationRequest { kind: 7, ..desk("a") };
        assert_eq!(
            faults(t.consultations.request_consultation(intake(bad)).await),
            ["kind"]
        );
        assert_eq!(t.count("consultation").await, 0);
    })
    .await;
}

#[tokio::test]
async fn files_that_were_not_uploaded_are_refused() {
    on_each_database(async |mut t| {
        let bad = v1::RequestConsultationRequest {
            attachments: vec!["attachments/tidak-ada".into()],
            ..desk("a")
        };
        let found = faults(t.consultations.request_consultation(intake(bad)).await);
        assert!(
            found.iter().all(|field| field.starts_with("attachments")),
            "{found:?}"
        );
        let name = t.desk("b").await.name;
        let bad = v1::AnswerConsultationRequest {
            attachments: vec!["attachments/tidak-ada".into()],
            ..answer(&name, "Jawaban")
        };
        let found = faults(t.consultations.answer_consultation(liaison(bad)).await);
        assert!(
            found.iter().all(|field| field.starts_with("attachments")),
            "{found:?}"
        );
        assert_eq!((t.count("consultation").await, t.count("answer").await), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn changes_of_a_question_report_all_faults() {
    on_each_database(async |mut t| {
        let bad = v1::ScheduleConsultationRequest {
            request_id: "a b".into(),
            name: "konsultasi/1".into(),
            etag: String::new(),
            member: "rina".into(),
            appointment_time: Some(Timestamp {
                seconds: i64::MAX,
                nanos: -1,
            }),
            appointment_mode: 0,
            note: "x".repeat(501),
        };
        assert_eq!(
            faults(t.consultations.schedule_consultation(liaison(bad)).await),
            [
                "request_id",
                "name",
                "member",
                "appointment_time",
                "appointment_mode",
                "note"
            ]
        );
        for (mode, field) in [(1, "appointment_time"), (9, "appointment_mode")] {
            let bad = v1::ScheduleConsultationRequest {
                appointment_mode: mode,
                ..schedule("consultations/1")
            };
            assert_eq!(
                faults(t.consultations.schedule_consultation(liaison(bad)).await),
                [field]
            );
        }
        let bad = v1::AnswerConsultationRequest {
            request_id: "x".repeat(65),
            name: String::new(),
            etag: String::new(),
            text: "Ya".into(),
            attachments: vec!["attachments/a".into(), "attachments/a".into()],
            member: "agencies/32".into(),
        };
        assert_eq!(
            faults(t.consultations.answer_consultation(liaison(bad)).await),
            ["request_id", "name", "text", "attachments[1]", "member"]
        );
        let bad = v1::AnswerConsultationRequest {
            attachments: (0..11).map(|n| format!("attachments/{n}")).collect(),
            ..answer("consultations/1", "Jawaban")
        };
        assert_eq!(
            faults(t.consultations.answer_consultation(liaison(bad)).await),
            ["attachments"]
        );
        let bad = v1::CompleteConsultationRequest {
            request_id: String::new(),
            ..complete("consultations/A", "Ya")
        };
        assert_eq!(
            faults(t.consultations.complete_consultation(liaison(bad)).await),
            ["request_id", "name", "reason"]
        );
        let bad = v1::RateConsultationRequest::default();
        assert_eq!(
            faults(t.consultations.rate_consultation(liaison(bad)).await),
            ["request_id", "access", "rating"]
        );
        let bad = v1::RateConsultationRequest {
            access: Some(v1::Access::default()),
            name: "complaints/1".into(),
            ..rate_by_name("", 6)
        };
        assert_eq!(
            faults(t.consultations.rate_consultation(liaison(bad)).await),
            ["access", "name", "rating"]
        );
    })
    .await;
}

#[tokio::test]
async fn reads_of_consultations_report_all_faults() {
    on_each_database(async |mut t| {
        let bad = v1::TrackConsultationRequest::default();
        assert_eq!(
            faults(t.consultations.track_consultation(public(bad)).await),
            ["access"]
        );
        let bad = v1::TrackConsultationRequest {
            access: Some(v1::Access::default()),
        };
        assert_eq!(
            faults(t.consultations.track_consultation(public(bad)).await),
            ["access.tracking_code", "access.secret"]
        );
        let bad = v1::GetConsultationRequest { name: "x".into() };
        assert_eq!(
            faults(t.consultations.get_consultation(liaison(bad)).await),
            ["name"]
        );
        let bad = v1::ListConsultationsRequest {
            parent: "agencies/".into(),
            kind: 9,
            state: -1,
            member: "rina".into(),
            page_size: 1001,
            page_token: "?".into(),
        };
        assert_eq!(
            faults(t.consultations.list_consultations(liaison(bad)).await),
            ["page_size", "page_token", "parent", "kind", "state", "member"]
        );
        let bad = v1::ListConsultationsRequest {
            parent: "agencies/-/units/dpmptsp".into(),
            ..Default::default()
        };
        assert_eq!(
            faults(t.consultations.list_consultations(national(bad)).await),
            ["parent"]
        );
        let bad = v1::ListTeamMembersRequest {
            parent: "agencies/-".into(),
            topic: "cuaca".into(),
            page_size: -1,
            page_token: "?".into(),
        };
        assert_eq!(
            faults(t.consultations.list_team_members(liaison(bad)).await),
            ["page_size", "page_token", "parent", "topic"]
        );
        let bad = v1::SearchKnowledgeRequest {
            query: "x".repeat(201),
            agency: "32".into(),
            topic: "cuaca".into(),
            page_size: 1001,
            page_token: "?".into(),
        };
        assert_eq!(
            faults(t.consultations.search_knowledge(public(bad)).await),
            ["page_size", "page_token", "query", "agency", "topic"]
        );
        let bad = v1::GetKnowledgeRequest {
            name: "knowledge".into(),
        };
        assert_eq!(faults(t.consultations.get_knowledge(public(bad)).await), ["name"]);
        for name in ["consultations/none", "consultations/0"] {
            let gone = v1::GetConsultationRequest { name: name.into() };
            let gone = t.consultations.get_consultation(liaison(gone)).await;
            refused(gone, Code::NotFound, "NOT_FOUND");
        }
    })
    .await;
}

#[tokio::test]
async fn members_and_entries_report_all_faults() {
    on_each_database(async |mut t| {
        let bad = v1::CreateTeamMemberRequest {
            request_id: String::new(),
            parent: "agencies/-".into(),
            member_id: "Rina K".into(),
            member: Some(v1::TeamMember {
                display_name: "x".repeat(201),
                topics: vec!["sop".into(), "cuaca".into(), "sop".into()],
                ..Default::default()
            }),
        };
        assert_eq!(
            faults(t.consultations.create_team_member(national(bad)).await),
            [
                "request_id",
                "parent",
                "member_id",
                "member.display_name",
                "member.office",
                "member.topics[1]",
                "member.topics[2]",
            ]
        );
        let bad = v1::CreateTeamMemberRequest {
            member_id: "-".into(),
            member: None,
            ..member("a")
        };
        assert_eq!(
            faults(t.consultations.create_team_member(national(bad)).await),
            ["member_id", "member"]
        );
        let change = |member, paths: &[&str]| v1::UpdateTeamMemberRequest {
            member,
            update_mask: mask(paths),
        };
        let empty = v1::TeamMember {
            name: MEMBER.into(),
            ..Default::default()
        };
        for (request, expected) in [
            (change(None, &[]), vec!["update_mask", "member"]),
            (
                change(Some(v1::TeamMember::default()), &["name"]),
                vec!["update_mask", "member.name"],
            ),
            (
                change(Some(empty), &["display_name", "office", "topics"]),
                vec!["member.display_name", "member.office", "member.topics"],
            ),
        ] {
            let answer = t.consultations.update_team_member(national(request)).await;
            assert_eq!(faults(answer), expected);
        }
        let unknown = change(
            Some(v1::TeamMember {
                name: MEMBER.into(),
                ..Default::default()
            }),
            &["active"],
        );
        let unknown = t.consultations.update_team_member(national(unknown)).await;
        refused(unknown, Code::NotFound, "NOT_FOUND");
        let bad = v1::PublishKnowledgeRequest {
            request_id: String::new(),
            consultation: "1".into(),
            question: "Apa?".into(),
            answer: "Ya".into(),
        };
        assert_eq!(
            faults(t.consultations.publish_knowledge(province(bad)).await),
            ["request_id", "consultation", "question", "answer"]
        );
        let bad = v1::WithdrawKnowledgeRequest {
            request_id: String::new(),
            name: "1".into(),
            reason: "Ya".into(),
        };
        assert_eq!(
            faults(t.consultations.withdraw_knowledge(province(bad)).await),
            ["request_id", "name", "reason"]
        );
        let gone = t
            .consultations
            .withdraw_knowledge(province(withdraw("knowledge/none")))
            .await;
        refused(gone, Code::NotFound, "NOT_FOUND");
        assert_eq!((t.count("member").await, t.count("knowledge").await), (0, 0));
    })
    .await;
}
