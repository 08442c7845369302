//! Which column of a file of responses means what.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound};
use prima_survey::domain::instrument::Instrument;
use prima_survey::domain::response::{Profile, Raw};
use prima_survey::domain::survey::Survey;

use super::super::sheet::{Column, Row};

const ID: usize = 0;
const SUBMITTED_AT: usize = 1;
const FIRST_ELEMENT: usize = 2;
const PROFILE: [&str; 5] = ["sex", "age", "education", "occupation", "service"];
/// A score that no instrument has, for a cell that is no number: the check then names the element.
const NO_SCORE: i32 = -1;

/// The columns of a survey's responses.
pub(super) struct Layout {
    /// All of them: id, time, the elements of the instrument, the profile.
    pub columns: Vec<Column>,
    elements: Vec<String>,
}

impl Layout {
    /// Elements that the survey must have answered are required; the others may be there.
    pub(super) fn new(survey: &Survey, instrument: &Instrument) -> Self {
        let mut columns = vec![Column::required("response_id"), Column::required("submitted_at")];
        columns.extend(instrument.elements.iter().map(|element| {
            let required = survey
                .asked
                .iter()
                .any(|asked| asked.key == element.key && !asked.optional);
            Column {
                name: element.key.clone(),
                required,
            }
        }));
        columns.extend(PROFILE.map(Column::optional));
        Self {
            columns,
            elements: instrument
                .elements
                .iter()
                .map(|element| element.key.clone())
                .collect(),
        }
    }

    /// A row as a response, with what can't be read in it.
    pub(super) fn read(&self, row: &Row<'_>) -> (Raw, Vec<String>) {
        let mut reasons = Vec::new();
        let submitted_at = match row.cell(SUBMITTED_AT) {
            "" => {
                reasons.push("submitted_at wajib diisi".to_owned());
                None
            }
            text => match DateTime::parse_from_rfc3339(text) {
                Ok(time) => Some(time.to_utc().trunc_subsecs(6)),
                Err(_) => {
                    reasons.push(format!(
                        "submitted_at `{text}` harus RFC 3339, misalnya 2024-07-01T08:00:00+07:00"
                    ));
                    None
                }
            },
        };
        let mut answers = BTreeMap::new();
        for (place, key) in self.elements.iter().enumerate() {
            let text = row.cell(FIRST_ELEMENT + place);
            if !text.is_empty() {
                answers.insert(key.clone(), text.parse().unwrap_or(NO_SCORE));
            }
        }
        let [sex, age, education, occupation, service] = [0, 1, 2, 3, 4].map(|place| {
            let text = row.cell(FIRST_ELEMENT + self.elements.len() + place);
            (!text.is_empty()).then(|| text.to_owned())
        });
        // To the service an age of 0 is none.
        let age = age
            .map(|text| text.parse().unwrap_or(NO_SCORE))
            .filter(|age| *age != 0);
        let profile = Profile {
            sex,
            age,
            education,
            occupation,
            service,
        };
        (
            Raw {
                id: row.cell(ID).to_owned(),
                submitted_at,
                answers,
                profile,
            },
            reasons,
        )
    }
}
