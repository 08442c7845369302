//! Identities: who may read them, and the log of readings.

use prima_platform::caller::Role;
use prima_proto::complaint::v1;
use tonic::{Code, Request, Status};

use crate::fixture::{
    AGENCY, World, by, coordinator, faults, intake, liaison, national, on_each_database, public, refused,
    report,
};

fn read(name: &str) -> v1::ReadIdentityRequest {
    v1::ReadIdentityRequest {
        name: name.into(),
        purpose: v1::Purpose::Contact.into(),
        reason: "Surat nomor 12/2026".into(),
    }
}

fn find(contact: &str, parent: &str) -> v1::FindComplaintsRequest {
    v1::FindComplaintsRequest {
        contact: contact.into(),
        parent: parent.into(),
        purpose: v1::Purpose::DataSubjectRequest.into(),
        reason: "Permintaan pemilik data".into(),
    }
}

fn readings(parent: &str, name: &str) -> v1::ListIdentityReadingsRequest {
    v1::ListIdentityReadingsRequest {
        parent: parent.into(),
        name: name.into(),
        ..Default::default()
    }
}

fn anonymous(id: &str) -> v1::SubmitComplaintRequest {
    v1::SubmitComplaintRequest {
        anonymous: true,
        ..report(id)
    }
}

impl World {
    async fn log(&mut self, request: v1::ListIdentityReadingsRequest) -> Vec<v1::IdentityReading> {
        let answer = self.privacy.list_identity_readings(national(request)).await;
        answer.unwrap().into_inner().readings
    }

