//! The timeline line that an erasure leaves.

use chrono::{DateTime, Utc};

use super::{Case, Entry, EntryKind};
use crate::domain::workflow::Role;

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// The identity of the reporter.
    Identity,
    /// The texts and the attachments.
    Text,
}

impl Erased {
    /// Stable key, used as the reason of the line.
    pub fn key(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Text => "text",
        }
    }
}

impl Case {
    /// The line about an erasure. Nothing else of the case changes, so the figures stay.
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
