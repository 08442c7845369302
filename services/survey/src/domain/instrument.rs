//! Instruments: the elements, categories and profile codes of one version of the survey, read from embedded
//! data.

use std::sync::LazyLock;

use serde::Deserialize;

use super::number::{self, Rational};
use super::{sample, tally};

/// The instrument of a survey that names none: PermenPANRB 14/2017.
pub const DEFAULT: &str = "skm-2017";

static INSTRUMENTS: LazyLock<Vec<Instrument>> = LazyLock::new(|| {
    [include_str!("../../data/skm-2017.json")]
        .into_iter()
        .filter_map(read)
        .collect()
});

/// One version of the survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Id with version, such as `skm-2017`.
    pub id: String,
    /// Lowest score.
    pub min: u8,
    /// Highest score.
    pub max: u8,
    /// Elements in the order of the annex.
    pub elements: Vec<Element>,
    /// Categories, best first.
    pub categories: Vec<Category>,
    /// Codes of `jenis kelamin`.
    pub sex: Vec<String>,
    /// Codes of `pendidikan`.
    pub education: Vec<String>,
    /// Codes of `pekerjaan`.
    pub occupation: Vec<String>,
    /// Parameters of the minimum sample.
    pub sample: sample::Parameters,
}

/// Unsur: one element that the survey asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Stable key, such as `requirements`.
    pub key: String,
    /// Code in the annex, such as `U1`. Published reports also use the order of the printed form; a survey
    /// may therefore print another code.
    pub code: String,
    /// Official name, in Indonesian.
    pub name: String,
    /// Question, in Indonesian.
    pub question: String,
    /// Answer per score, lowest score first, in Indonesian.
    pub answers: Vec<String>,
}

/// Mutu pelayanan: a band of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Grade, `A` to `D`.
    pub grade: String,
    /// Kinerja unit: what the grade means, in Indonesian.
    pub name: String,
    /// Lowest rounded index (NIK, 25 to 100) of the band.
    pub lower: Rational,
}

impl Instrument {
    /// The category of an index that has been rounded to two decimals. The table of PermenPANRB 14/2017 has
    /// gaps between its two-decimal bounds; a rounded index never falls into one. `None` for a negative
    /// value.
    pub fn category(&self, rounded: &Rational) -> Option<&Category> {
        self.categories.iter().find(|c| c.lower <= *rounded)
    }

    /// The element with this key.
    pub fn element(&self, key: &str) -> Option<&Element> {
        self.elements.iter().find(|e| e.key == key)
    }
}

/// The instrument with this id. `None` when there is none, or when its embedded data does not read.
pub fn find(id: &str) -> Option<&'static Instrument> {
    INSTRUMENTS.iter().find(|i| i.id == id)
}

#[derive(Deserialize)]
struct File {
    id: String,
    scale: Scale,
    elements: Vec<ElementRow>,
    categories: Vec<CategoryRow>,
    sample_size: SampleSize,
    respondent_profile: Profile,
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
    name: String,
    question: String,
    answers: Vec<String>,
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
    fields: Vec<ProfileField>,
}

