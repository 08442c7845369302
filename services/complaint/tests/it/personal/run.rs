//! The complete run: reports of every kind, consultations, erasure, and every kind of failing call.

use chrono::TimeDelta;
use futures::stream;
use prima_platform::caller::Role;
use prima_proto::complaint::v1;
use tonic::{Request, Status};

use super::search::Markers;
use crate::{
    consultation::{MEMBER, answer, complete, province, schedule},
    fixture::{
        AGENCY, Submitted, UNIT, World, by, coordinator, intake, liaison, national, public, report,
        request_id,
    },
    helpers::{head, messages, pdf},
};

const NAME: &str = "Zahratunnisa Pramudhita";
const NIK: &str = "3271019977553311";
const PHONE: &str = "081377755991";
/// The stored form of the telephone number.
const DIGITS: &str = "81377755991";
const EMAIL: &str = "zqpramudhita@contoh.id";
const ADDRESS: &str = "Gang Kedondong Ungu 77, Bogor";
const TITLE: &str = "Perihal sertipikat Kemuning";
const TEXT: &str = "Berkas bertanda Wijayakusuma saya tidak kunjung dicari oleh petugas loket.";
const LOCATION: &str = "Pojok Anggrek Biru lantai dua";
const NOTE: &str = "Disposisi bertanda Flamboyan Jingga";
const ANSWER: &str = "Jawaban bertanda Melati Gambir untuk pelapor.";
const REPLY: &str = "Balasan bertanda Cempaka Wangi dari pelapor.";
const RATING: &str = "Penilaian bertanda Sedap Malam";
const REASON: &str = "Alasan bertanda Kenanga Hijau nomor 7";
const ERASURE: &str = "Penghapusan bertanda Teratai Putih";
const QUESTION: &str = "Apakah berkas bertanda Bougenville wajib dilegalisir?";
const FILE: &str = "foto-dahlia-merah.pdf";
const SP4N: &str = "LAPOR-7788.991.223";
const CONTENT: &str = "isi berkas bertanda Seroja Kuning";

/// A run, with the markers to search for and the errors that it met.
#[derive(Default)]
pub struct Run {
    pub markers: Markers,
    pub errors: Vec<Status>,
}

fn reporter() -> v1::Reporter {
    v1::Reporter {
        display_name: NAME.into(),
        identity_number: NIK.into(),
        phone: PHONE.into(),
        email: EMAIL.into(),
        address: ADDRESS.into(),
    }
}

fn personal(id: &str) -> v1::SubmitComplaintRequest {
    v1::SubmitComplaintRequest {
        title: TITLE.into(),
        text: TEXT.into(),
        location: LOCATION.into(),
        reporter: Some(reporter()),
        ..report(id)
    }
}

impl Run {
    /// Performs all parts of the run, one after the other.
    pub async fn all(&mut self, world: &mut World) {
        for (what, text) in [
            ("name", NAME),
            ("NIK", NIK),
            ("phone", DIGITS),
            ("e-mail", EMAIL),
            ("address", ADDRESS),
            ("title", TITLE),
            ("text", TEXT),
            ("location", LOCATION),
            ("note", NOTE),
            ("answer", ANSWER),
            ("reply", REPLY),
            ("rating", RATING),
            ("reason", REASON),
            ("erasure", ERASURE),
            ("question", QUESTION),
            ("file name", FILE),
            ("file", CONTENT),
            ("SP4N number", SP4N),
        ] {
            self.markers.add(what, text);
        }
        let first = self.life(world).await;
        self.others(world, &first).await;
        let asked = self.questions(world).await;
        self.wrong(world, &first, &asked).await;
        self.denied(world, &first).await;
        self.wrong_fields(world).await;
        self.readings(world, &first, &asked).await;
        self.erasure(world, &first).await;
    }

    fn codes(&mut self, code: &str, secret: &str) {
        for text in [code.to_owned(), code.replace('-', "")] {
            self.markers.add("tracking code", &text);
        }
        for text in [secret.to_owned(), secret.replace('-', "")] {
            self.markers.add("secret", &text);
        }
    }

    fn failed<T: std::fmt::Debug>(&mut self, answer: Result<T, Status>) {
        self.errors.push(answer.map(|_| ()).unwrap_err());
    }

    async fn submitted(&mut self, world: &mut World, request: v1::SubmitComplaintRequest) -> Submitted {
        let submitted = world.submit_as(request).await;
        self.codes(&submitted.code, &submitted.secret);
        submitted
    }

