//! Concurrent callers.

use prima_proto::{directory::v1, event::v1::UnitState};
use tokio::task::JoinSet;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::fixture::*;

const TASKS: usize = 20;

fn reason(status: &Status) -> (Code, String) {
    (
        status.code(),
        status.get_error_details().error_info().unwrap().reason.clone(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_creations_of_one_id_exactly_one_succeeds() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let mut tasks = JoinSet::new();
        for n in 0..TASKS {
            let mut client = t.client.clone();
            tasks.spawn(async move {
                let mut new = agency("3201", v1::AgencyKind::Kabupaten, "agencies/32");
                new.request_id = format!("task-{n}");
                client.create_agency(admin(new)).await.map(drop)
            });
        }
        let answers = tasks.join_all().await;
        let refused: Vec<_> = answers
            .iter()
            .filter_map(|a| a.as_ref().err())
            .map(reason)
            .collect();
        assert_eq!(
            refused,
            vec![(Code::AlreadyExists, "ALREADY_EXISTS".to_owned()); TASKS - 1]
        );
        // Two agencies and a unit existed before; refused requests store nothing.
        assert_eq!(
            (
                t.count("agency").await,
                t.count("request").await,
                t.count("outbox").await
            ),
            (3, 4, 4)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_repeats_of_one_request_get_the_same_response() {
    on_each_database(async |mut t| {
        t.bogor().await;
        // There are several rounds, because in the first ones most callers wait for a database connection.
        for round in 0..5 {
            let mut tasks = JoinSet::new();
            for _ in 0..TASKS {
                let mut client = t.client.clone();
                let new = service(&format!("nib-{round}"));
                tasks.spawn(async move { client.create_public_service(operator(new)).await });
            }
            let answers = tasks.join_all().await;
            let mut answers = answers.into_iter().map(|a| a.unwrap().into_inner());
            let first = answers.next().unwrap();
            assert!(answers.all(|answer| answer == first));
            assert_eq!(t.count("public_service").await, round + 1);
        }
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let mut client = t.client.clone();
            let new = agency("3201", v1::AgencyKind::Kabupaten, "agencies/32");
            tasks.spawn(async move { client.create_agency(admin(new)).await.unwrap().into_inner() });
        }
        let mut answers = tasks.join_all().await;
        answers.dedup();
        assert_eq!(answers.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_changes_under_one_etag_exactly_one_succeeds() {
    on_each_database(async |mut t| {
        let created = t.bogor().await;
        let mut tasks = JoinSet::new();
        for n in 0..TASKS {
            let mut client = t.client.clone();
            let unit = v1::Unit {
                display_name: format!("Nama {n}"),
                ..created.clone()
            };
            let update = v1::UpdateUnitRequest {
                unit: Some(unit),
                update_mask: mask(&["display_name"]),
            };
            tasks.spawn(async move { client.update_unit(operator(update)).await.map(drop) });
        }
        let answers = tasks.join_all().await;
        let refused: Vec<_> = answers
            .iter()
            .filter_map(|a| a.as_ref().err())
            .map(reason)
            .collect();
        assert_eq!(
            refused,
            vec![(Code::Aborted, "ETAG_MISMATCH".to_owned()); TASKS - 1]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_created_concurrently_are_all_in_the_last_event_of_the_unit() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let mut tasks = JoinSet::new();
        for n in 0..TASKS {
            let mut client = t.client.clone();
            tasks.spawn(async move {
                let new = service(&format!("s{n:02}"));
                client
                    .create_public_service(operator(new))
                    .await
                    .unwrap()
                    .into_inner()
                    .public_service
                    .unwrap()
                    .etag
            });
        }
        let mut etags = tasks.join_all().await;
        etags.sort();
        etags.dedup();
        assert_eq!(etags.len(), TASKS, "each service has a version of its own");
        let staged = t
            .staged::<UnitState>("prima.directory.unit.3271.dpmptsp")
            .await
            .unwrap();
        assert_eq!(staged.state.services.len(), TASKS);
        assert_eq!(Some(&staged.version.to_string()), etags.last());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_never_shows_an_older_name_of_its_type() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let new = v1::CreateUnitTypeRequest {
            request_id: "type".into(),
            parent: "agencies/3271".into(),
            unit_type_id: "balai".into(),
            unit_type: Some(v1::UnitType {
                display_name: "Balai".into(),
                ..Default::default()
            }),
        };
        t.client.create_unit_type(admin(new)).await.unwrap();
        let mut tasks = JoinSet::new();
        for n in 0..TASKS {
            let mut client = t.client.clone();
            tasks.spawn(async move {
                let mut new = unit("3271", &format!("balai-{n}"));
                if let Some(unit) = &mut new.unit {
                    unit.unit_type = "balai".into();
                }
                client.create_unit(admin(new)).await.unwrap();
                let renamed = v1::UpdateUnitTypeRequest {
                    unit_type: Some(v1::UnitType {
                        name: "agencies/3271/unitTypes/balai".into(),
                        display_name: format!("Balai {n}"),
                        ..Default::default()
                    }),
                    update_mask: mask(&["display_name"]),
                };
                client.update_unit_type(admin(renamed)).await.unwrap();
                let renamed = v1::UpdateUnitRequest {
                    unit: Some(v1::Unit {
                        name: format!("agencies/3271/units/balai-{n}"),
                        display_name: format!("Balai Nomor {n}"),
                        ..Default::default()
                    }),
                    update_mask: mask(&["display_name"]),
                };
                client.update_unit(admin(renamed)).await.unwrap();
            });
        }
        tasks.join_all().await;
        let get = v1::GetUnitTypeRequest {
            name: "agencies/3271/unitTypes/balai".into(),
        };
        let last = t.client.get_unit_type(admin(get)).await.unwrap().into_inner();
        let last = last.unit_type.unwrap().display_name;
        for n in 0..TASKS {
            let subject = format!("prima.directory.unit.3271.balai-{n}");
            let staged = t.staged::<UnitState>(&subject).await.unwrap();
            let shown = staged.state.agency_unit_type.unwrap().display_name;
            assert_eq!(shown, last, "unit {n}");
            assert_eq!(staged.state.display_name, format!("Balai Nomor {n}"));
        }
    })
    .await;
}
