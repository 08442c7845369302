//! Simulated indices.

use prima_proto::index::v1 as pb;
use serde::Serialize;

use super::index_tree::{aspects, decimal};
use super::{Table, clean, given, lines};

const NONE: &str = "belum ada";

#[derive(Serialize)]
struct Json<'a> {
    instrument: &'a str,
    index: Option<&'a str>,
    category: Option<&'a str>,
    category_display_name: Option<&'a str>,
    f02: Option<String>,
    f03: Option<String>,
    aspects: Vec<JsonAspect<'a>>,
    missing: &'a [String],
    assumptions: Vec<JsonAssumption<'a>>,
}

#[derive(Serialize)]
struct JsonAspect<'a> {
    #[serde(flatten)]
    own: JsonTerm<'a>,
    indicators: Vec<JsonTerm<'a>>,
}

#[derive(Serialize)]
struct JsonTerm<'a> {
    key: &'a str,
    value: Option<String>,
    weight: Option<String>,
}

#[derive(Serialize)]
struct JsonAssumption<'a> {
    key: &'a str,
    original: String,
    simulated: String,
}

/// The part of a tree that is F-02 or F-03.
fn part<'a>(tree: &'a pb::Term, key: &str) -> Option<&'a pb::Term> {
    tree.terms.iter().find(|term| term.key == key)
}

/// A simulation as JSON. Numbers are decimals in strings, and `null` while an input is missing.
pub fn simulation_json(answer: &pb::SimulateIndexResponse) -> anyhow::Result<String> {
    let none = (pb::IndexValue::default(), pb::Term::default());
    let value = answer.value.as_ref().unwrap_or(&none.0);
    let tree = value.tree.as_ref().unwrap_or(&none.1);
    super::json(
        &Json {
            instrument: &value.instrument,
            index: given(&value.index),
            category: given(&value.category),
            category_display_name: given(&value.category_display_name),
            f02: part(tree, "f02").and_then(|f02| decimal(&f02.value)),
            f03: part(tree, "f03").and_then(|f03| decimal(&f03.value)),
            aspects: aspects(tree)
                .iter()
                .map(|aspect| JsonAspect {
                    own: json_term(aspect),
                    indicators: aspect.terms.iter().map(json_term).collect(),
                })
                .collect(),
            missing: &value.missing,
            assumptions: answer
                .assumptions
                .iter()
                .map(|varied| JsonAssumption {
                    key: &varied.key,
                    original: decimal(&varied.original).unwrap_or_default(),
                    simulated: decimal(&varied.simulated).unwrap_or_default(),
                })
                .collect(),
        },
        false,
    )
}

fn json_term(term: &pb::Term) -> JsonTerm<'_> {
    JsonTerm {
        key: &term.key,
        value: decimal(&term.value),
        weight: decimal(&term.weight),
    }
}

