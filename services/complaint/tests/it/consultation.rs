//! The life of a consultation, at the service desk and at the clinic.

use chrono::TimeDelta;
use prima_platform::{caller::Role, clock::to_proto, db::sql, testing::served::mask};
use prima_proto::complaint::v1;
use sea_orm::ConnectionTrait;
use tonic::{Code, Request};

use crate::fixture::*;

/// Biro Organisasi of the province, which has a clinic for the cities.
pub const PROVINCE: &str = "agencies/32";
pub const MEMBER: &str = "agencies/32/members/rina";

pub fn province<T>(message: T) -> Request<T> {
    by("klinik", Role::Operator, "32", message)
}

pub fn province_admin<T>(message: T) -> Request<T> {
    by("koordinator-provinsi", Role::Admin, "32", message)
}

/// A request by an officer of another city.
pub fn stranger<T>(message: T) -> Request<T> {
    by("orang-lain", Role::Operator, "3273", message)
}

/// A citizen's question to DPMPTSP of Kota Bogor; the request id is derived from `id`.
pub fn desk(id: &str) -> v1::RequestConsultationRequest {
    v1::RequestConsultationRequest {
        request_id: format!("desk-{id}"),
        kind: v1::ConsultationKind::ServiceDesk.into(),
        parent: UNIT.into(),
        topic: "requirement".into(),
        question: format!("Berkas apa yang wajib untuk izin warung kelontong {id}?"),
        channel: v1::Channel::FaceToFace.into(),
        asker: Some(v1::Reporter {
            display_name: "Siti Rahayu".into(),
            phone: "0812-3456-7890".into(),
            address: "Jalan Pajajaran 1".into(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A question of DPMPTSP of Kota Bogor to the clinic of the province.
pub fn clinic(id: &str) -> v1::RequestConsultationRequest {
    v1::RequestConsultationRequest {
        request_id: format!("clinic-{id}"),
        kind: v1::ConsultationKind::Clinic.into(),
        parent: PROVINCE.into(),
        asking_unit: UNIT.into(),
        topic: "service_standard".into(),
        question: format!("Bagaimana menyusun standar pelayanan perizinan daring {id}?"),
        channel: v1::Channel::Web.into(),
        ..Default::default()
    }
}

pub fn member(id: &str) -> v1::CreateTeamMemberRequest {
    v1::CreateTeamMemberRequest {
        request_id: format!("member-{id}"),
        parent: PROVINCE.into(),
        member_id: id.into(),
        member: Some(v1::TeamMember {
            display_name: "Rina Kusuma, S.Sos.".into(),
            office: "Bagian Organisasi".into(),
            topics: vec!["service_standard".into(), "sop".into()],
            active: true,
            ..Default::default()
        }),
    }
}

pub fn schedule(name: &str) -> v1::ScheduleConsultationRequest {
    v1::ScheduleConsultationRequest {
        request_id: request_id(),
        name: name.into(),
        member: MEMBER.into(),
        ..Default::default()
    }
}

pub fn answer(name: &str, text: &str) -> v1::AnswerConsultationRequest {
    v1::AnswerConsultationRequest {
        request_id: request_id(),
        name: name.into(),
        text: text.into(),
        ..Default::default()
    }
}

pub fn complete(name: &str, reason: &str) -> v1::CompleteConsultationRequest {
    v1::CompleteConsultationRequest {
        request_id: request_id(),
        name: name.into(),
        reason: reason.into(),
        ..Default::default()
    }
}

pub fn rate_by_code(access: &v1::Access, rating: i32) -> v1::RateConsultationRequest {
    v1::RateConsultationRequest {
        request_id: request_id(),
        access: Some(access.clone()),
        rating,
        ..Default::default()
    }
}

pub fn rate_by_name(name: &str, rating: i32) -> v1::RateConsultationRequest {
    v1::RateConsultationRequest {
        request_id: request_id(),
        name: name.into(),
        rating,
        ..Default::default()
    }
}

pub fn access(answer: &v1::RequestConsultationResponse) -> v1::Access {
    v1::Access {
        tracking_code: answer.tracking_code.clone(),
        secret: answer.secret.clone(),
    }
}

impl World {
    pub async fn desk(&mut self, id: &str) -> v1::RequestConsultationResponse {
        let asked = self.consultations.request_consultation(intake(desk(id))).await;
        asked.unwrap().into_inner()
    }

    pub async fn clinic(&mut self, id: &str) -> String {
        let asked = self.consultations.request_consultation(liaison(clinic(id))).await;
        asked.unwrap().into_inner().name
    }

    pub async fn member(&mut self, id: &str) -> v1::TeamMember {
        let made = self
            .consultations
            .create_team_member(province_admin(member(id)))
            .await;
        made.unwrap().into_inner().member.unwrap()
    }

    pub async fn track(&mut self, access: &v1::Access) -> v1::Consultation {
        let request = v1::TrackConsultationRequest {
            access: Some(access.clone()),
        };
        let found = self.consultations.track_consultation(public(request)).await;
        found.unwrap().into_inner().consultation.unwrap()
    }

    pub async fn consultation(&mut self, name: &str) -> v1::Consultation {
        let request = v1::GetConsultationRequest { name: name.into() };
        let found = self.consultations.get_consultation(national(request)).await;
        found.unwrap().into_inner().consultation.unwrap()
    }
}

/// A number that a statement returns.
pub async fn number(t: &World, text: &str, column: &str) -> i64 {
    let reader = t.db.reader();
    let row = reader.query_one_raw(sql(reader, text, [])).await.unwrap();
    row.unwrap().try_get("", column).unwrap()
}

fn state(raw: i32) -> v1::ConsultationState {
    v1::ConsultationState::try_from(raw).unwrap()
}

#[tokio::test]
async fn a_citizen_asks_is_answered_twice_and_rates() {
    on_each_database(async |mut t| {
        let asked = t.desk("a").await;
        assert_eq!((asked.tracking_code.len(), asked.secret.len()), (23, 11));
        let access = access(&asked);
        let first = t.track(&access).await;
        assert_eq!(state(first.state), v1::ConsultationState::Requested);
        assert_eq!(first.question, desk("a").question);
        assert_eq!((first.name, first.etag, first.member), Default::default());
        t.advance(TimeDelta::hours(3));
        let reply = t
            .consultations
            .answer_consultation(liaison(answer(&asked.name, "KTP dan NPWP.")))
            .await;
        let reply = reply.unwrap().into_inner();
        assert_eq!(state(reply.state), v1::ConsultationState::Answered);
        let answered_at = t.consultation(&asked.name).await.first_answer_time;
        t.advance(TimeDelta::hours(1));
        let again = t
            .consultations
            .answer_consultation(liaison(answer(&asked.name, "Juga pas foto.")))
            .await;
        again.unwrap();
        let end = t
            .consultations
            .complete_consultation(liaison(complete(&asked.name, "")))
            .await;
        assert_eq!(
            state(end.unwrap().into_inner().state),
            v1::ConsultationState::Completed
        );
        let rated = t
            .consultations
            .rate_consultation(public(rate_by_code(&access, 5)))
            .await;
        assert_eq!(rated.unwrap().into_inner().rating, 5);
        let written = v1::Access {
            tracking_code: access.tracking_code.to_lowercase().replace('-', " "),
            secret: access.secret.replace('-', ""),
        };
        let seen = t.track(&written).await;
        let texts: Vec<&str> = seen.answers.iter().map(|a| a.text.as_str()).collect();
        assert_eq!(texts, ["KTP dan NPWP.", "Juga pas foto."]);
        assert_eq!((seen.answers[0].number, seen.answers[1].number), (1, 2));
        assert_eq!((seen.rating, seen.first_answer_time), (5, answered_at));
        assert!(seen.complete_time.is_some());
        let retention = TimeDelta::days(i64::from(t.config.complaint.identity_days));
        let row = "SELECT erase_at - completed_at AS days FROM consultation";
        assert_eq!(
            number(&t, row, "days").await,
            retention.num_microseconds().unwrap()
        );
    })
    .await;
}

#[tokio::test]
async fn a_unit_asks_the_clinic_of_the_province() {
    on_each_database(async |mut t| {
        t.member("rina").await;
        t.member("budi").await;
        let name = t.clinic("a").await;
        let meeting =
            |request: v1::ScheduleConsultationRequest, t: &World, hours| v1::ScheduleConsultationRequest {
                appointment_time: Some(to_proto(t.now() + TimeDelta::hours(hours))),
                appointment_mode: v1::AppointmentMode::Online.into(),
                note: "Tautan rapat menyusul".into(),
                ..request
            };
        let request = meeting(schedule(&name), &t, 24);
        let scheduled = t
            .consultations
            .schedule_consultation(province(request))
            .await
            .unwrap();
        assert_eq!(
            state(scheduled.into_inner().state),
            v1::ConsultationState::Scheduled
        );
        let moved = v1::ScheduleConsultationRequest {
            member: "agencies/32/members/budi".into(),
            ..meeting(schedule(&name), &t, 48)
        };
        let when = moved.appointment_time;
        t.consultations
            .schedule_consultation(province(moved))
            .await
            .unwrap();
        // The unit that asked may read it as well.
        let request = v1::GetConsultationRequest { name: name.clone() };
        let seen = t.consultations.get_consultation(liaison(request)).await.unwrap();
        let seen = seen.into_inner().consultation.unwrap();
        assert_eq!(
            (seen.appointment_time, seen.member.as_str()),
            (when, "agencies/32/members/budi")
        );
        assert_eq!(seen.appointment_note, "Tautan rapat menyusul");
        assert_eq!(
            (seen.asking_unit.as_str(), seen.parent.as_str()),
            (UNIT, PROVINCE)
        );
        let reply = v1::AnswerConsultationRequest {
            member: MEMBER.into(),
            ..answer(&name, "Mulai dari rancangan, lalu forum konsultasi publik.")
        };
        t.consultations
            .answer_consultation(province(reply))
            .await
            .unwrap();
        t.consultations
            .complete_consultation(province(complete(&name, "")))
            .await
            .unwrap();
        let rated = t
            .consultations
            .rate_consultation(liaison(rate_by_name(&name, 4)))
            .await
            .unwrap();
        assert_eq!(rated.into_inner().rating, 4);
        let seen = t.consultation(&name).await;
        assert_eq!(seen.answers[0].member, MEMBER);
        assert_eq!(state(seen.state), v1::ConsultationState::Completed);
    })
    .await;
}

#[tokio::test]
async fn a_completed_consultation_can_only_be_rated_once() {
    on_each_database(async |mut t| {
        t.member("rina").await;
        let asked = t.desk("a").await;
        let name = asked.name.as_str();
        let early = t
            .consultations
            .rate_consultation(public(rate_by_code(&access(&asked), 3)))
            .await;
        refused(early, Code::FailedPrecondition, "ILLEGAL_TRANSITION");
        let silent = t
            .consultations
            .complete_consultation(liaison(complete(name, "")))
            .await;
        assert_eq!(faults(silent), ["reason"]);
        t.consultations
            .complete_consultation(liaison(complete(name, "Pertanyaan ganda")))
            .await
            .unwrap();
        assert_eq!(t.consultation(name).await.complete_reason, "Pertanyaan ganda");
        let late = t
            .consultations
            .answer_consultation(liaison(answer(name, "Terlambat")))
            .await;
        refused(late, Code::FailedPrecondition, "ILLEGAL_TRANSITION");
        let late = v1::ScheduleConsultationRequest {
            member: "agencies/3271/members/rina".into(),
            ..schedule(name)
        };
        let late = t.consultations.schedule_consultation(liaison(late)).await;
        refused(late, Code::FailedPrecondition, "ILLEGAL_TRANSITION");
        let late = t
            .consultations
            .complete_consultation(liaison(complete(name, "Sekali lagi")))
            .await;
        refused(late, Code::FailedPrecondition, "ILLEGAL_TRANSITION");
        t.consultations
            .rate_consultation(public(rate_by_code(&access(&asked), 3)))
            .await
            .unwrap();
        let twice = t
            .consultations
            .rate_consultation(public(rate_by_code(&access(&asked), 4)))
            .await;
        refused(twice, Code::FailedPrecondition, "ALREADY_RATED");
    })
    .await;
}

#[tokio::test]
async fn only_an_active_member_of_the_agency_can_be_assigned() {
    on_each_database(async |mut t| {
        let name = t.clinic("a").await;
        let gone = t
            .consultations
            .schedule_consultation(province(schedule(&name)))
            .await;
        refused(gone, Code::NotFound, "NOT_FOUND");
        let made = t.member("rina").await;
        let other = v1::ScheduleConsultationRequest {
            member: "agencies/3273/members/rina".into(),
            ..schedule(&name)
        };
        let other = t.consultations.schedule_consultation(province(other)).await;
        refused(other, Code::FailedPrecondition, "MEMBER_OF_OTHER_AGENCY");
        let other = v1::AnswerConsultationRequest {
            member: "agencies/3273/members/rina".into(),
            ..answer(&name, "Jawaban")
        };
        let other = t.consultations.answer_consultation(province(other)).await;
        refused(other, Code::FailedPrecondition, "MEMBER_OF_OTHER_AGENCY");
        let leave = v1::UpdateTeamMemberRequest {
            member: Some(v1::TeamMember {
                active: false,
                ..made
            }),
            update_mask: mask(&["active"]),
        };
        t.consultations
            .update_team_member(province_admin(leave))
            .await
            .unwrap();
        let idle = t
            .consultations
            .schedule_consultation(province(schedule(&name)))
            .await;
        refused(idle, Code::FailedPrecondition, "MEMBER_NOT_ACTIVE");
        let past = v1::ScheduleConsultationRequest {
            appointment_time: Some(to_proto(t.now() - TimeDelta::seconds(1))),
            appointment_mode: v1::AppointmentMode::Phone.into(),
            ..schedule(&name)
        };
        assert_eq!(
            faults(t.consultations.schedule_consultation(province(past)).await),
            ["appointment_time"]
        );
        assert_eq!(
            state(t.consultation(&name).await.state),
            v1::ConsultationState::Requested
        );
    })
    .await;
}

#[tokio::test]
async fn a_wrong_code_and_a_wrong_secret_get_the_same_response() {
    on_each_database(async |mut t| {
        let (mine, theirs) = (access(&t.desk("a").await), access(&t.desk("b").await));
        let mut seen = Vec::new();
        for (code, secret) in [
            (mine.tracking_code.as_str(), theirs.secret.as_str()),
            ("00000-00000-00000-00000", &mine.secret),
            ("00000-00000-00000-00000", "00000-00000"),
            (&mine.tracking_code, "00000-00000"),
        ] {
            let access = v1::Access {
                tracking_code: code.into(),
                secret: secret.into(),
            };
            let request = v1::TrackConsultationRequest {
                access: Some(access.clone()),
            };
            let tracked = t.consultations.track_consultation(public(request)).await;
            seen.push(refused(tracked, Code::NotFound, "NOT_FOUND").message().to_owned());
            let rated = t
                .consultations
                .rate_consultation(public(rate_by_code(&access, 1)))
                .await;
            seen.push(refused(rated, Code::NotFound, "NOT_FOUND").message().to_owned());
        }
        seen.dedup();
        assert_eq!(seen.len(), 1);
    })
    .await;
}