    /// A report with an attachment, from its receipt through a reopening to its rating.
    async fn life(&mut self, world: &mut World) -> Submitted {
        let file = world.upload(FILE, &pdf(CONTENT, 400_000)).await;
        let request = v1::SubmitComplaintRequest {
            attachments: vec![file],
            sp4n_number: SP4N.into(),
            ..personal("satu")
        };
        let first = self.submitted(world, request.clone()).await;
        // The response to a repeat is read from the tables, because the stored response leaves parts out.
        world.complaints.submit_complaint(intake(request)).await.unwrap();
        let start = v1::StartVerificationRequest {
            request_id: request_id(),
            name: first.name.clone(),
            ..Default::default()
        };
        world
            .complaints
            .start_verification(coordinator(start))
            .await
            .unwrap();
        let hold = v1::RequestCompletionRequest {
            request_id: request_id(),
            name: first.name.clone(),
            text: ANSWER.into(),
            ..Default::default()
        };
        world
            .complaints
            .request_completion(coordinator(hold))
            .await
            .unwrap();
        self.reply(world, &first).await;
        let verify = v1::VerifyComplaintRequest {
            request_id: request_id(),
            name: first.name.clone(),
            unit: UNIT.into(),
            category: "business_licence".into(),
            note: NOTE.into(),
            ..Default::default()
        };
        world
            .complaints
            .verify_complaint(coordinator(verify))
            .await
            .unwrap();
        let escalate = v1::EscalateComplaintRequest {
            request_id: request_id(),
            name: first.name.clone(),
            text: NOTE.into(),
            ..Default::default()
        };
        world
            .complaints
            .escalate_complaint(coordinator(escalate))
            .await
            .unwrap();
        self.follow_up(world, &first).await;
        world.answer(&first.name, ANSWER, Vec::new()).await;
        self.reply(world, &first).await;
        world.answer(&first.name, ANSWER, Vec::new()).await;
        world.close(&first).await;
        let reopen = v1::ReopenComplaintRequest {
            request_id: request_id(),
            access: first.access(),
            text: REPLY.into(),
        };
        world.complaints.reopen_complaint(public(reopen)).await.unwrap();
        self.follow_up(world, &first).await;
        world.answer(&first.name, ANSWER, Vec::new()).await;
        world.close(&first).await;
        let rate = v1::RateComplaintRequest {
            request_id: request_id(),
            access: first.access(),
            rating: 4,
            text: RATING.into(),
        };
        world.complaints.rate_complaint(public(rate)).await.unwrap();
        let track = v1::TrackComplaintRequest {
            access: first.access(),
        };
        world.complaints.track_complaint(public(track)).await.unwrap();
        let get = v1::GetComplaintRequest {
            name: first.name.clone(),
        };
        world.complaints.get_complaint(liaison(get)).await.unwrap();
        first
    }

    async fn follow_up(&mut self, world: &mut World, report: &Submitted) {
        let start = v1::StartFollowUpRequest {
            request_id: request_id(),
            name: report.name.clone(),
            ..Default::default()
        };
        world.complaints.start_follow_up(liaison(start)).await.unwrap();
    }

    async fn reply(&mut self, world: &mut World, report: &Submitted) {
        let bytes = pdf(CONTENT, 900);
        let head = v1::UploadAttachmentHead {
            access: report.access(),
            ..head(FILE, &bytes)
        };
        let file = world
            .send(public(stream::iter(messages(head, &bytes))))
            .await
            .unwrap();
        let reply = v1::ReplyToComplaintRequest {
            request_id: request_id(),
            access: report.access(),
            text: REPLY.into(),
            attachments: vec![file.name],
        };
        world.complaints.reply_to_complaint(public(reply)).await.unwrap();
    }

