//! Determines the meaning of each column of a file of responses: given with `--map`, else recognised by the header.

use std::collections::{BTreeMap, BTreeSet};

use super::form::Form;
use super::headers::{Field, NAMES, TIMES};
use super::recognise::{Meaning, code_key, means_whole, of_tools, recognise, settle};
use super::tools;
use crate::client::import::sheet::Sheet;
use crate::client::import::words::{same, squash};

/// The meaning of a column, given with `--map`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMap {
    /// Header of the column, or `#N` for the column at position N, counted from 1.
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

/// The meanings of the columns of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mapping {
    /// Header and field of each column, by position.
    pub columns: Vec<(String, Field)>,
    /// Positions of the columns that `--map` names.
    pub given: BTreeSet<usize>,
    /// Whether all rows have the same time, given outside the file.
    dated: bool,
    /// Remarks on columns that could mean something else, and on those that are left out.
    pub notes: Vec<String>,
}

impl Mapping {
    /// Determines the meaning of each column of a header; `dated` says that the time is given outside the file.
    ///
    /// # Errors
    ///
    /// Every fault: an ambiguous column, two columns for one field, a missing field, a `--map` that matches no column
    /// or field.
    pub(super) fn new(
        header: &[String],
        maps: &[ColumnMap],
        form: &Form,
        dated: bool,
    ) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let named = named(header, maps, form, &mut faults);
        let mut meanings: Vec<Meaning> = header.iter().map(|name| recognise(name, form)).collect();
        // The Indonesian name of the time of completion in Microsoft Forms is also the name of an element.
        let begins = header.iter().any(|name| squash(name) == "waktumulai");
        for (place, meaning) in meanings.iter_mut().enumerate() {
            let name = header.get(place).map(|name| squash(name)).unwrap_or_default();
            if begins && name == "waktupenyelesaian" {
                *meaning = Ok(Some(Field::SubmittedAt));
            }
            if let Some(field) = named.get(&place) {
                *meaning = Ok(Some(field.clone()));
            }
        }
        let given: BTreeSet<usize> = named.keys().copied().collect();
        tools::remove_added(header, &given, &mut meanings);
        settle(&mut meanings);
        tools::choose_groups(header, &given, &mut meanings, &|name, field| {
            means_whole(name, field, form)
        });
        let mut mapping = Self {
            columns: Vec::new(),
            given,
            dated,
            notes: Vec::new(),
        };
        let mut unknown = Vec::new();
        for (place, (name, meaning)) in header.iter().zip(meanings).enumerate() {
            let number = place + 1;
            let field = match meaning {
                Ok(Some(field)) => field,
                Ok(None) => {
                    if !name.is_empty() && !of_tools(name) {
                        unknown.push(place);
                    }
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
            mapping.columns.push((name.clone(), field));
        }
        mapping.surest_time();
        mapping.check(form, &mut faults);
        if !faults.is_empty() {
            // A missing field may be in one of the columns that were not recognised.
            for place in unknown {
                let (number, name) = (place + 1, header.get(place).map_or("", String::as_str));
                faults.push(format!(
                    "kolom {number} `{name}` tidak dikenal; petakan dengan --map \"{}=ISIAN\"",
                    column(name, number)
                ));
            }
            return Err(faults);
        }
        mapping.write_notes(form, &unknown);
        Ok(mapping)
    }

    /// When several columns may hold the time, keeps the most certain one.
    fn surest_time(&mut self) {
        let rank = |place: usize, name: &str| {
            if self.given.contains(&place) {
                return 0;
            }
            let name = squash(name);
            1 + TIMES
                .iter()
                .position(|names| names.contains(&name.as_str()))
                .unwrap_or_default()
        };
        let times: Vec<(usize, usize)> = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, (_, field))| *field == Field::SubmittedAt)
            .map(|(place, (name, _))| (rank(place, name), place))
            .collect();
        let Some(surest) = times.iter().map(|(rank, _)| *rank).min() else {
            return;
        };
        for (rank, place) in times {
            if rank > surest
                && let Some((_, field)) = self.columns.get_mut(place)
            {
                *field = Field::Skip;
            }
        }
    }

    /// Writes the remarks: a line for each column that is left out, and one for each element recognised by a code that
    /// is another element's in other editions of the questionnaire.
    fn write_notes(&mut self, form: &Form, unknown: &[usize]) {
        let mut notes = Vec::new();
        for (place, (name, field)) in self.columns.iter().enumerate() {
            let number = place + 1;
            let running = NAMES
                .iter()
                .any(|(held, _, names)| *held == Field::Skip && names.contains(&squash(name).as_str()));
            match field {
                Field::Skip if !name.is_empty() && !running && !self.given.contains(&place) => {
                    let hint = if unknown.contains(&place) {
                        format!(
                            "; bila memuat isian jawaban, petakan dengan --map \"{}=ISIAN\"",
                            column(name, number)
                        )
                    } else {
                        String::new()
                    };
                    notes.push(format!("kolom {number} `{name}` tidak diimpor{hint}"));
                }
                Field::Element(key) if !self.given.contains(&place) => {
                    let Some(question) = form.question(key) else {
                        continue;
                    };
                    let bare = code_key(name).is_some_and(|code| Some(code) == code_key(&question.code));
                    if bare && !question.other_code.is_empty() && question.other_code != question.code {
                        notes.push(format!(
                            "kolom {number} `{name}` dibaca sebagai {}, menurut susunan survei ini; pada susunan lain kodenya {}. \
                             Bila berkas memakai susunan itu, balikkan dengan --map",
                            question.name, question.other_code
                        ));
                    }
                }
                _ => {}
            }
        }
        self.notes = notes;
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
            let headers: Vec<&str> = places
                .iter()
                .filter_map(|place| Some(self.columns.get(*place)?.0.as_str()))
                .collect();
            if matches!(field, Field::Element(_) | Field::Choice(_) | Field::Age)
                && tools::one_question(&headers)
            {
                continue;
            }
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
        if !places.contains_key(&Field::SubmittedAt) && !self.dated {
            let day = form
                .period
                .map_or_else(|| "2024-12-31".to_owned(), |(_, last)| last.to_string());
            faults.push(format!(
                "tidak ada kolom waktu pengisian (submitted_at, Timestamp, Stempel waktu, Tanggal); untuk rekap tanpa tanggal \
                 sebut harinya, misalnya --date {day}"
            ));
        }
        for question in form.questions.iter().filter(|question| !question.optional) {
            let field = Field::Element(question.key.clone());
            if !places.contains_key(&field) {
                faults.push(format!("tidak ada kolom untuk unsur {}", field.shown(form)));
            }
        }
    }

    /// Tells a sheet which rows hold no finished response, and which columns are read.
    pub(super) fn prepare(&self, sheet: &mut Sheet) {
        let header: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let read = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, (_, field))| *field != Field::Skip);
        sheet.leave_out(tools::unfinished(&header));
        sheet.read_columns(read.map(|(place, _)| place).collect());
    }

    /// The position of the column of a field.
    pub(super) fn place(&self, field: &Field) -> Option<usize> {
        self.columns.iter().position(|(_, held)| held == field)
    }

    /// A line for each column, to be printed.
    pub(super) fn lines(&self, form: &Form) -> Vec<Vec<String>> {
        let line = |(place, (name, field)): (usize, &(String, Field))| {
            vec![(place + 1).to_string(), name.clone(), field.shown(form)]
        };
        self.columns.iter().enumerate().map(line).collect()
    }
}

/// The name of a column for `--map`.
fn column(name: &str, number: usize) -> String {
    if name.is_empty() || name.contains('"') || name.len() > 40 {
        format!("#{number}")
    } else {
        name.to_owned()
    }
}

/// The fields of the columns that `--map` names, by position.
fn named(
    header: &[String],
    maps: &[ColumnMap],
    form: &Form,
    faults: &mut Vec<String>,
) -> BTreeMap<usize, Field> {
    let mut named = BTreeMap::new();
    for map in maps {
        let place = place(header, &map.column);
        let field = Field::named(&map.field, form);
        match (&place, &field) {
            (Ok(place), Some(field)) => {
                if named
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
    named
}

fn place(header: &[String], column: &str) -> Result<usize, String> {
    let number = column
        .strip_prefix('#')
        .and_then(|number| number.trim().parse::<usize>().ok());
    if let Some(number) = number.filter(|number| (1..=header.len()).contains(number)) {
        return Ok(number - 1);
    }
    // A header in two rows has the name of the second row in brackets.
    let inner = |name: &str, column: &str| tools::parts(name).is_some_and(|(_, inner)| same(inner, column));
    for equal in [|a: &str, b: &str| a == b, same as fn(&str, &str) -> bool, inner] {
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

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
