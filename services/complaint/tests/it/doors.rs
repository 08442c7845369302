//! What another agency has answers exactly as what is nowhere, when its name does not tell whose it is.

use prima_platform::{caller::Role, id::Ids};
use prima_proto::complaint::v1;
use tonic::{Code, Request, Status};

use crate::{call::*, consultation::*, fixture::*, kit::pdf, knowledge::*};

/// An operator of an agency that has nothing of it.
fn foreign<T>(message: T) -> Request<T> {
    by("orang-lain", Role::Operator, "3273", message)
}

/// Code, text and details of a refusal.
fn told<T>(answer: Result<T, Status>) -> (Code, String, Vec<u8>) {
    let status = answer.err().unwrap();
    (
        status.code(),
        status.message().to_owned(),
        status.details().to_vec(),
    )
}

/// What is named, there or nowhere.
struct Named {
    report: Submitted,
    file: String,
    consultation: String,
    knowledge: String,
}

impl World {
    async fn refusals(&self, of: &Named) -> Vec<(String, (Code, String, Vec<u8>))> {
        let mut told_of = Vec::new();
        for method in Method::ALL.into_iter().filter(|method| !method.is_reporters()) {
            let call = Call {
                into: format!("complaints/{}", Ids::random().next()),
                ..call(method, &of.report)
            };
            let stranger = caller("orang-lain", Role::Operator, "3273");
            told_of.push((format!("{method:?}"), told(self.call_as(stranger, call).await)));
        }
        macro_rules! ask {
            ($client:ident . $method:ident, $request:expr) => {
                let answer = self.$client.clone().$method(foreign($request)).await;
                told_of.push((stringify!($method).to_owned(), told(answer)));
            };
        }
        let name = || of.report.name.clone();
        ask!(complaints.get_complaint, v1::GetComplaintRequest { name: name() });
        ask!(
            complaints.list_duplicates,
            v1::ListDuplicatesRequest { name: name() }
        );
        let file = v1::ReadAttachmentRequest {
            name: of.file.clone(),
            access: None,
        };
        told_of.push((
            "read_attachment".into(),
            told(self.download(|| foreign(file.clone())).await),
        ));
        for name in [name(), of.consultation.clone()] {
            ask!(
                privacy.read_identity,
                v1::ReadIdentityRequest {
                    name,
                    purpose: v1::Purpose::Contact.into(),
                    reason: "Menghubungi pelapor".into(),
                }
            );
        }
        let asked = || of.consultation.clone();
        ask!(
            consultations.get_consultation,
            v1::GetConsultationRequest { name: asked() }
        );
        ask!(consultations.schedule_consultation, schedule(&asked()));
        ask!(consultations.answer_consultation, answer(&asked(), "Jawaban"));
        ask!(consultations.complete_consultation, complete(&asked(), "Alasan"));
        ask!(consultations.rate_consultation, rate_by_name(&asked(), 5));
        ask!(consultations.publish_knowledge, entry(&asked(), "cuti"));
        ask!(consultations.withdraw_knowledge, withdraw(&of.knowledge));
        told_of
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_answers_a_stranger_alike_whether_it_is_there_or_not() {
    on_each_database(async |mut world| {
        let file = world.upload("surat.pdf", &pdf("a", 100)).await;
        let report = world.submit_with("satu", vec![file.clone()]).await;
        let knowledge = world
            .published("a", "Berapa lama izin usaha terbit?", "Lima hari.")
            .await
            .name;
        let there = Named {
            report: report.clone(),
            file,
            consultation: world.clinic("b").await,
            knowledge,
        };
        let nowhere = |name: &str| {
            let (kind, _) = name.split_once('/').unwrap();
            format!("{kind}/{}", Ids::random().next())
        };
        let missing = Named {
            report: Submitted {
                name: nowhere(&report.name),
                ..report
            },
            file: nowhere(&there.file),
            consultation: nowhere(&there.consultation),
            knowledge: nowhere(&there.knowledge),
        };
        // An idempotency key that was used with another body does not tell either.
        let answers = world.refusals(&there).await;
        assert_eq!(answers, world.refusals(&missing).await);
        for (method, (code, ..)) in &answers {
            assert_eq!(*code, Code::NotFound, "{method}");
        }
    })
    .await;
}
