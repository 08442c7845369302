//! A report with its timeline, as each kind of reader may see it.

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

/// What somebody without a token showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The tracking code alone.
    Code,
    /// The secret too.
    Secret,
}

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Somebody without a token, who showed this.
    Public(Shown),
    /// An official of the agency that has the report.
    Official(Role),
}

impl Reader {
    /// The role in which the reader may act; `None` for whoever has only the code.
    fn role(self) -> Option<Role> {
        match self {
            Self::Official(role) => Some(role),
            Self::Public(Shown::Secret) => Some(Role::Reporter),
            Self::Public(Shown::Code) => None,
        }
    }

    fn is_official(self) -> bool {
        matches!(self, Self::Official(_))
    }

    /// Whether the reader may see what a report says.
    fn may_read(self, case: &Case) -> bool {
        self != Self::Public(Shown::Code) || !case.confidential
    }

    /// Whether the reader may see what was written with a line. The reporter's own words are for the agency, and often
    /// hold what identifies the reporter: the code alone does not open them.
    fn may_read_line(self, case: &Case, line: &Line) -> bool {
        let own = line.role == Role::Reporter.key();
        match self {
            Self::Official(_) => true,
            Self::Public(Shown::Secret) => own || line.public,
            Self::Public(Shown::Code) => line.public && !own && self.may_read(case),
        }
    }

    /// Whether the reader may see who acted: an own colleague, not whoever took the report in elsewhere. The reporter and the system have no subject, and a
    /// report that came in shows the reporter's role.
    fn may_see_actor(self, case: &Case, line: &Line) -> bool {
        let colleague = line.entry.from_agency == case.agency || self == Self::Official(Role::NationalAdmin);
        let taken_in = line.entry.kind == EntryKind::Received && self != Self::Official(Role::NationalAdmin);
        self.is_official() && colleague && !taken_in && line.role != Role::Reporter.key()
    }
}

/// What a report is shown by.
pub struct View<'a> {
    /// The report.
    pub stored: &'a Stored,
    /// Its workflow.
    pub workflow: &'a Workflow,
    /// The working time of the agency that has it.
    pub work_time: &'a WorkTime,
    /// Its timeline.
    pub lines: Vec<Line>,
    /// Its files and those of its lines.
    pub files: BTreeMap<Owner, Vec<v1::Attachment>>,
    /// Whether the directory knows its unit.
    pub unit_confirmed: bool,
    /// The time now.
    pub now: DateTime<Utc>,
}

impl View<'_> {
    /// The report as `reader` may see it.
    pub fn shown(mut self, reader: Reader, vault: &Keyring) -> Result<v1::Complaint, Failure> {
        let stored = self.stored;
        let case = &stored.case;
        let may_read = reader.may_read(case);
        let content = match may_read {
            true => stored.content(vault)?.unwrap_or_default(),
            false => Default::default(),
        };
        let said = |text: &str| if may_read { text.to_owned() } else { String::new() };
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
            region: said(&stored.region),
            incident_date: said(&stored.incident_date),
            channel: channel::message(case.channel).into(),
            sp4n_number: said(&stored.sp4n_number),
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

    /// The files of an owner. They are read with the secret or a token: to others their names would be of no use.
    fn files(&mut self, reader: Reader, owner: Owner) -> Vec<v1::Attachment> {
        let files = self.files.remove(&owner).unwrap_or_default();
        if reader.role().is_some() {
            files
        } else {
            Vec::new()
        }
    }

    /// What the reader may do now: after what the system does first, as it will when somebody acts, and only while
    /// the window of an action is open.
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

/// How a report stands, in the words for the public, without resource name and etag.
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

/// How the report stands that another was merged into: its state alone, since it is somebody else's.
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
