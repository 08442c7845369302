//! A line of a timeline, as far as everybody who may see it sees the same.

use prima_platform::clock::to_proto;
use prima_proto::{complaint::v1, name};

use crate::domain::{
    case::{Entry, EntryKind},
    workflow::ActionKind,
};

/// A line without what was written, its files and who wrote it. `role` is the key of who acted.
pub fn line(entry: &Entry, number: i64, role: &str) -> v1::TimelineEntry {
    let moved = entry.from_agency != entry.to_agency || entry.from_unit != entry.to_unit;
    let hop = |agency: &str, unit: &str| {
        if moved {
            parent(agency, unit)
        } else {
            String::new()
        }
    };
    v1::TimelineEntry {
        number,
        time: Some(to_proto(entry.at)),
        kind: kind(entry.kind).into(),
        action: entry.action.map(ActionKind::key).unwrap_or_default().to_owned(),
        role: role.to_owned(),
        from_state: entry.from.clone(),
        to_state: entry.to.clone(),
        from_parent: hop(&entry.from_agency, &entry.from_unit),
        to_parent: hop(&entry.to_agency, &entry.to_unit),
        reason: entry.reason.clone().unwrap_or_default(),
        clock: entry.clock.clone().unwrap_or_default(),
        level: entry.level.unwrap_or_default(),
        before_due_time: entry.before.map(to_proto),
        due_time: entry.after.map(to_proto),
        other: entry
            .merged_into
            .clone()
            .map(|complaint| name::Complaint { complaint }.to_string())
            .unwrap_or_default(),
        ..Default::default()
    }
}

/// An agency or, where one is known, a unit of it.
pub fn parent(agency: &str, unit: &str) -> String {
    let agency = agency.to_owned();
    if unit.is_empty() {
        return name::Agency { agency }.to_string();
    }
    let unit = unit.to_owned();
    name::Unit { agency, unit }.to_string()
}

fn kind(kind: EntryKind) -> v1::TimelineKind {
    match kind {
        EntryKind::Received => v1::TimelineKind::Received,
        EntryKind::Transition => v1::TimelineKind::Transition,
        EntryKind::Reminder => v1::TimelineKind::Reminder,
        EntryKind::Escalation => v1::TimelineKind::Escalation,
        EntryKind::EscalatedByHand => v1::TimelineKind::EscalatedByHand,
        EntryKind::Rescheduled => v1::TimelineKind::Rescheduled,
        EntryKind::Rated => v1::TimelineKind::Rated,
    }
}
