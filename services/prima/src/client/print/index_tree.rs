//! The index of a unit or an agency in a cycle, and the tree of terms that it is computed from.

use prima_platform::number;
use prima_proto::index::v1 as pb;
use serde::Serialize;

use super::{Table, clean, given, named, or_dash};

/// Key of F-02, the evaluators' form, in a tree.
pub const F02: &str = "f02";
/// Most decimals shown of a value that is not published.
const PLACES: u32 = 4;

/// A fraction as a decimal of at most four places, rounded half up. Another text is returned unchanged, an empty one
/// gives `None`.
pub(super) fn decimal(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let Some(exact) = number::parse_fraction(text) else {
        return Some(text.to_owned());
    };
    let decimal = number::decimal(&exact, PLACES);
    Some(decimal.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// A fraction `n/d` as a decimal of at most four places, rounded half up. An empty text stays empty, another text is
/// returned unchanged.
pub fn plain(fraction: &str) -> String {
    decimal(fraction).unwrap_or_default()
}

/// The aspects of a unit's tree, at whichever depth they are.
pub fn aspects(tree: &pb::Term) -> &[pb::Term] {
    let f02 = tree.terms.iter().find(|term| term.key == F02);
    f02.map_or(&tree.terms, |f02| &f02.terms)
}

#[derive(Serialize)]
struct Json<'a> {
    name: &'a str,
    metric: &'a str,
    period: &'a str,
    instrument: &'a str,
    r#final: bool,
    index: Option<&'a str>,
    index_exact: Option<&'a str>,
    category: Option<&'a str>,
    category_display_name: Option<&'a str>,
    f02: Option<&'a str>,
    f03: Option<&'a str>,
    units_counted: i64,
    units_expected: i64,
    missing: &'a [String],
    aspects: Vec<JsonAspect<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    citations: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<JsonTree<'a>>,
}

#[derive(Serialize)]
struct JsonTerm<'a> {
    key: &'a str,
    display_name: &'a str,
    value: Option<String>,
    value_exact: Option<&'a str>,
    weight: String,
    weight_exact: &'a str,
    product: Option<String>,
    product_exact: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonAspect<'a> {
    #[serde(flatten)]
    term: JsonTerm<'a>,
    indicators: Vec<JsonTerm<'a>>,
}

#[derive(Serialize)]
struct JsonTree<'a> {
    #[serde(flatten)]
    term: JsonTerm<'a>,
    terms: Vec<JsonTree<'a>>,
}

fn json_term(term: &pb::Term) -> JsonTerm<'_> {
    JsonTerm {
        key: &term.key,
        display_name: &term.display_name,
        value: given(&term.value).map(plain),
        value_exact: given(&term.value),
        weight: plain(&term.weight),
        weight_exact: &term.weight,
        product: given(&term.product).map(plain),
        product_exact: given(&term.product),
        origin: given(&term.origin),
    }
}

fn json_aspect(term: &pb::Term) -> JsonAspect<'_> {
    JsonAspect {
        term: json_term(term),
        indicators: term.terms.iter().map(json_term).collect(),
    }
}

fn json_tree(term: &pb::Term) -> JsonTree<'_> {
    JsonTree {
        term: json_term(term),
        terms: term.terms.iter().map(json_tree).collect(),
    }
}

fn json<'a>(summary: &'a pb::IndexSummary, aspects: &'a [pb::Term]) -> Json<'a> {
    Json {
        name: &summary.name,
        metric: &summary.metric,
        period: &summary.period,
        instrument: &summary.instrument,
        r#final: summary.r#final,
        index: given(&summary.index),
        index_exact: given(&summary.index_exact),
        category: given(&summary.category),
        category_display_name: given(&summary.category_display_name),
        f02: given(&summary.f02),
        f03: given(&summary.f03),
        units_counted: summary.units_counted,
        units_expected: summary.units_expected,
        missing: &summary.missing,
        aspects: aspects.iter().map(json_aspect).collect(),
        citations: None,
        tree: None,
    }
}

/// An index as JSON. Decimals are strings, and null where there is no value.
pub fn summary_json(summary: &pb::IndexSummary) -> anyhow::Result<String> {
    let mut json = json(summary, &summary.aspects);
    // Only the explained tree says where a level comes from.
    for term in json.aspects.iter_mut().flat_map(|aspect| &mut aspect.indicators) {
        term.origin = None;
    }
    super::json(&json, false)
}

/// An index with its whole tree as JSON.
pub fn value_json(summary: &pb::IndexSummary, value: &pb::IndexValue) -> anyhow::Result<String> {
    let json = Json {
        index: given(&value.index),
        index_exact: given(&value.index_exact),
        category: given(&value.category),
        category_display_name: given(&value.category_display_name),
        f02: given(&value.f02),
        f03: given(&value.f03),
        missing: &value.missing,
        citations: Some(&value.citations),
        tree: value.tree.as_ref().map(json_tree),
        ..json(summary, own_aspects(summary, value))
    };
    super::json(&json, false)
}

