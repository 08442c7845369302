//! A resource that an agency may not see is answered like a missing one.

use futures::stream;
use prima_platform::caller::Role;
use prima_proto::index::v1::{self as pb, attach_evidence_request::Part};

use crate::{fixture::*, setup::*};

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_resource_answers_as_a_missing_one() {
    on_each_database(async |mut t| {
        open(&t, "c", cycle()).await;
        let there = enroll(&t, "c", "a", "offline").await;
        let missing = there.replace("/units/a", "/units/tidak-ada");
        for (role, agency) in [
            (Role::Operator, "3273"),
            (Role::Admin, "3273"),
            (Role::Evaluator, "3273"),
            (Role::Intake, "*"),
        ] {
            macro_rules! alike {
                ($client:ident, $method:ident, $there:expr, $missing:expr, $request:expr) => {
                    let request = $request;
                    let mut found = Vec::new();
                    for name in [&$there, &$missing] {
                        let caller = holding("lain", &[role], agency, request(name.clone()));
                        let answer = t.$client.$method(caller).await.map(drop);
                        found.push(refusal(answer, name));
                    }
                    assert_eq!(found[0], found[1], "{} of {role:?}", stringify!($method));
                };
                ($method:ident, $request:expr) => {
                    alike!(assessment, $method, there, missing, $request);
                };
            }
            let key = || scored("offline")[0].clone();
            alike!(get_assessment, |name| pb::GetAssessmentRequest { name });
            alike!(submit_self_assessment, |assessment| {
                pb::SubmitSelfAssessmentRequest {
                    request_id: "a".into(),
                    assessment,
                    levels: vec![pb::SelfLevel {
                        indicator: key(),
                        level: 5,
                        note: String::new(),
                    }],
                }
            });
            alike!(attach_evidence, |assessment| {
                stream::iter([pb::AttachEvidenceRequest {
                    part: Some(Part::Head(pb::AttachEvidenceHead {
                        request_id: "a".into(),
                        assessment,
                        evidence: None,
                    })),
                }])
            });
            alike!(list_evidence, |assessment| pb::ListEvidenceRequest {
                assessment,
                ..Default::default()
            });
            alike!(read_evidence, |assessment| pb::ReadEvidenceRequest {
                assessment,
                number: 1
            });
            alike!(list_suggestions, |assessment| pb::ListSuggestionsRequest {
                assessment
            });
            alike!(submit_evaluation, |name: String| evaluation(
                "a",
                &name,
                &[(key(), 5)]
            ));
            alike!(file_objection, |assessment| pb::FileObjectionRequest {
                request_id: "a".into(),
                assessment,
                indicator: key(),
                reason: "Bukti terlewat".into(),
            });
            alike!(decide_objection, |assessment| pb::DecideObjectionRequest {
                assessment,
                number: 1,
                granted: true,
                level: Some(5),
                decision: "Bukti diterima".into(),
            });
            alike!(create_action, |assessment| pb::CreateActionRequest {
                request_id: "a".into(),
                assessment,
                ..Default::default()
            });
            alike!(complete_action, |assessment| pb::CompleteActionRequest {
                assessment,
                number: 1,
                ..Default::default()
            });
            alike!(list_actions, |assessment| pb::ListActionsRequest { assessment });
            alike!(client, explain_index, there, missing, |name| {
                pb::ExplainIndexRequest { name }
            });
            alike!(client, verify_index, there, missing, |name| {
                pb::VerifyIndexRequest { name }
            });
            alike!(client, list_recommendations, there, missing, |assessment| {
                pb::ListRecommendationsRequest { assessment }
            });
            // An assessed agency, and one that is not.
            let (of, none) = ("3271".to_owned(), "3299".to_owned());
            alike!(assessment, list_assessments, of, none, |agency| {
                pb::ListAssessmentsRequest {
                    parent: format!("cycles/c/agencies/{agency}"),
                    ..Default::default()
                }
            });
            alike!(assessment, enroll_unit, of, none, |agency| {
                pb::EnrollUnitRequest {
                    request_id: "a".into(),
                    cycle: "cycles/c".into(),
                    unit: format!("agencies/{agency}/units/a"),
                    form: "offline".into(),
                }
            });
            alike!(client, explain_index, of, none, |agency| {
                pb::ExplainIndexRequest {
                    name: format!("cycles/c/agencies/{agency}"),
                }
            });
            alike!(client, verify_index, of, none, |agency| pb::VerifyIndexRequest {
                name: format!("cycles/c/agencies/{agency}"),
            });
            // A score that waits to be confirmed, and a missing one.
            let waiting = |agency: String| pb::ExternalScore {
                metric: "ombudsman".into(),
                subject: format!("agencies/{agency}"),
                period: "2024".into(),
                score: "90".into(),
                source: "Siaran pers".into(),
                document_link: "https://example.go.id/opini.pdf".into(),
                ..Default::default()
            };
            let record = |agency: String| pb::RecordExternalScoreRequest {
                request_id: "w".into(),
                score: Some(waiting(agency)),
            };
            t.client
                .record_external_score(operator(record(of.clone())))
                .await
                .unwrap();
            alike!(client, record_external_score, of, none, record);
            alike!(client, confirm_external_score, of, none, |agency| {
                pb::ConfirmExternalScoreRequest {
                    request_id: "a".into(),
                    metric: "ombudsman".into(),
                    subject: format!("agencies/{agency}"),
                    period: "2024".into(),
                    etag: "1".into(),
                }
            });
            alike!(client, list_external_scores, of, none, |agency| {
                pb::ListExternalScoresRequest {
                    subject: format!("agencies/{agency}"),
                    unconfirmed: true,
                    ..Default::default()
                }
            });
        }
    })
    .await;
}