    async fn of_contact(
        &mut self,
        request: Request<v1::FindComplaintsRequest>,
    ) -> Result<Vec<String>, Status> {
        let answer = self.privacy.find_complaints(request).await?.into_inner();
        Ok(answer.complaints.into_iter().map(|c| c.name).collect())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_is_logged_before_the_response() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        let answer = world.privacy.read_identity(liaison(read(&report.name))).await;
        let reporter = answer.unwrap().into_inner().reporter.unwrap();
        assert_eq!(reporter.display_name, "Siti Rahayu");
        assert_eq!(reporter.phone, "+6281234567890");
        let log = world.log(readings("agencies/-", "")).await;
        let expected = v1::IdentityReading {
            name: report.name.clone(),
            agency: AGENCY.into(),
            actor: "penghubung".into(),
            role: "liaison_officer".into(),
            purpose: v1::Purpose::Contact.into(),
            reason: "Surat nomor 12/2026".into(),
            time: log[0].time,
            method: "ReadIdentity".into(),
        };
        assert_eq!(log, [expected]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_not_returned_when_the_reading_cannot_be_logged() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        world
            .tamper("ALTER TABLE identity_reading RENAME TO elsewhere")
            .await;
        let answer = world.privacy.read_identity(national(read(&report.name))).await;
        let status = refused(answer, Code::Internal, "INTERNAL");
        assert!(!format!("{status:?}").contains("Siti"));
        let found = world
            .of_contact(national(find("siti@example.id", "agencies/-")))
            .await;
        refused(found, Code::Internal, "INTERNAL");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agency_reads_an_identity_and_only_the_national_admin_an_anonymous_one() {
    on_each_database(async |mut world| {
        let named = world.submit("satu").await.name;
        let hidden = world.submit_as(anonymous("dua")).await.name;
        type As = fn(v1::ReadIdentityRequest) -> Request<v1::ReadIdentityRequest>;
        let callers: [(&str, As, bool, bool); 7] = [
            ("liaison", liaison, true, false),
            ("coordinator", coordinator, true, false),
            ("national", national, true, true),
            ("intake", intake, false, false),
            (
                "operator elsewhere",
                |m| by("x", Role::Operator, "3201", m),
                false,
                false,
            ),
            (
                "admin elsewhere",
                |m| by("x", Role::Admin, "3201", m),
                false,
                false,
            ),
            ("evaluator", |m| by("x", Role::Evaluator, "*", m), false, false),
        ];
        let mut read_so_far = 0;
        for (who, caller, sees_named, sees_hidden) in callers {
            for (name, sees) in [(&named, sees_named), (&hidden, sees_hidden)] {
                let answer = world.privacy.read_identity(caller(read(name))).await;
                if sees {
                    assert!(answer.is_ok(), "{who}");
                    read_so_far += 1;
                } else {
                    // Callers who may not read reports of the agency get `NOT_FOUND`.
                    let status = if who.ends_with("elsewhere") {
                        refused(answer, Code::NotFound, "NOT_FOUND")
                    } else {
                        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED")
                    };
                    assert!(!status.message().contains("3271"), "{who}: {status:?}");
                }
                assert_eq!(world.count("identity_reading").await, read_so_far, "{who}");
            }
        }
        let nobody = world.privacy.read_identity(public(read(&named))).await;
        refused(nobody, Code::Unauthenticated, "TOKEN_MISSING");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_identity_is_not_found() {
    on_each_database(async |mut world| {
        let request = v1::SubmitComplaintRequest {
            reporter: None,
            ..anonymous("satu")
        };
        let name = world.submit_as(request).await.name;
        for name in [name.as_str(), "complaints/none", "consultations/none"] {
            let answer = world.privacy.read_identity(national(read(name))).await;
            refused(answer, Code::NotFound, "NOT_FOUND");
        }
        assert_eq!(world.count("identity_reading").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_found_by_any_spelling_of_a_contact_and_each_is_logged() {
    on_each_database(async |mut world| {
        let one = world.submit("satu").await.name;
        world.advance(chrono::TimeDelta::minutes(1));
        let two = world.submit_as(anonymous("dua")).await.name;
        let elsewhere = v1::SubmitComplaintRequest {
            parent: "agencies/3201".into(),
            ..report("tiga")
        };
        world.advance(chrono::TimeDelta::minutes(1));
        let three = world.submit_as(elsewhere).await.name;
        let other = v1::SubmitComplaintRequest {
            reporter: Some(v1::Reporter {
                phone: "0811 0000 111".into(),
                email: String::new(),
                ..report("x").reporter.unwrap()
            }),
            ..report("empat")
        };
        world.submit_as(other).await;
        for contact in [
            "081234567890",
            "+62 812-3456-7890",
            "62812 3456 7890",
            "SITI@example.id ",
        ] {
            let all = world
                .of_contact(national(find(contact, "agencies/-")))
                .await
                .unwrap();
            assert_eq!(all, [three.clone(), two.clone(), one.clone()], "{contact}");
        }
        assert_eq!(world.count("identity_reading").await, 12);
        let own = world
            .of_contact(coordinator(find("siti@example.id", AGENCY)))
            .await;
        assert_eq!(own.unwrap(), std::slice::from_ref(&one));
        let national_here = world.of_contact(national(find("siti@example.id", AGENCY))).await;
        assert_eq!(national_here.unwrap(), [two, one.clone()]);
        let log = world.log(readings(AGENCY, &one)).await;
        assert_eq!(log.len(), 6);
        assert_eq!(log[0].method, "FindComplaints");
        assert_eq!(log[1].role, "coordinator_admin");
        let none = world.of_contact(national(find("0899999999", "agencies/-"))).await;
        assert!(none.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_log_and_key_usage_require_their_roles() {
    on_each_database(async |mut world| {
        world.submit("satu").await;
        let denied = |status: Result<(), Status>| {
            refused(status, Code::PermissionDenied, "PERMISSION_DENIED");
        };
        let contact = "siti@example.id";
        for request in [
            liaison(find(contact, AGENCY)),
            intake(find(contact, AGENCY)),
            coordinator(find(contact, "agencies/-")),
            coordinator(find(contact, "agencies/3201")),
        ] {
            denied(world.of_contact(request).await.map(|_| ()));
        }
        assert_eq!(world.count("identity_reading").await, 0);
        for request in [
            liaison(readings(AGENCY, "")),
            coordinator(readings("agencies/-", "")),
            coordinator(readings("agencies/3201", "")),
        ] {
            denied(world.privacy.list_identity_readings(request).await.map(|_| ()));
        }
        let own = coordinator(readings(AGENCY, ""));
        assert!(world.privacy.list_identity_readings(own).await.is_ok());
        let usage = coordinator(v1::GetKeyUsageRequest {});
        denied(world.privacy.get_key_usage(usage).await.map(|_| ()));
        let public_calls = [
            world.of_contact(public(find(contact, AGENCY))).await.map(|_| ()),
            world
                .privacy
                .list_identity_readings(public(readings(AGENCY, "")))
                .await
                .map(|_| ()),
            world
                .privacy
                .get_key_usage(public(v1::GetKeyUsageRequest {}))
                .await
                .map(|_| ()),
        ];
        for answer in public_calls {
            refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_paged_with_the_newest_first() {
    on_each_database(async |mut world| {
        let name = world.submit("satu").await.name;
        for n in 0..5 {
            let request = v1::ReadIdentityRequest {
                reason: format!("Surat nomor {n}"),
                ..read(&name)
            };
            world.privacy.read_identity(liaison(request)).await.unwrap();
        }
        let (mut reasons, mut page_token) = (Vec::new(), String::new());
        for size in [2, 2, 1] {
            let request = v1::ListIdentityReadingsRequest {
                page_size: 2,
                page_token,
                ..readings(AGENCY, "")
            };
            let answer = world.privacy.list_identity_readings(coordinator(request)).await;
            let answer = answer.unwrap().into_inner();
            assert_eq!(answer.readings.len(), size);
            reasons.extend(answer.readings.into_iter().map(|r| r.reason));
            page_token = answer.next_page_token;
        }
        assert_eq!(page_token, "");
        let expected: Vec<String> = (0..5).rev().map(|n| format!("Surat nomor {n}")).collect();
        assert_eq!(reasons, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_request_is_reported_at_once() {
    on_each_database(async |mut world| {
        let request = v1::ReadIdentityRequest {
            name: "Siti".into(),
            purpose: 9,
            reason: "x".into(),
        };
        let answer = world.privacy.read_identity(national(request)).await;
        assert_eq!(faults(answer), ["name", "purpose", "reason"]);
        let request = v1::FindComplaintsRequest {
            contact: "siti@".into(),
            parent: "agencies/3271/units/a".into(),
            purpose: 0,
            reason: "\u{1}".repeat(6),
        };
        let answer = world.privacy.find_complaints(national(request)).await;
        assert_eq!(faults(answer), ["contact", "parent", "purpose", "reason"]);
        let request = find("12345", "agencies/-");
        assert_eq!(
            faults(world.privacy.find_complaints(national(request)).await),
            ["contact"]
        );
        let request = v1::ListIdentityReadingsRequest {
            parent: "3271".into(),
            name: "surveys/a".into(),
            page_size: -1,
            page_token: "x".into(),
        };
        let answer = world.privacy.list_identity_readings(national(request)).await;
        assert_eq!(faults(answer), ["parent", "name", "page_size", "page_token"]);
        let request = v1::EraseComplaintRequest {
            request_id: "a b".into(),
            name: "complaints/".into(),
            text_too: true,
            reason: "x".repeat(501),
        };
        let answer = world.privacy.erase_complaint(national(request)).await;
        assert_eq!(faults(answer), ["request_id", "name", "reason"]);
    })
    .await;
}
