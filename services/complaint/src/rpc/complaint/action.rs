//! Actions on reports as their messages ask for them.

use prima_platform::{
    command::Once,
    failure::Failure,
    request::{Faults, text},
};
use prima_proto::{complaint::v1, name};
use prost::Message;

use crate::{
    domain::case::Action,
    rpc::{
        access::{self, Access},
        change::Written,
        field, files,
    },
    store::sealed::Note,
};

/// What one RPC does to a report, in its own words.
pub trait Verb: Send + Sync {
    /// Whether it needs a token. The reporter has none: the code is in the message.
    const NEEDS_TOKEN: bool = true;
    /// What a caller sends.
    type Message: Message;
    /// What is answered.
    type Answer;

    /// The action that a message asks for.
    ///
    /// # Errors
    ///
    /// Every fault of the message at once.
    fn parse(message: Self::Message) -> Result<Request, Failure>;

    /// The answer of a report that stands so.
    fn answer(status: v1::ComplaintStatus) -> Self::Answer;
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
    /// Of an officer, who names the report. Take it before the message is taken apart.
    pub fn by_officer(
        method: &'static str,
        message: &impl Message,
        request_id: &str,
        name: &str,
        etag: &str,
    ) -> Self {
        let mut faults = Faults::default();
        let once = faults.take(field::once(method, request_id, message));
        let name = faults.take(field::name("name", name, name::Complaint::parse));
        let etag = etag.to_owned();
        Self::new(faults, once, name.map(|name| Target::Named { name, etag }))
    }

    /// Of the reporter, who shows code and secret. Take it before the message is taken apart.
    pub fn by_reporter(
        method: &'static str,
        message: &impl Message,
        request_id: &str,
        raw: Option<&v1::Access>,
    ) -> Self {
        let mut faults = Faults::default();
        let once = faults.take(field::once(method, request_id, message));
        let access = access::required("access", raw.cloned(), &mut faults);
        Self::new(faults, once, access.map(Target::Shown))
    }

    fn new(faults: Faults, once: Option<Once>, target: Option<Target>) -> Self {
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