#[derive(Deserialize)]
struct ProfileField {
    key: String,
    #[serde(default)]
    codes: Vec<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

fn read(text: &str) -> Option<Instrument> {
    let file: File = serde_json::from_str(text).ok()?;
    let codes = |key: &str| -> Option<Vec<String>> {
        let field = file.respondent_profile.fields.iter().find(|f| f.key == key)?;
        Some(field.codes.iter().map(|c| c.code.clone()).collect())
    };
    let mut categories = Vec::new();
    for row in file.categories {
        categories.push(Category {
            grade: row.grade,
            name: row.name,
            lower: exact(&row.lower)?,
        });
    }
    categories.sort_by(|a, b| b.lower.cmp(&a.lower));
    let instrument = Instrument {
        min: file.scale.min,
        max: file.scale.max,
        categories,
        sex: codes("sex")?,
        education: codes("education")?,
        occupation: codes("occupation")?,
        sample: sample::Parameters {
            x2: exact(&file.sample_size.parameters.x2)?,
            share: exact(&file.sample_size.parameters.share)?,
            margin: exact(&file.sample_size.parameters.d)?,
        },
        id: file.id,
        elements: file
            .elements
            .into_iter()
            .map(|e| Element {
                key: e.key,
                code: e.code_annex,
                name: e.name,
                question: e.question,
                answers: e.answers,
            })
            .collect(),
    };
    sound(&instrument).then_some(instrument)
}

fn sound(instrument: &Instrument) -> bool {
    let Instrument {
        min,
        max,
        elements,
        categories,
        ..
    } = instrument;
    let keys: std::collections::BTreeSet<&str> = elements.iter().map(|e| e.key.as_str()).collect();
    min <= max
        && *max <= tally::SCORE_MAX
        && !elements.is_empty()
        && keys.len() == elements.len()
        && elements
            .iter()
            .all(|e| e.answers.len() == usize::from(max - min) + 1)
        && !categories.is_empty()
}

/// The number as it is written: its shortest text reads back exactly, the float behind it is never computed
/// with.
fn exact(number: &serde_json::Number) -> Option<Rational> {
    number::parse_decimal(&number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skm() -> &'static Instrument {
        find(DEFAULT).unwrap()
    }

    #[test]
    fn the_embedded_instrument_reads() {
        assert_eq!((skm().id.as_str(), skm().min, skm().max), ("skm-2017", 1, 4));
        let keys: Vec<&str> = skm().elements.iter().map(|e| e.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "requirements",
                "procedure",
                "time",
                "cost",
                "product",
                "competence",
                "conduct",
                "complaint_handling",
                "facilities"
            ]
        );
        assert_eq!(skm().sex, ["L", "P"]);
        assert_eq!(skm().education, ["SD", "SMP", "SMA", "S1", "S2", "S3"]);
        assert_eq!(
            skm().occupation,
            ["PNS", "TNI", "POLRI", "SWASTA", "WIRAUSAHA", "LAINNYA"]
        );
        assert_eq!(find("skm-2016"), None);
    }

    #[test]
    fn codes_follow_the_annex() {
        let codes: Vec<&str> = skm().elements.iter().map(|e| e.code.as_str()).collect();
        assert_eq!(codes, ["U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "U9"]);
        assert_eq!(skm().element("facilities").unwrap().code, "U9");
        assert_eq!(skm().element("nothing"), None);
    }

    #[test]
    fn category_bounds_are_exact_and_descend() {
        let bounds: Vec<(&str, String)> = skm()
            .categories
            .iter()
            .map(|c| (c.grade.as_str(), number::fraction(&c.lower)))
            .collect();
        let expected = [("A", "8831/100"), ("B", "7661/100"), ("C", "65/1"), ("D", "0/1")];
        assert_eq!(bounds, expected.map(|(grade, lower)| (grade, lower.to_owned())));
    }

    #[test]
    fn a_rounded_index_always_has_a_category() {
        for hundredths in 0..=10_000 {
            assert!(
                skm()
                    .category(&Rational::new(hundredths.into(), 100.into()))
                    .is_some(),
                "{hundredths}"
            );
        }
        assert_eq!(skm().category(&Rational::new((-1).into(), 100.into())), None);
    }

    #[test]
    fn malformed_data_is_no_instrument() {
        let good = include_str!("../../data/skm-2017.json");
        assert!(read(good).is_some());
        for (from, to) in [
            ("\"lower\": 88.31", "\"lower\": \"A\""),
            ("\"lower\": 88.31", "\"lower\": 1e300"),
            ("\"max\": 4,", "\"max\": 6,"),
            ("\"key\": \"time\"", "\"key\": \"cost\""),
            ("\"key\": \"education\"", "\"key\": \"schooling\""),
        ] {
            assert!(good.contains(from), "{from}");
            assert_eq!(read(&good.replacen(from, to, 1)), None, "{to}");
        }
        assert_eq!(read("{"), None);
    }
}
