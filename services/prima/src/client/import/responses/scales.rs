//! Determines the scores of the answers in a column. An answer is judged together with all answers to its question,
//! never alone: `Tidak puas` is the lowest of four grades on one common scale and the second on another. When several
//! scales fit and give different scores, the user is asked.

use std::collections::{BTreeMap, BTreeSet};

use super::form::Question;
use crate::client::import::words::{squash, words};

/// Scales given as whole answers, lowest first, squashed; a scale for one element alone has the key of that element.
const LISTS: [(Option<&str>, &[&str]); 11] = [
    (Some("cost"), &["sangatmahal", "cukupmahal", "murah", "gratis"]),
    (
        Some("complaint_handling"),
        &[
            "tidakada",
            "adatetapitidakberfungsi",
            "berfungsikurangmaksimal",
            "dikeloladenganbaik",
        ],
    ),
    (
        Some("conduct"),
        &[
            "tidaksopandanramah",
            "kurangsopandanramah",
            "sopandanramah",
            "sangatsopandanramah",
        ],
    ),
    (None, &["buruk", "cukup", "baik", "sangatbaik"]),
    (None, &["kurang", "cukup", "baik", "sangatbaik"]),
    (None, &["tidakbaik", "kurang", "baik", "sangatbaik"]),
    (None, &["tidakbaik", "kurang", "cukup", "baik"]),
    (None, &["sangatkurang", "kurang", "cukup", "baik"]),
    // Abbreviations used in spreadsheets: sangat tidak setuju, tidak setuju, …
    (None, &["sts", "ts", "s", "ss"]),
    (None, &["k", "c", "b", "sb"]),
    (None, &["a", "b", "c", "d"]),
];
/// Grades of a quality, lowest first: the words before the quality, and whether the scale is considered only if `cukup`
/// is among the answers. The first scale is that of the official questionnaire.
const GRADES: [([&str; 4], bool); 6] = [
    (["tidak", "kurang", "", "sangat"], false),
    (["sangattidak", "tidak", "", "sangat"], false),
    (["sangattidak", "kurang", "", "sangat"], false),
    (["kurang", "cukup", "", "sangat"], true),
    (["tidak", "cukup", "", "sangat"], true),
    (["tidak", "kurang", "cukup", ""], true),
];
/// Scales of five grades in the same form.
const GRADES_OF_FIVE: [[&str; 5]; 4] = [
    ["sangattidak", "tidak", "cukup", "", "sangat"],
    ["sangattidak", "tidak", "kurang", "", "sangat"],
    ["sangattidak", "kurang", "cukup", "", "sangat"],
    ["tidak", "kurang", "cukup", "", "sangat"],
];
/// Qualities that are graded.
const QUALITIES: [&str; 26] = [
    "baik",
    "puas",
    "memuaskan",
    "setuju",
    "sesuai",
    "mudah",
    "cepat",
    "wajar",
    "kompeten",
    "mampu",
    "sopan",
    "ramah",
    "sopandanramah",
    "layak",
    "jelas",
    "tepat",
    "tepatwaktu",
    "lengkap",
    "nyaman",
    "murah",
    "terjangkau",
    "cakap",
    "santun",
    "transparan",
    "bersih",
    "cocok",
];
/// Initials of the words before a quality, and of the qualities, as spreadsheets abbreviate them: `TS KS S SS`.
const SHORT: [([&str; 4], &[&str]); 2] = [
    (["t", "k", "", "s"], &["b", "s", "p", "m", "c", "l", "w", "j"]),
    (["st", "t", "", "s"], &["b", "p", "m", "c", "l", "w", "j"]),
];
/// Beginnings of the codes that LimeSurvey gives the answers of a question, in their order: `A1`, `AO01`.
const CODES: [&str; 2] = ["a", "ao0"];
/// Words that repeat the number beside them.
const NUMBERS: [&str; 6] = ["nol", "satu", "dua", "tiga", "empat", "lima"];
const COUNTERS: [&str; 7] = ["nilai", "skor", "score", "poin", "bintang", "star", "stars"];
/// Grades that are written without a quality, on scales of which `baik` is one grade.
const PLAIN: [&str; 4] = ["buruk", "cukup", "kurang", "sangatkurang"];
/// Length of the longest abbreviation, in letters.
const SHORTENED: usize = 3;
/// Longest text that is printed, in characters.
const SHOWN: usize = 60;

