//! Parses the messages of actions on reports.

use prima_platform::{
    command::IdempotencyKey,
    failure::Failure,
    request::{self, Faults, text},
};
use prima_proto::access::Protected;
use prima_proto::{complaint::v1, name};
use prost::Message;

use crate::{
    change::Written,
    domain::case::Action,
    rpc::{
        access::{self, Access},
        files, once,
    },
    store::sealed::Note,
};

/// An RPC that performs an action on a report.
pub trait ActionRpc: Send + Sync {
    /// The request message.
    type Message: ActionMessage;

    /// Parses the message into the requested action.
    ///
    /// # Errors
    ///
    /// Every fault of the message at once.
    fn parse(message: Self::Message) -> Result<Request, Failure>;
}

/// What the request messages of all these RPCs have in common.
pub trait ActionMessage: Message + Protected {
    /// The response message.
    type Answer;

    fn request_id(&self) -> &str;

    /// The report that is acted on, and how the caller identified it.
    fn target(&self, faults: &mut Faults) -> Option<Target>;

    /// Wraps the status of the report in the response message.
    fn answer(status: v1::ComplaintStatus) -> Self::Answer;
}

macro_rules! action_messages {
    ($target:expr, $($message:ident => $answer:ident,)*) => {$(
        impl ActionMessage for v1::$message {
            type Answer = v1::$answer;

            fn request_id(&self) -> &str {
                &self.request_id
            }

            fn target(&self, faults: &mut Faults) -> Option<Target> {
                let target: fn(&Self, &mut Faults) -> Option<Target> = $target;
                target(self, faults)
            }

            fn answer(status: v1::ComplaintStatus) -> Self::Answer {
                v1::$answer { status: Some(status) }
            }
        }
    )*};
}

action_messages! {
    |message, faults| Target::by_name(&message.name, &message.etag, faults),
    EscalateComplaintRequest => EscalateComplaintResponse,
    StartFollowUpRequest => StartFollowUpResponse,
    ForwardComplaintRequest => ForwardComplaintResponse,
    MergeComplaintRequest => MergeComplaintResponse,
    RejectComplaintRequest => RejectComplaintResponse,
    RequestCompletionRequest => RequestCompletionResponse,
    RespondToComplaintRequest => RespondToComplaintResponse,
    StartVerificationRequest => StartVerificationResponse,
    VerifyComplaintRequest => VerifyComplaintResponse,
}

action_messages! {
    |message, faults| Target::by_code(message.access.as_ref(), faults),
    CloseComplaintRequest => CloseComplaintResponse,
    RateComplaintRequest => RateComplaintResponse,
    ReopenComplaintRequest => ReopenComplaintResponse,
    ReplyToComplaintRequest => ReplyToComplaintResponse,
}

/// A parsed request for an action on a report.
pub struct Request {
    /// The idempotency key.
    pub once: IdempotencyKey,
    pub target: Target,
    pub operation: Operation,
    pub written: Written,
    pub attachments: Vec<name::Attachment>,
}

/// How the caller identified the report.
pub enum Target {
    /// An officer gave its name.
    ByName {
        name: name::Complaint,
        /// Version that the caller has read; empty skips the check.
        etag: String,
    },
    /// The reporter gave its tracking code and secret.
    ByCode(Access),
}

impl Target {
    fn by_name(name: &str, etag: &str, faults: &mut Faults) -> Option<Self> {
        let name = faults.take(request::name("name", name))?;
        let etag = etag.to_owned();
        Some(Self::ByName { name, etag })
    }

    fn by_code(access: Option<&v1::Access>, faults: &mut Faults) -> Option<Self> {
        access::required("access", access.cloned(), faults).map(Self::ByCode)
    }
}

/// An operation on a report with the data of the request.
pub enum Operation {
    /// A transition of the workflow that needs nothing else from the database.
    Transition(Action),
    /// Disposition to a unit.
    Verify {
        unit: name::Unit,
        /// Key of the class; empty keeps it.
        class: String,
        /// Key of the category; empty keeps it.
        category: String,
    },
    /// Merge the report into another one.
    Merge {
        /// The report that stays open.
        into: name::Complaint,
    },
    /// The reporter rates the report.
    Rate {
        /// 1 to 5.
        stars: u8,
    },
    /// Raise the escalation level by one.
    Escalate,
}

/// Who may read what is written with an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The agency only.
    Agency,
    /// The agency and the reporter.
    Reporter,
}

/// A request for an action while its message is being parsed.
pub struct Draft {
    /// The faults found so far.
    pub faults: Faults,
    once: Option<IdempotencyKey>,
    target: Option<Target>,
    written: Written,
    attachments: Vec<name::Attachment>,
}

impl Draft {
    /// Parses the fields that all messages of `method` have in common. It must see the whole message, because the
    /// idempotency key covers all of it.
    pub fn new(method: &'static str, message: &impl ActionMessage) -> Self {
        let mut faults = Faults::default();
        let once = faults.take(once::parse(method, message.request_id(), message));
        let target = message.target(&mut faults);
        Self {
            faults,
            once,
            target,
            written: Written::default(),
            attachments: Vec::new(),
        }
    }

    /// Parses the text that is written with the action, `least` to `most` characters; an empty one is left out where it
    /// is allowed.
    pub fn write(&mut self, field: &str, raw: &str, least: usize, most: usize, readers: Readers) {
        let text = self.faults.or_default(text::lines(field, raw, least, most));
        self.written = Written {
            note: Some(text).filter(|text| !text.is_empty()).map(Note),
            public: readers == Readers::Reporter,
        };
    }

    /// Parses the names of the attachments.
    pub fn attach(&mut self, raw: &[String]) {
        self.attachments = files::names(raw, &mut self.faults);
    }

    /// The request to take a transition of the workflow.
    pub fn transition(self, action: Action) -> Result<Request, Failure> {
        self.request(Some(Operation::Transition(action)))
    }

    /// The request to perform `operation`; `None` when fields of its own have faults.
    pub fn request(self, operation: Option<Operation>) -> Result<Request, Failure> {
        let (once, target) = (self.once, self.target);
        self.faults.build(|| {
            Some(Request {
                once: once?,
                target: target?,
                operation: operation?,
                written: self.written,
                attachments: self.attachments,
            })
        })
    }
}
