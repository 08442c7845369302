use serde_json::{Value, json};

use super::*;

fn leaf(key: &str, weight: &str, value: &str, product: &str) -> pb::Term {
    pb::Term {
        key: key.into(),
        display_name: format!("Nama {key}"),
        weight: weight.into(),
        value: value.into(),
        product: product.into(),
        origin: if value.is_empty() {
            "belum ada"
        } else {
            "tingkat menurut 2 evaluator"
        }
        .into(),
        ..Default::default()
    }
}

fn node(key: &str, weight: &str, value: &str, product: &str, terms: Vec<pb::Term>) -> pb::Term {
    pb::Term {
        terms,
        origin: String::new(),
        ..leaf(key, weight, value, product)
    }
}

/// The index of this sample: 3.5 / 2 + 4 / 2 = 3.75 from the only aspect, and 3.75 * 0.75 + 11/3 * 0.25 = 179/48.
fn sample() -> (pb::IndexSummary, pb::IndexValue) {
    let aspect = node(
        "policy",
        "1/1",
        "15/4",
        "15/4",
        vec![
            leaf("standard", "1/2", "7/2", "7/4"),
            leaf("charter", "1/2", "4/1", "2/1"),
        ],
    );
    let f02 = node("f02", "3/4", "15/4", "45/16", vec![aspect.clone()]);
    let f03 = leaf("f03", "1/4", "11/3", "11/12");
    let value = pb::IndexValue {
        index: "3.73".into(),
        index_exact: "179/48".into(),
        category: "B".into(),
        category_display_name: "Baik".into(),
        f02: "3.75".into(),
        f03: "3.67".into(),
        tree: Some(node("ipp", "1/1", "179/48", "179/48", vec![f02, f03])),
        missing: Vec::new(),
        instrument: "pekppp-2022".into(),
        citations: vec!["PermenPANRB 29/2022".into()],
    };
    let summary = pb::IndexSummary {
        name: "cycles/2026/agencies/3271/units/dpmptsp".into(),
        metric: "ipp".into(),
        period: "2026".into(),
        index: value.index.clone(),
        index_exact: value.index_exact.clone(),
        category: value.category.clone(),
        category_display_name: value.category_display_name.clone(),
        units_counted: 1,
        units_expected: 1,
        f02: value.f02.clone(),
        f03: value.f03.clone(),
        aspects: vec![aspect],
        instrument: value.instrument.clone(),
        version: 3,
        ..Default::default()
    };
    (summary, value)
}

fn incomplete() -> (pb::IndexSummary, pb::IndexValue) {
    let aspect = node("policy", "1/1", "", "", vec![leaf("standard", "1/1", "", "")]);
    let tree = node(
        "ipp",
        "1/1",
        "",
        "",
        vec![
            node("f02", "3/4", "", "", vec![aspect.clone()]),
            leaf("f03", "1/4", "", ""),
        ],
    );
    let missing = vec!["standard".to_owned(), "f03".to_owned()];
    let value = pb::IndexValue {
        tree: Some(tree),
        missing: missing.clone(),
        ..Default::default()
    };
    let summary = pb::IndexSummary {
        name: "cycles/2026/agencies/3271/units/dpmptsp".into(),
        aspects: vec![aspect],
        missing,
        ..Default::default()
    };
    (summary, value)
}

#[test]
fn a_fraction_is_a_decimal_of_at_most_four_places() {
    for (fraction, shown) in [
        ("15/4", "3.75"),
        ("3/1", "3"),
        ("100/1", "100"),
        ("0/1", "0"),
        ("11/3", "3.6667"),
        ("1/20000", "0.0001"),
        ("", ""),
        ("lain", "lain"),
    ] {
        assert_eq!(plain(fraction), shown, "{fraction}");
    }
}