    /// Anonymous, confidential, forwarded, rejected and merged reports.
    async fn others(&mut self, world: &mut World, first: &Submitted) {
        let anonymous = v1::SubmitComplaintRequest {
            anonymous: true,
            ..personal("dua")
        };
        let anonymous = self.submitted(world, anonymous).await;
        let confidential = v1::SubmitComplaintRequest {
            confidential: true,
            ..personal("tiga")
        };
        let confidential = self.submitted(world, confidential).await;
        let start = |name: &str| {
            coordinator(v1::StartVerificationRequest {
                request_id: request_id(),
                name: name.into(),
                ..Default::default()
            })
        };
        let mut complaints = world.complaints.clone();
        complaints
            .start_verification(start(&anonymous.name))
            .await
            .unwrap();
        let forward = v1::ForwardComplaintRequest {
            request_id: request_id(),
            name: anonymous.name.clone(),
            to: "agencies/3201".into(),
            text: NOTE.into(),
            ..Default::default()
        };
        complaints.forward_complaint(coordinator(forward)).await.unwrap();
        complaints
            .start_verification(start(&confidential.name))
            .await
            .unwrap();
        let reject = v1::RejectComplaintRequest {
            request_id: request_id(),
            name: confidential.name.clone(),
            reason: "not_a_report".into(),
            text: ANSWER.into(),
            ..Default::default()
        };
        complaints.reject_complaint(coordinator(reject)).await.unwrap();
        let (open, duplicate) = (
            self.submitted(world, personal("empat")).await,
            self.submitted(world, personal("lima")).await,
        );
        complaints
            .start_verification(start(&duplicate.name))
            .await
            .unwrap();
        let merge = v1::MergeComplaintRequest {
            request_id: request_id(),
            name: duplicate.name.clone(),
            into: open.name.clone(),
            ..Default::default()
        };
        complaints.merge_complaint(coordinator(merge)).await.unwrap();
        let duplicates = v1::ListDuplicatesRequest {
            name: open.name.clone(),
        };
        complaints.list_duplicates(coordinator(duplicates)).await.unwrap();
        let list = v1::ListComplaintsRequest {
            parent: AGENCY.into(),
            ..Default::default()
        };
        complaints.list_complaints(liaison(list)).await.unwrap();
        assert_ne!(open.name, first.name);
    }

    /// A citizen's question with its answer, and one that is completed without an answer.
    async fn questions(&mut self, world: &mut World) -> (String, v1::Access) {
        let mut asked = Vec::new();
        for id in ["satu", "dua"] {
            let file = world.upload(FILE, &pdf(CONTENT, 500)).await;
            let request = v1::RequestConsultationRequest {
                question: QUESTION.into(),
                asker: Some(reporter()),
                attachments: vec![file],
                ..crate::consultation::desk(id)
            };
            let answer = world.consultations.request_consultation(intake(request)).await;
            let answer = answer.unwrap().into_inner();
            self.codes(&answer.tracking_code, &answer.secret);
            asked.push(answer);
        }
        let mut consultations = world.consultations.clone();
        let said = answer(&asked[0].name, ANSWER);
        consultations.answer_consultation(liaison(said)).await.unwrap();
        let done = complete(&asked[0].name, "");
        consultations.complete_consultation(liaison(done)).await.unwrap();
        let ended = complete(&asked[1].name, REASON);
        consultations.complete_consultation(liaison(ended)).await.unwrap();
        let access = crate::consultation::access(&asked[0]);
        let track = v1::TrackConsultationRequest {
            access: Some(access.clone()),
        };
        consultations.track_consultation(public(track)).await.unwrap();
        (asked[0].name.clone(), access)
    }

    /// Calls that are refused because of the state, a different body or a wrong code.
    async fn wrong(&mut self, world: &mut World, first: &Submitted, asked: &(String, v1::Access)) {
        let mut complaints = world.complaints.clone();
        let reused = v1::SubmitComplaintRequest {
            request_id: report("satu").request_id,
            ..personal("lain")
        };
        self.failed(complaints.submit_complaint(intake(reused)).await);
        let reply = v1::ReplyToComplaintRequest {
            request_id: request_id(),
            access: first.access(),
            text: REPLY.into(),
            attachments: vec![],
        };
        self.failed(complaints.reply_to_complaint(public(reply.clone())).await);
        let swapped = v1::Access {
            secret: asked.1.secret.clone(),
            ..first.access().unwrap()
        };
        let reply = v1::ReplyToComplaintRequest {
            access: Some(swapped.clone()),
            ..reply
        };
        self.failed(complaints.reply_to_complaint(public(reply)).await);
        let track = v1::TrackComplaintRequest {
            access: Some(swapped.clone()),
        };
        self.failed(complaints.track_complaint(public(track)).await);
        let track = v1::TrackConsultationRequest {
            access: Some(swapped),
        };
        self.failed(world.consultations.track_consultation(public(track)).await);
        let rate = v1::RateComplaintRequest {
            request_id: request_id(),
            access: first.access(),
            rating: 9,
            text: RATING.into(),
        };
        self.failed(complaints.rate_complaint(public(rate)).await);
        let respond = v1::RespondToComplaintRequest {
            request_id: request_id(),
            name: first.name.clone(),
            etag: NAME.into(),
            text: ANSWER.into(),
            attachments: vec![FILE.into(), format!("attachments/{DIGITS}")],
        };
        self.failed(complaints.respond_to_complaint(liaison(respond.clone())).await);
        let respond = v1::RespondToComplaintRequest {
            attachments: vec![format!("attachments/{DIGITS}")],
            ..respond
        };
        self.failed(complaints.respond_to_complaint(liaison(respond)).await);
        let late = answer(&asked.0, ANSWER);
        self.failed(world.consultations.answer_consultation(liaison(late)).await);
        let late = v1::ScheduleConsultationRequest {
            note: NOTE.into(),
            member: MEMBER.into(),
            ..schedule(&asked.0)
        };
        self.failed(world.consultations.schedule_consultation(province(late)).await);
        let bytes = pdf(CONTENT, 700);
        let wrong = v1::UploadAttachmentHead {
            media_type: NAME.into(),
            request_id: EMAIL.into(),
            ..head(&format!("{FILE}\n"), &bytes)
        };
        self.failed(world.send(intake(stream::iter(messages(wrong, &bytes)))).await);
        let short = messages(head(FILE, &bytes), &bytes[..600]);
        self.failed(world.send(intake(stream::iter(short))).await);
    }

