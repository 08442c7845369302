//! The rights of the people whose data is stored: correction, and what has to be known to tell them of a breach.

use chrono::TimeDelta;
use prima_platform::{caller::Role, clock::to_proto};
use prima_proto::complaint::v1;
use tonic::Code;

use crate::fixture::{
    AGENCY, World, by, coordinator, faults, intake, liaison, national, on_each_database, refused, report,
};

fn right() -> v1::Reporter {
    v1::Reporter {
        display_name: "Siti Rahayu Ningsih".into(),
        identity_number: "3271014506900001".into(),
        phone: "0813-9999-0000".into(),
        ..Default::default()
    }
}

fn correct(id: &str, name: &str) -> v1::CorrectIdentityRequest {
    v1::CorrectIdentityRequest {
        request_id: id.into(),
        name: name.into(),
        reporter: Some(right()),
        reason: "Permohonan 14/PDP/2026".into(),
    }
}

fn anonymous(id: &str) -> v1::SubmitComplaintRequest {
    v1::SubmitComplaintRequest {
        anonymous: true,
        ..report(id)
    }
}

impl World {
    async fn identity(&mut self, name: &str) -> v1::Reporter {
        let request = v1::ReadIdentityRequest {
            name: name.into(),
            purpose: v1::Purpose::DataSubjectRequest.into(),
            reason: "Permohonan 14/PDP/2026".into(),
        };
        let answer = self.privacy.read_identity(national(request)).await.unwrap();
        answer.into_inner().reporter.unwrap()
    }

    async fn reports_of(&mut self, contact: &str) -> Vec<String> {
        let request = v1::FindComplaintsRequest {
            contact: contact.into(),
            parent: "agencies/-".into(),
            purpose: v1::Purpose::DataSubjectRequest.into(),
            reason: "Permohonan 14/PDP/2026".into(),
        };
        let answer = self.privacy.find_complaints(national(request)).await.unwrap();
        let found = answer.into_inner().complaints;
        found.into_iter().map(|complaint| complaint.name).collect()
    }

    async fn held(&mut self, request: v1::ListHeldRecordsRequest) -> Vec<v1::HeldRecord> {
        let answer = self.privacy.list_held_records(national(request)).await.unwrap();
        answer.into_inner().records
    }

