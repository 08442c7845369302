//! Returns what is stored of one response to the national admin. The reading is logged before the response is sent.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros, to_proto},
    command::{Command, Work},
    failure::{Failure, found},
    request::{self, Faults},
};
use prima_proto::{
    name,
    survey::v1::{self as pb, read_response_request::Which as Given},
};

use super::message::{self, Which};
use crate::{
    domain::survey::Survey,
    service::App,
    store::{
        comment::comments_of,
        respondent_log::{Act, New, log_add_in_txn},
        response,
        survey::survey_get,
    },
};

/// A parsed request.
pub struct Read {
    survey: name::Survey,
    which: Which,
    reason: String,
}

impl Command for Read {
    type App = App;
    type Message = pb::ReadResponseRequest;
    type Answer = pb::ReadResponseResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let survey = faults.take(request::name("survey", &message.survey));
        let which = message.which.map(|which| match which {
            Given::ResponseId(id) => Which::Id(id),
            Given::Token(token) => Which::Token(token),
        });
        let which = message::which(which, &mut faults);
        let reason = faults.take(message::reason(&message.reason));
        faults.build(|| {
            Some(Self {
                survey: survey?,
                which: which?,
                reason: reason?,
            })
        })
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        let stored = found(survey_get(txn, &self.survey.to_string()).await?, &self.survey)?;
        let response = message::response(app, txn, (&self.survey, stored.id), &self.which).await?;
        let mut comments = Vec::new();
        for row in comments_of(txn, stored.id, &response.response_id).await? {
            comments.push(pb::Comment {
                kind: i32::try_from(row.kind).unwrap_or_default(),
                text: row.text(&app.vault)?,
                date: row.day,
                service: row.service.unwrap_or_default(),
            });
        }
        // A void hides its texts at once, also when a process of an earlier release made it and they are not erased yet.
        if response.voided.is_some() {
            comments.clear();
        }
        let line = New {
            survey: stored.id,
            response: &response.response_id,
            act: Act::Read,
            actor: work.caller.subject(),
            at: micros(now),
            texts: i64::try_from(comments.len()).map_err(Failure::internal)?,
        };
        log_add_in_txn(txn, &app.vault, line, &self.reason).await?;
        Ok(pb::ReadResponseResponse {
            response: Some(all_of(response, &stored.survey, comments)),
        })
    }
}

fn all_of(row: response::Model, survey: &Survey, comments: Vec<pb::Comment>) -> pb::HeldResponse {
    let scores = row.answers.chars().map(|c| c.to_digit(10));
    let answers: BTreeMap<String, i32> = survey
        .asked
        .iter()
        .zip(scores)
        .filter_map(|(asked, score)| Some((asked.key.clone(), i32::try_from(score?).ok()?)))
        .collect();
    let profile = pb::RespondentProfile {
        sex: row.sex.unwrap_or_default(),
        age: row
            .age
            .and_then(|age| i32::try_from(age).ok())
            .unwrap_or_default(),
        education: row.education.unwrap_or_default(),
        occupation: row.occupation.unwrap_or_default(),
        service: row.service.unwrap_or_default(),
        age_group: row.age_group.unwrap_or_default(),
        channel: row.channel.unwrap_or_default(),
        hour_band: row.hour_band.unwrap_or_default(),
    };
    pb::HeldResponse {
        response_id: row.response_id,
        submit_time: Some(to_proto(from_micros(row.submitted_at))),
        accept_time: Some(to_proto(from_micros(row.accepted_at))),
        answers,
        profile: Some(profile),
        comments,
        source: row.source,
        import_id: row.import_id.unwrap_or_default(),
        voided: row.voided.is_some(),
    }
}
