//! A response of one citizen, checked against its survey.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Utc};
use prima_platform::{
    clock::micros,
    failure::Violation,
    request::{self, Faults, shown},
    unicode,
};
use sha2::{Digest, Sha256};

use super::instrument::Instrument;
use super::survey::{self, Survey};

const AGES: RangeInclusive<i32> = 10..=120;
const FIRST_YEAR: i32 = 2000;
/// How far the clock of a client may be ahead.
const CLOCK_SKEW_MINUTES: i64 = 5;
const TEXT_MAX: usize = 2000;
const DEVICE_MAX: usize = 128;
const DIGITS: &str = "0123456789";

/// The profile of a respondent: groups that do not identify the person. `None` means that a field is not given.
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
    /// Kelompok usia, a code of the instrument; it is derived from the age when only the age is given.
    pub age_group: Option<String>,
    /// Saluran layanan, the channel of the service, a code of the instrument.
    pub channel: Option<String>,
    /// Jam survei, a code of the instrument.
    pub hour_band: Option<String>,
}

/// A text that may be personal, so its debug output is redacted to its length.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RedactedText(String);

impl RedactedText {
    /// The text itself, for storing it or returning it to authorised readers.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether nothing of it can be seen.
    pub fn is_blank(&self) -> bool {
        let seen = |c: char| !c.is_whitespace() && !unicode::is_invisible(c);
        !self.0.chars().any(seen)
    }
}

impl From<String> for RedactedText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for RedactedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedactedText({} bytes)", self.0.len())
    }
}

/// An unchecked response. An empty text and an age of 0 mean that a field is not given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Raw {
    /// Id that the client made.
    pub id: String,
    /// Time of submission by the citizen; `None` means the time of arrival.
    pub submitted_at: Option<DateTime<Utc>>,
    /// Score per element key.
    pub answers: BTreeMap<String, i32>,
    /// Profile of the respondent.
    pub profile: Profile,
    /// Saran.
    pub suggestion: RedactedText,
    /// Kritik.
    pub criticism: RedactedText,
    /// Identifier of the device that the client made.
    pub device: RedactedText,
}

impl Raw {
    /// A copy with the id and the answers only.
    pub fn answers_alone(&self) -> Self {
        Self {
            id: self.id.clone(),
            answers: self.answers.clone(),
            ..Self::default()
        }
    }

    /// Digest of the parsed response without a key, 16 bytes: two bodies under one id are the same when their digests are equal.
    /// Fields that are not given are not part of it, so that a field added in a later release changes no existing digest. It is
    /// stored keyed: see [`super::digest`].
    pub fn digest(&self) -> Vec<u8> {
        let profile = &self.profile;
        let at = self
            .submitted_at
            .map(|t| micros(t).to_string())
            .unwrap_or_default();
        let age = profile.age.filter(|a| *a != 0);
        let mut content = Vec::with_capacity(1024);
        let mut part = |text: &str| {
            content.extend((text.len() as u64).to_be_bytes());
            content.extend(text.as_bytes());
        };
        part(&at);
        for text in [
            &profile.sex,
            &profile.education,
            &profile.occupation,
            &profile.service,
        ] {
            part(text.as_deref().unwrap_or_default());
        }
        part(&age.map(|a| a.to_string()).unwrap_or_default());
        for (key, score) in &self.answers {
            part(key);
            match usize::try_from(*score)
                .ok()
                .and_then(|score| DIGITS.get(score..=score))
            {
                Some(digit) => part(digit),
                None => part(&score.to_string()),
            }
        }
        // The key of an element contains no dot, so none of these can be confused with an answer.
        for (key, text) in [
            ("profile.age_group", profile.age_group.as_deref()),
            ("profile.channel", profile.channel.as_deref()),
            ("profile.hour_band", profile.hour_band.as_deref()),
            (".suggestion", Some(self.suggestion.text())),
            (".criticism", Some(self.criticism.text())),
            (".device", Some(self.device.text())),
        ] {
            if let Some(text) = text.filter(|t| !t.is_empty()) {
                part(key);
                part(text);
            }
        }
        Sha256::digest(&content).iter().take(16).copied().collect()
    }
}

