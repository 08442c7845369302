//! Takes a question in. It is stored before it is answered.

use std::time::Duration;

use prima_platform::{caller::Caller, db::Txn, failure::Failure, words::words};
use prima_proto::{complaint::v1, name};

use super::{App, changed, named, require_liaison};
use crate::{
    app::{Once, attachments, require_intake, tracking_digest},
    domain::{code, consultation},
    store::{
        Lock,
        attachment::Owner,
        consultation::{Head, New, consultation_insert},
        knowledge::knowledge_near,
        sealed::{Identity, Matter, Secrets},
    },
};

const METHOD: &str = "complaint.RequestConsultation";
/// Entries that are suggested at most.
const SUGGESTIONS: i64 = 5;
/// A suggestion that takes longer is none: the question itself waits for it.
const SUGGEST_WITHIN: Duration = Duration::from_millis(500);

/// A question.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Who asks whom about what.
    pub head: Head,
    /// The question.
    pub question: String,
    /// The citizen, if known.
    pub asker: Option<Identity>,
    /// Files.
    pub attachments: Vec<name::Attachment>,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    new: Request,
) -> Result<v1::RequestConsultationResponse, Failure> {
    match &new.head.asking {
        Some(unit) => require_liaison(caller, &unit.agency)?,
        None => require_intake(caller)?,
    }
    let suggestions = suggestions(app, &new.question, &new.head.agency).await;
    let txn = app.context.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return again(app, &txn, first).await;
    }
    let now = app.now();
    let secrets = match new.head.asking {
        Some(_) => None,
        None => Some(app.new_secrets()?),
    };
    let name = name::Consultation {
        consultation: app.context.ids.next().to_string(),
    };
    let row = New {
        name: name.clone(),
        head: new.head.clone(),
        secrets: secrets.clone().map(|s| (tracking_digest(&s.tracking_code), s)),
        identity: new.asker,
        matter: Matter {
            question: new.question,
            ..Matter::default()
        },
    };
    let id = consultation_insert(&txn, &app.vault, row, now).await?;
    changed(&txn, &new.head, now).await?;
    let answer = v1::RequestConsultationResponse {
        name: name.to_string(),
        suggestions,
        ..Default::default()
    };
    // Kept without the code and the secret, which stand sealed in the row.
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    let owner = Owner::Consultation(id);
    attachments::claim(app, &txn, caller, &new.attachments, owner).await?;
    app.commit(txn).await?;
    Ok(with_secrets(answer, secrets))
}

async fn again(
    app: &App,
    txn: &Txn,
    first: v1::RequestConsultationResponse,
) -> Result<v1::RequestConsultationResponse, Failure> {
    let name = name::Consultation::parse(&first.name).map_err(Failure::internal)?;
    let stored = named(txn, &name, Lock::None).await?;
    let secrets = stored.secrets(&app.vault)?;
    Ok(with_secrets(first, secrets))
}

fn with_secrets(
    mut answer: v1::RequestConsultationResponse,
    secrets: Option<Secrets>,
) -> v1::RequestConsultationResponse {
    if let Some(secrets) = secrets {
        answer.tracking_code = code::grouped(&secrets.tracking_code);
        answer.secret = code::grouped(&secrets.secret);
    }
    answer
}

/// Entries near the question; none when they can't be found, which is no reason to refuse the question.
async fn suggestions(app: &App, question: &str, agency: &str) -> Vec<String> {
    let words = consultation::telling(words(question));
    let near = knowledge_near(app.context.db.reader(), &words, agency, SUGGESTIONS);
    match tokio::time::timeout(SUGGEST_WITHIN, near).await {
        Ok(Ok(found)) => found.iter().map(ToString::to_string).collect(),
        // What the database says may repeat words of the question.
        Ok(Err(_)) | Err(_) => {
            tracing::warn!("no entries of the knowledge base could be suggested");
            Vec::new()
        }
    }
}
