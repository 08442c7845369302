//! Parses the embedded data of instruments and refuses data that contradicts itself.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::super::number::{self, Rational};
use super::super::weights::WeightVariant;
use super::super::{sample, tally};
use super::model::{
    Aspect, Category, Choice, Citation, Element, Instrument, Malformed, OWN_PREFIX, ProfileField,
};

/// File name and text of every instrument.
pub(super) const FILES: [(&str, &str); 5] = [
    (
        "f03-offline-2022.json",
        include_str!("../../../data/f03-offline-2022.json"),
    ),
    (
        "f03-online-2022.json",
        include_str!("../../../data/f03-online-2022.json"),
    ),
    ("skm-2004.json", include_str!("../../../data/skm-2004.json")),
    ("skm-2014.json", include_str!("../../../data/skm-2014.json")),
    ("skm-2017.json", include_str!("../../../data/skm-2017.json")),
];
/// Profile fields that a response can carry.
const FIELDS: [&str; 6] = [
    "sex",
    "age_group",
    "education",
    "occupation",
    "channel",
    "hour_band",
];

#[derive(Deserialize)]
struct File {
    id: String,
    title: String,
    basis: Vec<Basis>,
    validity: Validity,
    scale: Scale,
    elements: Vec<ElementRow>,
    #[serde(default)]
    aspects: Vec<AspectRow>,
    conversion: u8,
    weight_variants: Variants,
    own_elements: bool,
    categories: Vec<CategoryRow>,
    sample_size: Option<SampleSize>,
    minimum_respondents: i64,
    metric: Option<String>,
    respondent_profile: Profile,
}

#[derive(Deserialize)]
struct Basis {
    citation: String,
    from_year: Option<i32>,
    #[serde(default)]
    online: bool,
}

#[derive(Deserialize)]
struct Validity {
    from_year: i32,
    to_year: Option<i32>,
}

#[derive(Deserialize)]
struct Official {
    question: String,
    answers: Vec<String>,
}

#[derive(Deserialize)]
struct Scale {
    min: u8,
    max: u8,
}

#[derive(Deserialize)]
struct ElementRow {
    key: String,
    code_annex: String,
    code_form: String,
    name: String,
    question: String,
    #[serde(default)]
    answers: Vec<String>,
    official: Option<Official>,
    aspect: Option<String>,
}

#[derive(Deserialize)]
struct AspectRow {
    key: String,
    name: String,
}

#[derive(Deserialize)]
struct Variants {
    allowed: Vec<String>,
    default: String,
}

#[derive(Deserialize)]
struct CategoryRow {
    grade: String,
    name: String,
    lower: serde_json::Number,
}

#[derive(Deserialize)]
struct SampleSize {
    parameters: SampleParameters,
}

#[derive(Deserialize)]
struct SampleParameters {
    x2: serde_json::Number,
    #[serde(rename = "P")]
    share: serde_json::Number,
    d: serde_json::Number,
}

#[derive(Deserialize)]
struct Profile {
    fields: Vec<FieldRow>,
}

#[derive(Deserialize)]
struct FieldRow {
    key: String,
    label: String,
    codes: Vec<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
    label: String,
    ages: Option<(i32, i32)>,
}

/// Every embedded instrument, ordered by id, or the first fault.
pub(super) fn load() -> Result<Vec<Instrument>, Malformed> {
    let mut instruments = Vec::new();
    for (file, text) in FILES {
        instruments.push(read(text).map_err(|fault| Malformed { file, fault })?);
    }
    instruments.sort_by(|a: &Instrument, b| a.id.cmp(&b.id));
    Ok(instruments)
}

/// The instrument of a file, or its faults.
pub(super) fn read(text: &str) -> Result<Instrument, String> {
    let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let mut categories = Vec::new();
    for row in file.categories {
        categories.push(Category {
            grade: row.grade,
            name: row.name,
            lower: exact(&row.lower)?,
        });
    }
    categories.sort_by(|a, b| b.lower.cmp(&a.lower));
    let sample = match file.sample_size {
        Some(size) => Some(sample::Parameters {
            x2: exact(&size.parameters.x2)?,
            share: exact(&size.parameters.share)?,
            margin: exact(&size.parameters.d)?,
        }),
        None => None,
    };
    let mut variants = Vec::new();
    for name in std::iter::once(&file.weight_variants.default).chain(&file.weight_variants.allowed) {
        let variant: WeightVariant = name.parse().map_err(|e| format!("weight variant {name} {e}"))?;
        if !variants.contains(&variant) {
            variants.push(variant);
        }
    }
    let instrument = Instrument {
        id: file.id,
        title: file.title,
        citations: file.basis.into_iter().map(citation).collect(),
        from_year: file.validity.from_year,
        to_year: file.validity.to_year,
        min: file.scale.min,
        max: file.scale.max,
        elements: file.elements.into_iter().map(element).collect(),
        aspects: file
            .aspects
            .into_iter()
            .map(|AspectRow { key, name }| Aspect { key, name })
            .collect(),
        conversion: file.conversion,
        variants,
        own_elements: file.own_elements,
        categories,
        profile: file.respondent_profile.fields.into_iter().map(field).collect(),
        sample,
        minimum: file.minimum_respondents,
        metric: file.metric,
    };
    match faults(&instrument, &file.weight_variants.allowed).as_slice() {
        [] => Ok(instrument),
        found => Err(found.join("; ")),
    }
}

