//! What everybody may read of units and public services, without a token.

use prima_proto::directory::v1;
use tonic::{Code, Request};

use crate::{
    fixture::*,
    standards::{UNIT, charter, medium, standard, with_service},
};

const NIB: &str = "agencies/3271/units/dpmptsp/services/nib";

async fn unit_facts(t: &mut Directory) -> v1::UnitFacts {
    let message = v1::GetUnitFactsRequest { name: UNIT.into() };
    let answer = t.client.get_unit_facts(Request::new(message)).await;
    answer.unwrap().into_inner().unit.unwrap()
}

async fn service_facts(t: &mut Directory) -> v1::ServiceFacts {
    let message = v1::GetServiceFactsRequest { name: NIB.into() };
    let answer = t.client.get_service_facts(Request::new(message)).await;
    answer.unwrap().into_inner().service.unwrap()
}

#[tokio::test]
async fn a_unit_is_shown_by_the_names_that_people_know_and_with_its_public_charter() {
    on_each_database(async |mut t| {
        with_service(&mut t).await;
        let facts = unit_facts(&mut t).await;
        assert_eq!(facts.name, UNIT);
        assert_eq!(facts.display_name, "Unit dpmptsp");
        assert_eq!(facts.agency_display_name, "Instansi 3271");
        assert_eq!(facts.province_display_name, "Instansi 32");
        assert!(
            facts.unit_type_display_name.contains("Penanaman Modal"),
            "{facts:?}"
        );
        assert_eq!(facts.charter, None);

        for (id, signed, media, is_public) in [
            ("c1", "", vec![medium("media-cetak", "", "2023-02-05")], false),
            ("c2", "2023-02-01", vec![], false),
            (
                "c3",
                "2023-02-01",
                vec![medium("media-cetak", "", "2023-02-05")],
                true,
            ),
        ] {
            let mut request = charter(id);
            let given = request.charter.as_mut().unwrap();
            given.sign_date = signed.into();
            given.media = media;
            t.client.publish_service_charter(operator(request)).await.unwrap();
            let shown = unit_facts(&mut t).await.charter;
            assert_eq!(shown.is_some(), is_public, "{id}");
        }
        // A draft of the next one does not end it.
        let mut draft = charter("c4");
        let given = draft.charter.as_mut().unwrap();
        given.sign_date.clear();
        given.text = "Rancangan maklumat berikutnya".into();
        t.client.publish_service_charter(operator(draft)).await.unwrap();
        let shown = unit_facts(&mut t).await.charter.unwrap();
        assert_eq!(shown.text, "Dengan ini kami menyatakan sanggup");
        assert_eq!(shown.sign_date, "2023-02-01");
    })
    .await;
}

#[tokio::test]
async fn a_unit_of_a_type_of_its_agency_has_the_name_of_that_type_and_a_closed_one_its_successors() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let unit_type = v1::CreateUnitTypeRequest {
            request_id: "type".into(),
            parent: "agencies/3271".into(),
            unit_type_id: "gerai".into(),
            unit_type: Some(v1::UnitType {
                display_name: "Gerai Layanan".into(),
                ..Default::default()
            }),
        };
        t.client.create_unit_type(admin(unit_type)).await.unwrap();
        let mut gerai = unit("3271", "gerai");
        gerai.unit.as_mut().unwrap().unit_type = "gerai".into();
        t.client.create_unit(operator(gerai)).await.unwrap();
        let close = v1::CloseUnitRequest {
            name: "agencies/3271/units/gerai".into(),
            close_date: "2024-01-31".into(),
            successors: vec![UNIT.into()],
            ..Default::default()
        };
        t.client.close_unit(operator(close)).await.unwrap();
        let message = v1::GetUnitFactsRequest {
            name: "agencies/3271/units/gerai".into(),
        };
        let answer = t.client.get_unit_facts(Request::new(message)).await.unwrap();
        let facts = answer.into_inner().unit.unwrap();
        assert_eq!(facts.unit_type_display_name, "Gerai Layanan");
        assert_eq!(facts.close_date, "2024-01-31");
        assert_eq!(facts.successors, [UNIT]);
    })
    .await;
}

#[tokio::test]
async fn of_a_standard_only_the_public_components_are_shown() {
    on_each_database(async |mut t| {
        with_service(&mut t).await;
        assert_eq!(service_facts(&mut t).await.standard, None);
        t.client
            .publish_service_standard(operator(standard("s1")))
            .await
            .unwrap();
        let facts = service_facts(&mut t).await;
        assert_eq!(facts.display_name, "Layanan nib");
        let shown = facts.standard.clone().unwrap();
        let keys: Vec<&str> = shown.components.iter().map(|c| c.key.as_str()).collect();
        let public = [
            "requirements",
            "procedure",
            "time",
            "cost",
            "product",
            "complaint_handling",
        ];
        assert_eq!(keys, public);
        assert!(shown.components.iter().all(|c| !c.display_name.is_empty()));
        assert_eq!(shown.decree, "065/12-DPMPTSP/2023");
        assert_eq!(shown.media.len(), 3);
        // Neither another component nor a record of how it was made.
        let text = format!("{facts:?}");
        assert!(
            !text.contains("rahasia legal_basis") && !text.contains("fkp"),
            "{text}"
        );

        // A draft of the next one does not end it.
        let mut draft = standard("draft");
        let given = draft.standard.as_mut().unwrap();
        (given.enact_date, given.decree) = (String::new(), String::new());
        t.client.publish_service_standard(operator(draft)).await.unwrap();
        assert_eq!(service_facts(&mut t).await, facts);

        let mut none = standard("s2");
        none.standard.as_mut().unwrap().published_components.clear();
        t.client.publish_service_standard(operator(none)).await.unwrap();
        assert_eq!(service_facts(&mut t).await.standard, None);
    })
    .await;
}

#[tokio::test]
async fn the_services_of_a_unit_are_listed_in_pages() {
    on_each_database(async |mut t| {
        with_service(&mut t).await;
        t.client
            .create_public_service(operator(service("izin")))
            .await
            .unwrap();
        let mut message = v1::ListServiceFactsRequest {
            parent: UNIT.into(),
            page_size: 1,
            ..Default::default()
        };
        let mut names = Vec::new();
        loop {
            let answer = t.client.list_service_facts(Request::new(message.clone())).await;
            let answer = answer.unwrap().into_inner();
            names.extend(answer.services.into_iter().map(|one| one.display_name));
            message.page_token = answer.next_page_token;
            if message.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(names, ["Layanan izin", "Layanan nib"]);
    })
    .await;
}

#[tokio::test]
async fn without_a_token_nothing_else_can_be_read() {
    on_each_database(async |mut t| {
        with_service(&mut t).await;
        let missing = v1::GetUnitFactsRequest {
            name: "agencies/3271/units/lain".into(),
        };
        let refusal = t.client.get_unit_facts(Request::new(missing)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
        let unit = v1::GetUnitRequest { name: UNIT.into() };
        let refusal = t.client.get_unit(Request::new(unit)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
        let standard = v1::GetServiceStandardRequest {
            service: NIB.into(),
            ..Default::default()
        };
        let refusal = t.client.get_service_standard(Request::new(standard)).await;
        assert_eq!(refusal.unwrap_err().code(), Code::Unauthenticated);
    })
    .await;
}
