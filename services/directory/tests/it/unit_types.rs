//! Unit types that agencies define.

use prima_platform::caller::{Caller, Role};
use prima_proto::{directory::v1, event::v1::UnitState};
use tonic::{Code, Request};

use crate::fixture::*;

const BALAI: &str = "agencies/3271/unitTypes/balai-kota";
const SUBJECT: &str = "prima.directory.unit.3271.balai-1";

/// A request by an admin of Kota Bogor.
fn city<T>(message: T) -> Request<T> {
    let caller = Caller::new("kota".into(), vec![Role::Admin], vec!["3271".into()]);
    by(caller, message)
}

fn new_type(agency: &str, id: &str, national: &str) -> v1::CreateUnitTypeRequest {
    v1::CreateUnitTypeRequest {
        request_id: format!("type-{agency}-{id}"),
        parent: format!("agencies/{agency}"),
        unit_type_id: id.into(),
        unit_type: Some(v1::UnitType {
            display_name: format!("Jenis {id}"),
            national_unit_type: national.into(),
            ..Default::default()
        }),
    }
}

fn typed_unit(agency: &str, id: &str, unit_type: &str) -> v1::CreateUnitRequest {
    let mut request = unit(agency, id);
    if let Some(unit) = &mut request.unit {
        unit.unit_type = unit_type.into();
    }
    request
}

fn retyped(name: &str, unit_type: &str) -> v1::UpdateUnitRequest {
    v1::UpdateUnitRequest {
        unit: Some(v1::Unit {
            name: name.into(),
            unit_type: unit_type.into(),
            ..Default::default()
        }),
        update_mask: mask(&["unit_type"]),
    }
}

fn changed(etag: &str, display_name: &str, national: &str, paths: &[&str]) -> v1::UpdateUnitTypeRequest {
    v1::UpdateUnitTypeRequest {
        unit_type: Some(v1::UnitType {
            name: BALAI.into(),
            etag: etag.into(),
            display_name: display_name.into(),
            national_unit_type: national.into(),
            ..Default::default()
        }),
        update_mask: mask(paths),
    }
}

fn delete(etag: &str) -> v1::DeleteUnitTypeRequest {
    v1::DeleteUnitTypeRequest {
        name: BALAI.into(),
        etag: etag.into(),
    }
}

/// Key, name and national type of the type in the staged state of a unit.
async fn staged(t: &Directory) -> (i64, String, Option<(String, String)>) {
    let staged = t.staged::<UnitState>(SUBJECT).await.unwrap();
    let defined = staged.state.agency_unit_type;
    (
        staged.version,
        staged.state.unit_type,
        defined.map(|defined| (defined.display_name, defined.national_unit_type)),
    )
}

