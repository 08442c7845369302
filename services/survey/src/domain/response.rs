//! A response: what one citizen answered, checked against the survey that asked.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Utc};
use prima_platform::failure::Violation;
use prima_proto::name;

use super::instrument::{Choice, Instrument};
use super::shown;
use super::survey::Survey;

const ID_MAX: usize = 64;
const AGES: RangeInclusive<i32> = 10..=120;
const FIRST_YEAR: i32 = 2000;
/// How far the clock of a client may run ahead.
const CLOCK_SKEW_MINUTES: i64 = 5;

/// Who answered, in groups; none of it identifying. `None` is not given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    /// Jenis kelamin, a code of the instrument.
    pub sex: Option<String>,
    /// Usia in years, 10 to 120.
    pub age: Option<i32>,
    /// Pendidikan, a code of the instrument.
    pub education: Option<String>,
    /// Pekerjaan, a code of the instrument.
    pub occupation: Option<String>,
    /// Id of the public service received.
    pub service: Option<String>,
}

/// A response as a caller sends it, unchecked. In the profile an empty text and an age of 0 mean not given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Raw {
    /// Id that the client made.
    pub id: String,
    /// When the citizen answered; the time of arrival when `None`.
    pub submitted_at: Option<DateTime<Utc>>,
    /// Score per element key.
    pub answers: BTreeMap<String, i32>,
    /// Who answered.
    pub profile: Profile,
}

/// A response that fits its survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// Id that the client made, unique in its survey.
    pub id: String,
    /// When the citizen answered, in whole microseconds.
    pub submitted_at: DateTime<Utc>,
    /// Score per element, in the order of `survey.asked`; `None` for an optional element left out.
    pub answers: Vec<Option<u8>>,
    /// Who answered.
    pub profile: Profile,
}

/// Checks a response against its survey and the instrument of that survey. Whether the survey takes responses
/// at all is for [`Survey::accepts`]. `id_field` is the path of the id in the request, `request_id` or
/// `response_id`.
///
/// # Errors
///
/// Every fault, always in this order: id, time, elements as the survey asks them, other elements by key,
/// profile.
pub fn check(
    raw: &Raw,
    survey: &Survey,
    instrument: &Instrument,
    now: DateTime<Utc>,
    id_field: &str,
) -> Result<Response, Vec<Violation>> {
    let mut faults = Vec::new();
    check_id(&raw.id, id_field, &mut faults);
    let submitted_at = raw.submitted_at.unwrap_or(now);
    check_time(submitted_at, now, &mut faults);
    let answers = answers(raw, survey, instrument, &mut faults);
    let profile = profile(&raw.profile, instrument, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Response {
        id: raw.id.clone(),
        submitted_at: submitted_at.trunc_subsecs(6),
        answers,
        profile,
    })
}

fn check_id(id: &str, field: &str, faults: &mut Vec<Violation>) {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    if id.is_empty() || id.len() > ID_MAX || !id.bytes().all(allowed) {
        faults.push(Violation::new(
            field,
            format!("must be 1 to {ID_MAX} characters of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`"),
            format!(
                "Id tanggapan harus 1 sampai {ID_MAX} karakter dari A-Z, a-z, 0-9, `.`, `_`, `:`, dan `-`"
            ),
        ));
    }
}

fn check_time(submitted_at: DateTime<Utc>, now: DateTime<Utc>, faults: &mut Vec<Violation>) {
    let field = "response.submit_time";
    if submitted_at.signed_duration_since(now) > TimeDelta::minutes(CLOCK_SKEW_MINUTES) {
        faults.push(Violation::new(
            field,
            format!("must be at most {CLOCK_SKEW_MINUTES} minutes in the future"),
            format!("Waktu pengisian tidak boleh lebih dari {CLOCK_SKEW_MINUTES} menit di masa depan"),
        ));
    }
    if submitted_at.year() < FIRST_YEAR {
        faults.push(Violation::new(
            field,
            format!("must not be before the year {FIRST_YEAR}"),
            format!("Waktu pengisian tidak boleh sebelum tahun {FIRST_YEAR}"),
        ));
    }
}

fn answers(
    raw: &Raw,
    survey: &Survey,
    instrument: &Instrument,
    faults: &mut Vec<Violation>,
) -> Vec<Option<u8>> {
    let Instrument { min, max, .. } = instrument;
    let mut answers = Vec::with_capacity(survey.asked.len());
    for asked in &survey.asked {
        let field = format!("response.answers.{}", asked.key);
        let name = asked.name(Some(instrument));
        let given = raw.answers.get(&asked.key);
        let score = given
            .and_then(|g| u8::try_from(*g).ok())
            .filter(|s| (min..=max).contains(&s));
        if given.is_none() && !asked.optional {
            faults.push(Violation::new(
                field,
                "is required",
                format!("Unsur {name} wajib dijawab"),
            ));
        } else if given.is_some() && score.is_none() {
            faults.push(Violation::new(
                field,
                format!("must be {min} to {max}"),
                format!("Nilai unsur {name} harus {min} sampai {max}"),
            ));
        }
        answers.push(score);
    }
    for key in raw
        .answers
        .keys()
        .filter(|key| !survey.asked.iter().any(|a| a.key == **key))
    {
        let key = shown(key);
        faults.push(Violation::new(
            format!("response.answers.{key}"),
            "is not an element of this survey",
            format!("Unsur `{key}` tidak ditanyakan dalam survei ini"),
        ));
    }
    answers
}

fn profile(raw: &Profile, instrument: &Instrument, faults: &mut Vec<Violation>) -> Profile {
    let sex = code(
        &raw.sex,
        instrument.choices("sex"),
        "sex",
        "Jenis kelamin",
        faults,
    );
    let age = raw.age.filter(|age| *age != 0);
    if age.is_some_and(|age| !AGES.contains(&age)) {
        let (youngest, oldest) = (AGES.start(), AGES.end());
        faults.push(Violation::new(
            "response.profile.age",
            format!("must be {youngest} to {oldest}"),
            format!("Usia harus {youngest} sampai {oldest} tahun"),
        ));
    }
    let education = code(
        &raw.education,
        instrument.choices("education"),
        "education",
        "Pendidikan",
        faults,
    );
    let occupation = code(
        &raw.occupation,
        instrument.choices("occupation"),
        "occupation",
        "Pekerjaan",
        faults,
    );
    let service = given(&raw.service);
    if let Some(text) = &service
        && let Err(error) = name::token(text, name::TOKEN_MAX)
    {
        let localized = format!(
            "Id jenis layanan harus 1 sampai {} karakter dari a-z, 0-9, dan -",
            name::TOKEN_MAX
        );
        faults.push(Violation::new(
            "response.profile.service",
            error.to_string(),
            localized,
        ));
    }
    Profile {
        sex,
        age,
        education,
        occupation,
        service,
    }
}

fn code(
    text: &Option<String>,
    allowed: &[Choice],
    key: &str,
    label: &str,
    faults: &mut Vec<Violation>,
) -> Option<String> {
    let text = given(text)?;
    if !allowed.iter().any(|choice| choice.code == text) {
        let allowed: Vec<&str> = allowed.iter().map(|choice| choice.code.as_str()).collect();
        let allowed = allowed.join(", ");
        faults.push(Violation::new(
            format!("response.profile.{key}"),
            format!("must be one of {allowed}"),
            format!("{label} harus salah satu dari {allowed}"),
        ));
    }
    Some(text)
}

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|t| !t.is_empty())
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
