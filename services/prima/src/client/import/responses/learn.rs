//! Learns from the whole file, before the rows are checked: the scale of the answers, the order of the numbers in
//! dates, and the texts of the profile that have no code.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::columns::Mapping;
use super::form::{Form, Question};
use super::headers::Field;
use super::moment::clock_of;
use super::scales::{Judged, Pool, is_code};
use super::time::Evidence;
use super::values::{self, Replacements};
use crate::client::import::sheet::Sheet;

/// Most different texts of a column that are collected; a column with more of them holds no answers.
const DISTINCT_MAX: usize = 2000;
/// Longest text that is printed, in characters.
const SHOWN: usize = 60;
/// Most texts of a column that are printed.
const PRINTED_MAX: usize = 20;

/// What was learned from a file.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// Scores of the texts of each element, by its key.
    pub answers: BTreeMap<String, Judged>,
    /// What the dates show about their order.
    pub dates: Evidence,
    /// Remarks to be printed, a line each.
    pub notes: Vec<String>,
    /// Answers without a score, a line for each text.
    pub words: Vec<String>,
}

/// The different texts of a column, with the number of rows of each.
type Counts = BTreeMap<String, u64>;

/// Reads the whole file; `mapping` is corrected for columns whose cells do not fit their header.
///
/// # Errors
///
/// When the file can't be read.
pub(super) fn learn(
    sheet: &mut Sheet,
    mapping: &mut Mapping,
    values: &Replacements,
    form: &Form,
    now: DateTime<Utc>,
) -> anyhow::Result<Learned> {
    let mut learned = Learned::default();
    let mut columns: Vec<Counts> = vec![Counts::new(); mapping.columns.len()];
    let today = now.date_naive().succ_opt().unwrap_or(now.date_naive());
    sheet.each(|row| {
        if row.fault().is_some() {
            return Ok(());
        }
        for (place, (name, field)) in mapping.columns.iter().enumerate() {
            let cell = values.apply(field, row.raw(place));
            if cell.is_empty() {
                continue;
            }
            match field {
                Field::Suggestion | Field::Criticism => {}
                Field::Skip if !name.is_empty() => {}
                Field::SubmittedAt => learned.dates.add(cell, form.period, today),
                _ => {
                    let Some(words) = columns.get_mut(place) else {
                        continue;
                    };
                    if let Some(count) = words.get_mut(cell) {
                        *count += 1;
                    } else if words.len() < DISTINCT_MAX {
                        words.insert(cell.to_owned(), 1);
                    }
                }
            }
        }
        Ok(())
    })?;
    correct(mapping, &columns, &mut learned);
    judge(mapping, &columns, form, &mut learned);
    profile(mapping, &columns, form, &mut learned);
    Ok(learned)
}

/// Corrects columns whose cells do not fit their header.
fn correct(mapping: &mut Mapping, columns: &[Counts], learned: &mut Learned) {
    let dated = mapping.place(&Field::SubmittedAt).is_some();
    let mut clock = mapping.place(&Field::Clock).is_some();
    for (place, (name, field)) in mapping.columns.iter_mut().enumerate() {
        let Some(words) = columns.get(place).filter(|words| !words.is_empty()) else {
            continue;
        };
        let given = mapping.given.contains(&place);
        let clocks = || words.keys().all(|word| clock_of(word).is_some());
        let number = place + 1;
        match field {
            Field::Skip => learned.notes.push(format!(
                "kolom {number} tidak bernama dan tidak diimpor; berisi misalnya `{}`",
                short(words.keys().next().map_or("", String::as_str))
            )),
            // `Jam` may be the time of the answer, or the working hours that the survey asks about.
            Field::Choice("hour_band") if !given && dated && !clock && clocks() => {
                *field = Field::Clock;
                clock = true;
                learned
                    .notes
                    .push(format!("kolom {number} `{name}` dibaca sebagai jam pengisian"));
            }
            Field::Clock if !given && !clocks() => {
                *field = Field::Skip;
                learned
                    .notes
                    .push(format!("kolom {number} `{name}` tidak diimpor: bukan jam"));
            }
            // Running numbers start again in each file, so they do not identify a row; its id is derived from its
            // content instead.
            Field::Id if !given && !name.trim().eq_ignore_ascii_case("response_id") && numbers(words) => {
                *field = Field::Skip;
                learned.notes.push(format!(
                    "kolom {number} `{name}` berisi nomor dan bukan id jawaban; id dibuat dari isi baris. Bila nomor itu tidak \
                     pernah terpakai dua kali, pakai --map \"{name}=response_id\""
                ));
            }
            _ => {}
        }
    }
}

