//! Agencies.

use prima_platform::caller::{Caller, Role};
use prima_proto::{directory::v1, event::v1::AgencyState};
use tonic::Code;

use crate::fixture::*;

fn changed(name: &str, etag: &str, display_name: &str) -> v1::UpdateAgencyRequest {
    v1::UpdateAgencyRequest {
        agency: Some(v1::Agency {
            name: name.into(),
            etag: etag.into(),
            display_name: display_name.into(),
            ..Default::default()
        }),
        update_mask: mask(&["display_name"]),
    }
}

#[tokio::test]
async fn an_agency_is_created_read_and_changed() {
    on_each_database(async |mut t| {
        let mut new = agency("32", v1::AgencyKind::Provinsi, "");
        // Fields that only the service sets are ignored.
        let draft = new.agency.as_mut().unwrap();
        draft.display_name = "  Provinsi Jawa Barat ".into();
        draft.name = "agencies/other".into();
        draft.etag = "7".into();
        let created = t
            .client
            .create_agency(admin(new))
            .await
            .unwrap()
            .into_inner()
            .agency
            .unwrap();
        assert_eq!(
            (created.name.as_str(), created.display_name.as_str()),
            ("agencies/32", "Provinsi Jawa Barat")
        );
        assert_eq!(created.kind(), v1::AgencyKind::Provinsi);
        assert!(created.create_time.is_some() && created.create_time == created.update_time);

        let get = || {
            operator(v1::GetAgencyRequest {
                name: "agencies/32".into(),
            })
        };
        assert_eq!(
            t.client
                .get_agency(get())
                .await
                .unwrap()
                .into_inner()
                .agency
                .unwrap(),
            created
        );

        let update = changed("agencies/32", &created.etag, "Jawa Barat");
        let updated = t
            .client
            .update_agency(admin(update))
            .await
            .unwrap()
            .into_inner()
            .agency
            .unwrap();
        assert_eq!(updated.display_name, "Jawa Barat");
        assert_ne!(updated.etag, created.etag);
        assert_eq!(
            t.client
                .get_agency(get())
                .await
                .unwrap()
                .into_inner()
                .agency
                .unwrap(),
            updated
        );

        let staged = t
            .staged::<AgencyState>("prima.directory.agency.32")
            .await
            .unwrap();
        assert_eq!(
            (staged.event_type.as_str(), staged.revision),
            ("prima.directory.agency", 1)
        );
        assert_eq!(staged.version.to_string(), updated.etag);
        assert_eq!(
            (staged.state.display_name.as_str(), staged.state.kind.as_str()),
            ("Jawa Barat", "provinsi")
        );
    })
    .await;
}

