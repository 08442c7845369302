//! What stands in a cell: a score or the label of an answer, a code or its label.

use super::form::{Form, Question};
use super::headers::Field;
use super::text::{same, squash, words};

/// Labels of the nine elements of the SKM as its questionnaire and the offices that copy it print them, lowest first,
/// squashed. The instrument's own labels are tried before.
const LABELS: [(&str, [&str; 4]); 4] = [
    ("cost", ["sangatmahal", "cukupmahal", "murah", "gratis"]),
    ("facilities", ["buruk", "cukup", "baik", "sangatbaik"]),
    (
        "complaint_handling",
        [
            "tidakada",
            "adatetapitidakberfungsi",
            "berfungsikurangmaksimal",
            "dikeloladenganbaik",
        ],
    ),
    (
        "conduct",
        [
            "tidaksopandanramah",
            "kurangsopandanramah",
            "sopandanramah",
            "sangatsopandanramah",
        ],
    ),
];
/// Qualities that are graded `tidak …`, `kurang …`, `…`, `sangat …`.
const GRADED: [(&str, &[&str]); 9] = [
    ("requirements", &["sesuai"]),
    ("procedure", &["mudah"]),
    ("time", &["cepat"]),
    ("cost", &["wajar"]),
    ("product", &["sesuai"]),
    ("competence", &["kompeten", "mampu"]),
    ("conduct", &["sopan", "ramah"]),
    ("complaint_handling", &[]),
    ("facilities", &["layak"]),
];
const ANY_QUALITY: [&str; 2] = ["baik", "puas"];
const GRADES: [&str; 4] = ["tidak", "kurang", "", "sangat"];
/// The scale that these labels are of.
const SCALE: (i32, i32) = (1, 4);

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

/// What a text in a column stands for, as `--value` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueMap {
    /// The field.
    pub field: String,
    /// The text in the file.
    pub text: String,
    /// What it means; empty for nothing.
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

/// The replacements of `--value`, ready to use.
#[derive(Debug, Clone, Default)]
pub(super) struct Replacements(Vec<(Field, String, String)>);

impl Replacements {
    /// Of the command line.
    ///
    /// # Errors
    ///
    /// Every field that is not known.
    pub(super) fn new(values: &[ValueMap], form: &Form) -> Result<Self, Vec<String>> {
        let (mut all, mut faults) = (Vec::new(), Vec::new());
        for value in values {
            match Field::named(&value.field, form) {
                Some(field) => all.push((field, text_key(&value.text), value.value.clone())),
                None => faults.push(format!("--value: isian `{}` tidak dikenal", value.field)),
            }
        }
        if faults.is_empty() {
            Ok(Self(all))
        } else {
            Err(faults)
        }
    }

    /// The cell, or what replaces it.
    pub(super) fn apply<'a>(&'a self, field: &Field, cell: &'a str) -> &'a str {
        if self.0.is_empty() {
            return cell;
        }
        let given = text_key(cell);
        let found = self.0.iter().find(|(of, text, _)| of == field && *text == given);
        found.map_or(cell, |(_, _, value)| value)
    }
}

/// What texts are compared by: their letters and digits, or all of them when there are none.
fn text_key(text: &str) -> String {
    match squash(text) {
        empty if empty.is_empty() => text.trim().to_owned(),
        key => key,
    }
}

