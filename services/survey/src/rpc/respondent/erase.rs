//! Erases the texts of one response at the request of the national admin. The answers stay in the figures.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{micros, to_proto},
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    request::{self, Faults},
};
use prima_proto::{
    name,
    survey::v1::{self as pb, erase_response_texts_request::Which as Given},
};

use super::message::{self, Which};
use crate::{
    service::App,
    store::{
        comment::comments_erase_in_txn,
        respondent_log::{Act, New, log_add_in_txn},
        survey::survey_get,
    },
};

/// A parsed request.
pub struct Erase {
    once: IdempotencyKey,
    survey: name::Survey,
    which: Which,
    reason: String,
}

impl Command for Erase {
    type App = App;
    type Message = pb::EraseResponseTextsRequest;
    type Answer = pb::EraseResponseTextsResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let once = IdempotencyKey::new("survey.EraseResponseTexts", &message.request_id, &message);
        let mut faults = Faults::default();
        faults.take(request::id("request_id", message.request_id));
        let survey = faults.take(request::name("survey", &message.survey));
        let which = message.which.map(|which| match which {
            Given::ResponseId(id) => Which::Id(id),
            Given::Token(token) => Which::Token(token),
        });
        let which = message::which(which, &mut faults);
        let reason = faults.take(message::reason(&message.reason));
        faults.build(|| {
            Some(Self {
                once,
                survey: survey?,
                which: which?,
                reason: reason?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        let stored = found(survey_get(txn, &self.survey.to_string()).await?, &self.survey)?;
        let response = message::response(app, txn, (&self.survey, stored.id), &self.which).await?;
        let erased = comments_erase_in_txn(txn, stored.id, &response.response_id).await?;
        if erased == 0 {
            return Err(Failure::new(
                Kind::Precondition,
                "NOTHING_TO_ERASE",
                "the response has no text, or it is erased already",
                "Tanggapan tersebut tidak berisi teks, atau teksnya sudah dihapus",
            ));
        }
        let line = New {
            survey: stored.id,
            response: &response.response_id,
            act: Act::Erased,
            actor: work.caller.subject(),
            at: micros(now),
            texts: i64::try_from(erased).map_err(Failure::internal)?,
        };
        log_add_in_txn(txn, &app.vault, line, &self.reason).await?;
        Ok(pb::EraseResponseTextsResponse {
            erase_time: Some(to_proto(now)),
            texts: i32::try_from(erased).map_err(Failure::internal)?,
        })
    }
}
