//! Reads the document of a definition and names every fault.

use std::collections::HashSet;

use prima_platform::{
    failure::Violation,
    request::json::{Object, Reader, join},
};
use prima_proto::name::{self, Subject};
use serde_json::Value;

use super::cohort_rule::{CohortRule, DIMENSIONS, Peers, Region, Volume, Within};
use crate::domain::unranked::decimal;

use super::{Better, Definition, Era, RankedBy, Recorded, Share, TieBreaker, Ties, Words};

/// Greatest number of decimals, those of an exact value.
const DECIMALS_MAX: i64 = 18;
/// Greatest number of tie-breakers: a place in a table has room for so many.
const TIE_BREAKERS_MAX: usize = 2;
const COHORTS_MAX: usize = 16;
const GROUPS_MAX: usize = 100;
const SUBJECTS_MAX: usize = 2000;
/// Years in which an era may begin or end.
const YEARS: [i64; 2] = [1945, 2100];

const FIELDS: [&str; 21] = [
    "metric",
    "version",
    "title",
    "unit",
    "better",
    "ranked_by",
    "decimals",
    "ties",
    "tie_breakers",
    "categories",
    "sample",
    "minimum_sample",
    "coverage",
    "cohorts",
    "regions",
    "volumes",
    "peers",
    "eras",
    "recorded",
    "citation",
    "mark",
];

impl Definition {
    /// Reads the document of a definition.
    ///
    /// # Errors
    ///
    /// Every fault, at most 200, each with its path in the document.
    pub fn read(json: &str) -> Result<Self, Vec<Violation>> {
        let mut reader = Reader::default();
        let document = reader.document(json);
        let read = match reader.faults.is_empty() {
            true => definition(&mut reader, &document),
            false => None,
        };
        match read {
            Some(definition) if reader.faults.is_empty() => Ok(definition),
            _ => Err(reader.faults),
        }
    }
}

fn definition(reader: &mut Reader, document: &Value) -> Option<Definition> {
    let of = reader.object(document, "document", &FIELDS)?;
    let metric = reader
        .parsed(of, "", "metric", name::id)
        .unwrap_or_default()
        .to_owned();
    let version = match of.get("version") {
        None => Some(0),
        Some(_) => reader.whole(of, "", "version", 1, i64::from(i32::MAX)),
    };
    let better = word(
        reader,
        of,
        "better",
        &[("higher", Better::Higher), ("lower", Better::Lower)],
    );
    let values = [("published", RankedBy::Published), ("exact", RankedBy::Exact)];
    let ranked_by = word_or(reader, of, "ranked_by", &values, RankedBy::Published);
    let decimals = match of.get("decimals") {
        None => Some(2),
        Some(_) => reader.whole(of, "", "decimals", 0, DECIMALS_MAX),
    };
    let regions = regions(reader, of);
    let volumes = volumes(reader, of);
    let peers = peers(reader, of);
    let cohorts = cohorts(
        reader,
        of,
        [&regions.is_empty(), &volumes.is_empty(), &peers.is_empty()].map(|none| !none),
    );
    Some(Definition {
        metric,
        version: version.unwrap_or_default(),
        title: Words::or_empty(&words(reader, of, "", "title")),
        unit: optional_words(reader, of, "unit"),
        better: better.unwrap_or(Better::Higher),
        ranked_by: ranked_by.unwrap_or(RankedBy::Published),
        decimals: decimals
            .and_then(|decimals| u32::try_from(decimals).ok())
            .unwrap_or_default(),
        ties: ties(reader, of),
        tie_breakers: tie_breakers(reader, of),
        categories: !of.contains_key("categories") || reader.flag(of, "", "categories"),
        sample: optional_words(reader, of, "sample"),
        minimum_sample: match of.get("minimum_sample") {
            None => 0,
            Some(_) => reader
                .whole(of, "", "minimum_sample", 1, 1_000_000_000)
                .unwrap_or_default(),
        },
        coverage: coverage(reader, of),
        cohorts,
        regions,
        volumes,
        peers,
        eras: eras(reader, of),
        recorded: recorded(reader, of),
        citation: reader.text(of, "", "citation"),
        mark: reader.text(of, "", "mark"),
        is_unreadable: false,
    })
}

