//! Instruments over gRPC: read, checked, added; and simulations.

use std::collections::BTreeMap;

use prima_proto::index::v1 as pb;
use serde_json::{Value, json};
use tonic::Code;

use crate::fixture::*;

const PEKPPP: &str = include_str!("../../data/pekppp-2022.json");

/// PEKPPP 2022 under another id, changed.
fn document(id: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(PEKPPP).unwrap();
    *document.get_mut("id").unwrap() = json!(id);
    change(&mut document);
    document.to_string()
}

fn add(request_id: &str, document: &str) -> pb::AddInstrumentRequest {
    pb::AddInstrumentRequest {
        request_id: request_id.into(),
        document: document.into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_adds_an_instrument_without_a_release() {
    on_each_database(async |mut t| {
        let text = document("uji-2026", |d| d["title"] = json!("Instrumen uji"));
        let checked = t
            .client
            .check_instrument(operator(pb::CheckInstrumentRequest {
                document: text.clone(),
            }))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(checked.faults, []);
        assert_eq!(checked.instrument.unwrap().id, "uji-2026");
        let added = t
            .client
            .add_instrument(admin(add("a", &text)))
            .await
            .unwrap()
            .into_inner();
        let again = t
            .client
            .add_instrument(admin(add("a", &text)))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(added, again);
        refused(
            t.client.add_instrument(admin(add("b", &text))).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
        let release = add("c", PEKPPP);
        refused(
            t.client.add_instrument(admin(release)).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
        let other = add("a", &document("uji-2027", |_| {}));
        refused(
            t.client.add_instrument(admin(other)).await,
            Code::InvalidArgument,
            "REQUEST_ID_REUSED",
        );
        let mine = add("d", &document("uji-2028", |_| {}));
        refused(
            t.client.add_instrument(operator(mine)).await,
            Code::PermissionDenied,
            "PERMISSION_DENIED",
        );
        let listed = t
            .client
            .list_instruments(operator(pb::ListInstrumentsRequest::default()))
            .await;
        let listed = listed.unwrap().into_inner().instruments;
        let ids: Vec<(&str, bool)> = listed.iter().map(|i| (i.id.as_str(), i.built_in)).collect();
        assert_eq!(
            ids,
            [("pekppp-2017", true), ("pekppp-2022", true), ("uji-2026", false)]
        );
        let got = t
            .client
            .get_instrument(operator(pb::GetInstrumentRequest {
                id: "uji-2026".into(),
            }))
            .await;
        assert_eq!(got.unwrap().into_inner().document, text);
        let none = t
            .client
            .get_instrument(operator(pb::GetInstrumentRequest {
                id: "tidak-ada".into(),
            }))
            .await;
        refused(none, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_instrument_is_refused_with_every_fault() {
    on_each_database(async |mut t| {
        let text = document("uji-2026", |d| {
            d["aspects"][0]["weight"] = json!(0.3);
            d["categories"][1]["upper"] = json!(4.4);
            d["forms"]["f02_offline"][0]["fed_by"]["metric"] = json!("weather.rain");
        });
        let answer = t.client.add_instrument(admin(add("a", &text))).await;
        assert_eq!(
            faults(answer),
            ["aspects", "forms.f02_offline[0].fed_by.metric", "categories"]
        );
        let checked = t
            .client
            .check_instrument(operator(pb::CheckInstrumentRequest { document: text }))
            .await;
        assert_eq!(checked.unwrap().into_inner().faults.len(), 3);
        assert_eq!(t.count("instrument").await, 0);
        assert_eq!(t.count("request").await, 0);
    })
    .await;
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_explains_itself_and_names_what_it_varied() {
    on_each_database(async |mut t| {
        let aspects = [
            ("service_policy", "4"),
            ("hr_professionalism", "4"),
            ("infrastructure", "4"),
            ("information_system", "4"),
            ("consultation_complaint", "4"),
            ("innovation", "1"),
        ];
        let mut request = pb::SimulateIndexRequest {
            instrument: "pekppp-2022".into(),
            form: "offline".into(),
            aspect_scores: map(&aspects),
            f03: "4".into(),
            ..Default::default()
        };
        let plain = t
            .client
            .simulate_index(operator(request.clone()))
            .await
            .unwrap()
            .into_inner();
        let value = plain.value.unwrap();
        // 0.75 * (4 - 0.12 * 3) + 0.25 * 4
        assert_eq!((value.index.as_str(), value.category.as_str()), ("3.73", "B"));
        assert_eq!(value.index_exact, "373/100");
        assert_eq!(value.tree.unwrap().terms.len(), 2);
        assert!(
            plain
                .assumptions
                .iter()
                .all(|a| a.key.starts_with("aspect_scores."))
        );
        request.leave_out_aspect = "innovation".into();
        let without = t
            .client
            .simulate_index(operator(request.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(without.value.unwrap().index, "4.00");
        let varied: Vec<&str> = without.assumptions.iter().map(|a| a.key.as_str()).collect();
        assert!(varied.contains(&"leave_out_aspect"), "{varied:?}");
        request.leave_out_aspect = String::new();
        request.respondents = 9;
        let few = t
            .client
            .simulate_index(operator(request))
            .await
            .unwrap()
            .into_inner()
            .value
            .unwrap();
        assert_eq!((few.index.as_str(), few.missing), ("", vec!["f03".to_owned()]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_simulation_is_reported_at_once() {
    on_each_database(async |mut t| {
        let request = pb::SimulateIndexRequest {
            instrument: "pekppp-2022".into(),
            form: "tatap muka".into(),
            levels: map(&[("waiting_room", "6"), ("nothing", "1")]),
            f03: "x".into(),
            respondents: -1,
            under_minimum_policy: "guess".into(),
            weighting: "none".into(),
            aspect_scores: map(&[("love", "1")]),
            aspect_weights: map(&[("innovation", "0.5")]),
            leave_out_aspect: "hope".into(),
            ..Default::default()
        };
        let mut found = faults(t.client.simulate_index(operator(request)).await);
        found.sort();
        let expected = [
            "aspect_scores.love",
            "aspect_weights",
            "f03",
            "form",
            "leave_out_aspect.hope",
            "levels.nothing",
            "levels.waiting_room",
            "respondents",
            "under_minimum_policy",
            "weighting",
        ];
        assert_eq!(found, expected);
        let unknown = pb::SimulateIndexRequest {
            instrument: "tidak-ada".into(),
            ..Default::default()
        };
        refused(
            t.client.simulate_index(operator(unknown)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
    })
    .await;
}
