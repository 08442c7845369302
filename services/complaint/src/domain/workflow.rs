//! Workflows: the states, transitions and deadlines of reports as data.

pub(super) mod fields;
mod graph;
mod model;
mod read;

use std::sync::OnceLock;

pub use model::{
    ActionKind, Citation, Class, ClockLength, ClockRule, Fault, Flow, Level, OnDue, Reason, Role, State,
    Stops, Transition, VERIFICATION, Workflow,
};

impl Workflow {
    /// Parses a workflow from JSON.
    ///
    /// # Errors
    /// Every fault, at most 200.
    pub fn parse(json: &str) -> Result<Self, Vec<Fault>> {
        read::workflow(json)
    }

    /// The JSON of [`Self::built_in`].
    pub const BUILT_IN: &'static str = include_str!("../../data/workflow-sp4n.json");

    /// The built-in workflow, after SP4N-LAPOR! (`reference/sp4n.json`).
    pub fn built_in() -> &'static Self {
        static BUILT_IN: OnceLock<Workflow> = OnceLock::new();
        BUILT_IN.get_or_init(|| Self::parse(Self::BUILT_IN).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
