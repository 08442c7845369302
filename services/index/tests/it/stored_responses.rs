//! Responses that an earlier release stored: a repeat of the request gets them, whatever has changed since.

use futures::stream;
use prima_platform::{
    caller::{Caller, Role},
    db::sql,
    request_id::digest,
};
use prima_proto::index::v1::{self as pb, attach_evidence_request::Part};
use prost::Message;
use sea_orm::ConnectionTrait;

use crate::{fixture::*, setup::*};

/// Stores the response to a request with the id `r` as every release does: the digest is that of the message as
/// received, the response has no envelope.
async fn keep(t: &World, method: &str, caller: &Caller, message: &impl Message, answer: &impl Message) {
    let text = "INSERT INTO request (method, caller, request_id, digest, answer, created_at)
                VALUES ($1, $2, 'r', $3, $4, 0)";
    let values = [
        format!("index.{method}").into(),
        caller.identity().into(),
        digest(message).into(),
        answer.encode_to_vec().into(),
    ];
    let writer = t.db.writer();
    writer.execute_raw(sql(writer, text, values)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_response_that_an_earlier_release_stored() {
    on_each_database(async |mut t| {
        open(&t, "c", cycle()).await;
        let assessment = enroll(&t, "c", "a", "offline").await;
        let admin = Caller::new("a".into(), vec![Role::Admin], vec!["*".into()]);
        let operator = Caller::new("o".into(), vec![Role::Operator], vec!["3271".into()]);
        let evaluator = Caller::new("e".into(), vec![Role::Evaluator], vec!["*".into()]);
        macro_rules! repeated {
            ($client:ident, $method:ident, $name:literal, $by:ident, $field:ident, $answer:expr, $message:expr) => {
                let (message, answer) = ($message, $answer);
                keep(&t, $name, &$by, &message, &answer).await;
                let again = t.$client.$method(by($by.clone(), message)).await.unwrap();
                assert_eq!(again.into_inner().$field, Some(answer), $name);
            };
        }
        let request_id = || "r".to_owned();
        let score = pb::ExternalScore {
            era: "kept".into(),
            ..Default::default()
        };
        let instrument = pb::Instrument {
            id: "kept".into(),
            ..Default::default()
        };
        let whole = pb::Assessment {
            form: "kept".into(),
            ..Default::default()
        };
        let key = || scored("offline")[0].clone();
        repeated!(client, add_instrument, "AddInstrument", admin, instrument, instrument.clone(), {
            pb::AddInstrumentRequest {
                request_id: request_id(),
                document: "{}".into(),
            }
        });
        // An earlier release required fewer fields.
        repeated!(client, record_external_score, "RecordExternalScore", operator, score, score.clone(), {
            pb::RecordExternalScoreRequest {
                request_id: request_id(),
                score: Some(pb::ExternalScore {
                    subject: "agencies/3271".into(),
                    ..Default::default()
                }),
            }
        });
        repeated!(client, confirm_external_score, "ConfirmExternalScore", admin, score, score.clone(), {
            pb::ConfirmExternalScoreRequest {
                request_id: request_id(),
                metric: "ombudsman".into(),
                subject: "agencies/3271".into(),
                period: "2024".into(),
                etag: "1".into(),
            }
        });
        let opened = pb::Cycle {
            display_name: "kept".into(),
            ..Default::default()
        };
        repeated!(assessment, open_cycle, "OpenCycle", admin, cycle, opened.clone(), {
            pb::OpenCycleRequest {
                request_id: request_id(),
                cycle_id: "c".into(),
                cycle: Some(cycle()),
            }
        });
        repeated!(assessment, enroll_unit, "EnrollUnit", admin, assessment, whole.clone(), {
            pb::EnrollUnitRequest {
                request_id: request_id(),
                cycle: "cycles/c".into(),
                unit: "agencies/3271/units/a".into(),
                form: "offline".into(),
            }
        });
        repeated!(
            assessment,
            submit_self_assessment,
            "SubmitSelfAssessment",
            operator,
            assessment,
            whole.clone(),
            pb::SubmitSelfAssessmentRequest {
                request_id: request_id(),
                assessment: assessment.clone(),
                levels: vec![pb::SelfLevel {
                    indicator: key(),
                    level: 3,
                    note: " ".into(),
                }],
            }
        );
        repeated!(assessment, submit_evaluation, "SubmitEvaluation", evaluator, assessment, whole.clone(), {
            evaluation("r", &assessment, &[(key(), 3)])
        });
        let objection = pb::Objection {
            number: 7,
            ..Default::default()
        };
        repeated!(assessment, file_objection, "FileObjection", operator, objection, objection.clone(), {
            pb::FileObjectionRequest {
                request_id: request_id(),
                assessment: assessment.clone(),
                indicator: key(),
                reason: "Bukti terlewat".into(),
            }
        });
        let action = pb::Action {
            indicator: key(),
            description: "Tetapkan standar pelayanan".into(),
            owner: "Bagian Organisasi".into(),
            due_date: "2026-01-01".into(),
            ..Default::default()
        };
        repeated!(assessment, create_action, "CreateAction", operator, action, action.clone(), {
            pb::CreateActionRequest {
                request_id: request_id(),
                assessment: assessment.clone(),
                action: Some(action.clone()),
            }
        });
        let evidence = pb::Evidence {
            indicator: key(),
            display_name: "Standar pelayanan".into(),
            link: "https://example.go.id/standar".into(),
            ..Default::default()
        };
        let head = pb::AttachEvidenceHead {
            request_id: request_id(),
            assessment: assessment.clone(),
            evidence: Some(evidence.clone()),
        };
        keep(&t, "AttachEvidence", &operator, &head, &evidence).await;
        let head = pb::AttachEvidenceRequest {
            part: Some(Part::Head(head)),
        };
        let stream = by(operator, stream::iter([head]));
        let again = t.assessment.attach_evidence(stream).await.unwrap();
        assert_eq!(again.into_inner().evidence, Some(evidence));
    })
    .await;
}
