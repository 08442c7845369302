//! A resource of another agency gets exactly the same answer as one that does not exist, where its name does not
//! contain the agency.

use prima_platform::{caller::Role, id::Ids};
use prima_proto::complaint::v1;
use tonic::{Code, Request, Status};

use crate::{call::*, consultation::*, fixture::*, helpers::pdf, knowledge::*};

/// A request by an operator of an agency that handles none of the resources.
fn stranger<T>(message: T) -> Request<T> {
    by("orang-lain", Role::Operator, "3273", message)
}

/// Code, text and details of a refusal.
fn refusal<T>(answer: Result<T, Status>) -> (Code, String, Vec<u8>) {
    let status = answer.err().unwrap();
    (
        status.code(),
        status.message().to_owned(),
        status.details().to_vec(),
    )
}

/// Resource names, of existing or of missing resources.
struct Named {
    report: Submitted,
    file: String,
    consultation: String,
    knowledge: String,
}

impl World {
    async fn refusals(&self, of: &Named) -> Vec<(String, (Code, String, Vec<u8>))> {
        let mut refusals = Vec::new();
        for method in Method::ALL.into_iter().filter(|method| !method.is_reporters()) {
            let call = Call {
                into: format!("complaints/{}", Ids::random().next()),
                ..call(method, &of.report)
            };
            let stranger = caller("orang-lain", Role::Operator, "3273");
            refusals.push((format!("{method:?}"), refusal(self.call_as(stranger, call).await)));
        }
        macro_rules! ask {
            ($client:ident . $method:ident, $request:expr) => {
                let answer = self.$client.clone().$method(stranger($request)).await;
                refusals.push((stringify!($method).to_owned(), refusal(answer)));
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
        refusals.push((
            "read_attachment".into(),
            refusal(self.download(|| stranger(file.clone())).await),
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
        refusals
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_gives_strangers_the_same_answer_for_existing_and_missing_resources() {
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
        // An idempotency key that was used with another body reveals nothing either.
        let answers = world.refusals(&there).await;
        assert_eq!(answers, world.refusals(&missing).await);
        for (method, (code, ..)) in &answers {
            assert_eq!(*code, Code::NotFound, "{method}");
        }
    })
    .await;
}
