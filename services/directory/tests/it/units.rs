//! Units.

use prima_platform::caller::{Caller, Role};
use prima_proto::{directory::v1, event::v1::UnitState};
use tonic::Code;

use crate::fixture::*;

const DPMPTSP: &str = "agencies/3271/units/dpmptsp";

fn changed(name: &str, etag: &str, display_name: &str) -> v1::UpdateUnitRequest {
    v1::UpdateUnitRequest {
        unit: Some(v1::Unit {
            name: name.into(),
            etag: etag.into(),
            display_name: display_name.into(),
            ..Default::default()
        }),
        update_mask: mask(&["display_name"]),
    }
}

fn close(name: &str, etag: &str, successors: &[&str]) -> v1::CloseUnitRequest {
    v1::CloseUnitRequest {
        name: name.into(),
        close_date: "2024-06-30".into(),
        successors: successors.iter().map(|s| (*s).to_owned()).collect(),
        etag: etag.into(),
    }
}

#[tokio::test]
async fn a_unit_is_created_read_and_changed() {
    on_each_database(async |mut t| {
        let created = t.bogor().await;
        assert_eq!(
            (created.name.as_str(), created.state()),
            (DPMPTSP, v1::UnitState::Active)
        );
        assert!(created.close_date.is_empty() && created.successors.is_empty());
        let get = || operator(v1::GetUnitRequest { name: DPMPTSP.into() });
        assert_eq!(
            t.client.get_unit(get()).await.unwrap().into_inner().unit.unwrap(),
            created
        );

        let update = v1::UpdateUnitRequest {
            unit: Some(v1::Unit {
                unit_type: "mpp".into(),
                ..created.clone()
            }),
            update_mask: mask(&["unit_type"]),
        };
        let updated = t
            .client
            .update_unit(operator(update.clone()))
            .await
            .unwrap()
            .into_inner()
            .unit
            .unwrap();
        assert_eq!(
            (updated.unit_type.as_str(), updated.display_name.as_str()),
            ("mpp", "Unit dpmptsp")
        );
        refused(
            t.client.update_unit(operator(update)).await,
            Code::Aborted,
            "ETAG_MISMATCH",
        );
        assert_eq!(
            t.client.get_unit(get()).await.unwrap().into_inner().unit.unwrap(),
            updated
        );

        let staged = t
            .staged::<UnitState>("prima.directory.unit.3271.dpmptsp")
            .await
            .unwrap();
        assert_eq!(
            (staged.event_type.as_str(), staged.revision),
            ("prima.directory.unit", 1)
        );
        assert_eq!(
            (staged.state.unit_type.as_str(), staged.version.to_string()),
            ("mpp", updated.etag)
        );
    })
    .await;
}

#[tokio::test]
async fn a_unit_needs_an_agency_that_exists() {
    on_each_database(async |mut t| {
        let orphan = t.client.create_unit(admin(unit("9999", "dpmptsp"))).await;
        refused(orphan, Code::NotFound, "NOT_FOUND");
        let get = v1::GetUnitRequest { name: DPMPTSP.into() };
        refused(t.client.get_unit(admin(get)).await, Code::NotFound, "NOT_FOUND");
        refused(
            t.client.update_unit(admin(changed(DPMPTSP, "", "x"))).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        refused(
            t.client.close_unit(admin(close(DPMPTSP, "", &[]))).await,
            Code::NotFound,
            "NOT_FOUND",
        );
    })
    .await;
}

#[tokio::test]
async fn a_closed_unit_names_its_successors_and_stays_closed() {
    on_each_database(async |mut t| {
        let created = t.bogor().await;
        // A successor need not be registered yet.
        let successors = ["agencies/3271/units/mpp", "agencies/3201/units/dpmptsp"];
        let stale = t
            .client
            .close_unit(operator(close(DPMPTSP, "1", &successors)))
            .await;
        refused(stale, Code::Aborted, "ETAG_MISMATCH");
        let request = close(DPMPTSP, &created.etag, &successors);
        let closed = t
            .client
            .close_unit(operator(request))
            .await
            .unwrap()
            .into_inner()
            .unit
            .unwrap();
        assert_eq!(
            (closed.state(), closed.close_date.as_str()),
            (v1::UnitState::Closed, "2024-06-30")
        );
        assert_eq!(closed.successors, successors);

        let again = t.client.close_unit(operator(close(DPMPTSP, "", &[]))).await;
        refused(again, Code::FailedPrecondition, "UNIT_CLOSED");
        let update = t.client.update_unit(operator(changed(DPMPTSP, "", "x"))).await;
        refused(update, Code::FailedPrecondition, "UNIT_CLOSED");
        let service = t.client.create_public_service(operator(service("nib"))).await;
        refused(service, Code::FailedPrecondition, "UNIT_CLOSED");
        let get = v1::GetUnitRequest { name: DPMPTSP.into() };
        assert_eq!(
            t.client
                .get_unit(operator(get))
                .await
                .unwrap()
                .into_inner()
                .unit
                .unwrap(),
            closed
        );

        let staged = t
            .staged::<UnitState>("prima.directory.unit.3271.dpmptsp")
            .await
            .unwrap();
        assert_eq!(staged.state.successors, successors);
        assert_eq!(
            (staged.state.close_date.as_str(), staged.version.to_string()),
            ("2024-06-30", closed.etag)
        );
    })
    .await;
}

#[tokio::test]
async fn every_fault_is_reported_at_once() {
    on_each_database(async |mut t| {
        assert_eq!(
            faults(
                t.client
                    .create_unit(operator(v1::CreateUnitRequest::default()))
                    .await
            ),
            ["request_id", "parent", "unit_id", "unit"]
        );
        let mut new = unit("3271/71", "-");
        new.unit = Some(v1::Unit {
            unit_type: "kantor".into(),
            ..Default::default()
        });
        assert_eq!(
            faults(t.client.create_unit(operator(new)).await),
            [
                "request_id",
                "parent",
                "unit_id",
                "unit.display_name",
                "unit.unit_type"
            ]
        );
        let update = v1::UpdateUnitRequest {
            unit: Some(v1::Unit {
                name: "x".into(),
                ..Default::default()
            }),
            update_mask: mask(&["display_name", "unit_type", "state"]),
        };
        assert_eq!(
            faults(t.client.update_unit(operator(update)).await),
            ["update_mask", "unit.name", "unit.display_name", "unit.unit_type"]
        );
        let mut request = close(
            DPMPTSP,
            "",
            &["agencies/3271/units/mpp", DPMPTSP, "x", "agencies/3271/units/mpp"],
        );
        request.close_date = "30-06-2024".into();
        assert_eq!(
            faults(t.client.close_unit(operator(request)).await),
            ["close_date", "successors[1]", "successors[2]", "successors[3]"]
        );
        let list = v1::ListUnitsRequest {
            page_size: -1,
            unit_type: "kantor".into(),
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.list_units(operator(list)).await),
            ["page_size", "parent", "unit_type"]
        );
    })
    .await;
}

