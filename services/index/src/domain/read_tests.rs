//! Every fault of a document is named.

use serde_json::{Value, json};

use super::*;

const PEKPPP: &str = include_str!("../../data/pekppp-2022.json");

fn faults(change: impl FnOnce(&mut Value)) -> Vec<(String, String)> {
    let mut document: Value = serde_json::from_str(PEKPPP).unwrap();
    change(&mut document);
    let faults = Instrument::read(&document.to_string()).err().unwrap_or_default();
    faults.into_iter().map(|f| (f.field, f.description)).collect()
}

fn fields(change: impl FnOnce(&mut Value)) -> Vec<String> {
    faults(change).into_iter().map(|(field, _)| field).collect()
}

#[test]
fn a_valid_document_has_no_fault() {
    assert_eq!(faults(|_| {}), []);
}

#[test]
fn weights_that_do_not_sum_to_one_are_named() {
    let found = faults(|d| d["aspects"][0]["weight"] = json!(0.25));
    assert_eq!(
        found,
        [(
            "aspects".into(),
            "the weights of `aspects` sum to 101/100, not to 1".into()
        )]
    );
    let found = faults(|d| d["forms"]["f02_offline"][0]["weight"] = json!(0.18));
    assert_eq!(
        found,
        [(
            "forms.f02_offline".into(),
            "the weights of `service_policy` sum to 101/100, not to 1".into()
        )]
    );
    assert_eq!(
        fields(|d| d["combination"]["weights"]["f03"] = json!(0.3)),
        ["combination.weights"]
    );
}

#[test]
fn bands_with_holes_and_overlaps_are_named() {
    let found = faults(|d| d["categories"][1]["upper"] = json!(4.49));
    assert_eq!(
        found,
        [(
            "categories".into(),
            "a hole: `A-` ends at 4.49, not at 4.50".into()
        )]
    );
    let found = faults(|d| d["categories"][1]["upper"] = json!(4.6));
    assert_eq!(
        found,
        [(
            "categories".into(),
            "an overlap: `A-` ends at 4.60, not at 4.50".into()
        )]
    );
    let found = faults(|d| d["categories"][8]["lower"] = json!(0.5));
    assert_eq!(
        found,
        [("categories".into(), "a hole: the lowest must begin at 0".into())]
    );
}

#[test]
fn a_metric_that_no_service_supplies_is_a_fault() {
    let feed = |d: &mut Value, key: &str, value: Value| d["forms"]["f02_offline"][0]["fed_by"][key] = value;
    assert_eq!(
        fields(|d| feed(d, "metric", json!("weather.rain"))),
        ["forms.f02_offline[0].fed_by.metric"]
    );
    let found = fields(|d| {
        feed(
            d,
            "rule",
            json!({"type": "first_match", "otherwise": 9, "rows": [
                {"level": 6, "when": [{"field": "colour", "op": "ne", "value": []}]}
            ]}),
        );
    });
    let path = "forms.f02_offline[0].fed_by.rule";
    let expected = [
        "otherwise",
        "rows[0].level",
        "rows[0].when[0].field",
        "rows[0].when[0].op",
        "rows[0].when[0].value",
    ];
    assert_eq!(found, expected.map(|field| format!("{path}.{field}")));
}

#[test]
fn every_fault_is_reported_at_once() {
    let found = fields(|d| {
        d["id"] = json!("PEKPPP 2022");
        d["title"] = json!("");
        d["scale"] = json!({"min": 1, "max": 5});
        d["aspects"][1]["key"] = json!("service_policy");
        d["forms"]["f02_online"][3]["levels"] = json!(["a", "b"]);
        d["forms"]["f03_online"][0]["aspect"] = json!("innovation");
        d["respondents"]["under_minimum_default"] = json!("guess");
        d["rollup_variants"]["default"] = json!("median");
    });
    for field in [
        "id",
        "title",
        "scale.min",
        "aspects",
        "forms.f02_online[3].levels",
        "forms.f03_online[0].aspect",
        "respondents.under_minimum_default",
        "rollup_variants.default",
    ] {
        assert!(found.iter().any(|f| f == field), "{field} is not among {found:?}");
    }
}

#[test]
fn text_that_is_not_a_document_is_a_fault() {
    for text in ["", "{", "[]", "1"] {
        assert_eq!(
            Instrument::read(text).err().unwrap()[0].field,
            "document",
            "{text}"
        );
    }
    assert!(Instrument::read("{}").err().unwrap().len() > 4);
}
