//! Receives a question. It is stored before the response is sent.

use std::{borrow::Cow, time::Duration};

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults, text},
    words::words,
};
use prima_proto::{complaint::v1, name};

use super::{message, shared::flag_figures_dirty};
use crate::{
    context::App,
    domain::{
        code,
        consultation::{self, Kind},
        parent,
    },
    rpc::{
        access::tracking_digest,
        channel, files, once, person,
        rights::{found, require_liaison},
        topic,
    },
    store::{
        Lock,
        attachment::Owner,
        consultation::{Head, New, consultation_get, consultation_insert_in_txn},
        knowledge::knowledge_near,
        sealed::{ConsultationText, Identity, Secrets},
    },
};

/// How many entries of the knowledge base are suggested at most.
const SUGGESTIONS: i64 = 5;
/// How long the search for suggestions may take, because the question waits for it.
const SUGGEST_WITHIN: Duration = Duration::from_millis(500);

/// A parsed question.
pub struct Request {
    once: IdempotencyKey,
    head: Head,
    question: String,
    /// The citizen, if the question is not anonymous.
    asker: Option<Identity>,
    attachments: Vec<name::Attachment>,
    /// Entries of the knowledge base that may already answer the question.
    suggestions: Vec<String>,
}

impl Command for Request {
    type App = App;
    type Message = v1::RequestConsultationRequest;
    type Answer = v1::RequestConsultationResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse(
            "complaint.RequestConsultation",
            &raw.request_id,
            &raw,
        ));
        let kind = message::KIND.required("kind", raw.kind, message::parse_kind);
        let kind = faults.take(kind);
        let (parent, asking) = match kind {
            Some(Kind::Clinic) => (
                faults
                    .take(request::one::<name::Agency>("parent", &raw.parent))
                    .map(|agency| (agency.agency, String::new())),
                faults
                    .take(request::one("asking_unit", &raw.asking_unit))
                    .map(Some),
            ),
            Some(Kind::ServiceDesk) => {
                if !raw.asking_unit.is_empty() {
                    faults.add(
                        "asking_unit",
                        "is for the clinic only",
                        "hanya untuk klinik pelayanan publik",
                    );
                }
                let unit: Option<name::Unit> = faults.take(request::one("parent", &raw.parent));
                (unit.map(|u| (u.agency, u.unit)), Some(None))
            }
            None => (faults.take(parent::one_or_all("parent", &raw.parent)), Some(None)),
        };
        if kind == Some(Kind::Clinic) && raw.asker.is_some() {
            faults.add(
                "asker",
                "is for the service desk only",
                "hanya untuk meja layanan",
            );
        }
        let topic = faults.take(topic::parse("topic", &raw.topic, kind));
        let question = faults.or_default(text::lines("question", &raw.question, 10, 10_000));
        let channel = faults.take(channel::parse("channel", raw.channel));
        let asker = raw
            .asker
            .map(|asker| person::identity("asker", asker, 1, &mut faults));
        let attachments = files::names(&raw.attachments, &mut faults);
        faults.build(|| {
            let (agency, unit) = parent?;
            Some(Self {
                once: once?,
                head: Head {
                    kind: kind?,
                    agency,
                    unit,
                    asking: asking?,
                    topic: topic?,
                    channel: channel?,
                },
                question,
                asker,
                attachments,
                suggestions: Vec::new(),
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        match &self.head.asking {
            Some(unit) => require_liaison(caller, &unit.agency),
            None => Ok(()),
        }
    }

    async fn prepare(&mut self, app: &App) -> Result<Option<Caller>, Failure> {
        self.suggestions = suggestions(app, &self.question, &self.head.agency).await;
        Ok(None)
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        let secrets = match self.head.asking {
            Some(_) => None,
            None => Some(app.new_secrets()?),
        };
        let name = name::Consultation {
            consultation: app.context.ids.next().to_string(),
        };
        let row = New {
            name: name.clone(),
            head: self.head.clone(),
            secrets: secrets.clone().map(|s| (tracking_digest(&s.tracking_code), s)),
            identity: self.asker,
            text: ConsultationText {
                question: self.question,
                ..ConsultationText::default()
            },
        };
        let id = consultation_insert_in_txn(txn, &app.vault, row, now).await?;
        flag_figures_dirty(txn, &self.head, now).await?;
        let owner = Owner::Consultation(id);
        files::attach(app, txn, work.caller, &self.attachments, owner).await?;
        let answer = v1::RequestConsultationResponse {
            name: name.to_string(),
            suggestions: self.suggestions,
            ..Default::default()
        };
        Ok(with_secrets(answer, secrets))
    }

    /// The stored response leaves out code and secret, which are stored encrypted in the row.
    fn stored(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        Cow::Owned(v1::RequestConsultationResponse {
            name: answer.name.clone(),
            suggestions: answer.suggestions.clone(),
            ..Default::default()
        })
    }

    async fn replay(app: &App, _: &[u8], kept: Self::Answer) -> Result<Self::Answer, Failure> {
        let name = name::Consultation::parse(&kept.name).map_err(Failure::internal)?;
        let stored = consultation_get(app.context.db.reader(), &name, Lock::None).await?;
        let secrets = found(stored, &name)?.secrets(&app.vault)?;
        Ok(with_secrets(kept, secrets))
    }
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

/// Entries of the knowledge base that resemble the question. A failed search gives none, because it is no reason to
/// refuse the question.
async fn suggestions(app: &App, question: &str, agency: &str) -> Vec<String> {
    let words = consultation::keywords(words(question));
    let near = knowledge_near(app.context.db.reader(), &words, agency, SUGGESTIONS);
    match tokio::time::timeout(SUGGEST_WITHIN, near).await {
        Ok(Ok(found)) => found.iter().map(ToString::to_string).collect(),
        // The error is not logged, because it may contain words of the question.
        Ok(Err(_)) | Err(_) => {
            tracing::warn!("no entries of the knowledge base could be suggested");
            Vec::new()
        }
    }
}
