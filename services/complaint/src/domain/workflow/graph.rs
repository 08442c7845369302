//! Checks the graph of a flow: its initial state, whether every state can be reached, and its terminal states.

use std::collections::BTreeSet;

use super::{
    fields::Reader,
    model::{ActionKind, Flow, Role, Transition},
};

/// Adds the faults of the graph of a flow under `path`.
pub(super) fn check(reader: &mut Reader, path: &str, flow: &Flow) {
    let initial: Vec<&str> = flow
        .states
        .iter()
        .filter(|s| s.initial)
        .map(|s| s.key.as_str())
        .collect();
    if initial.len() != 1 {
        reader.fault(
            format!("{path}.states"),
            "needs one initial state",
            "perlu tepat satu status awal",
        );
    }
    let reached = reach(initial, |_| true, flow);
    for (at, state) in flow.states.iter().enumerate() {
        let path = format!("{path}.states[{at}]");
        let leaves = flow.transitions.iter().any(|t| t.from == state.key);
        if !reached.is_empty() && !reached.contains(state.key.as_str()) {
            reader.fault(&path, "cannot be reached", "tidak dapat dicapai");
        }
        if !leaves && !state.terminal {
            reader.fault(
                &path,
                "is a dead end, but not terminal",
                "jalan buntu, tetapi bukan status akhir",
            );
        }
        if leaves && state.terminal {
            reader.fault(
                &path,
                "is terminal, but a transition leads out of it",
                "status akhir, tetapi ada peralihan keluar",
            );
        }
        let next = flow
            .transitions
            .iter()
            .filter(|t| t.from == state.key && by_system(t));
        let next = next.map(|t| t.to.as_str()).collect();
        if reach(next, by_system, flow).contains(state.key.as_str()) {
            reader.fault(
                &path,
                "the system would turn in a circle",
                "peralihan oleh sistem membentuk lingkaran",
            );
        }
    }
    for (at, transition) in flow.transitions.iter().enumerate() {
        let ends = flow.state(&transition.to).is_some_and(|s| s.terminal);
        if transition.action.archives() && !ends {
            reader.fault(
                format!("{path}.transitions[{at}].to"),
                "this action ends a report, so the state must be terminal",
                "tindakan ini mengakhiri laporan, jadi harus menuju status akhir",
            );
        }
    }
    let can_forward = flow
        .transitions
        .iter()
        .any(|t| t.action == ActionKind::Forward && reached.contains(t.from.as_str()));
    if !can_forward {
        reader.fault(
            format!("{path}.transitions"),
            "has no `forward`: no wrong door",
            "tidak memiliki `forward`: laporan salah alamat harus dapat dialihkan",
        );
    }
}

fn by_system(transition: &Transition) -> bool {
    transition.roles.contains(&Role::System)
}

/// The states in `from` and all that can be reached from them by transitions that `taken` accepts.
fn reach<'a>(from: Vec<&'a str>, taken: impl Fn(&Transition) -> bool, flow: &'a Flow) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut pending = from;
    while let Some(state) = pending.pop() {
        if reached.insert(state) {
            let next = flow.transitions.iter().filter(|t| t.from == state && taken(t));
            pending.extend(next.map(|t| t.to.as_str()));
        }
    }
    reached
}