/// A checked response of a survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// Time of submission by the citizen, in whole microseconds.
    pub submitted_at: DateTime<Utc>,
    /// Score of each element, in the order of `survey.asked`; `None` for an optional element without an answer.
    pub answers: Vec<Option<u8>>,
    /// Profile of the respondent.
    pub profile: Profile,
    /// Saran, if any.
    pub suggestion: Option<RedactedText>,
    /// Kritik, if any.
    pub criticism: Option<RedactedText>,
    /// Identifier of the device that the client made; `None` when it is not given.
    pub device: Option<RedactedText>,
}

/// Checks a response against its survey and the instrument of that survey. [`Survey::accepts`] checks whether the survey is
/// open. `id_field` is the path of the id in the request, `request_id` or `response_id`.
///
/// # Errors
///
/// Every fault, always in this order: id, time, texts, elements in the survey's order, unknown elements by key, profile.
pub fn check(
    raw: &Raw,
    survey: &Survey,
    instrument: &Instrument,
    now: DateTime<Utc>,
    id_field: &str,
) -> Result<Response, Vec<Violation>> {
    let mut faults = form(raw, now, id_field);
    let submitted_at = raw.submitted_at.unwrap_or(now);
    let answers = answers(raw, survey, instrument, &mut faults);
    let profile = profile(&raw.profile, instrument, &mut faults);
    faults.part(Response {
        submitted_at: submitted_at.trunc_subsecs(6),
        answers,
        profile,
        suggestion: not_blank(&raw.suggestion),
        criticism: not_blank(&raw.criticism),
        device: Some(raw.device.clone()).filter(|d| !d.text().is_empty()),
    })
}

/// The faults of a response that can be found without its survey: those of id, time and texts.
pub fn form(raw: &Raw, now: DateTime<Utc>, id_field: &str) -> Faults {
    let mut faults = Faults::default();
    faults.take(request::id(id_field, raw.id.clone()));
    check_time(raw.submitted_at.unwrap_or(now), now, &mut faults);
    check_text("suggestion", "Saran", &raw.suggestion, &mut faults);
    check_text("criticism", "Kritik", &raw.criticism, &mut faults);
    if raw.device.text().chars().count() > DEVICE_MAX {
        faults.add(
            "response.device",
            format!("must be at most {DEVICE_MAX} characters"),
            format!("Pengenal perangkat paling panjang {DEVICE_MAX} karakter"),
        );
    }
    faults
}

fn not_blank(text: &RedactedText) -> Option<RedactedText> {
    Some(text.clone()).filter(|t| !t.is_blank())
}

fn check_text(key: &str, label: &str, text: &RedactedText, faults: &mut Faults) {
    let allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    let text = text.text();
    if text.chars().count() > TEXT_MAX || !text.chars().all(allowed) {
        faults.add(
            format!("response.{key}"),
            format!(
                "must be at most {TEXT_MAX} characters without control characters except line ends and tabs"
            ),
            format!(
                "{label} paling panjang {TEXT_MAX} karakter tanpa karakter kendali selain baris baru dan tab"
            ),
        );
    }
}

fn check_time(submitted_at: DateTime<Utc>, now: DateTime<Utc>, faults: &mut Faults) {
    let field = "response.submit_time";
    if submitted_at.signed_duration_since(now) > TimeDelta::minutes(CLOCK_SKEW_MINUTES) {
        faults.add(
            field,
            format!("must be at most {CLOCK_SKEW_MINUTES} minutes in the future"),
            format!("Waktu pengisian tidak boleh lebih dari {CLOCK_SKEW_MINUTES} menit di masa depan"),
        );
    }
    if submitted_at.year() < FIRST_YEAR {
        faults.add(
            field,
            format!("must not be before the year {FIRST_YEAR}"),
            format!("Waktu pengisian tidak boleh sebelum tahun {FIRST_YEAR}"),
        );
    }
}