#[tokio::test]
async fn an_agency_defines_a_type_and_its_units_have_it() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let request = new_type("3271", "balai-kota", "lainnya");
        let created = t.client.create_unit_type(city(request.clone())).await.unwrap();
        let created = created.into_inner().unit_type.unwrap();
        assert_eq!(
            (
                created.name.as_str(),
                created.key.as_str(),
                created.national_unit_type.as_str()
            ),
            (BALAI, "balai-kota", "lainnya")
        );
        let again = t.client.create_unit_type(city(request.clone())).await.unwrap();
        assert_eq!(again.into_inner().unit_type.unwrap(), created);
        let taken = v1::CreateUnitTypeRequest {
            request_id: "other".into(),
            ..request.clone()
        };
        refused(
            t.client.create_unit_type(city(taken)).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
        let reused = v1::CreateUnitTypeRequest {
            unit_type_id: "balai".into(),
            ..request
        };
        refused(
            t.client.create_unit_type(city(reused)).await,
            Code::InvalidArgument,
            "REQUEST_ID_REUSED",
        );
        let get = || operator(v1::GetUnitTypeRequest { name: BALAI.into() });
        let read = t.client.get_unit_type(get()).await.unwrap().into_inner();
        assert_eq!(read.unit_type.unwrap(), created);

        let unit = t
            .client
            .create_unit(operator(typed_unit("3271", "balai-1", "balai-kota")))
            .await
            .unwrap()
            .into_inner()
            .unit
            .unwrap();
        assert_eq!(unit.unit_type, "balai-kota");
        let of_type = Some(("Jenis balai-kota".to_owned(), "lainnya".to_owned()));
        let (first, key, defined) = staged(&t).await;
        assert_eq!((key.as_str(), defined), ("balai-kota", of_type));
        let listed = v1::ListUnitsRequest {
            parent: "agencies/3271".into(),
            unit_type: "balai-kota".into(),
            ..Default::default()
        };
        let listed = t.client.list_units(operator(listed)).await.unwrap().into_inner();
        assert_eq!(listed.units, [unit]);

        // A change of the type is published with each of its units.
        let update = changed(
            &created.etag,
            "Balai Kota",
            "",
            &["display_name", "national_unit_type"],
        );
        let updated = t.client.update_unit_type(city(update.clone())).await.unwrap();
        let updated = updated.into_inner().unit_type.unwrap();
        assert_eq!(
            (updated.display_name.as_str(), updated.national_unit_type.as_str()),
            ("Balai Kota", "")
        );
        let (second, key, defined) = staged(&t).await;
        assert!(second > first);
        assert_eq!(
            (key.as_str(), defined),
            ("balai-kota", Some(("Balai Kota".to_owned(), String::new())))
        );
        refused(
            t.client.update_unit_type(city(update)).await,
            Code::Aborted,
            "ETAG_MISMATCH",
        );

        // A type that a unit has can't be deleted.
        refused(
            t.client.delete_unit_type(city(delete(""))).await,
            Code::FailedPrecondition,
            "UNIT_TYPE_IN_USE",
        );
        let built_in = retyped("agencies/3271/units/balai-1", "lainnya");
        t.client.update_unit(operator(built_in)).await.unwrap();
        let (_, key, defined) = staged(&t).await;
        assert_eq!((key.as_str(), defined), ("lainnya", None));
        refused(
            t.client.delete_unit_type(city(delete("1"))).await,
            Code::Aborted,
            "ETAG_MISMATCH",
        );
        t.client
            .delete_unit_type(city(delete(&updated.etag)))
            .await
            .unwrap();
        refused(
            t.client.delete_unit_type(city(delete(""))).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        refused(t.client.get_unit_type(get()).await, Code::NotFound, "NOT_FOUND");
        let gone = retyped("agencies/3271/units/balai-1", "balai-kota");
        assert_eq!(
            faults(t.client.update_unit(operator(gone)).await),
            ["unit.unit_type"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_type_of_one_agency_is_refused_for_units_of_another() {
    on_each_database(async |mut t| {
        t.bogor().await;
        t.client
            .create_unit_type(city(new_type("3271", "balai-kota", "")))
            .await
            .unwrap();
        let foreign = typed_unit("32", "balai-1", "balai-kota");
        assert_eq!(
            faults(t.client.create_unit(admin(foreign)).await),
            ["unit.unit_type"]
        );
        let foreign = t.client.create_unit(admin(unit("32", "samsat"))).await.unwrap();
        let name = foreign.into_inner().unit.unwrap().name;
        let update = t.client.update_unit(admin(retyped(&name, "balai-kota"))).await;
        assert_eq!(faults(update), ["unit.unit_type"]);
        let own = retyped("agencies/3271/units/dpmptsp", "balai-kota");
        t.client.update_unit(operator(own)).await.unwrap();
        // The list of one agency knows its own types only, the list of all those of each.
        let list = |parent: &str| {
            operator(v1::ListUnitsRequest {
                parent: parent.into(),
                unit_type: "balai-kota".into(),
                ..Default::default()
            })
        };
        assert_eq!(
            faults(t.client.list_units(list("agencies/32")).await),
            ["unit_type"]
        );
        for parent in ["agencies/3271", "agencies/-"] {
            let units = t
                .client
                .list_units(list(parent))
                .await
                .unwrap()
                .into_inner()
                .units;
            assert_eq!(units.len(), 1, "{parent}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_fault_of_a_type_is_reported_at_once() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let request = v1::CreateUnitTypeRequest {
            parent: "agencies/-".into(),
            unit_type_id: "kelurahan".into(),
            unit_type: Some(v1::UnitType {
                national_unit_type: "balai".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.create_unit_type(admin(request)).await),
            [
                "request_id",
                "parent",
                "unit_type_id",
                "unit_type.display_name",
                "unit_type.national_unit_type"
            ]
        );
        for word in ["-", "kota", "units", "Balai"] {
            let request = new_type("3271", word, "");
            let found = faults(t.client.create_unit_type(admin(request)).await);
            assert!(found.contains(&"unit_type_id".to_owned()), "{word}: {found:?}");
        }
        let update = v1::UpdateUnitTypeRequest {
            unit_type: Some(v1::UnitType {
                name: "x".into(),
                national_unit_type: "balai".into(),
                ..Default::default()
            }),
            update_mask: mask(&["display_name", "national_unit_type", "key"]),
        };
        assert_eq!(
            faults(t.client.update_unit_type(admin(update)).await),
            [
                "update_mask",
                "unit_type.name",
                "unit_type.display_name",
                "unit_type.national_unit_type"
            ]
        );
        let list = v1::ListUnitTypesRequest {
            parent: "x".into(),
            page_size: -1,
            page_token: String::new(),
        };
        assert_eq!(
            faults(t.client.list_unit_types(admin(list)).await),
            ["page_size", "parent"]
        );
        let orphan = t
            .client
            .create_unit_type(admin(new_type("9999", "balai", "")))
            .await;
        refused(orphan, Code::NotFound, "NOT_FOUND");
        let none = t
            .client
            .update_unit_type(city(changed("", "X", "", &["display_name"])))
            .await;
        refused(none, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn only_an_admin_of_the_agency_defines_types() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let denied = t
            .client
            .create_unit_type(operator(new_type("3271", "balai-kota", "")))
            .await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let denied = t
            .client
            .create_unit_type(city(new_type("32", "balai-kota", "")))
            .await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let of_city = t
            .client
            .create_unit_type(city(new_type("3271", "balai-kota", "")))
            .await;
        assert!(of_city.is_ok());
        let national = t
            .client
            .create_unit_type(admin(new_type("32", "balai-kota", "")))
            .await;
        assert!(national.is_ok());
        let update = changed("", "X", "", &["display_name"]);
        let denied = t.client.update_unit_type(operator(update)).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let denied = t.client.delete_unit_type(operator(delete(""))).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let unknown = t
            .client
            .get_unit_type(v1::GetUnitTypeRequest { name: BALAI.into() })
            .await;
        refused(unknown, Code::Unauthenticated, "TOKEN_MISSING");
    })
    .await;
}

#[tokio::test]
async fn types_are_listed_in_pages_in_the_order_of_their_names() {
    on_each_database(async |mut t| {
        t.bogor().await;
        for (agency, id) in [("3271", "b"), ("3271", "a"), ("32", "a"), ("3271", "a-b")] {
            t.client
                .create_unit_type(admin(new_type(agency, id, "")))
                .await
                .unwrap();
        }
        let mut request = v1::ListUnitTypesRequest {
            parent: "agencies/-".into(),
            page_size: 1,
            ..Default::default()
        };
        let mut names = Vec::new();
        loop {
            let page = t.client.list_unit_types(operator(request.clone())).await.unwrap();
            let page = page.into_inner();
            names.extend(page.unit_types.into_iter().map(|unit_type| unit_type.name));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let of = |agency: &str, id: &str| format!("agencies/{agency}/unitTypes/{id}");
        assert_eq!(
            names,
            [of("32", "a"), of("3271", "a"), of("3271", "a-b"), of("3271", "b")]
        );
        // Without an agency only the built-in types are listed, in pages too.
        let built_in = v1::ListUnitTypesRequest {
            page_size: 40,
            ..Default::default()
        };
        let first = t
            .client
            .list_unit_types(operator(built_in.clone()))
            .await
            .unwrap()
            .into_inner();
        let rest = v1::ListUnitTypesRequest {
            page_token: first.next_page_token,
            ..built_in
        };
        let rest = t
            .client
            .list_unit_types(operator(rest))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((first.unit_types.len(), rest.unit_types.len()), (40, 8));
        let all = first.unit_types.iter().chain(&rest.unit_types);
        assert!(all.into_iter().all(|unit_type| unit_type.name.is_empty()));
    })
    .await;
}
