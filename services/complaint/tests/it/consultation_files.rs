//! Attachments of questions and answers, and re-encryption under a new key.

use prima_platform::{caller::Role, testing::eventually};
use prima_proto::complaint::v1;
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::{consultation::*, fixture::*, knowledge::*};

#[tokio::test]
async fn files_are_attached_to_the_question_and_the_answer() {
    on_each_database(async |mut t| {
        let (letter, form) = (
            file(&t, "loket", Role::Intake).await,
            file(&t, "penghubung", Role::Operator).await,
        );
        let question = |letter: &str| v1::RequestConsultationRequest {
            request_id: request_id(),
            attachments: vec![letter.to_owned()],
            ..desk("a")
        };
        // A caller cannot attach a file that somebody else uploaded.
        let stolen = t
            .consultations
            .request_consultation(intake(question(&form)))
            .await;
        assert_eq!(faults(stolen), ["attachments[0]"]);
        let asked = t
            .consultations
            .request_consultation(intake(question(&letter)))
            .await
            .unwrap()
            .into_inner();
        let reply = |form: &str| v1::AnswerConsultationRequest {
            attachments: vec![form.to_owned()],
            ..answer(&asked.name, "Isi formulir terlampir.")
        };
        let stolen = t.consultations.answer_consultation(liaison(reply(&letter))).await;
        assert_eq!(faults(stolen), ["attachments[0]"]);
        t.consultations
            .answer_consultation(liaison(reply(&form)))
            .await
            .unwrap();
        let seen = t.track(&access(&asked)).await;
        assert_eq!(
            (seen.attachments.len(), seen.answers[0].attachments.len()),
            (1, 1)
        );
        assert_eq!(
            (&seen.attachments[0].name, &seen.answers[0].attachments[0].name),
            (&letter, &form)
        );
        let read = |access| v1::ReadAttachmentRequest {
            name: form.clone(),
            access,
        };
        t.complaints
            .read_attachment(public(read(Some(access(&asked)))))
            .await
            .unwrap();
        let other = access(&t.desk("b").await);
        let denied = t.complaints.read_attachment(public(read(Some(other)))).await;
        refused(denied.map(|_| ()), Code::NotFound, "NOT_FOUND");
    })
    .await;
}

/// Uploads a file as an officer with this role in Kota Bogor.
async fn file(t: &World, subject: &str, role: Role) -> String {
    use v1::upload_attachment_request::Part;
    let content = format!("%PDF-1.7 {subject}").into_bytes();
    let head = v1::UploadAttachmentHead {
        request_id: request_id(),
        display_name: "berkas.pdf".into(),
        media_type: "application/pdf".into(),
        size: i64::try_from(content.len()).unwrap(),
        sha256: Sha256::digest(&content).to_vec(),
        access: None,
    };
    let parts =
        [Part::Head(head), Part::Data(content)].map(|part| v1::UploadAttachmentRequest { part: Some(part) });
    let stream = by(subject, role, "3271", futures::stream::iter(parts));
    let answer = t.complaints.clone().upload_attachment(stream).await;
    answer.unwrap().into_inner().attachment.unwrap().name
}

#[tokio::test]
async fn consultations_and_withdrawals_are_re_encrypted_under_a_new_key() {
    on_each_database(async |mut t| {
        let asked = t.desk("a").await;
        let entry = t
            .published("a", "Berapa lama izin usaha terbit?", "Lima hari kerja.")
            .await;
        t.consultations
            .withdraw_knowledge(province(withdraw(&entry.name)))
            .await
            .unwrap();
        let mut config = t.config.clone();
        config.complaint.keys.insert(0, key("k2"));
        let mut new = t.replica(config).await;
        let under_old = "SELECT CAST((SELECT COUNT(*) FROM consultation WHERE sealed_key = 'k1')
            + (SELECT COUNT(*) FROM answer WHERE sealed_key = 'k1')
            + (SELECT COUNT(*) FROM knowledge WHERE sealed_key = 'k1') AS BIGINT) AS n";
        let moved = async || (number(&t, under_old, "n").await == 0).then_some(());
        eventually(std::time::Duration::from_secs(30), moved)
            .await
            .unwrap();
        let seen = new.track(&access(&asked)).await;
        assert_eq!(seen.question, desk("a").question);
    })
    .await;
}