/// A simulation for people.
pub fn simulation(answer: &pb::SimulateIndexResponse) -> String {
    let none = (pb::IndexValue::default(), pb::Term::default());
    let value = answer.value.as_ref().unwrap_or(&none.0);
    let tree = value.tree.as_ref().unwrap_or(&none.1);
    let of = |key| {
        part(tree, key).map(|term| {
            let value = decimal(&term.value).unwrap_or_else(|| NONE.to_owned());
            format!("{value}, bobot {}", decimal(&term.weight).unwrap_or_default())
        })
    };
    let index = match (value.index.as_str(), value.category.as_str()) {
        ("", _) => NONE.to_owned(),
        (index, category) => format!("{index}, {category} ({})", value.category_display_name),
    };
    let rows = [
        ("Instrumen", Some(value.instrument.clone())),
        ("Indeks", Some(index)),
        ("F-02", of("f02")),
        ("F-03", of("f03")),
    ];
    let rows = rows
        .into_iter()
        .filter_map(|(label, value)| Some((label, value?)));
    let mut text = lines(&rows.collect::<Vec<_>>());
    let terms = aspects(tree)
        .iter()
        .flat_map(|aspect| std::iter::once(("", aspect)).chain(aspect.terms.iter().map(|row| ("  ", row))));
    let number = |text: &str| decimal(text).unwrap_or_default();
    text += &Table::of(terms)
        .whole("Kunci", |(level, term)| format!("{level}{}", term.key))
        .text("Nama", |(_, term)| &term.display_name)
        .number("Bobot", |(_, term)| number(&term.weight))
        .number("Nilai", |(_, term)| number(&term.value))
        .number("Sumbangan", |(_, term)| number(&term.product))
        .print();
    if !value.missing.is_empty() {
        text += &format!("Belum ada nilai: {}\n", clean(&value.missing.join(", ")));
    }
    for varied in &answer.assumptions {
        let [original, simulated] =
            [&varied.original, &varied.simulated].map(|t| decimal(t).unwrap_or_else(|| "-".to_owned()));
        text += &clean(&format!(
            "Diandaikan: {} {simulated}, aslinya {original}",
            varied.key
        ));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn term(key: &str, weight: &str, value: &str, terms: Vec<pb::Term>) -> pb::Term {
        pb::Term {
            key: key.into(),
            display_name: format!("Nama {key}"),
            weight: weight.into(),
            value: value.into(),
            terms,
            ..Default::default()
        }
    }

    fn answer(index: &str, f03: &str) -> pb::SimulateIndexResponse {
        let rows = vec![
            term("standar", "1/3", "5/1", vec![]),
            term("maklumat", "2/3", "7/2", vec![]),
        ];
        let aspect = term("service_policy", "1/1", "4/1", rows);
        let tree = term(
            "ipp",
            "1/1",
            "",
            vec![
                term("f02", "3/4", "29999/10000", vec![aspect]),
                term("f03", "1/4", f03, vec![]),
            ],
        );
        pb::SimulateIndexResponse {
            value: Some(pb::IndexValue {
                index: index.into(),
                category: if index.is_empty() { "" } else { "A-" }.into(),
                category_display_name: if index.is_empty() { "" } else { "Sangat Baik" }.into(),
                missing: if f03.is_empty() {
                    vec!["f03".into()]
                } else {
                    vec![]
                },
                tree: Some(tree),
                instrument: "pekppp-2022".into(),
                ..Default::default()
            }),
            assumptions: vec![pb::Assumption {
                key: "aspect_weights.innovation".into(),
                original: "7/100".into(),
                simulated: "1/3".into(),
            }],
        }
    }

    #[test]
    fn numbers_are_decimal_texts_of_at_most_four_places() {
        for (fraction, expected) in [
            ("5/1", Some("5")),
            ("1/3", Some("0.3333")),
            ("2/3", Some("0.6667")),
            ("1/20000", Some("0.0001")),
            ("21/5", Some("4.2")),
            ("100/1", Some("100")),
            ("0/1", Some("0")),
            ("per_indicator", Some("per_indicator")),
            ("", None),
        ] {
            assert_eq!(decimal(fraction).as_deref(), expected, "{fraction}");
        }
    }

    #[test]
    fn json_contains_the_whole_simulation() {
        let text = simulation_json(&answer("4.05", "21/5")).unwrap();
        let expected = json!({
            "instrument": "pekppp-2022",
            "index": "4.05", "category": "A-", "category_display_name": "Sangat Baik",
            "f02": "2.9999", "f03": "4.2",
            "aspects": [{
                "key": "service_policy", "value": "4", "weight": "1",
                "indicators": [
                    {"key": "standar", "value": "5", "weight": "0.3333"},
                    {"key": "maklumat", "value": "3.5", "weight": "0.6667"},
                ],
            }],
            "missing": [],
            "assumptions": [
                {"key": "aspect_weights.innovation", "original": "0.07", "simulated": "0.3333"},
            ],
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }

    #[test]
    fn a_missing_input_is_not_shown_as_a_number() {
        let text = simulation_json(&answer("", "")).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&json["index"], &json["f03"]), (&Value::Null, &Value::Null));
        assert_eq!(json["missing"], json!(["f03"]));
        insta::assert_snapshot!(simulation(&answer("", "")), @"
        Instrumen   : pekppp-2022
        Indeks      : belum ada
        F-02        : 2.9999, bobot 0.75
        F-03        : belum ada, bobot 0.25
        ┌────────────────┬─────────────────────┬────────┬───────┬───────────┐
        │ Kunci          ┆ Nama                ┆  Bobot ┆ Nilai ┆ Sumbangan │
        ╞════════════════╪═════════════════════╪════════╪═══════╪═══════════╡
        │ service_policy ┆ Nama service_policy ┆      1 ┆     4 ┆         - │
        │   standar      ┆ Nama standar        ┆ 0.3333 ┆     5 ┆         - │
        │   maklumat     ┆ Nama maklumat       ┆ 0.6667 ┆   3.5 ┆         - │
        └────────────────┴─────────────────────┴────────┴───────┴───────────┘
        Belum ada nilai: f03
        Diandaikan: aspect_weights.innovation 0.3333, aslinya 0.07
        ");
    }

    #[test]
    fn a_simulation_names_its_assumptions() {
        insta::assert_snapshot!(simulation(&answer("4.05", "21/5")), @"
        Instrumen   : pekppp-2022
        Indeks      : 4.05, A- (Sangat Baik)
        F-02        : 2.9999, bobot 0.75
        F-03        : 4.2, bobot 0.25
        ┌────────────────┬─────────────────────┬────────┬───────┬───────────┐
        │ Kunci          ┆ Nama                ┆  Bobot ┆ Nilai ┆ Sumbangan │
        ╞════════════════╪═════════════════════╪════════╪═══════╪═══════════╡
        │ service_policy ┆ Nama service_policy ┆      1 ┆     4 ┆         - │
        │   standar      ┆ Nama standar        ┆ 0.3333 ┆     5 ┆         - │
        │   maklumat     ┆ Nama maklumat       ┆ 0.6667 ┆   3.5 ┆         - │
        └────────────────┴─────────────────────┴────────┴───────┴───────────┘
        Diandaikan: aspect_weights.innovation 0.3333, aslinya 0.07
        ");
    }
}
