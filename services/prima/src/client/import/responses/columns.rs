//! Which column of a file of responses means what: as told with `--map`, else by its header.

use std::collections::BTreeMap;

use super::form::{Form, Question};
use super::headers::{ASKING, ELEMENT_WORDS, Field, NAME_WORDS, NAMES, REMARK};
use super::text::{same, squash, words};

/// A column as `--map` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMap {
    /// Its header, or `#N` for the one in place N from 1.
    pub column: String,
    /// The field, or `-` to leave the column out.
    pub field: String,
}

impl std::str::FromStr for ColumnMap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .rsplit_once('=')
            .map(|(column, field)| (column.trim(), field.trim()));
        match parts.filter(|(column, field)| !column.is_empty() && !field.is_empty()) {
            Some((column, field)) => Ok(Self {
                column: column.to_owned(),
                field: field.to_owned(),
            }),
            None => Err("harus berbentuk KOLOM=ISIAN".to_owned()),
        }
    }
}

/// The columns of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mapping {
    /// Header and field of each, by place.
    pub columns: Vec<(String, Field)>,
}

impl Mapping {
    /// Of a header, for a form.
    ///
    /// # Errors
    ///
    /// Every fault: an unknown or ambiguous column, two columns for one field, a field that is missing, a `--map` that
    /// fits nothing.
    pub(super) fn new(header: &[String], maps: &[ColumnMap], form: &Form) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let told = told(header, maps, form, &mut faults);
        let mut columns = Vec::new();
        for (place, name) in header.iter().enumerate() {
            let number = place + 1;
            let field = match told
                .get(&place)
                .cloned()
                .map_or_else(|| recognise(name, form), |f| Ok(Some(f)))
            {
                Ok(Some(field)) => field,
                Ok(None) => {
                    faults.push(format!(
                        "kolom {number} `{name}` tidak dikenal; petakan dengan --map \"{}=ISIAN\", atau lewati dengan \
                         --map \"{}=-\"",
                        column(name, number),
                        column(name, number)
                    ));
                    Field::Skip
                }
                Err(several) => {
                    let several: Vec<String> = several.iter().map(|field| field.shown(form)).collect();
                    faults.push(format!(
                        "kolom {number} `{name}` bermakna ganda: {}; tentukan dengan --map \"{}=ISIAN\"",
                        several.join(" atau "),
                        column(name, number)
                    ));
                    Field::Skip
                }
            };
            columns.push((name.clone(), field));
        }
        let mapping = Self { columns };
        mapping.check(form, &mut faults);
        if faults.is_empty() {
            Ok(mapping)
        } else {
            Err(faults)
        }
    }

    fn check(&self, form: &Form, faults: &mut Vec<String>) {
        let mut places: BTreeMap<&Field, Vec<usize>> = BTreeMap::new();
        for (place, (_, field)) in self.columns.iter().enumerate() {
            places.entry(field).or_default().push(place);
        }
        for (field, places) in places
            .iter()
            .filter(|(field, places)| **field != &Field::Skip && places.len() > 1)
        {
            let names: Vec<String> = places
                .iter()
                .filter_map(|place| Some(format!("{} `{}`", place + 1, self.columns.get(*place)?.0)))
                .collect();
            faults.push(format!(
                "isian {} ada di beberapa kolom: {}; lewati yang lain dengan --map \"#N=-\"",
                field.shown(form),
                names.join(", ")
            ));
        }
        if !places.contains_key(&Field::SubmittedAt) {
            faults
                .push("tidak ada kolom waktu pengisian (submitted_at, Timestamp, Stempel waktu)".to_owned());
        }
        for question in form.questions.iter().filter(|question| !question.optional) {
            let field = Field::Element(question.key.clone());
            if !places.contains_key(&field) {
                faults.push(format!("tidak ada kolom untuk unsur {}", field.shown(form)));
            }
        }
    }

    /// Where the column of a field stands.
    pub(super) fn place(&self, field: &Field) -> Option<usize> {
        self.columns.iter().position(|(_, held)| held == field)
    }

    /// A line per column, for people.
    pub(super) fn lines(&self, form: &Form) -> Vec<Vec<String>> {
        let line = |(place, (name, field)): (usize, &(String, Field))| {
            vec![(place + 1).to_string(), name.clone(), field.shown(form)]
        };
        self.columns.iter().enumerate().map(line).collect()
    }
}

/// How `--map` names a column.
fn column(name: &str, number: usize) -> String {
    if name.is_empty() || name.contains('"') || name.len() > 40 {
        format!("#{number}")
    } else {
        name.to_owned()
    }
}