/// The score that a cell gives: a number of the scale, a label of the instrument or of the usual questionnaire, or both
/// (`4. Sangat sesuai`), which must agree.
///
/// # Errors
///
/// What is wrong, in Indonesian.
pub(super) fn score(cell: &str, question: &Question, scale: (i32, i32)) -> Result<i32, String> {
    let (min, max) = scale;
    let shown = || match question.code.as_str() {
        "" => question.name.clone(),
        code => format!("{code} {}", question.name),
    };
    let within = |score: i32| {
        if (min..=max).contains(&score) {
            Ok(score)
        } else {
            Err(format!("{}: nilai `{cell}` harus {min} sampai {max}", shown()))
        }
    };
    if let Some(number) = number(cell) {
        return within(number);
    }
    if let Some(score) = label(&squash(cell), question, scale) {
        return Ok(score);
    }
    let all = words(cell);
    let named = |words: &[String]| label(&words.concat(), question, scale);
    let lettered = |words: &[String]| words.iter().any(|word| word.chars().any(char::is_alphabetic));
    let marked = match all.as_slice() {
        [first, rest @ ..] if lettered(rest) && first.len() <= 2 => Some((first, rest)),
        _ => None,
    };
    let trailing = match all.as_slice() {
        [rest @ .., last] if lettered(rest) && last.len() <= 2 => Some((last, rest)),
        _ => None,
    };
    for (mark, rest) in [marked, trailing].into_iter().flatten() {
        match (mark.parse::<i32>(), named(rest)) {
            (Ok(number), Some(score)) if number != score => {
                return Err(format!(
                    "{}: `{cell}`: angka {number} tidak cocok dengan labelnya, yang bernilai {score}",
                    shown()
                ));
            }
            (Ok(number), _) => return within(number),
            // `d. Sangat sesuai`
            (Err(_), Some(score)) if mark.len() == 1 => return Ok(score),
            (Err(_), _) => {}
        }
    }
    let labels = if question.answers.is_empty() {
        String::new()
    } else {
        format!(", atau salah satu dari: {}", question.answers.join("; "))
    };
    Err(format!(
        "{}: jawaban `{cell}` harus angka {min} sampai {max}{labels}",
        shown()
    ))
}

/// A whole number, as spreadsheets may write it.
fn number(cell: &str) -> Option<i32> {
    let (whole, zeros) = cell.split_once(['.', ',']).unwrap_or((cell, ""));
    zeros
        .bytes()
        .all(|byte| byte == b'0')
        .then(|| whole.parse().ok())
        .flatten()
}

/// The score of a squashed label.
fn label(text: &str, question: &Question, scale: (i32, i32)) -> Option<i32> {
    let at = |place: usize| i32::try_from(place).ok().map(|place| place + scale.0);
    if let Some(place) = question.answers.iter().position(|answer| squash(answer) == text) {
        return at(place);
    }
    if scale != SCALE {
        return None;
    }
    let listed = LABELS.iter().filter(|(key, _)| *key == question.key);
    if let Some(place) = listed
        .into_iter()
        .find_map(|(_, labels)| labels.iter().position(|label| *label == text))
    {
        return at(place);
    }
    let own = GRADED
        .iter()
        .filter(|(key, _)| *key == question.key)
        .flat_map(|(_, qualities)| *qualities);
    for quality in own.chain(&ANY_QUALITY) {
        if let Some(place) = text
            .strip_suffix(quality)
            .and_then(|grade| GRADES.iter().position(|known| *known == grade))
        {
            return at(place);
        }
    }
    None
}

/// The code that a cell of a profile field gives: the code, its label, or another usual word for it, alone or among
/// others (`SMA/SMK sederajat`).
///
/// # Errors
///
/// What is wrong, in Indonesian.
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

/// An age in years, or the code of an age group.
///
/// # Errors
///
/// What is wrong, in Indonesian.
pub(super) fn age(cell: &str, form: &Form) -> Result<Age, String> {
    let years = cell.split_whitespace().next().and_then(number);
    let alone = words(cell)
        .iter()
        .skip(1)
        .all(|word| ["tahun", "thn", "th", "0"].contains(&word.as_str()));
    match years.filter(|_| alone) {
        // To the service an age of 0 is none.
        Some(years @ (0 | 10..=120)) => Ok(Age::Years(years)),
        Some(_) => Err(format!("usia `{cell}` harus 10 sampai 120 tahun")),
        None => choice(cell, "age_group", form).map(Age::Group),
    }
}

/// What an age column gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Age {
    /// Years.
    Years(i32),
    /// Code of a group.
    Group(String),
}

/// The id of a public service: the cell itself when it is one, else its words joined by `-`.
///
/// # Errors
///
/// What is wrong, in Indonesian.
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