fn answers(raw: &Raw, survey: &Survey, instrument: &Instrument, faults: &mut Faults) -> Vec<Option<u8>> {
    let Instrument { min, max, .. } = instrument;
    let mut answers = Vec::with_capacity(survey.asked.len());
    for asked in &survey.asked {
        // Both are needed only for faults, which most responses do not have.
        let field = || format!("response.answers.{}", asked.key);
        let name = || asked.name(Some(instrument));
        let given = raw.answers.get(&asked.key);
        let score = given
            .and_then(|g| u8::try_from(*g).ok())
            .filter(|s| (min..=max).contains(&s));
        if given.is_none() && !asked.optional {
            faults.add(field(), "is required", format!("Unsur {} wajib dijawab", name()));
        } else if given.is_some() && score.is_none() {
            faults.add(
                field(),
                format!("must be {min} to {max}"),
                format!("Nilai unsur {} harus {min} sampai {max}", name()),
            );
        }
        answers.push(score);
    }
    for key in raw
        .answers
        .keys()
        .filter(|key| !survey.asked.iter().any(|a| a.key == **key))
    {
        let key = shown(key);
        faults.add(
            format!("response.answers.{key}"),
            "is not an element of this survey",
            format!("Unsur `{key}` tidak ditanyakan dalam survei ini"),
        );
    }
    answers
}

fn profile(raw: &Profile, instrument: &Instrument, faults: &mut Faults) -> Profile {
    let sex = code(&raw.sex, instrument, "sex", faults);
    let age = raw.age.filter(|age| *age != 0);
    if age.is_some_and(|age| !AGES.contains(&age)) {
        let (youngest, oldest) = (AGES.start(), AGES.end());
        faults.add(
            "response.profile.age",
            format!("must be {youngest} to {oldest}"),
            format!("Usia harus {youngest} sampai {oldest} tahun"),
        );
    }
    let age_group = age_group(raw, age, instrument, faults);
    let education = code(&raw.education, instrument, "education", faults);
    let occupation = code(&raw.occupation, instrument, "occupation", faults);
    let service = raw.service.as_deref().unwrap_or_default();
    let service = request::optional(service, |raw| survey::service_id("response.profile.service", raw));
    let service = faults.or_default(service);
    Profile {
        sex,
        age,
        education,
        occupation,
        service,
        age_group,
        channel: code(&raw.channel, instrument, "channel", faults),
        hour_band: code(&raw.hour_band, instrument, "hour_band", faults),
    }
}

/// The given age group, which must include the age; the age group of the age when none is given.
fn age_group(
    raw: &Profile,
    age: Option<i32>,
    instrument: &Instrument,
    faults: &mut Faults,
) -> Option<String> {
    let group = faults.take(checked_code(&raw.age_group, instrument, "age_group"))?;
    let Some(age) = age.filter(|age| AGES.contains(age)) else {
        return group;
    };
    let fitting = instrument.age_group(age).map(|c| c.code.clone());
    if let (Some(group), Some(fitting)) = (&group, &fitting)
        && group != fitting
    {
        faults.add(
            "response.profile.age_group",
            format!("must be {fitting}, the group of the age given"),
            format!("Kelompok usia harus {fitting} sesuai usia yang diisi"),
        );
    }
    group.or(fitting)
}

fn code(text: &Option<String>, instrument: &Instrument, key: &str, faults: &mut Faults) -> Option<String> {
    faults.or_default(checked_code(text, instrument, key))
}

/// The given code, which must be one of the instrument's codes for the field `key`.
fn checked_code(
    text: &Option<String>,
    instrument: &Instrument,
    key: &str,
) -> Result<Option<String>, Violation> {
    let choices = instrument.choices(key);
    let text = given(text);
    if text
        .as_ref()
        .is_none_or(|text| choices.iter().any(|c| c.code == *text))
    {
        return Ok(text);
    }
    let label = instrument.field(key).map_or(key, |f| f.label.as_str());
    let codes: Vec<&str> = choices.iter().map(|c| c.code.as_str()).collect();
    let codes = codes.join(", ");
    let (description, localized) = if codes.is_empty() {
        (
            "is not asked by the instrument".to_owned(),
            format!("{label} tidak ditanyakan dalam instrumen ini"),
        )
    } else {
        (
            format!("must be one of {codes}"),
            format!("{label} harus salah satu dari {codes}"),
        )
    };
    Err(Violation::new(
        format!("response.profile.{key}"),
        description,
        localized,
    ))
}

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|t| !t.is_empty())
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
