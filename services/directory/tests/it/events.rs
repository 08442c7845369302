//! Events reach the bus from the outbox.

use std::time::Duration;

use prima_platform::{bus::Step, testing::eventually};
use prima_proto::{
    directory::v1,
    event::v1::{AgencyState, UnitState},
};
use prost::Message;

use crate::fixture::*;

const DEADLINE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_last_state_of_every_aggregate_reaches_the_bus() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let created = t
            .client
            .create_public_service(operator(service("nib")))
            .await
            .unwrap()
            .into_inner();
        let version: i64 = created.public_service.unwrap().etag.parse().unwrap();
        let subject = "prima.directory.unit.3271.dpmptsp";
        let bus = &t.bus;
        let arrived = eventually(DEADLINE, async || {
            let head = bus.last("directory", subject).await.ok().flatten()?;
            (head.version == version && !head.withdrawn).then_some(())
        });
        assert_eq!(arrived.await, Some(()));

        let mut follower = t
            .bus
            .follow("directory", &["prima.directory.>".to_owned()])
            .await
            .unwrap();
        let mut events = Vec::new();
        while let Step::Event(delivery) = follower.next().await.unwrap() {
            events.push(delivery.event);
        }
        events.sort_by(|a, b| a.subject.cmp(&b.subject));
        let subjects: Vec<&str> = events.iter().map(|e| e.subject.as_str()).collect();
        assert_eq!(
            subjects,
            [
                "prima.directory.agency.32",
                "prima.directory.agency.3271",
                subject
            ]
        );
        let kota = AgencyState::decode(events[1].payload.as_slice()).unwrap();
        assert_eq!(
            (kota.kind.as_str(), kota.parent.as_str()),
            ("kota", "agencies/32")
        );
        let unit = UnitState::decode(events[2].payload.as_slice()).unwrap();
        assert_eq!(
            (unit.name.as_str(), unit.services.len()),
            ("agencies/3271/units/dpmptsp", 1)
        );
    })
    .await;
}

#[tokio::test]
async fn versions_only_grow() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let mut last = 0;
        for n in 0..50 {
            let update = v1::UpdateAgencyRequest {
                agency: Some(v1::Agency {
                    name: "agencies/3271".into(),
                    display_name: format!("Nama {n}"),
                    ..Default::default()
                }),
                update_mask: mask(&["display_name"]),
            };
            let agency = t
                .client
                .update_agency(admin(update))
                .await
                .unwrap()
                .into_inner()
                .agency
                .unwrap();
            let staged = t
                .staged::<AgencyState>("prima.directory.agency.3271")
                .await
                .unwrap();
            assert!(staged.version > last, "{} after {last}", staged.version);
            assert_eq!(
                (staged.version.to_string(), staged.state.display_name),
                (agency.etag, agency.display_name)
            );
            last = staged.version;
        }
    })
    .await;
}