/// The score of each answer to one question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Judged(BTreeMap<String, Result<i32, String>>);

/// What the answers to all questions of a file show about its scale.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    /// Labels, squashed.
    labels: BTreeSet<String>,
    /// Whether some labels are printed only on this survey's form and on no common scale: then respondents used this
    /// very form.
    own: bool,
}

impl Pool {
    /// Adds one answer.
    pub(super) fn add(&mut self, text: &str, question: &Question) {
        if whole_number(text).is_some() {
            return;
        }
        let label = take_apart(text).label;
        let held = question.answers.iter().any(|answer| squash(answer) == label);
        self.own |= held && graded(&label).is_none();
        self.labels.insert(label);
    }
}

/// An answer split into its parts.
struct Answer<'a> {
    text: &'a str,
    /// A number, or the letter of an option, before or after the label.
    numbering: Option<Numbering>,
    /// The label, squashed.
    label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbering {
    Number(i32),
    Letter,
}

impl Judged {
    /// Determines the score of every text with which a question was answered. When the answers to one question do not
    /// decide between scales, those of the whole file, the `pool`, do.
    pub(super) fn new<'a>(
        texts: impl Iterator<Item = &'a str>,
        question: &Question,
        scale: (i32, i32),
        pool: &Pool,
    ) -> Self {
        let mut judged = BTreeMap::new();
        let mut answers = Vec::new();
        for text in texts {
            match whole_number(text) {
                Some(number) => {
                    judged.insert(text.to_owned(), within(text, number, question, scale));
                }
                None => answers.push(take_apart(text)),
            }
        }
        let labels: Vec<&str> = answers.iter().map(|answer| answer.label.as_str()).collect();
        for answer in &answers {
            let score = score(answer, &answers, &labels, question, scale, pool);
            judged.insert(answer.text.to_owned(), score);
        }
        Self(judged)
    }

    /// Returns the score of a text.
    ///
    /// # Errors
    ///
    /// A message in Indonesian that says what is wrong.
    pub(super) fn score(&self, text: &str) -> Result<i32, String> {
        match self.0.get(text) {
            Some(score) => score.clone(),
            None => Err(format!("jawaban `{}` tidak dipahami", short(text))),
        }
    }

    /// Returns every text without a score, with its message.
    pub(super) fn faults(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.filter_map(|(text, score)| Some((text.as_str(), score.as_ref().err()?.as_str())))
    }
}

/// An error message that begins with the label of the question.
fn fault(question: &Question, what: &str) -> String {
    match question.code.as_str() {
        "" => format!("{}: {what}", question.name),
        code => format!("{code} {}: {what}", question.name),
    }
}

fn within(text: &str, score: i32, question: &Question, (min, max): (i32, i32)) -> Result<i32, String> {
    if (min..=max).contains(&score) {
        return Ok(score);
    }
    Err(fault(
        question,
        &format!("nilai `{}` harus {min} sampai {max}", short(text)),
    ))
}

/// Reads a whole number, also as spreadsheets write it: `3`, `3.0`, `3,00`. Three zeros are read as thousands.
pub(super) fn whole_number(text: &str) -> Option<i32> {
    let (whole, zeros) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let plain = (1..=2).contains(&zeros.len()) && zeros.bytes().all(|byte| byte == b'0');
    plain.then(|| whole.parse().ok()).flatten()
}

/// Splits an answer: `4. Sangat sesuai`, `(2) Kurang cepat`, `d. Sangat sesuai`, `Sangat mudah (4)`.
fn take_apart(text: &str) -> Answer<'_> {
    // In `Sangat setuju (SS)` the abbreviation repeats the label.
    let spoken = match text.split_once('(') {
        Some((front, behind)) if !front.trim().is_empty() && is_abbreviation(behind) => front,
        _ => text,
    };
    let all = words(spoken);
    let number = |word: &String| (word.len() <= 2).then(|| word.parse::<i32>().ok()).flatten();
    let letter = |word: &String| word.len() == 1 && word.chars().all(char::is_alphabetic);
    let lettered = |words: &[String]| words.iter().any(|word| word.chars().any(char::is_alphabetic));
    let numbered = |numbering, label: &[String]| Answer {
        text,
        numbering: Some(numbering),
        label: label.concat(),
    };
    match all.as_slice() {
        [first, rest @ ..] if lettered(rest) && number(first).is_some() => {
            numbered(Numbering::Number(number(first).unwrap_or_default()), rest)
        }
        [rest @ .., last] if lettered(rest) && number(last).is_some() => {
            numbered(Numbering::Number(number(last).unwrap_or_default()), rest)
        }
        [first, rest @ ..] if lettered(rest) && letter(first) => numbered(Numbering::Letter, rest),
        _ => Answer {
            text,
            numbering: None,
            label: all.concat(),
        },
    }
}