#[tokio::test]
async fn a_missing_agency_is_not_found() {
    on_each_database(async |mut t| {
        let name = "agencies/99".to_owned();
        let got = t
            .client
            .get_agency(admin(v1::GetAgencyRequest { name: name.clone() }))
            .await;
        refused(got, Code::NotFound, "NOT_FOUND");
        refused(
            t.client.update_agency(admin(changed(&name, "", "x"))).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        assert_eq!(
            faults(
                t.client
                    .get_agency(admin(v1::GetAgencyRequest { name: "x".into() }))
                    .await
            ),
            ["name"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_repeat_returns_the_stored_response_and_another_body_is_refused() {
    on_each_database(async |mut t| {
        let new = agency("32", v1::AgencyKind::Provinsi, "");
        let first = t
            .client
            .create_agency(admin(new.clone()))
            .await
            .unwrap()
            .into_inner();
        t.client
            .update_agency(admin(changed("agencies/32", "", "Lain")))
            .await
            .unwrap();
        // Bodies are compared as parsed.
        let mut repeat = new.clone();
        repeat.agency.as_mut().unwrap().display_name.push(' ');
        repeat.agency.as_mut().unwrap().etag = "ignored".into();
        assert_eq!(
            t.client.create_agency(admin(repeat)).await.unwrap().into_inner(),
            first
        );

        let mut other = new.clone();
        other.agency.as_mut().unwrap().display_name = "Lain".into();
        let reused = t.client.create_agency(admin(other)).await;
        refused(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");

        let again = v1::CreateAgencyRequest {
            request_id: "another".into(),
            ..new
        };
        refused(
            t.client.create_agency(admin(again)).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
        assert_eq!((t.count("agency").await, t.count("request").await), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_stale_etag_changes_nothing() {
    on_each_database(async |mut t| {
        let new = agency("32", v1::AgencyKind::Provinsi, "");
        let created = t
            .client
            .create_agency(admin(new))
            .await
            .unwrap()
            .into_inner()
            .agency
            .unwrap();
        let stale = t
            .client
            .update_agency(admin(changed("agencies/32", "1", "x")))
            .await;
        refused(stale, Code::Aborted, "ETAG_MISMATCH");
        let get = v1::GetAgencyRequest {
            name: "agencies/32".into(),
        };
        assert_eq!(
            t.client
                .get_agency(admin(get))
                .await
                .unwrap()
                .into_inner()
                .agency
                .unwrap(),
            created
        );
        let quoted = changed("agencies/32", &format!("\"{}\"", created.etag), "x");
        assert!(t.client.update_agency(admin(quoted)).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn every_fault_is_reported_at_once() {
    on_each_database(async |mut t| {
        assert_eq!(
            faults(
                t.client
                    .create_agency(admin(v1::CreateAgencyRequest::default()))
                    .await
            ),
            ["request_id", "agency_id", "agency"]
        );
        let mut new = agency("Kota.Bogor", v1::AgencyKind::Unspecified, "provinsi/32");
        new.request_id = "a b".into();
        new.agency.as_mut().unwrap().display_name = "x".repeat(201);
        assert_eq!(
            faults(t.client.create_agency(admin(new)).await),
            [
                "request_id",
                "agency_id",
                "agency.display_name",
                "agency.kind",
                "agency.parent"
            ]
        );
        let mut new = agency("-", v1::AgencyKind::Kota, "");
        new.agency.as_mut().unwrap().display_name = " ".into();
        assert_eq!(
            faults(t.client.create_agency(admin(new)).await),
            ["agency_id", "agency.display_name", "agency.parent"]
        );
        assert_eq!(
            faults(
                t.client
                    .update_agency(admin(v1::UpdateAgencyRequest::default()))
                    .await
            ),
            ["update_mask", "agency"]
        );
        let mut update = changed("agencies", "", "a\u{0}");
        update.update_mask = mask(&["kind", "display_name", "*"]);
        assert_eq!(
            faults(t.client.update_agency(admin(update)).await),
            ["update_mask", "update_mask", "agency.name", "agency.display_name"]
        );
        let list = v1::ListAgenciesRequest {
            page_size: 1001,
            page_token: "x".into(),
            kind: 9,
            parent: "32".into(),
        };
        assert_eq!(
            faults(t.client.list_agencies(admin(list)).await),
            ["page_size", "page_token", "kind", "parent"]
        );
        assert_eq!((t.count("agency").await, t.count("outbox").await), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_regency_or_city_names_a_province_that_exists() {
    on_each_database(async |mut t| {
        let kota = agency("3271", v1::AgencyKind::Kota, "agencies/32");
        assert_eq!(
            faults(t.client.create_agency(admin(kota.clone())).await),
            ["agency.parent"]
        );
        t.bogor().await;
        let inside_a_city = agency("3299", v1::AgencyKind::Kabupaten, "agencies/3271");
        assert_eq!(
            faults(t.client.create_agency(admin(inside_a_city)).await),
            ["agency.parent"]
        );
        let ministry = agency("kemenkes", v1::AgencyKind::Kementerian, "agencies/32");
        assert_eq!(
            faults(t.client.create_agency(admin(ministry)).await),
            ["agency.parent"]
        );

        for (parent, fits) in [
            ("", false),
            ("agencies/99", false),
            ("agencies/3271", false),
            ("agencies/32", true),
        ] {
            let moved = v1::UpdateAgencyRequest {
                agency: Some(v1::Agency {
                    name: "agencies/3271".into(),
                    parent: parent.into(),
                    display_name: "not in the mask".into(),
                    ..Default::default()
                }),
                update_mask: mask(&["parent"]),
            };
            let answer = t.client.update_agency(admin(moved)).await;
            if fits {
                let agency = answer.unwrap().into_inner().agency.unwrap();
                assert_eq!(
                    (agency.parent.as_str(), agency.display_name.as_str()),
                    (parent, "Instansi 3271")
                );
            } else {
                assert_eq!(faults(answer), ["agency.parent"], "{parent}");
            }
        }
        let staged = t
            .staged::<AgencyState>("prima.directory.agency.3271")
            .await
            .unwrap();
        assert_eq!(staged.state.parent, "agencies/32");
    })
    .await;
}

#[tokio::test]
async fn agencies_are_listed_page_by_page_in_the_order_of_their_names() {
    on_each_database(async |mut t| {
        let all = [
            agency("kota", v1::AgencyKind::Lembaga, ""),
            agency("32", v1::AgencyKind::Provinsi, ""),
            agency("a", v1::AgencyKind::Lembaga, ""),
            agency("a-b", v1::AgencyKind::Lembaga, ""),
            agency("3271", v1::AgencyKind::Kota, "agencies/32"),
            agency("3201", v1::AgencyKind::Kabupaten, "agencies/32"),
            agency("-a", v1::AgencyKind::Lembaga, ""),
            agency("ab", v1::AgencyKind::Lembaga, ""),
        ];
        for new in all {
            t.client.create_agency(admin(new)).await.unwrap();
        }
        let mut request = v1::ListAgenciesRequest {
            page_size: 3,
            ..Default::default()
        };
        let mut names = Vec::new();
        let mut pages = 0;
        loop {
            let page = t
                .client
                .list_agencies(operator(request.clone()))
                .await
                .unwrap()
                .into_inner();
            names.extend(page.agencies.into_iter().map(|a| a.name));
            pages += 1;
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let ids = ["-a", "32", "3201", "3271", "a", "a-b", "ab", "kota"];
        assert_eq!(
            (names, pages),
            (ids.map(|id| format!("agencies/{id}")).to_vec(), 3)
        );

        let kota = v1::ListAgenciesRequest {
            kind: v1::AgencyKind::Kota.into(),
            ..Default::default()
        };
        let page = t
            .client
            .list_agencies(admin(kota.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(page.agencies.len(), 1);
        // A page token is valid only with the filters for which it was issued.
        let mixed = v1::ListAgenciesRequest {
            page_token: request.page_token,
            ..kota
        };
        assert_eq!(faults(t.client.list_agencies(admin(mixed)).await), ["page_token"]);

        let inside = v1::ListAgenciesRequest {
            parent: "agencies/32".into(),
            ..Default::default()
        };
        let page = t.client.list_agencies(admin(inside)).await.unwrap().into_inner();
        let names: Vec<&str> = page.agencies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["agencies/3201", "agencies/3271"]);
    })
    .await;
}

#[tokio::test]
async fn only_an_admin_of_the_agency_changes_it_and_reading_needs_a_token() {
    on_each_database(async |mut t| {
        let new = || agency("3271", v1::AgencyKind::Provinsi, "");
        refused(
            t.client.create_agency(operator(new())).await,
            Code::PermissionDenied,
            "PERMISSION_DENIED",
        );
        let elsewhere = Caller::new("admin".into(), vec![Role::Admin], vec!["3272".into()]);
        let denied = t.client.create_agency(by(elsewhere, new())).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let denied = t
            .client
            .update_agency(operator(changed("agencies/3271", "", "x")))
            .await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");

        let unknown = t.client.list_agencies(v1::ListAgenciesRequest::default()).await;
        refused(unknown, Code::Unauthenticated, "TOKEN_MISSING");
        let unknown = t
            .client
            .list_unit_types(v1::ListUnitTypesRequest::default())
            .await;
        refused(unknown, Code::Unauthenticated, "TOKEN_MISSING");
        let types = t
            .client
            .list_unit_types(operator(v1::ListUnitTypesRequest::default()))
            .await
            .unwrap()
            .into_inner();
        assert!(types.unit_types.is_sorted_by(|a, b| a.key < b.key));
        assert!(types.unit_types.iter().any(|t| t.key == "dpmptsp"));
    })
    .await;
}
