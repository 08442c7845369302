//! Converts the status of a report to protobuf.

use chrono::{DateTime, Utc};
use prima_platform::clock::{from_micros, to_proto};
use prima_proto::{complaint::v1, name};

use crate::{
    domain::{
        case::Case,
        workflow::{OnDue, Workflow},
        worktime::WorkTime,
    },
    store::complaint::Stored,
};

/// Resource name of a unit, or of the agency when the unit is empty.
pub fn parent(agency: &str, unit: &str) -> String {
    let agency = agency.to_owned();
    if unit.is_empty() {
        return name::Agency { agency }.to_string();
    }
    let unit = unit.to_owned();
    name::Unit { agency, unit }.to_string()
}

/// Resource name of a unit; empty for none.
pub fn unit(agency: &str, unit: &str) -> String {
    if unit.is_empty() {
        return String::new();
    }
    parent(agency, unit)
}

/// The status of a report at `now`.
pub fn status(
    stored: &Stored,
    workflow: &Workflow,
    work_time: &WorkTime,
    now: DateTime<Utc>,
) -> v1::ComplaintStatus {
    let case = &stored.case;
    let state = workflow.flow_of(&case.class).and_then(|f| f.state(&case.state));
    let mut running = deadlines(case, workflow, work_time, now);
    running.retain(|d| {
        workflow
            .clock(&d.clock)
            .is_some_and(|c| c.on_due == OnDue::Escalate)
    });
    let first = |d: &v1::Deadline| (d.paused, d.due_time.map(|t| (t.seconds, t.nanos)));
    v1::ComplaintStatus {
        name: stored.name.to_string(),
        agency: parent(&case.agency, ""),
        unit: unit(&case.agency, &case.unit),
        class: case.class.clone(),
        category: case.category.clone(),
        state: case.state.clone(),
        state_label: state.map(|s| s.label.clone()).unwrap_or_default(),
        state_time: Some(to_proto(case.state_since)),
        receive_time: Some(to_proto(case.received_at)),
        // A closed report shows no deadline. Its resolution clock is only paused, in case the report is reopened.
        deadline: running.into_iter().min_by_key(first).filter(|_| case.is_open()),
        level: case.level,
        open: case.is_open(),
        etag: stored.version.to_string(),
        update_time: Some(to_proto(from_micros(stored.updated_at))),
    }
}

/// Every running or paused clock, in the order of the workflow. Due times are the stored ones, by which the system
/// acts: after a change of the calendar they move only together with a line in the timeline. Whether they have passed
/// is computed for `now`, so that it is right even before the system has acted.
pub fn deadlines(
    case: &Case,
    workflow: &Workflow,
    work_time: &WorkTime,
    now: DateTime<Utc>,
) -> Vec<v1::Deadline> {
    let rules = workflow.clocks.iter();
    let running = rules.filter_map(|rule| {
        let clock = case.clocks.get(&rule.key)?;
        clock.stopped_at.is_none().then(|| v1::Deadline {
            clock: rule.key.clone(),
            label: rule.label.clone(),
            due_time: clock.due.map(|due| to_proto(due.at)),
            due_date: clock
                .due
                .map(|due| work_time.day(due.at).to_string())
                .unwrap_or_default(),
            provisional: clock.due.is_some_and(|due| due.provisional),
            paused: clock.due.is_none(),
            overdue: clock.due.is_some_and(|due| due.at < now),
        })
    });
    running.collect()
}
