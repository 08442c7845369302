//! The questions of a survey, composed from the survey and its instrument.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::{anyhow, bail};
use chrono::{DateTime, NaiveDate, Utc};
use prima_platform::clock;
use prima_proto::{period::Period, survey::v1 as pb};

use crate::client::import::words::squash;

/// One question of a survey.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// Stable key of the element.
    pub key: String,
    /// Code as this survey prints it.
    pub code: String,
    /// Code of the element in other editions of the questionnaire.
    pub other_code: String,
    /// Official name.
    pub name: String,
    /// Text of the question.
    pub question: String,
    /// Answer per score, lowest first; may be empty.
    pub answers: Vec<String>,
    /// Whether the question may be left unanswered.
    pub optional: bool,
    /// Key, code, name and question as [`squash`] gives them, without empty ones: every cell near the top of a file is
    /// compared with them.
    pub squashed: Vec<String>,
}

impl Question {
    fn with_squashed(mut self) -> Self {
        let texts = [&self.key, &self.code, &self.name, &self.question];
        self.squashed = texts.map(|text| squash(text)).to_vec();
        self.squashed.retain(|text| !text.is_empty());
        self
    }
}

/// What a response to a survey may contain.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub survey: String,
    /// Whether the directory knows its unit.
    pub unit_confirmed: bool,
    /// The questions that it asks.
    pub questions: Vec<Question>,
    /// Elements of the instrument that it does not ask.
    pub unasked: Vec<Question>,
    /// Lowest and highest score.
    pub scale: (i32, i32),
    /// Codes with their labels per profile field.
    pub choices: BTreeMap<String, Vec<(String, String)>>,
    /// Id of its period, such as `2024-q4`.
    pub period_name: String,
    /// First and last day of its period.
    pub period: Option<(NaiveDate, NaiveDate)>,
    /// Responses are accepted from this time on.
    pub opens: Option<DateTime<Utc>>,
    /// Responses are accepted before this time.
    pub closes: Option<DateTime<Utc>>,
}

impl Form {
    /// Composes the form of an open survey; its instrument is found among all instruments.
    ///
    /// # Errors
    ///
    /// When the survey accepts no responses, or the service does not return its instrument.
    pub(super) fn new(survey: &pb::Survey, instruments: Vec<pb::Instrument>) -> anyhow::Result<Self> {
        match survey.state() {
            pb::SurveyState::Open => {}
            pb::SurveyState::Closed => {
                bail!("survei `{}` sudah ditutup; tidak ada yang diimpor", survey.name)
            }
            pb::SurveyState::Scheduled => {
                bail!("survei `{}` belum dibuka; tidak ada yang diimpor", survey.name)
            }
            pb::SurveyState::Unspecified => bail!("keadaan survei `{}` tidak diketahui", survey.name),
        }
        let instrument = instruments
            .into_iter()
            .find(|instrument| instrument.id == survey.instrument)
            .ok_or_else(|| anyhow!("instrumen `{}` tidak dikenal layanan", survey.instrument))?;
        let mut known: BTreeMap<String, pb::InstrumentElement> = instrument
            .elements
            .into_iter()
            .map(|element| (element.key.clone(), element))
            .collect();
        let questions = survey
            .elements
            .iter()
            .map(|asked| {
                let element = known.remove(&asked.key).unwrap_or_default();
                let or = |own: &str, else_: String| if own.is_empty() { else_ } else { own.to_owned() };
                let code = or(&asked.code, element.code.clone());
                let other_code = if code == element.code {
                    element.form_code
                } else {
                    element.code
                };
                Question {
                    key: asked.key.clone(),
                    code,
                    other_code,
                    name: or(&asked.display_name, element.display_name),
                    question: or(&asked.question, element.question),
                    answers: if asked.answers.is_empty() {
                        element.answers
                    } else {
                        asked.answers.clone()
                    },
                    optional: asked.optional,
                    squashed: Vec::new(),
                }
            })
            .map(Question::with_squashed)
            .collect();
        let unasked = known
            .into_values()
            .map(|element| Question {
                key: element.key,
                // In this survey the code may belong to another element.
                code: String::new(),
                other_code: String::new(),
                name: element.display_name,
                question: element.question,
                answers: element.answers,
                optional: true,
                squashed: Vec::new(),
            })
            .map(Question::with_squashed)
            .collect();
        let time = |time: &Option<prost_types::Timestamp>| time.as_ref().and_then(clock::from_proto);
        Ok(Self {
            survey: survey.name.clone(),
            unit_confirmed: survey.unit_confirmed,
            questions,
            unasked,
            scale: (instrument.min_score, instrument.max_score),
            choices: instrument
                .profile_fields
                .into_iter()
                .map(|field| {
                    let choices = field.choices.into_iter().map(|c| (c.code, c.display_name));
                    (field.key, choices.collect())
                })
                .collect(),
            period_name: survey.period.clone(),
            period: Period::from_str(&survey.period)
                .ok()
                .map(|period| (period.first_day(), period.last_day())),
            opens: time(&survey.open_time),
            closes: time(&survey.close_time),
        })
    }

    /// Returns the question or the unasked element with this key.
    pub(super) fn question(&self, key: &str) -> Option<&Question> {
        self.questions
            .iter()
            .chain(&self.unasked)
            .find(|question| question.key == key)
    }
}