/// Whether all texts are numbers of up to nine digits.
fn numbers(words: &Counts) -> bool {
    words
        .keys()
        .all(|word| word.len() <= 9 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Determines the scores of the texts of each element.
fn judge(mapping: &Mapping, columns: &[Counts], form: &Form, learned: &mut Learned) {
    let question = |field: &Field| match field {
        Field::Element(key) => form.questions.iter().find(|question| question.key == *key),
        _ => None,
    };
    // Each option of a question may have a column of its own.
    let mut merged: BTreeMap<&str, (&Question, Counts)> = BTreeMap::new();
    for ((_, field), words) in mapping.columns.iter().zip(columns) {
        let Some(question) = question(field) else { continue };
        let (_, all) = merged.entry(&question.key).or_insert((question, Counts::new()));
        for (word, rows) in words {
            *all.entry(word.clone()).or_default() += rows;
        }
    }
    let asked: Vec<(&Question, &Counts)> = merged
        .values()
        .map(|(question, words)| (*question, words))
        .collect();
    let mut pool = Pool::default();
    for (question, words) in &asked {
        for word in words.keys() {
            pool.add(word, question);
        }
    }
    for (question, words) in &asked {
        let judged = Judged::new(words.keys().map(String::as_str), question, form.scale, &pool);
        let faults: Vec<(&str, &str)> = judged.faults().collect();
        for (word, fault) in faults.iter().take(PRINTED_MAX) {
            let rows = words.get(*word).copied().unwrap_or_default();
            learned.words.push(format!("{fault} ({rows} baris)"));
        }
        if faults.len() > PRINTED_MAX {
            let more = faults.len() - PRINTED_MAX;
            learned
                .words
                .push(format!("{}: … dan {more} jawaban lain", question.name));
        }
        let letters = words
            .keys()
            .all(|word| matches!(word.as_str(), "a" | "b" | "c" | "d"));
        if letters && faults.is_empty() && !words.is_empty() {
            note_once(
                learned,
                "jawaban a, b, c, d dibaca 1, 2, 3, 4 seperti pada kuesioner resmi",
            );
        }
        let coded = words.keys().any(|word| is_code(word));
        if coded && faults.is_empty() {
            note_once(
                learned,
                "kode jawaban A1, A2, … dibaca 1, 2, … menurut urutannya; bila di formulir urutannya terbalik, balikkan dengan \
                 --value \"answers:A1=4\" dan seterusnya",
            );
        }
        learned.answers.insert(question.key.clone(), judged);
    }
}

fn note_once(learned: &mut Learned, note: &str) {
    if !learned.notes.iter().any(|before| before == note) {
        learned.notes.push(note.to_owned());
    }
}

/// Reports the texts of the profile that have no code, once for the whole file; their cells are left empty.
fn profile(mapping: &Mapping, columns: &[Counts], form: &Form, learned: &mut Learned) {
    for ((_, field), words) in mapping.columns.iter().zip(columns) {
        let fault = |word: &str| match field {
            Field::Choice(key) => values::choice(word, key, form).err(),
            Field::Age => values::age(word, form).err(),
            Field::Service => values::service(word).err(),
            _ => None,
        };
        let faults: Vec<(&u64, String)> = words
            .iter()
            .filter_map(|(word, rows)| Some((rows, fault(word)?)))
            .collect();
        for (rows, fault) in faults.iter().take(PRINTED_MAX) {
            learned
                .notes
                .push(format!("{fault}; dikosongkan di {rows} baris"));
        }
        if faults.len() > PRINTED_MAX {
            let more = faults.len() - PRINTED_MAX;
            learned
                .notes
                .push(format!("{}: … dan {more} isian lain dikosongkan", field.name()));
        }
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
