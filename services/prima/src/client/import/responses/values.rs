//! Reads a cell of the profile: a code, its label, or another common word for it.

use super::form::Form;
use super::headers::Field;
use super::scales::whole_number;
use crate::client::import::words::{same, squash, words};

/// Other words for codes of the profile, squashed: field, code, words.
const CODES: [(&str, &str, &[&str]); 12] = [
    ("sex", "L", &["laki", "lakilaki", "lk", "pria", "male", "cowok"]),
    ("sex", "P", &["perempuan", "pr", "wanita", "female", "cewek"]),
    ("education", "SD", &["mi", "sekolahdasar"]),
    ("education", "SMP", &["sltp", "mts"]),
    ("education", "SMA", &["slta", "smk", "ma", "smu", "stm"]),
    ("education", "S1", &["sarjana", "strata1"]),
    ("education", "S2", &["magister", "strata2"]),
    ("education", "S3", &["doktor", "strata3"]),
    ("occupation", "PNS", &["asn", "pppk", "pegawainegerisipil"]),
    ("occupation", "SWASTA", &["karyawanswasta", "pegawaiswasta"]),
    (
        "occupation",
        "WIRAUSAHA",
        &["wiraswasta", "wirausahawan", "pengusaha", "pedagang"],
    ),
    (
        "occupation",
        "LAINNYA",
        &[
            "lain",
            "lainlain",
            "other",
            "others",
            "pelajar",
            "mahasiswa",
            "mahasiswi",
            "petani",
            "nelayan",
            "buruh",
            "pensiunan",
            "honorer",
            "iburumahtangga",
            "irt",
            "tidakbekerja",
            "belumbekerja",
        ],
    ),
];

/// The meaning of a text in a column, given with `--value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueMap {
    /// The field.
    pub field: String,
    /// The text in the file.
    pub text: String,
    /// The meaning; empty when the text is to be read as an empty cell.
    pub value: String,
}

impl std::str::FromStr for ValueMap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split_once(':')
            .and_then(|(field, rest)| Some((field, rest.rsplit_once('=')?)));
        match parts {
            Some((field, (text, value))) if !field.trim().is_empty() && !text.trim().is_empty() => Ok(Self {
                field: field.trim().to_owned(),
                text: text.trim().to_owned(),
                value: value.trim().to_owned(),
            }),
            _ => Err("harus berbentuk ISIAN:TEKS=NILAI".to_owned()),
        }
    }
}

/// The replacements given with `--value`.
#[derive(Debug, Clone, Default)]
pub(super) struct Replacements(Vec<(Of, String, String)>);

/// Where a text is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    /// In the answers to every question.
    Answers,
    /// In one field.
    Field(Field),
}

/// What a tool writes for a question that was not asked.
const NOT_ASKED: &str = "N/A";

/// The names that `--value` accepts for the answers to all questions.
const ANSWERS: [&str; 2] = ["answers", "jawaban"];

impl Replacements {
    /// Reads the replacements of the command line.
    ///
    /// # Errors
    ///
    /// Every unknown field.
    pub(super) fn new(values: &[ValueMap], form: &Form) -> Result<Self, Vec<String>> {
        let (mut all, mut faults) = (Vec::new(), Vec::new());
        for value in values {
            let of = if ANSWERS.contains(&value.field.as_str()) {
                Some(Of::Answers)
            } else {
                Field::named(&value.field, form).map(Of::Field)
            };
            match of {
                Some(of) => all.push((of, text_key(&value.text), value.value.clone())),
                None => faults.push(format!("--value: isian `{}` tidak dikenal", value.field)),
            }
        }
        if faults.is_empty() {
            Ok(Self(all))
        } else {
            Err(faults)
        }
    }

    /// Returns the cell, or its replacement. LimeSurvey writes `N/A` for a question that was not asked.
    pub(super) fn apply<'a>(&'a self, field: &Field, cell: &'a str) -> &'a str {
        if self.0.is_empty() {
            return if cell.eq_ignore_ascii_case(NOT_ASKED) {
                ""
            } else {
                cell
            };
        }
        let given = text_key(cell);
        let here = |of: &Of| match of {
            Of::Field(of) => of == field,
            Of::Answers => false,
        };
        let answers = |of: &Of| *of == Of::Answers && matches!(field, Field::Element(_));
        let find = |is: &dyn Fn(&Of) -> bool| self.0.iter().find(|(of, text, _)| is(of) && *text == given);
        // A replacement for one question takes precedence over one for all questions.
        let found = find(&here).or_else(|| find(&answers));
        match found {
            Some((_, _, value)) => value,
            None if cell.eq_ignore_ascii_case(NOT_ASKED) => "",
            None => cell,
        }
    }
}