#[tokio::test]
async fn units_of_one_agency_or_of_all_are_listed_in_the_order_of_their_names() {
    on_each_database(async |mut t| {
        for id in ["a", "a-b", "ab", "a1"] {
            t.client
                .create_agency(admin(agency(id, v1::AgencyKind::Lembaga, "")))
                .await
                .unwrap();
            for child in ["x", "b-2", "b"] {
                t.client.create_unit(admin(unit(id, child))).await.unwrap();
            }
        }
        let mpp = v1::UpdateUnitRequest {
            unit: Some(v1::Unit {
                name: "agencies/ab/units/x".into(),
                unit_type: "mpp".into(),
                ..Default::default()
            }),
            update_mask: mask(&["unit_type"]),
        };
        t.client.update_unit(admin(mpp)).await.unwrap();

        let mut request = v1::ListUnitsRequest {
            parent: "agencies/-".into(),
            page_size: 5,
            ..Default::default()
        };
        let mut names = Vec::new();
        loop {
            let page = t
                .client
                .list_units(operator(request.clone()))
                .await
                .unwrap()
                .into_inner();
            names.extend(page.units.into_iter().map(|u| u.name));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(names.len(), 12);
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");

        let list = |parent: &str, unit_type: &str| {
            operator(v1::ListUnitsRequest {
                parent: parent.into(),
                unit_type: unit_type.into(),
                ..Default::default()
            })
        };
        let page = t
            .client
            .list_units(list("agencies/a", ""))
            .await
            .unwrap()
            .into_inner();
        let names: Vec<&str> = page.units.iter().map(|u| u.name.as_str()).collect();
        assert_eq!(
            names,
            ["agencies/a/units/b", "agencies/a/units/b-2", "agencies/a/units/x"]
        );
        let page = t
            .client
            .list_units(list("agencies/-", "mpp"))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            page.units.iter().map(|u| u.name.as_str()).collect::<Vec<_>>(),
            ["agencies/ab/units/x"]
        );
        assert!(
            t.client
                .list_units(list("agencies/a", "mpp"))
                .await
                .unwrap()
                .into_inner()
                .units
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn an_operator_changes_units_of_the_own_agency_only() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let denied = t.client.create_unit(operator(unit("32", "samsat"))).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let kiosk = || Caller::new("kiosk".into(), vec![Role::Intake], vec!["3271".into()]);
        let denied = t.client.create_unit(by(kiosk(), unit("3271", "mpp"))).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let denied = t.client.update_unit(by(kiosk(), changed(DPMPTSP, "", "x"))).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let denied = t.client.close_unit(by(kiosk(), close(DPMPTSP, "", &[]))).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        assert!(t.client.create_unit(admin(unit("32", "samsat"))).await.is_ok());
    })
    .await;
}