    /// What was received in the last hour, or read in it by an account.
    fn last_hour(&self, actor: &str) -> v1::ListHeldRecordsRequest {
        v1::ListHeldRecordsRequest {
            parent: "agencies/-".into(),
            from_time: Some(to_proto(self.now() - TimeDelta::hours(1))),
            to_time: Some(to_proto(self.now() + TimeDelta::seconds(60))),
            actor: actor.into(),
            ..Default::default()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_identity_replaces_the_stored_one_and_is_logged() {
    on_each_database(async |mut world| {
        let name = world.submit("satu").await.name;
        for _ in 0..2 {
            let request = coordinator(correct("c-1", &name));
            world.privacy.correct_identity(request).await.unwrap();
        }
        let stored = world.identity(&name).await;
        assert_eq!(stored.display_name, "Siti Rahayu Ningsih");
        assert_eq!(
            (stored.phone.as_str(), stored.email.as_str()),
            ("+6281399990000", "")
        );
        assert_eq!(world.reports_of("081399990000").await, [name.as_str()]);
        assert!(world.reports_of("siti@example.id").await.is_empty());
        assert!(world.reports_of("081234567890").await.is_empty());
        let log = v1::ListIdentityReadingsRequest {
            parent: AGENCY.into(),
            name: name.clone(),
            ..Default::default()
        };
        let log = world.privacy.list_identity_readings(national(log)).await.unwrap();
        let corrections: Vec<_> = log
            .into_inner()
            .readings
            .into_iter()
            .filter(|line| line.purpose() == v1::Purpose::Correction)
            .map(|line| (line.method, line.reason))
            .collect();
        let expected = ("CorrectIdentity".to_owned(), "Permohonan 14/PDP/2026".to_owned());
        assert_eq!(corrections, [expected], "a repeat changes nothing");

        let asked = world.desk("tanya").await.name;
        let request = coordinator(correct("c-2", &asked));
        world.privacy.correct_identity(request).await.unwrap();
        assert_eq!(world.identity(&asked).await.phone, "+6281399990000");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_no_identity_or_has_given_none_corrects_none() {
    on_each_database(async |mut world| {
        let named = world.submit("satu").await.name;
        let hidden = world.submit_as(anonymous("dua")).await.name;
        let nobody = world
            .submit_as(v1::SubmitComplaintRequest {
                reporter: None,
                ..anonymous("tiga")
            })
            .await
            .name;
        let denied = Code::PermissionDenied;
        for (request, code, reason) in [
            (intake(correct("a", &named)), denied, "PERMISSION_DENIED"),
            (liaison(correct("a", &named)), denied, "PERMISSION_DENIED"),
            (
                by("x", Role::Admin, "3201", correct("a", &named)),
                Code::NotFound,
                "NOT_FOUND",
            ),
            (coordinator(correct("a", &hidden)), denied, "PERMISSION_DENIED"),
            (national(correct("a", &nobody)), Code::NotFound, "NOT_FOUND"),
        ] {
            refused(world.privacy.correct_identity(request).await, code, reason);
        }
        world
            .privacy
            .correct_identity(national(correct("b", &hidden)))
            .await
            .unwrap();
        let bad = v1::CorrectIdentityRequest {
            reporter: Some(v1::Reporter::default()),
            ..Default::default()
        };
        assert_eq!(
            faults(world.privacy.correct_identity(national(bad)).await),
            [
                "request_id",
                "name",
                "reporter.phone",
                "reporter.display_name",
                "reason"
            ]
        );
        assert_eq!(world.identity(&named).await.display_name, "Siti Rahayu");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_breach_affects_is_listed_without_an_identity() {
    on_each_database(async |mut world| {
        let old = world.submit("lama").await.name;
        world.advance(TimeDelta::hours(5));
        let first = world.submit("satu").await.name;
        world.advance(TimeDelta::seconds(1));
        let second = world.submit_as(v1::SubmitComplaintRequest {
            reporter: None,
            ..anonymous("dua")
        });
        let second = second.await.name;
        world.advance(TimeDelta::seconds(1));
        let asked = world.desk("tanya").await.name;
        let whole = world.last_hour("");
        let all = world.held(whole.clone()).await;
        let seen: Vec<_> = all
            .iter()
            .map(|held| (held.name.as_str(), held.identity, held.text))
            .collect();
        assert_eq!(
            seen,
            [
                (first.as_str(), true, true),
                (second.as_str(), false, true),
                (asked.as_str(), true, true)
            ]
        );
        assert!(all.iter().all(|held| held.agency == AGENCY));
        // Pages have each of them once.
        let mut paged = Vec::new();
        let mut request = v1::ListHeldRecordsRequest {
            page_size: 1,
            ..whole.clone()
        };
        loop {
            let answer = world
                .privacy
                .list_held_records(national(request.clone()))
                .await
                .unwrap();
            let answer = answer.into_inner();
            paged.extend(answer.records);
            if answer.next_page_token.is_empty() {
                break;
            }
            request.page_token = answer.next_page_token;
        }
        assert_eq!(paged, all);
        let elsewhere = v1::ListHeldRecordsRequest {
            parent: "agencies/3201".into(),
            ..whole
        };
        assert!(world.held(elsewhere).await.is_empty());
        // An account whose token was stolen has read one of them, which was received earlier.
        let read = v1::ReadIdentityRequest {
            name: old.clone(),
            purpose: v1::Purpose::Contact.into(),
            reason: "Surat nomor 12/2026".into(),
        };
        world.privacy.read_identity(liaison(read)).await.unwrap();
        let by_account = world.last_hour("penghubung");
        let read: Vec<String> = world
            .held(by_account)
            .await
            .into_iter()
            .map(|held| held.name)
            .collect();
        assert_eq!(read, [old]);
        let stranger = world.last_hour("orang-lain");
        assert!(world.held(stranger).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_list_of_what_is_held_is_reported() {
    on_each_database(async |mut world| {
        let bad = v1::ListHeldRecordsRequest {
            parent: "x".into(),
            page_size: 1001,
            ..Default::default()
        };
        assert_eq!(
            faults(world.privacy.list_held_records(national(bad)).await),
            ["parent", "from_time", "to_time", "page_size"]
        );
        let good = world.last_hour("");
        let reversed = v1::ListHeldRecordsRequest {
            from_time: good.to_time,
            to_time: good.from_time,
            ..good.clone()
        };
        assert_eq!(
            faults(world.privacy.list_held_records(national(reversed)).await),
            ["to_time"]
        );
        for request in [coordinator(good.clone()), liaison(good.clone()), intake(good)] {
            let answer = world.privacy.list_held_records(request).await;
            refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        }
    })
    .await;
}