/// Whether an answer is a code that LimeSurvey gives answers by itself.
pub(super) fn is_code(text: &str) -> bool {
    let label = squash(text);
    CODES
        .iter()
        .any(|prefix| matches!(label.strip_prefix(prefix).map(str::as_bytes), Some([b'0'..=b'9'])))
}

fn is_abbreviation(text: &str) -> bool {
    let text = text.trim().trim_end_matches(')');
    (1..=SHORTENED).contains(&text.len()) && text.chars().all(char::is_alphabetic)
}

fn score(
    answer: &Answer<'_>,
    answers: &[Answer<'_>],
    labels: &[&str],
    question: &Question,
    scale: (i32, i32),
    pool: &Pool,
) -> Result<i32, String> {
    let refuse = |what: String| Err(fault(question, &what));
    // The label only repeats the number: `4 (empat)`, `Nilai 3`.
    if let Some(Numbering::Number(number)) = answer.numbering {
        let named = usize::try_from(number).ok().and_then(|place| NUMBERS.get(place));
        if named.is_some_and(|name| *name == answer.label) || COUNTERS.contains(&answer.label.as_str()) {
            return within(answer.text, number, question, scale);
        }
    }
    let fitting = fitting(answer, labels, question, scale, pool);
    let agrees = |scores: &&BTreeMap<String, i32>| {
        answers
            .iter()
            .all(|other| match (other.numbering, scores.get(&other.label)) {
                (Some(Numbering::Number(number)), Some(score)) => number == *score,
                _ => true,
            })
    };
    let agreeing: Vec<&BTreeMap<String, i32>> = fitting.iter().filter(agrees).collect();
    if agreeing.is_empty()
        && let (Some(Numbering::Number(number)), Some(score)) = (
            answer.numbering,
            fitting.first().and_then(|scores| scores.get(&answer.label)),
        )
    {
        return refuse(format!(
            "`{}`: angka {number} tidak cocok dengan labelnya, yang bernilai {score}; bila angkanya benar atau skalanya \
             terbalik, padankan dengan --value \"answers:{}=NILAI\"",
            short(answer.text),
            short(answer.text)
        ));
    }
    let candidates = if agreeing.is_empty() {
        fitting.iter().collect()
    } else {
        agreeing
    };
    let mut scores: Vec<i32> = candidates
        .iter()
        .filter_map(|scores| scores.get(&answer.label).copied())
        .collect();
    scores.sort_unstable();
    scores.dedup();
    match scores.as_slice() {
        [score] => match answer.numbering {
            Some(Numbering::Number(number)) if number != *score => refuse(format!(
                "`{}`: angka {number} tidak cocok dengan labelnya, yang bernilai {score}",
                short(answer.text)
            )),
            _ => Ok(*score),
        },
        [] => {
            let options = if question.answers.is_empty() {
                String::new()
            } else {
                format!(", atau salah satu dari: {}", question.answers.join("; "))
            };
            refuse(format!(
                "jawaban `{}` harus angka {} sampai {}{options}; atau padankan dengan --value \"answers:{}=NILAI\"",
                short(answer.text),
                scale.0,
                scale.1,
                short(answer.text)
            ))
        }
        several => {
            let several: Vec<String> = several.iter().map(i32::to_string).collect();
            refuse(format!(
                "jawaban `{}` dapat berarti {}, menurut skala yang dipakai, dan kolomnya tidak menentukan; tentukan dengan \
                 --value \"answers:{}=NILAI\"",
                short(answer.text),
                several.join(" atau "),
                short(answer.text)
            ))
        }
    }
}

/// Returns the scales that contain this label and all other labels of its kind, as scores by label.
fn fitting(
    answer: &Answer<'_>,
    labels: &[&str],
    question: &Question,
    scale: (i32, i32),
    pool: &Pool,
) -> Vec<BTreeMap<String, i32>> {
    let numbered = |names: Vec<String>| -> BTreeMap<String, i32> {
        let scores = (scale.0..).zip(names);
        scores.map(|(score, name)| (name, score)).collect()
    };
    let label = answer.label.as_str();
    let grades = usize::try_from(scale.1 - scale.0 + 1).unwrap_or_default();
    let quality = graded(label);
    let own = numbered(question.answers.iter().map(|answer| squash(answer)).collect());
    let mut found = Vec::new();
    if own.contains_key(label) {
        // A label that is on no common scale can only be from the form of this survey.
        if quality.is_none() || pool.own {
            return vec![own];
        }
        let others = labels.iter().filter(|other| graded(other) == quality);
        if others.into_iter().all(|other| own.contains_key(*other)) {
            found.push(own.clone());
        }
    }
    let all: Vec<&str> = labels
        .iter()
        .copied()
        .chain(pool.labels.iter().map(String::as_str))
        .filter(|label| !label.is_empty())
        .collect();
    for (key, list) in LISTS {
        let mine = key.is_none_or(|key| key == question.key) && list.len() == grades && list.contains(&label);
        let others = if label.len() <= SHORTENED {
            // An abbreviation is judged together with all other abbreviations of the file.
            all.iter()
                .all(|other| other.len() > SHORTENED || list.contains(other))
        } else if key.is_some() {
            labels
                .iter()
                .all(|other| list.contains(other) || own.contains_key(*other) || graded(other).is_some())
        } else {
            let of_baik = |other: &str| PLAIN.contains(&other) || graded(other) == Some("baik");
            all.iter().any(|other| PLAIN.contains(other))
                && all.iter().all(|other| list.contains(other) || !of_baik(other))
        };
        // Capital letters may also be grades of a result, of which A is the best.
        let small = list.first() != Some(&"a") || !answer.text.chars().any(char::is_uppercase);
        if mine && others && small {
            found.push(numbered(list.iter().map(|name| (*name).to_owned()).collect()));
        }
    }
    if let Some(quality) = quality {
        let of_quality: Vec<&str> = all
            .iter()
            .filter_map(|label| label.strip_suffix(quality))
            .collect();
        let fits = |fronts: &[&str]| {
            of_quality
                .iter()
                .all(|front| fronts.contains(front) || !is_grade(front))
        };
        let names = |fronts: &[&str]| -> Vec<String> {
            fronts.iter().map(|front| format!("{front}{quality}")).collect()
        };
        let enough = of_quality.contains(&"cukup");
        if grades == 4 {
            for (fronts, needs) in GRADES {
                if (!needs || enough) && fits(&fronts) {
                    found.push(numbered(names(&fronts)));
                }
            }
        }
        if grades == 5 {
            for fronts in GRADES_OF_FIVE {
                if fits(&fronts) {
                    found.push(numbered(names(&fronts)));
                }
            }
        }
    }
    for prefix in CODES {
        let list: Vec<String> = (1..=grades).map(|n| format!("{prefix}{n}")).collect();
        let holds = |label: &str| list.iter().any(|name| name == label);
        if holds(label) && all.iter().all(|other| !is_code(other) || holds(other)) {
            found.push(numbered(list));
        }
    }
    if grades == 4 {
        for (fronts, qualities) in SHORT {
            for quality in qualities {
                let list: Vec<String> = fronts.iter().map(|front| format!("{front}{quality}")).collect();
                let holds = |label: &str| list.iter().any(|name| name == label);
                if holds(label) && all.iter().all(|other| other.len() > SHORTENED || holds(other)) {
                    found.push(numbered(list));
                }
            }
        }
    }
    found
}

/// Returns the quality that a label grades; the longest one, when one quality ends with another.
fn graded(label: &str) -> Option<&'static str> {
    QUALITIES
        .into_iter()
        .filter(|quality| label.strip_suffix(quality).is_some_and(is_grade))
        .max_by_key(|quality| quality.len())
}

fn is_grade(front: &str) -> bool {
    ["", "sangat", "cukup", "kurang", "tidak", "sangattidak"].contains(&front)
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "scales_tests.rs"]
mod tests;
