//! Faults of standards and charters.

use std::collections::BTreeMap;

use prima_platform::clock::Clock;
use prima_proto::{directory::v1, period::jakarta_day};

use crate::{
    fixture::*,
    standards::{UNIT, charter, medium, record, standard, with_service},
};

#[tokio::test]
async fn every_fault_of_a_standard_is_reported_at_once() {
    on_each_database(async |mut t| {
        with_service(&mut t).await;
        let nothing = v1::PublishServiceStandardRequest::default();
        assert_eq!(
            faults(t.client.publish_service_standard(operator(nothing)).await),
            ["request_id", "standard"]
        );
        let tomorrow = jakarta_day(Clock::system().now()).succ_opt().unwrap().to_string();
        let mut bad = standard("s 1");
        *bad.standard.as_mut().unwrap() = v1::ServiceStandard {
            service: UNIT.into(),
            components: BTreeMap::from([
                ("cost".to_owned(), " ".to_owned()),
                ("harga".to_owned(), "x".to_owned()),
                ("time".to_owned(), "x".repeat(10_001)),
            ]),
            enact_date: tomorrow.clone(),
            involvements: vec![v1::PublicInvolvement {
                date: "2024-1-1".into(),
                groups: vec!["pengguna".into(), "pengguna".into()],
                link: "javascript:x".into(),
            }],
            monitorings: vec![record("")],
            reviews: vec![record(&tomorrow)],
            published_components: vec!["cost".into(), "cost".into(), "harga".into(), "product".into()],
            ..Default::default()
        };
        let found = faults(t.client.publish_service_standard(operator(bad)).await);
        assert_eq!(
            found,
            [
                "request_id",
                "standard.service",
                "standard.components[cost]",
                "standard.components[harga]",
                "standard.components[time]",
                "standard.enact_date",
                "standard.decree",
                "standard.involvements[0].date",
                "standard.involvements[0].link",
                "standard.involvements[0].groups",
                "standard.monitorings[0].date",
                "standard.reviews[0].date",
                "standard.published_components[1]",
                "standard.published_components[2]",
                "standard.published_components[3]",
            ]
        );
        let mut bad = standard("s1");
        bad.standard.as_mut().unwrap().sippn_date = "kapan".into();
        bad.standard.as_mut().unwrap().media = vec![
            medium("radio", "", "2024-01-01"),
            medium("situs-web", "", "2023-02-30"),
            medium("videotron", "", "2024-01-01"),
            medium("videotron", "", "2024-02-01"),
        ];
        assert_eq!(
            faults(t.client.publish_service_standard(operator(bad)).await),
            [
                "standard.media[0].kind",
                "standard.media[1].link",
                "standard.media[1].since_date",
                "standard.media[3]",
                "standard.sippn_date",
            ]
        );
        let mut undated = standard("s1");
        let body = undated.standard.as_mut().unwrap();
        body.enact_date.clear();
        body.components.clear();
        body.published_components.clear();
        assert_eq!(
            faults(t.client.publish_service_standard(operator(undated)).await),
            ["standard.components", "standard.enact_date"]
        );
        let mut bad = charter("c1");
        *bad.charter.as_mut().unwrap() = v1::ServiceCharter {
            unit: "x".into(),
            sign_date: tomorrow,
            media: vec![medium("media-sosial", "", "")],
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.publish_service_charter(operator(bad)).await),
            [
                "charter.unit",
                "charter.text",
                "charter.sign_date",
                "charter.media[0].link",
                "charter.media[0].since_date"
            ]
        );
        let get = v1::GetServiceStandardRequest {
            service: "x".into(),
            revision: -1,
        };
        assert_eq!(
            faults(t.client.get_service_standard(operator(get)).await),
            ["service", "revision"]
        );
        assert_eq!(t.count("service_standard").await, 0);
    })
    .await;
}
