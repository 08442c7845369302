//! Desks of units: channels and records of accountability.

use prima_platform::caller::Role;
use prima_proto::{
    complaint::v1,
    event::v1::{ComplaintChannelFacts, ComplaintRecordFacts},
};
use tonic::Code;

use crate::fixture::*;

fn channel(channel: v1::Channel, since: &str, until: &str) -> v1::DeskChannel {
    v1::DeskChannel {
        channel: channel.into(),
        since_date: since.into(),
        until_date: until.into(),
    }
}

fn update(desk: v1::Desk) -> v1::UpdateDeskRequest {
    v1::UpdateDeskRequest {
        request_id: request_id(),
        desk: Some(desk),
    }
}

fn desk() -> v1::Desk {
    v1::Desk {
        unit: UNIT.into(),
        channels: vec![
            channel(v1::Channel::Web, "2025-01-01", ""),
            channel(v1::Channel::FaceToFace, "2025-03-01", ""),
            channel(v1::Channel::Phone, "2025-02-01", "2025-06-30"),
            channel(v1::Channel::Phone, "2024-01-01", "2025-01-31"),
        ],
        separate_since_date: "2025-03-01".into(),
        sp4n_since_date: "2025-09-01".into(),
        ..Default::default()
    }
}

fn record(date: &str) -> v1::RecordAccountabilityRequest {
    v1::RecordAccountabilityRequest {
        request_id: request_id(),
        unit: UNIT.into(),
        record: Some(v1::Accountability {
            kind: v1::AccountabilityKind::Report.into(),
            date: date.into(),
            title: "Laporan triwulan pengelolaan pengaduan".into(),
            link: "https://bogor.example/laporan.pdf".into(),
        }),
    }
}

