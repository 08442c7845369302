//! Renders a report with its timeline as each kind of reader may see it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, to_proto},
    failure::Failure,
    vault::Keyring,
};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    domain::{
        case::{Case, EntryKind},
        workflow::{Role, Workflow},
        worktime::WorkTime,
    },
    rpc::{channel, status},
    store::{attachment::Owner, complaint::Stored, timeline::Line},
};

/// What a caller without a token has given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// Only the tracking code.
    Code,
    /// The tracking code and the secret.
    CodeAndSecret,
}

/// The kind of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A caller without a token.
    Public(Credentials),
    /// An official of the agency that handles the report.
    Official(Role),
}

impl Reader {
    /// The role in which the reader may act; `None` for a reader who has only the tracking code.
    fn role(self) -> Option<Role> {
        match self {
            Self::Official(role) => Some(role),
            Self::Public(Credentials::CodeAndSecret) => Some(Role::Reporter),
            Self::Public(Credentials::Code) => None,
        }
    }

    fn is_official(self) -> bool {
        matches!(self, Self::Official(_))
    }

    /// Whether the reader may read the content of a report.
    fn may_read(self, case: &Case) -> bool {
        self != Self::Public(Credentials::Code) || !case.confidential
    }

    /// Whether the reader may read the note of a line. What the reporter writes is meant for the agency and often
    /// identifies the reporter, so the tracking code alone is not enough.
    fn may_read_line(self, case: &Case, line: &Line) -> bool {
        let own = line.role == Role::Reporter.key();
        match self {
            Self::Official(_) => true,
            Self::Public(Credentials::CodeAndSecret) => own || line.public,
            Self::Public(Credentials::Code) => line.public && !own && self.may_read(case),
        }
    }

    /// Whether the reader may see who acted. Officials see their own colleagues, but not who submitted the report
    /// elsewhere. The reporter and the system have no subject, and a line of a received report has the reporter's role.
    fn may_see_actor(self, case: &Case, line: &Line) -> bool {
        let colleague = line.entry.from_agency == case.agency || self == Self::Official(Role::NationalAdmin);
        let taken_in = line.entry.kind == EntryKind::Received && self != Self::Official(Role::NationalAdmin);
        self.is_official() && colleague && !taken_in && line.role != Role::Reporter.key()
    }
}

/// A report and everything that is needed to render it.
pub struct View<'a> {
    pub stored: &'a Stored,
    pub workflow: &'a Workflow,
    /// Working time of the agency that handles the report.
    pub work_time: &'a WorkTime,
    pub lines: Vec<Line>,
    /// Attachments of the report and of its lines.
    pub files: BTreeMap<Owner, Vec<v1::Attachment>>,
    /// Whether the directory has announced its unit.
    pub unit_confirmed: bool,
    pub now: DateTime<Utc>,
}

impl View<'_> {
    /// Renders the report for `reader`.
    pub fn render(mut self, reader: Reader, vault: &Keyring) -> Result<v1::Complaint, Failure> {
        let stored = self.stored;
        let case = &stored.case;
        let may_read = reader.may_read(case);
        let content = match may_read {
            true => stored.content(vault)?.unwrap_or_default(),
            false => Default::default(),
        };
        let if_readable = |text: &str| if may_read { text.to_owned() } else { String::new() };
        let mut timeline = Vec::new();
        for line in std::mem::take(&mut self.lines) {
            timeline.push(self.line(&line, reader, vault)?);
        }
        let merged_into = case.merged_into.clone().filter(|_| reader.is_official());
        let attachments = self.files(reader, Owner::Complaint(stored.id));
        Ok(v1::Complaint {
            status: Some(self.status(reader)),
            title: content.title,
            text: content.text,
            location: content.location,
            region: if_readable(&stored.region),
            incident_date: if_readable(&stored.incident_date),
            channel: channel::message(case.channel).into(),
            sp4n_number: content.sp4n_number,
            anonymous: case.anonymous,
            confidential: case.confidential,
            attachments,
            timeline,
            merged_into: merged_into
                .map(|complaint| name::Complaint { complaint }.to_string())
                .unwrap_or_default(),
            rating: case.rating.map(i32::from).unwrap_or_default(),
            workflow: stored.workflow.clone(),
            hops: i32::try_from(case.hops).unwrap_or(i32::MAX),
            actions: self.actions(reader),
            unit_confirmed: self.unit_confirmed,
            deadlines: status::deadlines(case, self.workflow, self.work_time, self.now),
            erase_time: stored.erased_at.map(|at| to_proto(from_micros(at))),
        })
    }

    fn status(&self, reader: Reader) -> v1::ComplaintStatus {
        let status = status::status(self.stored, self.workflow, self.work_time, self.now);
        match reader {
            Reader::Official(_) => status,
            Reader::Public(_) => for_the_public(status, self.workflow),
        }
    }

    fn line(&mut self, line: &Line, reader: Reader, vault: &Keyring) -> Result<v1::TimelineEntry, Failure> {
        let case = &self.stored.case;
        let mut shown = message::line(line);
        if reader.may_read_line(case, line) {
            shown.text = line.note(vault)?.unwrap_or_default();
            shown.attachments = self.files(reader, Owner::Line(line.id));
        }
        if reader.may_see_actor(case, line) {
            shown.actor.clone_from(&line.actor);
        }
        if reader.is_official() {
            shown.other = message::other(&line.entry);
        }
        Ok(shown)
    }

    /// The attachments of an owner. A reader without secret or token could not download them, so their names are left
    /// out.
    fn files(&mut self, reader: Reader, owner: Owner) -> Vec<v1::Attachment> {
        let files = self.files.remove(&owner).unwrap_or_default();
        if reader.role().is_some() {
            files
        } else {
            Vec::new()
        }
    }

    /// What the reader may do now. Whatever is due is applied to a copy first, as it would be if the reader acted;
    /// actions whose window is over are left out.
    fn actions(&self, reader: Reader) -> Vec<String> {
        let Some(role) = reader.role() else {
            return Vec::new();
        };
        let mut case = self.stored.case.clone();
        case.due(self.workflow, self.work_time, self.now);
        let allowed = case.possible(self.workflow, role, self.now);
        allowed
            .into_iter()
            .map(|action| action.key().to_owned())
            .collect()
    }
}

/// A status with the labels meant for the public, without resource name and etag.
pub fn for_the_public(status: v1::ComplaintStatus, workflow: &Workflow) -> v1::ComplaintStatus {
    let flow = workflow.flow_of(&status.class);
    let state = flow.and_then(|flow| flow.state(&status.state));
    v1::ComplaintStatus {
        name: String::new(),
        etag: String::new(),
        state_label: state.map(|state| state.public_label.clone()).unwrap_or_default(),
        ..status
    }
}

/// The status of the report that another one was merged into. Only its state is returned, because it belongs to another
/// reporter.
pub fn merged(stored: &Stored, workflow: &Workflow) -> v1::ComplaintStatus {
    let case = &stored.case;
    let flow = workflow.flow_of(&case.class);
    let state = flow.and_then(|flow| flow.state(&case.state));
    v1::ComplaintStatus {
        state: case.state.clone(),
        state_label: state.map(|state| state.public_label.clone()).unwrap_or_default(),
        state_time: Some(to_proto(case.state_since)),
        open: case.is_open(),
        ..Default::default()
    }
}