/// The columns that `--map` names, by place.
fn told(
    header: &[String],
    maps: &[ColumnMap],
    form: &Form,
    faults: &mut Vec<String>,
) -> BTreeMap<usize, Field> {
    let mut told = BTreeMap::new();
    for map in maps {
        let place = place(header, &map.column);
        let field = Field::named(&map.field, form);
        match (&place, &field) {
            (Ok(place), Some(field)) => {
                if told
                    .insert(*place, field.clone())
                    .is_some_and(|before| before != *field)
                {
                    faults.push(format!("--map: kolom `{}` dipetakan dua kali", map.column));
                }
            }
            _ => {
                faults.extend(place.err());
                if field.is_none() {
                    let own: Vec<&str> = NAMES.iter().map(|(_, name, _)| *name).collect();
                    let keys: Vec<&str> = form.questions.iter().map(|q| q.key.as_str()).collect();
                    faults.push(format!(
                        "--map: isian `{}` tidak dikenal; pilihannya: {}, {}",
                        map.field,
                        own.join(", "),
                        keys.join(", ")
                    ));
                }
            }
        }
    }
    told
}

fn place(header: &[String], column: &str) -> Result<usize, String> {
    let number = column
        .strip_prefix('#')
        .and_then(|number| number.trim().parse::<usize>().ok());
    if let Some(number) = number.filter(|number| (1..=header.len()).contains(number)) {
        return Ok(number - 1);
    }
    for equal in [|a: &str, b: &str| a == b, same as fn(&str, &str) -> bool] {
        let found: Vec<usize> = (0..header.len())
            .filter(|place| header.get(*place).is_some_and(|name| equal(name, column)))
            .collect();
        match found.as_slice() {
            [] => {}
            [place] => return Ok(*place),
            _ => {
                return Err(format!(
                    "--map: ada beberapa kolom `{column}`; sebut nomornya, misalnya #3"
                ));
            }
        }
    }
    Err(format!("--map: kolom `{column}` tidak ada di berkas"))
}

/// What a header means: `None` when unknown, an error when several things.
fn recognise(header: &str, form: &Form) -> Result<Option<Field>, Vec<Field>> {
    // In the grid of a form tool the row of the grid stands in brackets behind the question.
    if let Some((outer, inner)) = header
        .trim()
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once('['))
    {
        return match plain(inner, form)? {
            Some(field) => Ok(Some(field)),
            None => plain(outer, form),
        };
    }
    plain(header, form)
}

fn plain(header: &str, form: &Form) -> Result<Option<Field>, Vec<Field>> {
    let all = words(header);
    if let Some(field) = exact(&all.concat(), form)? {
        return Ok(Some(field));
    }
    // `1. …`, `U1. …`, `1) U1 …`
    let mut rest = all.as_slice();
    let mut coded = None;
    while let Some((first, others)) = rest.split_first()
        && !others.is_empty()
        && coded.is_none()
    {
        let numbered = first.len() <= 2 && first.bytes().all(|b| b.is_ascii_digit());
        coded = form
            .questions
            .iter()
            .find(|question| squash(&question.code) == *first);
        if coded.is_none() && !numbered {
            break;
        }
        rest = others;
    }
    let marked = rest.len() < all.len();
    let meant = match exact(&rest.concat(), form)? {
        Some(field) => Some(field),
        None => by_words(rest, marked || header.contains('?'), form)?,
    };
    let coded = coded.map(|question| Field::Element(question.key.clone()));
    match (coded, meant) {
        (Some(coded), Some(meant)) if coded != meant => Err(vec![coded, meant]),
        (coded, meant) => Ok(coded.or(meant)),
    }
}

/// By the whole text, squashed.
fn exact(text: &str, form: &Form) -> Result<Option<Field>, Vec<Field>> {
    let mut found: Vec<Field> = NAMES
        .iter()
        .filter(|(_, name, others)| squash(name) == text && !text.is_empty() || others.contains(&text))
        .map(|(field, ..)| field.clone())
        .collect();
    let is = |question: &Question| {
        let texts = [&question.key, &question.code, &question.name, &question.question];
        texts.iter().any(|held| !held.is_empty() && squash(held) == text)
            || ELEMENT_WORDS
                .iter()
                .any(|(key, words)| *key == question.key && words.contains(&text))
    };
    let questions = form.questions.iter().chain(&form.unasked);
    found.extend(questions.filter(|q| is(q)).map(|q| Field::Element(q.key.clone())));
    one(found)
}

/// By the words that stand for an element, in a question or a short name.
fn by_words(text: &[String], marked: bool, form: &Form) -> Result<Option<Field>, Vec<Field>> {
    let first = text.first().map(String::as_str).unwrap_or_default();
    let question = marked || ASKING.contains(&first) || text.len() <= NAME_WORDS;
    if !question || REMARK.contains(&first) {
        return Ok(None);
    }
    let names = |key: &str| {
        let words = ELEMENT_WORDS
            .iter()
            .filter(|(known, _)| *known == key)
            .flat_map(|(_, words)| *words);
        words
            .into_iter()
            .any(|word| text.iter().any(|given| given == word))
    };
    let questions = form.questions.iter().chain(&form.unasked);
    one(questions
        .filter(|q| names(&q.key))
        .map(|q| Field::Element(q.key.clone()))
        .collect())
}

fn one(mut found: Vec<Field>) -> Result<Option<Field>, Vec<Field>> {
    found.sort();
    found.dedup();
    if found.len() > 1 {
        Err(found)
    } else {
        Ok(found.pop())
    }
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