impl World {
    async fn own_desk(&self) -> v1::Desk {
        let request = v1::GetDeskRequest { unit: UNIT.into() };
        let answer = self.settings.clone().get_desk(intake(request)).await;
        answer.unwrap().into_inner().desk.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_published_with_every_year_of_its_unit() {
    on_each_database(async |mut world| {
        let empty = v1::Desk {
            unit: UNIT.into(),
            ..Default::default()
        };
        assert_eq!(world.own_desk().await, empty);
        let mut settings = world.settings.clone();
        // A report of the year before.
        world.at("2025-12-30T03:00:00Z");
        let old = v1::SubmitComplaintRequest {
            incident_date: "2025-12-01".into(),
            ..report("satu")
        };
        world.submit_as(old).await;
        assert_eq!(world.figures(UNIT, "2025").await.received, 1);
        world.at(BEGIN);
        let answer = settings.update_desk(liaison(update(desk()))).await.unwrap();
        let stored = answer.into_inner().desk.unwrap();
        assert_eq!(world.own_desk().await, stored);
        let one = |kind: &str, online, since: &str, until: &str| ComplaintChannelFacts {
            kind: kind.into(),
            online,
            since_date: since.into(),
            until_date: until.into(),
        };
        let channels = vec![
            one("face_to_face", false, "2025-03-01", ""),
            one("phone", true, "2024-01-01", "2025-01-31"),
            one("phone", true, "2025-02-01", "2025-06-30"),
            one("web", true, "2025-01-01", ""),
        ];
        for (year, received) in [("2025", 1), ("2026", 0)] {
            let published = world.figures(UNIT, year).await;
            assert_eq!((published.received, &published.channels), (received, &channels));
            assert_eq!(
                (
                    published.separate_since_date.as_str(),
                    published.sp4n_since_date.as_str()
                ),
                ("2025-03-01", "2025-09-01")
            );
            assert!(published.records.is_empty());
        }

        for date in ["2026-02-13", "2025-06-30"] {
            settings
                .record_accountability(liaison(record(date)))
                .await
                .unwrap();
        }
        let kept = world.own_desk().await;
        let dates: Vec<&str> = kept.records.iter().map(|r| r.date.as_str()).collect();
        assert_eq!(dates, ["2025-06-30", "2026-02-13"]);
        let records = ["2025-06-30", "2026-02-13"].map(|date| ComplaintRecordFacts {
            kind: "report".into(),
            date: date.into(),
        });
        for year in ["2025", "2026"] {
            assert_eq!(world.figures(UNIT, year).await.records, records);
        }
        // Updating the channels does not affect the records.
        let fewer = v1::Desk {
            channels: Vec::new(),
            records: Vec::new(),
            ..kept.clone()
        };
        let answer = settings.update_desk(liaison(update(fewer))).await.unwrap();
        let stored = answer.into_inner().desk.unwrap();
        assert_eq!((stored.channels.len(), &stored.records), (0, &kept.records));
        assert!(stored.etag != kept.etag);
        let stale = update(v1::Desk {
            etag: kept.etag,
            ..desk()
        });
        refused(
            settings.update_desk(liaison(stale)).await,
            Code::Aborted,
            "ETAG_MISMATCH",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_stored_response_which_contains_no_free_text() {
    on_each_database(async |world| {
        let mut settings = world.settings.clone();
        let (set, first) = (update(desk()), record("2026-01-31"));
        let desk_then = settings
            .update_desk(liaison(set.clone()))
            .await
            .unwrap()
            .into_inner();
        let then = settings
            .record_accountability(liaison(first.clone()))
            .await
            .unwrap()
            .into_inner();
        settings
            .record_accountability(liaison(record("2026-01-01")))
            .await
            .unwrap();
        let again = settings
            .record_accountability(liaison(first.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(again, then);
        assert_eq!(again.desk.unwrap().records.len(), 1);
        assert_eq!(
            settings
                .update_desk(liaison(set.clone()))
                .await
                .unwrap()
                .into_inner(),
            desk_then
        );
        assert_eq!(world.own_desk().await.records.len(), 2);
        let kept = "request WHERE CAST(answer AS TEXT) LIKE '%triwulan%'";
        assert_eq!(world.count("request").await, 3);
        if world.place.url.starts_with("sqlite") {
            assert_eq!(world.count(kept).await, 0);
        }
        let other = v1::RecordAccountabilityRequest {
            request_id: first.request_id,
            ..record("2026-01-30")
        };
        refused(
            settings.record_accountability(liaison(other)).await,
            Code::InvalidArgument,
            "REQUEST_ID_REUSED",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_agency_can_change_a_desk() {
    on_each_database(async |world| {
        let mut settings = world.settings.clone();
        for (role, agency) in [
            (Role::Operator, "3273"),
            (Role::Intake, "3271"),
            (Role::Evaluator, "3271"),
        ] {
            let denied = settings.update_desk(by("x", role, agency, update(desk()))).await;
            refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
            let denied = settings
                .record_accountability(by("x", role, agency, record("2026-01-01")))
                .await;
            refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        refused(
            settings.update_desk(public(update(desk()))).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        let request = v1::GetDeskRequest { unit: UNIT.into() };
        refused(
            settings.get_desk(public(request)).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        assert_eq!(world.count("desk").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_desk_is_reported() {
    on_each_database(async |world| {
        let mut settings = world.settings.clone();
        let nothing = v1::UpdateDeskRequest::default();
        assert_eq!(
            faults(settings.update_desk(liaison(nothing)).await),
            ["request_id", "desk", "desk.unit"]
        );
        let bad = v1::UpdateDeskRequest {
            request_id: "x".repeat(65),
            desk: Some(v1::Desk {
                unit: "agencies/3271".into(),
                channels: vec![
                    channel(v1::Channel::Unspecified, "2025-02-30", "besok"),
                    channel(v1::Channel::Sms, "2025-01-01", "2024-12-31"),
                    channel(v1::Channel::Web, "2025-01-01", ""),
                    channel(v1::Channel::Web, "2025-06-01", ""),
                    channel(v1::Channel::Web, "1899-06-01", ""),
                ],
                separate_since_date: "1 Januari".into(),
                sp4n_since_date: "2101-01-01".into(),
                ..Default::default()
            }),
        };
        assert_eq!(
            faults(settings.update_desk(liaison(bad)).await),
            [
                "request_id",
                "desk.unit",
                "desk.channels[0].channel",
                "desk.channels[0].since_date",
                "desk.channels[0].until_date",
                "desk.channels[1].until_date",
                "desk.channels[4].since_date",
                "desk.channels[3]",
                "desk.separate_since_date",
                "desk.sp4n_since_date",
            ]
        );
        let many = v1::Desk {
            channels: vec![channel(v1::Channel::Web, "2025-01-01", "2025-01-01"); 101],
            ..desk()
        };
        assert_eq!(
            faults(settings.update_desk(liaison(update(many))).await),
            ["desk.channels"]
        );

        let nothing = v1::RecordAccountabilityRequest::default();
        assert_eq!(
            faults(settings.record_accountability(liaison(nothing)).await),
            ["request_id", "unit", "record"]
        );
        let bad = v1::RecordAccountabilityRequest {
            record: Some(v1::Accountability {
                kind: 99,
                date: "2026-02-14".into(),
                title: "abc".into(),
                link: "ftp://x".into(),
            }),
            ..record("2026-01-01")
        };
        assert_eq!(
            faults(settings.record_accountability(liaison(bad)).await),
            ["record.kind", "record.date", "record.title", "record.link"]
        );
        let bad = v1::GetDeskRequest {
            unit: "units/x".into(),
        };
        assert_eq!(faults(settings.get_desk(liaison(bad)).await), ["unit"]);
        assert_eq!(world.count("desk").await, 0);
    })
    .await;
}