fn words(reader: &mut Reader, of: &Object, path: &str, key: &str) -> Option<Words> {
    let path = join(path, key);
    let of = reader.object(of.get(key).unwrap_or(&Value::Null), &path, &["id", "en"])?;
    Some(Words {
        id: reader.text(of, &path, "id"),
        en: reader.text(of, &path, "en"),
    })
}

fn optional_words(reader: &mut Reader, of: &Object, key: &str) -> Option<Words> {
    match of.get(key) {
        None => None,
        Some(_) => words(reader, of, "", key),
    }
}

/// Reads one of these words.
fn word<T: Copy>(reader: &mut Reader, of: &Object, key: &str, known: &[(&str, T)]) -> Option<T> {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let find = |text: &str| {
        known
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, value)| *value)
    };
    reader.word(of.get(key), key, find, &names)
}

/// Reads one of these words; an absent one is `absent`.
fn word_or<T: Copy>(
    reader: &mut Reader,
    of: &Object,
    key: &str,
    known: &[(&str, T)],
    absent: T,
) -> Option<T> {
    match of.get(key) {
        None => Some(absent),
        Some(_) => word(reader, of, key, known),
    }
}

/// Reads the rule of shared ranks. A rank is a number of better, or of better and equal, subjects, so that it is found
/// without going through the table; a rule that needs more is not supported.
fn ties(reader: &mut Reader, of: &Object) -> Ties {
    if let Some("dense" | "ordinal" | "fractional") = of.get("ties").and_then(Value::as_str) {
        reader.fault(
            "ties",
            "is not supported: a rank must follow from how many subjects are better, or better and equal; \
             known are competition, modified",
            "tidak didukung: peringkat harus dapat dihitung dari banyaknya subjek yang lebih baik, atau lebih baik dan \
             sama; yang dikenal: competition, modified",
        );
        return Ties::default();
    }
    let known = [("competition", Ties::Competition), ("modified", Ties::Modified)];
    word_or(reader, of, "ties", &known, Ties::default()).unwrap_or_default()
}

fn tie_breakers(reader: &mut Reader, of: &Object) -> Vec<TieBreaker> {
    let known = [
        ("larger-sample", TieBreaker::LargerSample),
        ("more-units", TieBreaker::MoreUnits),
        ("final-first", TieBreaker::FinalFirst),
    ];
    let names = known.map(|(name, _)| name);
    let mut breakers = Vec::new();
    for (at, value) in reader
        .list(of, "", "tie_breakers", 0, TIE_BREAKERS_MAX)
        .iter()
        .enumerate()
    {
        let path = format!("tie_breakers[{at}]");
        match value.as_str() {
            Some("name") => reader.fault(
                path,
                "is not supported: a name is no reason for a better rank, and rows with equal ranks are listed by name anyway",
                "tidak didukung: nama bukan alasan peringkat yang lebih baik, dan baris dengan peringkat sama selalu \
                 diurutkan menurut nama",
            ),
            Some(component) if component.starts_with("component") => reader.fault(
                path,
                "is not supported: the components of scores are not kept in the tables",
                "tidak didukung: komponen nilai tidak disimpan dalam tabel",
            ),
            _ => {
                let find = |text: &str| known.iter().find(|(name, _)| *name == text).map(|(_, breaker)| *breaker);
                breakers.extend(reader.word(Some(value), &path, find, &names));
            }
        }
    }
    if let [one, other] = breakers.as_slice()
        && one == other
    {
        reader.fault("tie_breakers[1]", "occurs twice", "muncul dua kali");
    }
    breakers
}

/// Reads the share of its units that an agency needs; absent, it is that of the default rule, and null for none.
fn coverage(reader: &mut Reader, of: &Object) -> Option<Share> {
    match of.get("coverage") {
        None => Definition::fallback().coverage,
        Some(Value::Null) => None,
        Some(value) => {
            let of = reader.object(value, "coverage", &["numerator", "denominator"])?;
            let numerator = reader.whole(of, "coverage", "numerator", 1, 1000)?;
            let denominator = reader.whole(of, "coverage", "denominator", numerator, 1000)?;
            Some(Share {
                numerator,
                denominator,
            })
        }
    }
}

