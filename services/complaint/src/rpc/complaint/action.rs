//! Actions on reports as their messages ask for them.

use prima_platform::{
    command::Once,
    failure::Failure,
    request::{self, Faults, text},
};
use prima_proto::{complaint::v1, name};
use prost::Message;

use crate::{
    domain::case::Action,
    rpc::{
        access::{self, Access},
        change::Written,
        files, once,
    },
    store::sealed::Note,
};

/// What one RPC does to a report, in its own words.
pub trait Verb: Send + Sync {
    /// What a caller sends.
    type Message: Ask;

    /// The action that a message asks for.
    ///
    /// # Errors
    ///
    /// Every fault of the message at once.
    fn parse(message: Self::Message) -> Result<Request, Failure>;
}

/// What the messages of all these RPCs have in common.
pub trait Ask: Message {
    /// Whether it needs a token. The reporter has none: the code is in the message.
    const NEEDS_TOKEN: bool;
    /// What is answered.
    type Answer;

    /// Tells repeats.
    fn request_id(&self) -> &str;

    /// Which report, and who acts.
    fn target(&self, faults: &mut Faults) -> Option<Target>;

    /// The answer of a report that stands so.
    fn answer(status: v1::ComplaintStatus) -> Self::Answer;
}

macro_rules! asks {
    ($needs_token:literal, $target:expr, $($ask:ident => $answer:ident,)*) => {$(
        impl Ask for v1::$ask {
            const NEEDS_TOKEN: bool = $needs_token;
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

asks! {
    true, |ask, faults| Target::named(&ask.name, &ask.etag, faults),
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

asks! {
    false, |ask, faults| Target::shown(ask.access.as_ref(), faults),
    CloseComplaintRequest => CloseComplaintResponse,
    RateComplaintRequest => RateComplaintResponse,
    ReopenComplaintRequest => ReopenComplaintResponse,
    ReplyToComplaintRequest => ReplyToComplaintResponse,
}

/// An action on a report.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Which report, and who acts.
    pub target: Target,
    /// What is done.
    pub act: Act,
    /// What is written with it.
    pub written: Written,
    /// Files that go with it.
    pub attachments: Vec<name::Attachment>,
}

/// How a report is found.
pub enum Target {
    /// An officer names it.
    Named {
        /// Resource name.
        name: name::Complaint,
        /// Version that was read; empty skips the check.
        etag: String,
    },
    /// The reporter shows its code.
    Shown(Access),
}

impl Target {
    fn named(name: &str, etag: &str, faults: &mut Faults) -> Option<Self> {
        let name = faults.take(request::name("name", name))?;
        let etag = etag.to_owned();
        Some(Self::Named { name, etag })
    }

    fn shown(access: Option<&v1::Access>, faults: &mut Faults) -> Option<Self> {
        access::required("access", access.cloned(), faults).map(Self::Shown)
    }
}

/// What can be done to a report, with what the request says of it.
pub enum Act {
    /// An action of the workflow that needs to know nothing more.
    Take(Action),
    /// Hands it to a unit.
    Verify {
        /// The unit.
        unit: name::Unit,
        /// Key of the class; empty keeps it.
        class: String,
        /// Key of the category; empty keeps it.
        category: String,
    },
    /// Makes it a part of another report.
    Merge {
        /// The report that goes on.
        into: name::Complaint,
    },
    /// The reporter rates it.
    Rate {
        /// 1 to 5.
        stars: u8,
    },
    /// Raises it by a level.
    Escalate,
}

/// Who may read what is written with an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The agency alone.
    Agency,
    /// The reporter too.
    Reporter,
}

/// An action as far as its message was read.
pub struct Draft {
    /// What is wrong with it.
    pub faults: Faults,
    once: Option<Once>,
    target: Option<Target>,
    written: Written,
    attachments: Vec<name::Attachment>,
}

impl Draft {
    /// Of a message of `method`, its own fields aside. Take it before the message is taken apart.
    pub fn new(method: &'static str, message: &impl Ask) -> Self {
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

    /// What is written with it, `least` to `most` characters; nothing when it is empty and may be.
    pub fn write(&mut self, field: &str, raw: &str, least: usize, most: usize, readers: Readers) {
        let text = self.faults.or_default(text::lines(field, raw, least, most));
        self.written = Written {
            note: Some(text).filter(|text| !text.is_empty()).map(Note),
            public: readers == Readers::Reporter,
        };
    }

    /// Files that go with it.
    pub fn attach(&mut self, raw: &[String]) {
        self.attachments = files::names(raw, &mut self.faults);
    }

    /// The request to take an action of the workflow.
    pub fn take(self, action: Action) -> Result<Request, Failure> {
        self.act(Some(Act::Take(action)))
    }

    /// The request to do `act`; `None` when its own fields have faults.
    pub fn act(self, act: Option<Act>) -> Result<Request, Failure> {
        let (once, target) = (self.once, self.target);
        self.faults.build(|| {
            Some(Request {
                once: once?,
                target: target?,
                act: act?,
                written: self.written,
                attachments: self.attachments,
            })
        })
    }
}
