//! What a survey asks, put together from the survey and its instrument as the service tells them.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use chrono::{DateTime, Utc};
use prima_platform::clock;
use prima_proto::survey::v1 as pb;

/// One question of a survey.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// Stable key of the element.
    pub key: String,
    /// Code as this survey prints it.
    pub code: String,
    /// Official name.
    pub name: String,
    /// The question.
    pub question: String,
    /// Answer per score, lowest first; may be empty.
    pub answers: Vec<String>,
    /// Whether it may be left out.
    pub optional: bool,
}

/// What a response to a survey may hold.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// The survey.
    pub survey: String,
    /// What it asks.
    pub questions: Vec<Question>,
    /// Elements of the instrument that it does not ask.
    pub unasked: Vec<Question>,
    /// Lowest and highest score.
    pub scale: (i32, i32),
    /// Codes with their labels per profile field.
    pub choices: BTreeMap<String, Vec<(String, String)>>,
    /// From when responses are taken.
    pub opens: Option<DateTime<Utc>>,
    /// Until when.
    pub closes: Option<DateTime<Utc>>,
}

impl Form {
    /// Of an open survey and all instruments.
    ///
    /// # Errors
    ///
    /// When the survey takes no responses, or the service does not tell its instrument.
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
                Question {
                    key: asked.key.clone(),
                    code: or(&asked.code, element.code),
                    name: or(&asked.display_name, element.display_name),
                    question: or(&asked.question, element.question),
                    answers: if asked.answers.is_empty() {
                        element.answers
                    } else {
                        asked.answers.clone()
                    },
                    optional: asked.optional,
                }
            })
            .collect();
        let unasked = known
            .into_values()
            .map(|element| Question {
                key: element.key,
                // Its code may be another element's here.
                code: String::new(),
                name: element.display_name,
                question: element.question,
                answers: element.answers,
                optional: true,
            })
            .collect();
        let time = |time: &Option<prost_types::Timestamp>| time.as_ref().and_then(clock::from_proto);
        Ok(Self {
            survey: survey.name.clone(),
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
            opens: time(&survey.open_time),
            closes: time(&survey.close_time),
        })
    }

    /// The question or unasked element with this key.
    pub(super) fn question(&self, key: &str) -> Option<&Question> {
        self.questions
            .iter()
            .chain(&self.unasked)
            .find(|question| question.key == key)
    }
}