#[test]
fn json_has_the_aspects_with_their_indicators_and_decimals_as_strings() {
    let (summary, value) = sample();
    let shown: Value = serde_json::from_str(&summary_json(&summary).unwrap()).unwrap();
    let explained: Value = serde_json::from_str(&value_json(&summary, &value).unwrap()).unwrap();
    for document in [&shown, &explained] {
        for (key, expected) in [
            ("index", json!("3.73")),
            ("category", json!("B")),
            ("f02", json!("3.75")),
            ("f03", json!("3.67")),
            ("final", json!(false)),
        ] {
            assert_eq!(document[key], expected, "{key}");
        }
        let aspect = &document["aspects"][0];
        assert_eq!(
            (&aspect["key"], &aspect["value"], &aspect["weight"]),
            (&json!("policy"), &json!("3.75"), &json!("1"))
        );
        let indicator = &aspect["indicators"][0];
        assert_eq!(
            (&indicator["key"], &indicator["value"], &indicator["weight"]),
            (&json!("standard"), &json!("3.5"), &json!("0.5"))
        );
        assert_eq!(aspect["indicators"].as_array().unwrap().len(), 2);
    }
    // A summary does not say where its levels come from.
    assert!(shown["aspects"][0]["indicators"][0].get("origin").is_none());
    assert!(!summary_table(&summary).contains("Asal"));
    assert!(shown.get("tree").is_none() && shown.get("citations").is_none());
    assert_eq!(explained["citations"], json!(["PermenPANRB 29/2022"]));
    let f03 = &explained["tree"]["terms"][1];
    assert_eq!(
        (&f03["value"], &f03["value_exact"], &f03["origin"]),
        (
            &json!("3.6667"),
            &json!("11/3"),
            &json!("tingkat menurut 2 evaluator")
        )
    );
}

#[test]
fn what_is_missing_is_null_in_json_and_named_in_the_table() {
    let (summary, value) = incomplete();
    let document: Value = serde_json::from_str(&value_json(&summary, &value).unwrap()).unwrap();
    for key in ["index", "index_exact", "category", "f02", "f03"] {
        assert_eq!(document[key], Value::Null, "{key}");
    }
    assert_eq!(document["aspects"][0]["value"], Value::Null);
    assert_eq!(document["missing"], json!(["standard", "f03"]));
    for text in [summary_table(&summary), value_table(&summary, &value)] {
        assert!(text.contains("Indeks belum ada"), "{text}");
        assert!(text.contains("- Nama standard (standard)"), "{text}");
    }
}

#[test]
fn the_table_shows_the_whole_tree_with_origins_and_citations() {
    let (summary, value) = sample();
    insta::assert_snapshot!(value_table(&summary, &value), @"
    cycles/2026/agencies/3271/units/dpmptsp · Indeks Pelayanan Publik (nasional) · 2026
    Indeks 3.73 · kategori B (Baik) · F-02 3.75 · F-03 3.67 · sementara, siklus belum ditetapkan
    ┌─────────────────────┬───────┬────────┬───────────────┬─────────────────────────────┐
    │ Bagian              ┆ Bobot ┆  Nilai ┆ Bobot × nilai ┆ Asal                        │
    ╞═════════════════════╪═══════╪════════╪═══════════════╪═════════════════════════════╡
    │ Nama ipp            ┆     1 ┆ 3.7292 ┆        3.7292 ┆ -                           │
    │ · Nama f02          ┆  0.75 ┆   3.75 ┆        2.8125 ┆ -                           │
    │ · · Nama policy     ┆     1 ┆   3.75 ┆          3.75 ┆ -                           │
    │ · · · Nama standard ┆   0.5 ┆    3.5 ┆          1.75 ┆ tingkat menurut 2 evaluator │
    │ · · · Nama charter  ┆   0.5 ┆      4 ┆             2 ┆ tingkat menurut 2 evaluator │
    │ · Nama f03          ┆  0.25 ┆ 3.6667 ┆        0.9167 ┆ tingkat menurut 2 evaluator │
    └─────────────────────┴───────┴────────┴───────────────┴─────────────────────────────┘
    Nilai tepat 179/48; dibulatkan satu kali menjadi 3.73.
    Instrumen: pekppp-2022
    Dasar:
    - PermenPANRB 29/2022
    ");
}

#[test]
fn an_agency_has_units_in_its_tree_and_no_aspects() {
    let (mut summary, mut value) = sample();
    summary.name = "cycles/2026/agencies/3271".into();
    summary.aspects.clear();
    value.tree = Some(node(
        "ipp",
        "1/1",
        "4/1",
        "4/1",
        vec![leaf("agencies/3271/units/a", "1/1", "4/1", "4/1")],
    ));
    let document: Value = serde_json::from_str(&value_json(&summary, &value).unwrap()).unwrap();
    assert_eq!(document["aspects"], json!([]));
    assert_eq!(
        document["tree"]["terms"][0]["key"],
        json!("agencies/3271/units/a")
    );
    assert!(value_table(&summary, &value).contains("1 dari 1 unit dihitung"));
}

#[test]
fn no_text_of_a_service_moves_the_cursor() {
    let (mut summary, mut value) = sample();
    summary.name = "cycles/a/agencies/b/units/\u{1b}[2J".into();
    value.citations = vec!["a\u{1b}]0;x\u{7}".into()];
    value.missing = vec!["\u{202e}x".into()];
    value.instrument = "\r\nx".into();
    let text = value_table(&summary, &value) + &summary_table(&summary);
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{text:?}");
}
