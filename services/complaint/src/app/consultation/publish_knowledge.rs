//! Makes an answered question public, in words of its own.

use prima_platform::{
    caller::Caller,
    clock::{from_proto, to_proto},
    failure::Failure,
};
use prima_proto::{complaint::v1, name};

use super::{App, named, require_liaison};
use crate::{
    app::{Once, precondition},
    grpc::render_consultation,
    store::{
        Lock,
        knowledge::{Stored, knowledge_insert},
    },
};

const METHOD: &str = "complaint.PublishKnowledge";

/// A new entry.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The answered consultation.
    pub consultation: name::Consultation,
    /// The question in general words.
    pub question: String,
    /// The answer.
    pub answer: String,
}

/// The entry as stored, the first answer when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::Knowledge, Failure> {
    let txn = app.context.db.begin().await?;
    let from = named(&txn, &request.consultation, Lock::Share).await?;
    require_liaison(caller, &from.head.agency)?;
    let first = request.once.find::<v1::Knowledge>(&txn, METHOD, caller).await?;
    let (entry, published_at) = match &first {
        // The repeat says the same, so that only the name and the time have to be kept.
        Some(first) => (
            name::Knowledge::parse(&first.name)
                .map_err(Failure::internal)?
                .entry,
            first
                .publish_time
                .as_ref()
                .and_then(from_proto)
                .unwrap_or_default(),
        ),
        None => (app.context.ids.next().to_string(), app.now()),
    };
    let new = Stored {
        id: 0,
        name: name::Knowledge { entry },
        agency: from.head.agency,
        topic: from.head.topic,
        question: request.question,
        answer: request.answer,
        published_at,
        withdrawn_at: None,
    };
    if first.is_some() {
        return Ok(render_consultation::knowledge(&new));
    }
    if from.course.first_answer_at.is_none() {
        return Err(precondition(
            "NOT_ANSWERED",
            "only what was answered can be published",
            "Hanya konsultasi yang sudah dijawab yang dapat diterbitkan",
        ));
    }
    knowledge_insert(&txn, &new, from.id, caller.subject()).await?;
    let kept = v1::Knowledge {
        name: new.name.to_string(),
        publish_time: Some(to_proto(published_at)),
        ..Default::default()
    };
    request.once.keep(&txn, METHOD, caller, &kept, app).await?;
    app.commit(txn).await?;
    Ok(render_consultation::knowledge(&new))
}
