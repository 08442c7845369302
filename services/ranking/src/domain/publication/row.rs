//! The rows of a frozen table.

use std::collections::BTreeMap;

use prima_platform::tlog::canonical;
use serde_json::{Map, Value, json};

use crate::domain::{Row, Status, Subject, Unranked};

/// A row that is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Resource name of the unit or agency.
    pub subject: String,
    /// Id of its agency.
    pub agency: String,
    /// Canonical JSON.
    pub body: String,
}

/// What the corrected table says of a subject: its figures, its name, and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    agency: String,
    display_name: Value,
    figures: Map<String, Value>,
}

/// Members of a row whose change is a correction.
const FIGURES: [&str; 4] = ["rank", "score", "category", "unranked_reason"];

/// What a correction changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Subjects that the corrected table lacks.
    pub added: u64,
    /// Subjects with another rank, score, category or reason.
    pub changed: u64,
    /// Subjects that only the corrected table has.
    pub removed: u64,
}

/// The row of this subject, a resource name, has a number that JSON does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealable(pub String);

/// Freezes the rows of a table. Those of a correction say in `before` what the corrected table said where that differs, `null` where it
/// had no row; subjects that are gone follow at the end, with `removed`.
///
/// # Errors
///
/// A number of a row is beyond 2^53 - 1, which JSON does not keep everywhere.
pub fn freeze(
    rows: Vec<Row>,
    corrected: Option<&BTreeMap<String, Before>>,
) -> Result<(Vec<Frozen>, Changes), Unsealable> {
    let mut changes = Changes::default();
    let mut gone = corrected.cloned().unwrap_or_default();
    let mut frozen = Vec::with_capacity(rows.len());
    for row in rows {
        let (subject, agency) = (row.subject.to_string(), row.subject.agency_id().to_owned());
        let mut object = object(&row);
        if corrected.is_some() {
            match gone.remove(&subject) {
                None => {
                    changes.added += 1;
                    object.insert("before".to_owned(), Value::Null);
                }
                Some(before) if before.figures != figures(&object) => {
                    changes.changed += 1;
                    object.insert("before".to_owned(), Value::Object(before.figures));
                }
                Some(_) => {}
            }
        }
        frozen.push(sealed(subject, agency, &object)?);
    }
    for (subject, before) in gone {
        changes.removed += 1;
        let mut object = Map::new();
        object.insert("subject".to_owned(), json!(subject));
        object.insert("display_name".to_owned(), before.display_name);
        object.insert("removed".to_owned(), json!(true));
        object.insert("before".to_owned(), Value::Object(before.figures));
        frozen.push(sealed(subject, before.agency, &object)?);
    }
    Ok((frozen, changes))
}

fn sealed(subject: String, agency: String, object: &Map<String, Value>) -> Result<Frozen, Unsealable> {
    match canonical::write(object) {
        Some(body) => Ok(Frozen {
            subject,
            agency,
            body,
        }),
        None => Err(Unsealable(subject)),
    }
}

fn figures(object: &Map<String, Value>) -> Map<String, Value> {
    let own = FIGURES.into_iter();
    own.filter_map(|key| Some((key.to_owned(), object.get(key)?.clone())))
        .collect()
}

/// What the rows of a published table say, by subject; rows of removed subjects are left out. `None` when a row can't be read.
pub fn before<'a>(bodies: impl IntoIterator<Item = &'a str>) -> Option<BTreeMap<String, Before>> {
    let mut rows = BTreeMap::new();
    for body in bodies {
        let object = canonical::read(body)?;
        if object.contains_key("removed") {
            continue;
        }
        let subject = object.get("subject")?.as_str()?.to_owned();
        let name: Subject = subject.parse().ok()?;
        let before = Before {
            agency: name.agency_id().to_owned(),
            display_name: object.get("display_name")?.clone(),
            figures: figures(&object),
        };
        rows.insert(subject, before);
    }
    Some(rows)
}

/// The members of a row. Those that mean nothing in it are left out.
fn object(row: &Row) -> Map<String, Value> {
    let score = &row.score;
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("subject", json!(row.subject.to_string()));
    put("display_name", json!(row.display_name));
    put("score", json!(score.value));
    put("version", json!(row.version));
    let status = match score.status {
        Status::Provisional => "provisional",
        Status::Final => "final",
    };
    put("status", json!(status));
    if let Some(rank) = row.rank {
        put("rank", json!(rank));
    }
    if let Some(reason) = row.unranked {
        put("unranked_reason", json!(reason_key(reason)));
    }
    for (key, text) in [
        ("agency_display_name", &row.agency_display_name),
        ("category", &score.category),
        ("category_display_name", &score.category_display_name),
        ("instrument", &score.instrument),
        ("score_with_questioned", &score.value_with_questioned),
    ] {
        if !text.is_empty() {
            put(key, json!(text));
        }
    }
    for (key, number) in [
        ("respondents", score.sample_size),
        ("minimum_respondents", score.sample_minimum),
        ("units_counted", score.units_counted),
        ("units_expected", score.units_expected),
        ("units_fit", row.units.fit),
        ("units_required", row.units_required),
        ("units_recorded", row.units.recorded),
        ("counted", score.counted),
        ("pending", score.pending),
        ("in_question", score.in_question),
    ] {
        if number != 0 {
            put(key, json!(number));
        }
    }
    if score.recorded {
        put("recorded", json!(true));
    }
    if let Some(error) = score.standard_error {
        put("standard_error", json!(error.normalize().to_string()));
    }
    object
}

fn reason_key(reason: Unranked) -> &'static str {
    match reason {
        Unranked::SampleTooSmall => "sample-too-small",
        Unranked::UnitsMissing => "units-missing",
        Unranked::UnitsUnfit => "units-unfit",
        Unranked::TooFew => "too-few",
        Unranked::NoValue => "no-value",
        Unranked::DefinitionUnreadable => "definition-unreadable",
    }
}
