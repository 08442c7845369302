//! How many of those who wait fill a step, and how many people they are.

use std::collections::BTreeSet;

use super::entry::{Change, Entry, Rules, Sender};

/// Number of entries that a step releases: whole steps, such that at least one step stays. Closing then adds no fewer.
pub fn due(waiting: usize, step: usize) -> usize {
    if step <= 1 {
        return waiting;
    }
    step * (waiting.saturating_sub(step) / step)
}

/// Number of people whose responses are added: of one source of the open link as many responses as there may be are of one
/// person, and those of no known source are of nobody.
pub fn people<'a>(entries: impl Iterator<Item = &'a Entry>) -> usize {
    let (mut own, mut sources) = (0, BTreeSet::new());
    for entry in entries.filter(|entry| entry.change == Change::Add) {
        match entry.sender {
            Sender::Own => own += 1,
            Sender::Link if entry.source.is_empty() => {}
            Sender::Link => drop(sources.insert(entry.source.as_str())),
        }
    }
    own + sources.len()
}

/// Number of entries that fill the first step of the open link; `None` when they don't fill one.
pub fn filled<'a>(entries: impl Iterator<Item = &'a Entry>, rules: &Rules) -> Option<usize> {
    let mut sources = BTreeSet::new();
    for (size, entry) in (1..).zip(entries) {
        if !entry.source.is_empty() {
            sources.insert(entry.source.as_str());
        }
        if size >= rules.link_step && (rules.step <= 1 || sources.len() >= rules.step) {
            return Some(size);
        }
    }
    None
}

/// Number of those who are added less that of those who are voided.
pub fn balance<'a>(entries: impl Iterator<Item = &'a Entry>) -> i64 {
    let each = entries.map(|entry| match entry.change {
        Change::Add => 1,
        Change::Void => -1,
    });
    each.sum()
}