    /// Calls by callers who lack the role.
    async fn denied(&mut self, world: &mut World, first: &Submitted) {
        let read = v1::ReadIdentityRequest {
            name: first.name.clone(),
            purpose: v1::Purpose::Contact.into(),
            reason: REASON.into(),
        };
        self.failed(world.privacy.read_identity(intake(read.clone())).await);
        let elsewhere = by("x", Role::Admin, "3201", read.clone());
        self.failed(world.privacy.read_identity(elsewhere).await);
        self.failed(world.privacy.read_identity(public(read)).await);
        for (contact, parent) in [(PHONE, AGENCY.to_owned()), (EMAIL, format!("agencies/{DIGITS}"))] {
            let find = v1::FindComplaintsRequest {
                contact: contact.into(),
                parent,
                purpose: v1::Purpose::Contact.into(),
                reason: REASON.into(),
            };
            self.failed(world.privacy.find_complaints(liaison(find.clone())).await);
            self.failed(world.privacy.find_complaints(public(find)).await);
        }
        let erase = v1::EraseComplaintRequest {
            request_id: request_id(),
            name: first.name.clone(),
            text_too: true,
            reason: ERASURE.into(),
        };
        self.failed(world.privacy.erase_complaint(coordinator(erase)).await);
        let get = v1::GetComplaintRequest {
            name: first.name.clone(),
        };
        self.failed(
            world
                .complaints
                .get_complaint(by("x", Role::Operator, "3201", get))
                .await,
        );
        let submit = by("x", Role::Evaluator, "*", personal("ditolak"));
        self.failed(world.complaints.submit_complaint(submit).await);
        self.failed(
            world
                .complaints
                .submit_complaint(public(personal("ditolak")))
                .await,
        );
    }

    /// Personal data in every field where it does not belong. The national admin calls, so that no check of roles
    /// refuses first.
    async fn wrong_fields(&mut self, world: &mut World) {
        for text in [NAME, NIK, PHONE, EMAIL, ADDRESS, TEXT] {
            let submit = v1::SubmitComplaintRequest {
                request_id: text.into(),
                parent: text.into(),
                class: text.into(),
                category: text.into(),
                title: text.repeat(20),
                text: "x".into(),
                location: text.repeat(60),
                region: text.into(),
                incident_date: text.into(),
                channel: 99,
                sp4n_number: text.repeat(10),
                reporter: Some(v1::Reporter {
                    display_name: format!("{text}\u{1}"),
                    identity_number: format!("{text}x"),
                    phone: format!("{text}x"),
                    email: format!("{text} @"),
                    address: text.repeat(60),
                }),
                attachments: vec![text.into(), format!("attachments/{text}")],
                ..Default::default()
            };
            self.failed(world.complaints.submit_complaint(national(submit)).await);
            for name in [
                text.to_owned(),
                format!("complaints/{text}"),
                format!("consultations/{text}"),
            ] {
                self.names(world, &name, text).await;
            }
        }
    }

