//! Reports that a desk enters from paper or from an export of SP4N-LAPOR!.

use chrono::{DateTime, Utc};
use prima_platform::clock::to_proto;
use prima_proto::complaint::v1;
use std::time::Duration;

use prima_platform::testing::eventually;
use tonic::Code;
use tonic_types::StatusExt;

use crate::fixture::{Place, World, config, faults, intake, key, liaison, on_each_database, refused, report};

fn at(time: &str) -> Option<prost_types::Timestamp> {
    let time: DateTime<Utc> = time.parse().unwrap();
    Some(to_proto(time))
}

impl World {
    async fn shown(&mut self, name: &str) -> v1::Complaint {
        let request = v1::GetComplaintRequest { name: name.into() };
        let answer = self.complaints.get_complaint(liaison(request)).await;
        answer.unwrap().into_inner().complaint.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_around_numbers_are_removed() {
    on_each_database(async |mut world| {
        let request = v1::SubmitComplaintRequest {
            channel: v1::Channel::Integrated.into(),
            sp4n_number: " # 1234567 ".into(),
            region: "32.71".into(),
            reporter: Some(v1::Reporter {
                display_name: "Fulan".into(),
                phone: "0812-3456-7890 (WA)".into(),
                ..Default::default()
            }),
            ..report("satu")
        };
        let first = world.submit_as(request.clone()).await;
        let shown = world.shown(&first.name).await;
        assert_eq!(
            (shown.sp4n_number.as_str(), shown.region.as_str()),
            ("1234567", "3271")
        );
        // A repeat gets the stored response; another report with the number is refused, and the error names the first
        // one.
        assert_eq!(world.submit_as(request.clone()).await.name, first.name);
        let again = v1::SubmitComplaintRequest {
            request_id: "report-again".into(),
            sp4n_number: "1234567".into(),
            ..request.clone()
        };
        let status = world.complaints.submit_complaint(intake(again.clone())).await;
        let status = refused(status, Code::AlreadyExists, "SP4N_NUMBER_EXISTS");
        let told = status.get_error_details().error_info().unwrap().metadata["name"].clone();
        assert_eq!(told, first.name);
        let meant = v1::SubmitComplaintRequest {
            sp4n_number: "#1234567/2".into(),
            ..again.clone()
        };
        world.submit_as(meant).await;
        for without in ["three", "four"] {
            world.submit(without).await;
        }
        let wrong = v1::SubmitComplaintRequest {
            sp4n_number: "#".into(),
            region: "32.7".into(),
            ..again
        };
        let answer = world.complaints.submit_complaint(intake(wrong)).await;
        assert_eq!(faults(answer), ["region", "sp4n_number"]);
    })
    .await;
}

/// A report with this number.
fn numbered(id: &str, number: &str) -> v1::SubmitComplaintRequest {
    v1::SubmitComplaintRequest {
        channel: v1::Channel::Integrated.into(),
        sp4n_number: number.into(),
        ..report(id)
    }
}

/// Asserts that a number is known, and that the refusal names this report.
async fn known(world: &mut World, number: &str, name: &str) {
    let status = world
        .complaints
        .submit_complaint(intake(numbered("again", number)))
        .await;
    let status = refused(status, Code::AlreadyExists, "SP4N_NUMBER_EXISTS");
    let told = status.get_error_details().error_info().unwrap().metadata["name"].clone();
    assert_eq!(told, name);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_an_earlier_release_are_found_and_get_encrypted() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let (one, two) = (key("k1"), key("k2"));
        let with = |keys: &[&String], millis| {
            let mut config = config();
            config.complaint.keys = keys.iter().map(|key| (*key).clone()).collect();
            config.complaint.sweep_millis = millis;
            config
        };
        let mut old = World::start(place, with(&[&one], 3_600_000)).await;
        let first = old.submit("satu").await.name;
        let second = old.submit_as(numbered("dua", "9002")).await.name;
        assert_eq!(old.rows("complaint", "sp4n_number <> ''").await, 0);
        // As release 0.1.0 stores it.
        let uid = first.rsplit('/').next().unwrap();
        old.tamper(&format!(
            "UPDATE complaint SET sp4n_number = '9001' WHERE uid = '{uid}'"
        ))
        .await;
        assert_eq!(old.shown(&first).await.sp4n_number, "9001");
        known(&mut old, "9001", &first).await;
        old.tasks.stop(Duration::from_secs(5)).await;
        let new = old.replica(with(&[&two, &one], 5)).await;
        let moved = async || {
            let plain = new.rows("complaint", "sp4n_number <> ''").await;
            let older = new.rows("sp4n_number", "sealed_key = 'k1'").await;
            (plain + older == 0 && new.count("sp4n_number").await == 2).then_some(())
        };
        assert!(eventually(Duration::from_secs(30), moved).await.is_some());
        new.tasks.stop(Duration::from_secs(5)).await;
        let mut last = new.replica(with(&[&two], 3_600_000)).await;
        for (number, name) in [("9001", &first), ("9002", &second)] {
            assert_eq!(last.shown(name).await.sp4n_number, number);
            known(&mut last, number, name).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_with_one_sp4n_number_that_come_at_once_are_one_report() {
    on_each_database(async |world| {
        for number in 0..8 {
            // The reports are for different units, so that they share no row of figures.
            let requests = (0..4).map(|n| v1::SubmitComplaintRequest {
                parent: format!("agencies/32{}/units/u{n}", 71 + n),
                channel: v1::Channel::Integrated.into(),
                sp4n_number: format!("55500{number}"),
                ..report(&format!("at-once-{number}-{n}"))
            });
            let sent = requests.map(|request| {
                let mut complaints = world.complaints.clone();
                async move { complaints.submit_complaint(intake(request)).await }
            });
            let (stored, refused): (Vec<_>, Vec<_>) = futures::future::join_all(sent)
                .await
                .into_iter()
                .partition(Result::is_ok);
            assert_eq!(stored.len(), 1, "number {number}: {refused:?}");
            for answer in refused {
                crate::fixture::refused(answer, Code::AlreadyExists, "SP4N_NUMBER_EXISTS");
            }
        }
        assert_eq!(world.count("complaint").await, 8);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_can_be_checked_without_being_stored() {
    on_each_database(async |mut world| {
        let check = |id: &str| v1::SubmitComplaintRequest {
            validate_only: true,
            sp4n_number: "7654321".into(),
            ..report(id)
        };
        for _ in 0..2 {
            let answer = world.complaints.submit_complaint(intake(check("satu"))).await;
            assert_eq!(
                answer.unwrap().into_inner(),
                v1::SubmitComplaintResponse::default()
            );
        }
        assert_eq!(world.count("complaint").await, 0);
        let wrong = v1::SubmitComplaintRequest {
            title: "x".into(),
            ..check("satu")
        };
        assert_eq!(
            faults(world.complaints.submit_complaint(intake(wrong)).await),
            ["title"]
        );
        let stored = v1::SubmitComplaintRequest {
            validate_only: false,
            ..check("satu")
        };
        let stored = world.submit_as(stored).await;
        let known = world
            .complaints
            .submit_complaint(intake(check("satu")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            known.status,
            Some(stored.status),
            "the check finds the stored request"
        );
        assert!(known.secret.is_empty());
        let other = world.complaints.submit_complaint(intake(check("dua"))).await;
        refused(other, Code::AlreadyExists, "SP4N_NUMBER_EXISTS");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_and_figures_of_a_report_begin_with_its_receipt() {
    on_each_database(async |mut world| {
        // The clock stands at Friday, 13 February 2026, 10:00 in Jakarta.
        let received = "2026-02-02T02:00:00Z";
        let request = |id: &str, receive_time| v1::SubmitComplaintRequest {
            incident_date: "2026-02-01".into(),
            receive_time,
            ..report(id)
        };
        let typed_in = world.submit_as(request("paper", at(received))).await;
        assert_eq!(typed_in.status.receive_time, at(received));
        world.at(received);
        let direct = world.submit_as(request("direct", None)).await;
        let due = |status: &v1::ComplaintStatus| status.deadline.clone().unwrap().due_time;
        assert_eq!(due(&typed_in.status), due(&direct.status));
        for (receive_time, incident_date, expected) in [
            (at("2026-02-02T04:00:00Z"), "2026-02-01", vec!["receive_time"]),
            (at("1999-12-31T00:00:00Z"), "1999-12-01", vec!["receive_time"]),
            (at("2026-01-31T02:00:00Z"), "2026-02-01", vec!["incident_date"]),
        ] {
            let wrong = v1::SubmitComplaintRequest {
                incident_date: incident_date.into(),
                ..request("wrong", receive_time)
            };
            let answer = world.complaints.submit_complaint(intake(wrong)).await;
            assert_eq!(faults(answer), expected);
        }
    })
    .await;
}