/// The form in which texts are compared: letters and digits only, or the whole text when it has none.
fn text_key(text: &str) -> String {
    match squash(text) {
        empty if empty.is_empty() => text.trim().to_owned(),
        key => key,
    }
}

/// Returns the code for a cell of a profile field: the cell is the code, its label or another common word for it, alone
/// or among other words (`SMA/SMK sederajat`).
///
/// # Errors
///
/// A message in Indonesian that says what is wrong.
pub(super) fn choice(cell: &str, key: &str, form: &Form) -> Result<String, String> {
    let choices = form.choices.get(key).map(Vec::as_slice).unwrap_or_default();
    let known = |code: &str| choices.iter().any(|(held, _)| held == code);
    if known(cell) {
        return Ok(cell.to_owned());
    }
    if let Some((code, _)) = choices
        .iter()
        .find(|(code, label)| same(code, cell) || same(label, cell))
    {
        return Ok(code.clone());
    }
    let meaning = |word: &str| -> Option<String> {
        let own = choices
            .iter()
            .find(|(code, label)| squash(code) == word || squash(label) == word);
        let usual = || {
            let held = CODES
                .iter()
                .filter(|(field, code, _)| *field == key && known(code));
            held.into_iter()
                .find(|(_, _, others)| others.contains(&word))
                .map(|(_, code, _)| (*code).to_owned())
        };
        own.map(|(code, _)| code.clone()).or_else(usual)
    };
    if let Some(code) = meaning(&squash(cell)) {
        return Ok(code);
    }
    // `20-29 tahun`
    let all: Vec<String> = words(cell)
        .into_iter()
        .filter(|word| !["tahun", "thn", "th"].contains(&word.as_str()))
        .collect();
    let mut found: Vec<String> = meaning(&all.concat()).into_iter().collect();
    if found.is_empty() {
        found = all.iter().filter_map(|word| meaning(word)).collect();
        found.sort();
        found.dedup();
    }
    match found.as_slice() {
        [code] => Ok(code.clone()),
        _ => {
            let codes: Vec<&str> = choices.iter().map(|(code, _)| code.as_str()).collect();
            Err(format!(
                "{key} `{cell}` harus salah satu dari {}; padankan dengan --value \"{key}:{cell}=KODE\"",
                codes.join(", ")
            ))
        }
    }
}

/// Reads an age in years, or the code of an age group.
///
/// # Errors
///
/// A message in Indonesian that says what is wrong.
pub(super) fn age(cell: &str, form: &Form) -> Result<Age, String> {
    let years = cell.split_whitespace().next().and_then(whole_number);
    let alone = words(cell)
        .iter()
        .skip(1)
        .all(|word| ["tahun", "thn", "th", "0"].contains(&word.as_str()));
    match years.filter(|_| alone) {
        // The service treats an age of 0 as not given.
        Some(years @ (0 | 10..=120)) => Ok(Age::Years(years)),
        Some(_) => Err(format!("usia `{cell}` harus 10 sampai 120 tahun")),
        None => choice(cell, "age_group", form).map(Age::Group),
    }
}

/// The content of a cell of an age column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Age {
    Years(i32),
    /// Code of a group.
    Group(String),
}

/// Returns the id of a public service: the cell itself when it is a valid id, else its words joined by `-`.
///
/// # Errors
///
/// A message in Indonesian that says what is wrong.
pub(super) fn service(cell: &str) -> Result<String, String> {
    use prima_proto::name::{TOKEN_MAX, token};
    let id = if token(cell, TOKEN_MAX).is_ok() {
        cell.to_owned()
    } else {
        words(cell).join("-")
    };
    match token(&id, TOKEN_MAX) {
        Ok(_) => Ok(id),
        Err(_) => Err(format!(
            "jenis layanan `{cell}` harus 1 sampai {TOKEN_MAX} karakter dari a-z, 0-9, dan -; padankan dengan --value \
             \"service:{cell}=ID\""
        )),
    }
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