    async fn names(&mut self, world: &mut World, name: &str, text: &str) {
        let mut complaints = world.complaints.clone();
        let get = v1::GetComplaintRequest { name: name.into() };
        self.failed(complaints.get_complaint(national(get)).await);
        let verify = v1::VerifyComplaintRequest {
            request_id: request_id(),
            name: name.into(),
            etag: text.into(),
            unit: text.into(),
            class: text.into(),
            category: text.into(),
            note: text.into(),
        };
        self.failed(complaints.verify_complaint(national(verify)).await);
        let list = v1::ListComplaintsRequest {
            parent: name.into(),
            state: text.into(),
            class: text.into(),
            page_token: text.into(),
            ..Default::default()
        };
        self.failed(complaints.list_complaints(national(list)).await);
        let access = Some(v1::Access {
            tracking_code: text.into(),
            secret: text.into(),
        });
        let track = v1::TrackComplaintRequest {
            access: access.clone(),
        };
        self.failed(complaints.track_complaint(public(track)).await);
        let close = v1::CloseComplaintRequest {
            request_id: text.into(),
            access: access.clone(),
        };
        self.failed(complaints.close_complaint(public(close)).await);
        let track = v1::TrackConsultationRequest { access };
        self.failed(world.consultations.track_consultation(public(track)).await);
        let get = v1::GetConsultationRequest { name: name.into() };
        self.failed(world.consultations.get_consultation(national(get)).await);
        let read = v1::ReadIdentityRequest {
            name: name.into(),
            purpose: v1::Purpose::Contact.into(),
            reason: text.into(),
        };
        self.failed(world.privacy.read_identity(national(read)).await);
        let find = v1::FindComplaintsRequest {
            contact: format!("{text} @"),
            parent: name.into(),
            purpose: 9,
            reason: text.repeat(40),
        };
        self.failed(world.privacy.find_complaints(national(find)).await);
        let log = v1::ListIdentityReadingsRequest {
            parent: text.into(),
            name: name.into(),
            page_size: -1,
            page_token: text.into(),
        };
        self.failed(world.privacy.list_identity_readings(national(log)).await);
        let erase = v1::EraseComplaintRequest {
            request_id: request_id(),
            name: name.into(),
            text_too: true,
            reason: text.into(),
        };
        self.failed(world.privacy.erase_complaint(national(erase)).await);
        let hours = v1::GetAgencyHoursRequest { agency: name.into() };
        self.failed(world.settings.get_agency_hours(public(hours)).await);
    }

    /// Identities are read and found by callers who may.
    async fn readings(&mut self, world: &mut World, first: &Submitted, asked: &(String, v1::Access)) {
        let mut privacy = world.privacy.clone();
        for name in [&first.name, &asked.0] {
            let read = v1::ReadIdentityRequest {
                name: name.clone(),
                purpose: v1::Purpose::Investigation.into(),
                reason: REASON.into(),
            };
            let answer = privacy.read_identity(liaison(read)).await.unwrap().into_inner();
            assert_eq!(answer.reporter.unwrap().display_name, NAME);
        }
        let find = v1::FindComplaintsRequest {
            contact: PHONE.into(),
            parent: "agencies/-".into(),
            purpose: v1::Purpose::DataSubjectRequest.into(),
            reason: REASON.into(),
        };
        let found = privacy
            .find_complaints(national(find))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(found.complaints.len(), 5);
        let log = v1::ListIdentityReadingsRequest {
            parent: "agencies/-".into(),
            ..Default::default()
        };
        let log: Request<_> = national(log);
        let log = privacy.list_identity_readings(log).await.unwrap().into_inner();
        assert_eq!(log.readings.len(), 7);
    }

    /// The national admin erases one report, retention erases the rest; then the identity is requested again.
    async fn erasure(&mut self, world: &mut World, first: &Submitted) {
        let mut privacy = world.privacy.clone();
        let erase = v1::EraseComplaintRequest {
            request_id: request_id(),
            name: first.name.clone(),
            text_too: true,
            reason: ERASURE.into(),
        };
        privacy.erase_complaint(national(erase)).await.unwrap();
        let read = v1::ReadIdentityRequest {
            name: first.name.clone(),
            purpose: v1::Purpose::Contact.into(),
            reason: REASON.into(),
        };
        self.failed(privacy.read_identity(national(read)).await);
        world.advance(TimeDelta::days(401));
        let gone = async || (world.rows("consultation", "identity IS NOT NULL").await == 0).then_some(());
        let gone = prima_platform::testing::eventually(std::time::Duration::from_secs(20), gone).await;
        gone.unwrap();
    }
}
