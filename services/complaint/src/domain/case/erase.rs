//! What erasure leaves in a timeline.

use chrono::{DateTime, Utc};

use super::{Case, Entry, EntryKind};
use crate::domain::workflow::Role;

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// Who reported.
    Identity,
    /// What was written, and the files.
    Text,
}

impl Erased {
    /// Stable key, the reason that the line names.
    pub fn key(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Text => "text",
        }
    }
}

impl Case {
    /// The line that tells of an erasure. Nothing else of the case changes: figures stay.
    pub fn erased(&mut self, what: Erased, role: Role, at: DateTime<Utc>) -> Entry {
        let at = at.max(self.changed_at);
        self.changed_at = at;
        Entry {
            role: Some(role),
            reason: Some(what.key().to_owned()),
            ..self.entry(EntryKind::Erased, at)
        }
    }
}
