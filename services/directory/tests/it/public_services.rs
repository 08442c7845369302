//! Public services.

use prima_platform::caller::{Caller, Role};
use prima_proto::{directory::v1, event::v1::UnitState};
use tonic::Code;

use crate::fixture::*;

const NIB: &str = "agencies/3271/units/dpmptsp/services/nib";
const SUBJECT: &str = "prima.directory.unit.3271.dpmptsp";

fn changed(etag: &str, description: &str) -> v1::UpdatePublicServiceRequest {
    v1::UpdatePublicServiceRequest {
        public_service: Some(v1::PublicService {
            name: NIB.into(),
            etag: etag.into(),
            description: description.into(),
            ..Default::default()
        }),
        update_mask: mask(&["description"]),
    }
}

#[tokio::test]
async fn a_public_service_is_created_read_and_changed() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let new = t
            .client
            .create_public_service(operator(service("nib")))
            .await
            .unwrap()
            .into_inner();
        let created = new.public_service.unwrap();
        assert_eq!(
            (created.name.as_str(), created.display_name.as_str()),
            (NIB, "Layanan nib")
        );
        let get = || operator(v1::GetPublicServiceRequest { name: NIB.into() });
        let got = t.client.get_public_service(get()).await.unwrap().into_inner();
        assert_eq!(got.public_service.unwrap(), created);

        // Another service of the unit does not change this one's etag.
        t.client
            .create_public_service(operator(service("imb")))
            .await
            .unwrap();
        let update = changed(&created.etag, "Nomor Induk Berusaha\n");
        let updated = t
            .client
            .update_public_service(operator(update.clone()))
            .await
            .unwrap()
            .into_inner();
        let updated = updated.public_service.unwrap();
        assert_eq!(updated.description, "Nomor Induk Berusaha");
        assert_eq!(updated.display_name, created.display_name);
        refused(
            t.client.update_public_service(operator(update)).await,
            Code::Aborted,
            "ETAG_MISMATCH",
        );
        let got = t.client.get_public_service(get()).await.unwrap().into_inner();
        assert_eq!(got.public_service.unwrap(), updated);
    })
    .await;
}

#[tokio::test]
async fn the_event_of_a_unit_carries_its_public_services() {
    on_each_database(async |mut t| {
        let created = t.bogor().await;
        let mut last = t.staged::<UnitState>(SUBJECT).await.unwrap().version;
        assert_eq!(last.to_string(), created.etag);
        for id in ["nib", "imb", "siup"] {
            t.client
                .create_public_service(operator(service(id)))
                .await
                .unwrap();
            let version = t.staged::<UnitState>(SUBJECT).await.unwrap().version;
            assert!(version > last, "{version} after {last}");
            last = version;
        }
        let rename = v1::UpdatePublicServiceRequest {
            public_service: Some(v1::PublicService {
                name: NIB.into(),
                display_name: "Nomor Induk Berusaha".into(),
                ..Default::default()
            }),
            update_mask: mask(&["display_name"]),
        };
        t.client.update_public_service(operator(rename)).await.unwrap();
        let close = v1::CloseUnitRequest {
            name: created.name.clone(),
            close_date: "2024-12-31".into(),
            ..Default::default()
        };
        let closed = t
            .client
            .close_unit(operator(close))
            .await
            .unwrap()
            .into_inner()
            .unit
            .unwrap();

        let staged = t.staged::<UnitState>(SUBJECT).await.unwrap();
        assert!(staged.version > last);
        assert_eq!(
            (staged.version.to_string(), staged.state.close_date.as_str()),
            (closed.etag, "2024-12-31")
        );
        let services: Vec<(&str, &str)> = staged
            .state
            .services
            .iter()
            .map(|s| (s.id.as_str(), s.display_name.as_str()))
            .collect();
        assert_eq!(
            services,
            [
                ("imb", "Layanan imb"),
                ("nib", "Nomor Induk Berusaha"),
                ("siup", "Layanan siup")
            ]
        );
        let late = t.client.update_public_service(operator(changed("", "x"))).await;
        refused(late, Code::FailedPrecondition, "UNIT_CLOSED");
    })
    .await;
}

#[tokio::test]
async fn every_fault_is_reported_at_once() {
    on_each_database(async |mut t| {
        let nothing = v1::CreatePublicServiceRequest::default();
        assert_eq!(
            faults(t.client.create_public_service(operator(nothing)).await),
            ["request_id", "parent", "public_service_id", "public_service"]
        );
        let mut new = service("NIB");
        new.public_service = Some(v1::PublicService {
            description: "x".repeat(2001),
            ..Default::default()
        });
        assert_eq!(
            faults(t.client.create_public_service(operator(new)).await),
            [
                "public_service_id",
                "public_service.display_name",
                "public_service.description"
            ]
        );
        let mut update = changed("", "a\u{7}");
        update.public_service.as_mut().unwrap().name = "agencies/3271/units/dpmptsp".into();
        assert_eq!(
            faults(t.client.update_public_service(operator(update)).await),
            ["public_service.name", "public_service.description"]
        );
        let get = v1::GetPublicServiceRequest {
            name: "agencies/3271/units/dpmptsp/services/".into(),
        };
        assert_eq!(faults(t.client.get_public_service(operator(get)).await), ["name"]);
        let list = v1::ListPublicServicesRequest {
            parent: "agencies/3271".into(),
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.list_public_services(operator(list)).await),
            ["parent"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_missing_service_is_not_found_and_another_agency_is_denied() {
    on_each_database(async |mut t| {
        refused(
            t.client.create_public_service(operator(service("nib"))).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        t.bogor().await;
        refused(
            t.client.update_public_service(operator(changed("", "x"))).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let get = v1::GetPublicServiceRequest { name: NIB.into() };
        refused(
            t.client.get_public_service(operator(get)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let other = || Caller::new("o".into(), vec![Role::Operator], vec!["3272".into()]);
        let denied = t.client.create_public_service(by(other(), service("nib"))).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let denied = t
            .client
            .update_public_service(by(other(), changed("", "x")))
            .await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
    })
    .await;
}

#[tokio::test]
async fn public_services_are_listed_page_by_page() {
    on_each_database(async |mut t| {
        t.bogor().await;
        for id in ["c", "a-b", "a", "ab", "b"] {
            t.client
                .create_public_service(operator(service(id)))
                .await
                .unwrap();
        }
        let mut request = v1::ListPublicServicesRequest {
            parent: "agencies/3271/units/dpmptsp".into(),
            page_size: 2,
            ..Default::default()
        };
        let mut names = Vec::new();
        loop {
            let page = t
                .client
                .list_public_services(operator(request.clone()))
                .await
                .unwrap()
                .into_inner();
            assert!(page.public_services.len() <= 2);
            names.extend(page.public_services.into_iter().map(|s| s.name));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let ids = ["a", "a-b", "ab", "b", "c"];
        assert_eq!(
            names,
            ids.map(|id| format!("agencies/3271/units/dpmptsp/services/{id}"))
        );
    })
    .await;
}