/// Reads the cohorts; absent, they are those of the default rule. `given` says whether the document has regions, volumes
/// and peers.
fn cohorts(reader: &mut Reader, of: &Object, given: [bool; 3]) -> Vec<CohortRule> {
    if !of.contains_key("cohorts") {
        return super::cohort_rule::Base::ALL
            .into_iter()
            .filter_map(CohortRule::whole)
            .collect();
    }
    let mut rules: Vec<CohortRule> = Vec::new();
    for (at, row) in reader.list(of, "", "cohorts", 1, COHORTS_MAX).iter().enumerate() {
        let path = format!("cohorts[{at}]");
        let dimensions: Option<Vec<&str>> = row.as_array().and_then(|row| {
            row.iter()
                .map(|dimension| dimension.as_str().filter(|d| DIMENSIONS.contains(d)))
                .collect()
        });
        let Some(rule) = dimensions.and_then(|dimensions| CohortRule::of(&dimensions)) else {
            let known = DIMENSIONS.join(", ");
            reader.fault(
                path,
                format!(
                    "must be a list of dimensions that name a cohort together: at most one of kind, level, agency, unit-type, \
                     province, or unit-type with province, and any of region, scheme, volume, peers; known are {known}"
                ),
                format!(
                    "harus daftar dimensi yang bersama-sama menyebut satu kelompok: paling banyak satu dari kind, level, agency, \
                     unit-type, province, atau unit-type dengan province, ditambah region, scheme, volume, peers; yang \
                     dikenal: {known}"
                ),
            );
            continue;
        };
        let needed = [
            (Within::Region, "regions"),
            (Within::Volume, "volumes"),
            (Within::Peers, "peers"),
        ];
        for ((within, list), given) in needed.into_iter().zip(given) {
            if rule.needs(within) && !given {
                reader.fault(
                    path.clone(),
                    format!("needs {list}, which the document does not have"),
                    format!("memerlukan {list}, yang tidak ada pada dokumen ini"),
                );
            }
        }
        if rules.contains(&rule) {
            reader.fault(path, "occurs twice", "muncul dua kali");
        } else {
            rules.push(rule);
        }
    }
    rules
}

/// Reads the rows of a list of named groups, each with its key, its title and one more field.
fn groups<T>(
    reader: &mut Reader,
    of: &Object,
    list: &str,
    field: &str,
    read: impl Fn(&mut Reader, &Object, &str, String, Words) -> Option<T>,
) -> Vec<T> {
    let mut groups = Vec::new();
    let mut keys = Vec::new();
    for (at, row) in reader.list(of, "", list, 0, GROUPS_MAX).iter().enumerate() {
        let path = format!("{list}[{at}]");
        let Some(of) = reader.object(row, &path, &["key", "title", field]) else {
            continue;
        };
        let key = reader
            .parsed(of, &path, "key", name::id)
            .unwrap_or_default()
            .to_owned();
        let title = Words::or_empty(&words(reader, of, &path, "title"));
        keys.push(key.clone());
        groups.extend(read(reader, of, &path, key, title));
    }
    reader.unique(|at| format!("{list}[{at}].key"), keys.iter().map(String::as_str));
    groups
}

/// Reads a list of names that `parse` accepts, each once.
fn names<T: std::hash::Hash + Eq + Clone>(
    reader: &mut Reader,
    of: &Object,
    path: &str,
    key: &str,
    parse: impl Fn(&str) -> Result<T, name::Error>,
) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for (at, value) in reader.list(of, path, key, 1, SUBJECTS_MAX).iter().enumerate() {
        let path = format!("{}[{at}]", join(path, key));
        match parse(value.as_str().unwrap_or_default()) {
            Ok(name) if seen.insert(name.clone()) => names.push(name),
            Ok(_) => reader.fault(path, "occurs twice", "muncul dua kali"),
            Err(error) => {
                let [english, indonesian] = error.into();
                reader.fault(path, english, indonesian);
            }
        }
    }
    names
}

fn regions(reader: &mut Reader, of: &Object) -> Vec<Region> {
    groups(
        reader,
        of,
        "regions",
        "provinces",
        |reader, of, path, key, title| {
            let provinces = names(reader, of, path, "provinces", |id| {
                name::agency_id(id).map(str::to_owned)
            });
            Some(Region {
                key,
                title,
                provinces,
            })
        },
    )
}

