//! Publishes an answered question in the knowledge base, in words that the agency has chosen.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::from_proto,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults, text},
};
use prima_proto::{complaint::v1, name};
use prost::Message;

use super::message;
use crate::{
    context::App,
    rpc::{
        once,
        party::answerable,
        rights::{found, precondition},
    },
    store::{
        Lock,
        consultation::{Head, consultation_get},
        knowledge::{Stored, knowledge_insert_in_txn},
    },
};

/// A parsed entry.
pub struct Publish {
    once: IdempotencyKey,
    consultation: name::Consultation,
    /// The question, rewritten so that it does not identify the asker.
    question: String,
    answer: String,
}

impl Publish {
    /// The entry to store; agency and topic are those of the consultation.
    fn entry(self, head: Head, name: name::Knowledge, published_at: DateTime<Utc>) -> Stored {
        Stored {
            id: 0,
            name,
            agency: head.agency,
            topic: head.topic,
            question: self.question,
            answer: self.answer,
            published_at,
            withdrawn_at: None,
        }
    }
}

impl Command for Publish {
    type App = App;
    type Message = v1::PublishKnowledgeRequest;
    type Answer = v1::Knowledge;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.PublishKnowledge", &raw.request_id, &raw));
        let consultation = request::name("consultation", &raw.consultation);
        let consultation = faults.take(consultation);
        let question = faults.or_default(text::lines("question", &raw.question, 10, 500));
        let answer = faults.or_default(text::lines("answer", &raw.answer, 10, 10_000));
        faults.build(|| {
            Some(Self {
                once: once?,
                consultation: consultation?,
                question,
                answer,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, caller) = (work.txn, work.caller);
        let from = answerable(txn, caller, &self.consultation, Lock::Share).await?;
        if from.progress.first_answer_at.is_none() {
            return Err(precondition(
                "NOT_ANSWERED",
                "only what was answered can be published",
                "Hanya konsultasi yang sudah dijawab yang dapat diterbitkan",
            ));
        }
        let name = name::Knowledge {
            entry: work.app.context.ids.next().to_string(),
        };
        let new = self.entry(from.head, name, work.now());
        knowledge_insert_in_txn(txn, &new, from.id, caller.subject()).await?;
        Ok(message::knowledge(&new))
    }

    /// The stored response has only the name and the time: everything else is in the repeated request.
    fn stored(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        Cow::Owned(v1::Knowledge {
            name: answer.name.clone(),
            publish_time: answer.publish_time,
            ..Default::default()
        })
    }

    async fn replay(app: &App, body: &[u8], kept: Self::Answer) -> Result<Self::Answer, Failure> {
        let repeat = v1::PublishKnowledgeRequest::decode(body).map_err(Failure::internal)?;
        let repeat = Self::parse(repeat, app.now())?;
        let from = consultation_get(app.context.db.reader(), &repeat.consultation, Lock::None).await?;
        let from = found(from, &repeat.consultation)?;
        let name = name::Knowledge::parse(&kept.name).map_err(Failure::internal)?;
        let published_at = kept.publish_time.as_ref().and_then(from_proto);
        let entry = repeat.entry(from.head, name, published_at.unwrap_or_default());
        Ok(message::knowledge(&entry))
    }
}
