mod life;
mod matrix;
mod properties;
mod times;

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};

use super::*;
use crate::domain::{
    calendar::{Calendar, Holiday, HolidayKind},
    workflow::Workflow,
    worktime::{FirstDay, Hours, Length, WorkTime, Zone},
};

const COORDINATOR: Role = Role::CoordinatorAdmin;
const LIAISON: Role = Role::LiaisonOfficer;
const REPORTER: Role = Role::Reporter;

fn workflow() -> &'static Workflow {
    Workflow::built_in()
}

/// The built-in workflow with one value replaced.
fn changed(pointer: &str, value: serde_json::Value) -> Workflow {
    edited(|document| *document.pointer_mut(pointer).unwrap() = value)
}

fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Workflow {
    let mut document = serde_json::from_str(include_str!("../../../data/workflow-sp4n.json")).unwrap();
    edit(&mut document);
    Workflow::parse(&document.to_string()).unwrap()
}

/// Working time from Monday to Friday, 08:00 to 16:00, in Jakarta.
fn office() -> WorkTime {
    office_in(Zone::default(), Calendar::built_in())
}

fn office_in(zone: Zone, calendar: Arc<Calendar>) -> WorkTime {
    WorkTime::new(calendar, Hours::usual(zone), FirstDay::default())
}

/// The national calendar with one more day off.
fn calendar_with(date: &str) -> Arc<Calendar> {
    let more = Holiday {
        date: date.parse::<NaiveDate>().unwrap(),
        kind: HolidayKind::CutiBersama,
        name: "Cuti bersama".into(),
    };
    let all = Calendar::built_in().holidays().cloned().chain([more]).collect();
    Arc::new(Calendar::of(all, 2))
}

/// An instant given as local time in Jakarta, such as `2025-03-26 10:00`.
fn wib(text: &str) -> DateTime<Utc> {
    format!("{}:00+07:00", text.replace(' ', "T")).parse().unwrap()
}

fn intake(class: &str) -> Intake {
    Intake {
        class: class.into(),
        category: "infrastructure".into(),
        channel: Channel::Web,
        sp4n: true,
        anonymous: false,
        confidential: false,
        agency: "3271".into(),
        unit: String::new(),
    }
}

fn disposition() -> Action {
    Action::Disposition {
        unit: "dpupr".into(),
        class: "complaint_regular".into(),
        category: "roads_bridges".into(),
    }
}

fn forward() -> Action {
    Action::Forward {
        agency: "7371".into(),
        unit: "dishub".into(),
    }
}

/// A case and its timeline.
#[derive(Debug, Clone)]
struct Life {
    workflow: Workflow,
    office: WorkTime,
    case: Case,
    entries: Vec<Entry>,
}

impl Life {
    fn begin(at: &str) -> Self {
        Self::begin_with(workflow().clone(), "complaint_regular", wib(at))
    }

    fn begin_with(workflow: Workflow, class: &str, at: DateTime<Utc>) -> Self {
        let office = office();
        let (case, entry) = Case::receive(&workflow, &office, None, intake(class), at).unwrap();
        Self {
            workflow,
            office,
            case,
            entries: vec![entry],
        }
    }

    fn try_act(&mut self, action: &Action, role: Role, at: DateTime<Utc>) -> Result<(), Refusal> {
        let entries = self
            .case
            .act(&self.workflow, &self.office, None, action, role, at)?;
        self.entries.extend(entries);
        Ok(())
    }

    fn act(&mut self, action: Action, role: Role, at: &str) -> &mut Self {
        self.try_act(&action, role, wib(at)).unwrap();
        self
    }

    fn due(&mut self, now: DateTime<Utc>) -> Vec<Entry> {
        let entries = self.case.due(&self.workflow, &self.office, now);
        self.entries.extend(entries.clone());
        entries
    }

    fn wake(&self) -> Option<DateTime<Utc>> {
        self.case.wake(&self.workflow, &self.office)
    }

    fn due_of(&self, clock: &str) -> Option<DateTime<Utc>> {
        let clock = &self.case.clocks[clock];
        assert!(clock.stopped_at.is_none());
        clock.due.map(|d| d.at)
    }

    /// The states before and after every transition.
    fn path(&self) -> Vec<&str> {
        self.entries.iter().map(|e| e.to.as_str()).collect()
    }
}