/// The aspects of an explained unit. The tree of an agency consists of units and has none.
fn own_aspects<'a>(summary: &pb::IndexSummary, value: &'a pb::IndexValue) -> &'a [pb::Term] {
    match &value.tree {
        Some(tree) if summary.name.contains("/units/") => aspects(tree),
        _ => &[],
    }
}

/// The name of an index metric for people.
fn metric(key: &str) -> &str {
    match key {
        "ipp" => "Indeks Pelayanan Publik (nasional)",
        "ipp-mandiri" => "Indeks Pelayanan Publik (mandiri)",
        "ipp-khusus" => "Indeks Pelayanan Publik (khusus)",
        other => other,
    }
}

fn head(summary: &pb::IndexSummary) -> String {
    let mut text = clean(&format!(
        "{} · {} · {}",
        summary.name,
        metric(&summary.metric),
        summary.period
    )) + "\n";
    let figure = if summary.index.is_empty() {
        "Indeks belum ada".to_owned()
    } else {
        format!(
            "Indeks {} · kategori {} ({})",
            summary.index,
            or_dash(&summary.category),
            or_dash(&summary.category_display_name)
        )
    };
    text += &clean(&figure);
    if summary.name.contains("/units/") {
        text += &clean(&format!(
            " · F-02 {} · F-03 {}",
            or_dash(&summary.f02),
            or_dash(&summary.f03)
        ));
    } else {
        text += &format!(
            " · {} dari {} unit dihitung",
            summary.units_counted, summary.units_expected
        );
    }
    text += if summary.r#final {
        " · siklus telah ditetapkan\n"
    } else {
        " · sementara, siklus belum ditetapkan\n"
    };
    text
}

/// An index with its aspects and indicators, as a table for people.
pub fn summary_table(summary: &pb::IndexSummary) -> String {
    let mut text = head(summary);
    if !summary.aspects.is_empty() {
        text += &tree_table(&summary.aspects, false);
    }
    text += &missing(&summary.missing, &summary.aspects);
    text + &clean(&format!("Instrumen: {}", or_dash(&summary.instrument))) + "\n"
}

/// An index with its whole tree, as a table for people.
pub fn value_table(summary: &pb::IndexSummary, value: &pb::IndexValue) -> String {
    let tree = value.tree.as_slice();
    let mut text = head(summary) + &tree_table(tree, true);
    text += &missing(&value.missing, tree);
    if !value.index_exact.is_empty() {
        text += &clean(&format!(
            "Nilai tepat {}; dibulatkan satu kali menjadi {}.",
            value.index_exact, value.index
        ));
        text += "\n";
    }
    text += &clean(&format!("Instrumen: {}", or_dash(&value.instrument)));
    text += "\n";
    if !value.citations.is_empty() {
        text += "Dasar:\n";
        for citation in &value.citations {
            text += &clean(&format!("- {citation}"));
            text += "\n";
        }
    }
    text
}

/// One row per term; with `origins` also where each input comes from, when that is known.
fn tree_table(terms: &[pb::Term], origins: bool) -> String {
    fn add<'a>(terms: &'a [pb::Term], depth: usize, rows: &mut Vec<(usize, &'a pb::Term)>) {
        for term in terms {
            rows.push((depth, term));
            add(&term.terms, depth + 1, rows);
        }
    }
    let mut rows = Vec::new();
    add(terms, 0, &mut rows);
    let table = Table::of(rows)
        .text("Bagian", |(depth, term)| {
            format!("{}{}", "· ".repeat(depth), name(term))
        })
        .whole_number("Bobot", |(_, term)| plain(&term.weight))
        .whole_number("Nilai", |(_, term)| plain(&term.value))
        .whole_number("Bobot × nilai", |(_, term)| plain(&term.product));
    if origins {
        table.text("Asal", |(_, term)| &term.origin).print()
    } else {
        table.print()
    }
}

fn name(term: &pb::Term) -> &str {
    named(&term.display_name, &term.key)
}

/// The names of the missing inputs; a key stays where the tree has no name for it.
fn missing(keys: &[String], terms: &[pb::Term]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    let mut text = "Belum ada:\n".to_owned();
    for key in keys {
        let line = match find(terms, key) {
            Some(term) => format!("- {} ({key})", name(term)),
            None => format!("- {key}"),
        };
        text += &clean(&line);
        text += "\n";
    }
    text
}

fn find<'a>(terms: &'a [pb::Term], key: &str) -> Option<&'a pb::Term> {
    terms.iter().find_map(|term| {
        if term.key == key {
            Some(term)
        } else {
            find(&term.terms, key)
        }
    })
}

#[cfg(test)]
#[path = "index_tree_tests.rs"]
mod tests;
