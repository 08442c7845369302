//! A row as a response, held against the rules of the contract before anything is sent. The service checks again.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use prima_platform::clock;
use prima_proto::survey::v1 as pb;
use uuid::Uuid;

use super::columns::Mapping;
use super::form::Form;
use super::headers::Field;
use super::time::Reading;
use super::values::{self, Age, Replacements};
use crate::client::import::sheet::Row;

const ID_MAX: usize = 64;
const TEXT_MAX: usize = 2000;
const FIRST_YEAR: i32 = 2000;
/// How far the clock of a client may run ahead.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// What rows are held against.
pub(super) struct Check {
    /// The survey's form.
    pub form: Form,
    /// What the columns mean.
    pub mapping: Mapping,
    /// Label that gives every row a new id.
    pub again: Option<String>,
    /// What texts mean.
    pub values: Replacements,
    /// How times are read.
    pub reading: Reading,
    /// Now.
    pub now: DateTime<Utc>,
}

fn hashed(content: &[u8]) -> String {
    format!("csv-{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, content).simple())
}

impl Check {
    /// The id of a row, from its cell, or from its line and content when the file has no column of ids: the same row
    /// read again has the same id.
    pub(super) fn id(&self, row: &Row<'_>) -> String {
        let id = self.first_id(row);
        match &self.again {
            Some(label) if !id.is_empty() => hashed(format!("{label}\n{id}").as_bytes()),
            _ => id,
        }
    }

    fn first_id(&self, row: &Row<'_>) -> String {
        if let Some(place) = self.mapping.place(&Field::Id) {
            return row.raw(place).to_owned();
        }
        let mut content = row.line.to_string().into_bytes();
        for cell in row.record() {
            let cell = cell.trim_ascii();
            content.extend(cell.len().to_be_bytes());
            content.extend(cell);
        }
        hashed(&content)
    }

    /// The response of a row.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub(super) fn row(&self, row: &Row<'_>, id: &str) -> Result<pb::Response, Vec<String>> {
        if let Some(fault) = row.fault() {
            return Err(vec![fault.to_owned()]);
        }
        let mut faults = Vec::new();
        check_id(id, &mut faults);
        let mut response = pb::Response::default();
        let mut profile = pb::RespondentProfile::default();
        let mut answered = Vec::new();
        for (place, (_, field)) in self.mapping.columns.iter().enumerate() {
            let cell = self.values.apply(field, row.raw(place));
            if cell.is_empty() {
                if *field == Field::SubmittedAt {
                    faults.push("submitted_at wajib diisi".to_owned());
                }
                continue;
            }
            if let Field::Element(key) = field {
                answered.push(key);
            }
            if let Err(fault) = self.cell(field, cell, &mut response, &mut profile) {
                faults.push(fault);
            }
        }
        for question in self.form.questions.iter().filter(|question| !question.optional) {
            if !answered.contains(&&question.key) {
                faults.push(format!("unsur {} {} wajib dijawab", question.code, question.name));
            }
        }
        response.profile = (profile != pb::RespondentProfile::default()).then_some(profile);
        if faults.is_empty() {
            Ok(response)
        } else {
            Err(faults)
        }
    }

    fn cell(
        &self,
        field: &Field,
        cell: &str,
        response: &mut pb::Response,
        profile: &mut pb::RespondentProfile,
    ) -> Result<(), String> {
        match field {
            Field::Id | Field::Skip => {}
            Field::SubmittedAt => {
                let time = self.reading.time(cell)?;
                self.time(time)?;
                response.submit_time = Some(clock::to_proto(time));
            }
            Field::Element(key) => {
                let Some(question) = self.form.questions.iter().find(|question| question.key == *key) else {
                    return Err(format!("unsur `{key}` tidak ditanyakan dalam survei ini"));
                };
                let score = values::score(cell, question, self.form.scale)?;
                response.answers.insert(key.clone(), score);
            }
            Field::Choice(key) => {
                let code = values::choice(cell, key, &self.form)?;
                match *key {
                    "sex" => profile.sex = code,
                    "age_group" => profile.age_group = code,
                    "education" => profile.education = code,
                    "occupation" => profile.occupation = code,
                    "channel" => profile.channel = code,
                    _ => profile.hour_band = code,
                }
            }
            Field::Age => match values::age(cell, &self.form)? {
                Age::Years(years) => profile.age = years,
                Age::Group(code) => profile.age_group = code,
            },
            Field::Service => profile.service = values::service(cell)?,
            Field::Suggestion => response.suggestion = text(cell, "saran")?,
            Field::Criticism => response.criticism = text(cell, "kritik")?,
        }
        Ok(())
    }

    fn time(&self, time: DateTime<Utc>) -> Result<(), String> {
        if time.signed_duration_since(self.now) > CLOCK_SKEW {
            return Err("waktu pengisian ada di masa depan".to_owned());
        }
        if time.year() < FIRST_YEAR {
            return Err(format!("waktu pengisian sebelum tahun {FIRST_YEAR}"));
        }
        if self.form.opens.is_some_and(|opens| time < opens) {
            return Err("waktu pengisian sebelum survei dibuka".to_owned());
        }
        if self.form.closes.is_some_and(|closes| time >= closes) {
            return Err("waktu pengisian sesudah survei ditutup".to_owned());
        }
        Ok(())
    }
}

fn check_id(id: &str, faults: &mut Vec<String>) {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    if id.is_empty() || id.len() > ID_MAX || !id.bytes().all(allowed) {
        faults.push(format!(
            "response_id `{id}` harus 1 sampai {ID_MAX} karakter dari A-Z, a-z, 0-9, `.`, `_`, `:`, dan `-`"
        ));
    }
}

fn text(cell: &str, what: &str) -> Result<String, String> {
    let length = cell.chars().count();
    if length > TEXT_MAX {
        return Err(format!("{what} paling panjang {TEXT_MAX} karakter, ini {length}"));
    }
    Ok(cell.to_owned())
}
