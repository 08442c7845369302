//! Converts lines of a timeline to protobuf.

use prima_platform::clock::to_proto;
use prima_proto::{complaint::v1, name};

use crate::{
    domain::case::{Entry, EntryKind},
    rpc::status::parent,
    store::timeline::Line,
};

/// The part of a line that every reader of the report may see: without text, attachments, actor and other reports.
pub fn line(line: &Line) -> v1::TimelineEntry {
    entry(&line.entry, line.number, &line.role)
}

/// As [`line`], from what happened; `role` is the key of the role of who acted.
pub fn entry(entry: &Entry, number: i64, role: &str) -> v1::TimelineEntry {
    let (before, after) = (
        (&entry.from_agency, &entry.from_unit),
        (&entry.to_agency, &entry.to_unit),
    );
    let hop = |(agency, unit): (&String, &String)| {
        if before == after {
            String::new()
        } else {
            parent(agency, unit)
        }
    };
    v1::TimelineEntry {
        number,
        time: Some(to_proto(entry.at)),
        kind: kind(entry.kind).into(),
        action: entry
            .action
            .map(|action| action.key().to_owned())
            .unwrap_or_default(),
        role: role.to_owned(),
        from_state: entry.from.clone(),
        to_state: entry.to.clone(),
        from_parent: hop(before),
        to_parent: hop(after),
        reason: entry.reason.clone().unwrap_or_default(),
        clock: entry.clock.clone().unwrap_or_default(),
        level: entry.level.unwrap_or_default(),
        before_due_time: entry.before.map(to_proto),
        due_time: entry.after.map(to_proto),
        ..Default::default()
    }
}

/// The other report of a merger; empty for lines that are not about one.
pub fn other(entry: &Entry) -> String {
    let other = entry.merged_into.clone().or_else(|| entry.merged.clone());
    other
        .map(|complaint| name::Complaint { complaint }.to_string())
        .unwrap_or_default()
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
        EntryKind::Merged => v1::TimelineKind::Merged,
        EntryKind::Erased => v1::TimelineKind::Erased,
    }
}