fn volumes(reader: &mut Reader, of: &Object) -> Vec<Volume> {
    let volumes = groups(reader, of, "volumes", "from", |reader, of, path, key, title| {
        let from = reader.whole(of, path, "from", 0, 1_000_000_000)?;
        Some(Volume { key, title, from })
    });
    if volumes
        .windows(2)
        .any(|pair| matches!(pair, [larger, smaller] if larger.from <= smaller.from))
    {
        reader.fault(
            "volumes",
            "must be ordered by `from`, the largest first, without equal ones",
            "harus diurutkan menurut `from`, yang terbesar lebih dahulu, tanpa yang sama",
        );
    }
    volumes
}

fn peers(reader: &mut Reader, of: &Object) -> Vec<Peers> {
    groups(reader, of, "peers", "subjects", |reader, of, path, key, title| {
        let subjects = names(reader, of, path, "subjects", Subject::parse);
        Some(Peers {
            key,
            title,
            subjects: subjects.into_iter().collect(),
        })
    })
}

/// Reads how scores are recorded. A metric of the release has scores of its own, with which recorded ones would compete.
fn recorded(reader: &mut Reader, of: &Object) -> Option<Recorded> {
    let path = "recorded";
    let given = of.get(path)?;
    if of
        .get("metric")
        .and_then(Value::as_str)
        .is_some_and(Definition::is_built_in)
    {
        reader.fault(
            path,
            "is only for a metric of your own",
            "hanya untuk ukuran sendiri, bukan ukuran bawaan",
        );
    }
    let of = reader.object(given, path, &["subjects", "minimum", "maximum"])?;
    let kinds = ["unit", "agency"];
    let mut subjects = Vec::new();
    for (at, kind) in reader.list(of, path, "subjects", 1, 2).iter().enumerate() {
        let find = |text: &str| kinds.into_iter().find(|kind| *kind == text);
        subjects.extend(reader.word(Some(kind), &format!("{path}.subjects[{at}]"), find, &kinds));
    }
    let decimal = |text: &str| match decimal(text) {
        Ok(value) => Ok(value),
        Err(_) => Err([
            "must be a decimal as text, such as \"0\" or \"365.5\"".to_owned(),
            "harus bilangan desimal berupa teks, misalnya \"0\" atau \"365.5\"".to_owned(),
        ]),
    };
    let minimum = reader.parsed(of, path, "minimum", decimal);
    let maximum = reader.parsed(of, path, "maximum", decimal);
    let (minimum, maximum) = minimum.zip(maximum)?;
    if maximum <= minimum {
        reader.fault(
            "recorded.maximum",
            "must be more than the minimum",
            "harus lebih dari minimum",
        );
    }
    Some(Recorded {
        of_units: subjects.contains(&"unit"),
        of_agencies: subjects.contains(&"agency"),
        minimum,
        maximum,
    })
}

fn eras(reader: &mut Reader, of: &Object) -> Vec<Era> {
    let mut eras: Vec<Era> = Vec::new();
    for (at, row) in reader.list(of, "", "eras", 0, GROUPS_MAX).iter().enumerate() {
        let path = format!("eras[{at}]");
        let Some(of) = reader.object(row, &path, &["key", "instruments", "from_year", "to_year"]) else {
            continue;
        };
        let mut year = |key: &str| {
            let [least, most] = YEARS;
            of.get(key)?;
            reader
                .whole(of, &path, key, least, most)
                .and_then(|year| i32::try_from(year).ok())
        };
        let (from_year, to_year) = (year("from_year"), year("to_year"));
        let instruments = match of.get("instruments") {
            None => Vec::new(),
            Some(_) => names(reader, of, &path, "instruments", |id| {
                name::id(id).map(str::to_owned)
            }),
        };
        if let (Some(from), Some(to)) = (from_year, to_year)
            && to < from
        {
            reader.fault(join(&path, "to_year"), "is before from_year", "sebelum from_year");
        }
        if instruments.is_empty() && from_year.is_none() && to_year.is_none() {
            reader.fault(
                path.as_str(),
                "needs instruments, from_year or to_year",
                "perlu instruments, from_year, atau to_year",
            );
        }
        eras.push(Era {
            key: reader
                .parsed(of, &path, "key", name::id)
                .unwrap_or_default()
                .to_owned(),
            instruments,
            from_year,
            to_year,
        });
    }
    reader.unique(
        |at| format!("eras[{at}].key"),
        eras.iter().map(|era| era.key.as_str()),
    );
    eras
}