fn citation(row: Basis) -> Citation {
    Citation {
        text: row.citation,
        from_year: row.from_year,
        online: row.online,
    }
}

fn element(row: ElementRow) -> Element {
    Element {
        key: row.key,
        code: row.code_annex,
        form_code: row.code_form,
        name: row.name,
        question: row.question,
        answers: row.answers,
        official: row.official.map(|o| (o.question, o.answers)),
        aspect: row.aspect,
    }
}

fn field(row: FieldRow) -> ProfileField {
    ProfileField {
        key: row.key,
        label: row.label,
        choices: row
            .codes
            .into_iter()
            .map(|Code { code, label, ages }| Choice { code, label, ages })
            .collect(),
    }
}

/// Every contradiction in an instrument.
fn faults(instrument: &Instrument, allowed: &[String]) -> Vec<String> {
    let Instrument {
        min, max, elements, ..
    } = instrument;
    let mut faults = Vec::new();
    let mut check = |valid: bool, fault: &str| {
        if !valid {
            faults.push(fault.to_owned());
        }
    };
    check(
        !instrument.id.is_empty() && !instrument.title.is_empty() && !instrument.citations.is_empty(),
        "id, title and citations are required",
    );
    check(min < max && *max <= tally::SCORE_MAX, "the scale is invalid");
    check(instrument.conversion > 0, "the conversion must not be 0");
    check(
        instrument.to_year.is_none_or(|last| instrument.from_year <= last),
        "the years in force are invalid",
    );
    check(instrument.minimum > 0, "the minimum must be at least 1");
    check(!elements.is_empty(), "there are no elements");
    check(unique(elements.iter().map(|e| &e.key)), "an element comes twice");
    check(unique(elements.iter().map(|e| &e.code)), "a code comes twice");
    check(
        unique(elements.iter().map(|e| &e.form_code)),
        "a code of the form comes twice",
    );
    check(
        elements.iter().all(|e| {
            let own = e.key.starts_with(OWN_PREFIX);
            !own && ![&e.key, &e.code, &e.form_code, &e.name, &e.question]
                .iter()
                .any(|text| text.is_empty())
        }),
        "an element lacks its key, a code, its name or its question, or has a key of a unit's own element",
    );
    check(
        elements
            .iter()
            .flat_map(|e| std::iter::once(&e.answers).chain(e.official.iter().map(|(_, answers)| answers)))
            .all(|answers| answers.is_empty() || answers.len() == usize::from(max.saturating_sub(*min)) + 1),
        "an element must have an answer for each score, or none",
    );
    let aspects: BTreeSet<&str> = instrument.aspects.iter().map(|a| a.key.as_str()).collect();
    let used: BTreeSet<&str> = elements.iter().filter_map(|e| e.aspect.as_deref()).collect();
    check(
        aspects.len() == instrument.aspects.len()
            && aspects == used
            && (aspects.is_empty() || elements.iter().all(|e| e.aspect.is_some())),
        "the aspects of the elements are not the listed aspects",
    );
    check(
        allowed.iter().any(|a| a == instrument.default_variant().as_str())
            && allowed.len() == instrument.variants.len()
            && instrument
                .variants
                .iter()
                .all(|v| v.needs_aspects() != aspects.is_empty() && v.fits(elements.len())),
        "the weight variants do not fit the elements",
    );
    check(
        aspects.is_empty() || !instrument.own_elements,
        "an instrument with aspects cannot allow a unit's own elements",
    );
    check(
        instrument.metric.is_none() || !instrument.categories.is_empty(),
        "a metric needs categories",
    );
    check(
        instrument.categories.windows(2).all(|w| match w {
            [better, worse] => better.lower > worse.lower,
            _ => true,
        }) && instrument
            .categories
            .last()
            .is_none_or(|c| c.lower <= Rational::from_integer(0.into())),
        "the categories must cover everything from 0, each from its own bound",
    );
    check(valid_profile(instrument), "the respondent profile is invalid");
    faults
}

fn valid_profile(instrument: &Instrument) -> bool {
    let keys: Vec<&str> = instrument.profile.iter().map(|f| f.key.as_str()).collect();
    let valid = |field: &ProfileField| {
        let grouped = field.key == "age_group";
        !field.label.is_empty()
            && !field.choices.is_empty()
            && unique(field.choices.iter().map(|c| &c.code))
            && field
                .choices
                .iter()
                .all(|c| !c.code.is_empty() && !c.label.is_empty() && c.ages.is_some() == grouped)
    };
    let ages: Vec<(i32, i32)> = instrument
        .choices("age_group")
        .iter()
        .filter_map(|c| c.ages)
        .collect();
    keys == FIELDS
        && instrument.profile.iter().all(valid)
        && ages.iter().all(|(from, to)| from <= to)
        && ages.windows(2).all(|w| match w {
            [younger, older] => younger.1 + 1 == older.0,
            _ => true,
        })
}

fn unique<'a>(texts: impl Iterator<Item = &'a String>) -> bool {
    let mut seen = BTreeSet::new();
    texts.into_iter().all(|text| seen.insert(text))
}

/// The exact value of a number as it is written. Its shortest text is parsed; the float behind it is never used in a
/// calculation.
fn exact(number: &serde_json::Number) -> Result<Rational, String> {
    number::parse_decimal(&number.to_string()).ok_or_else(|| format!("{number} is not a plain decimal"))
}
