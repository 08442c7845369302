use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::number::{decimal, whole};
use proptest::prelude::*;

use held::held;

use super::*;
use crate::domain::{
    calendar::{Calendar, Holiday, HolidayKind},
    case::{Action, Channel, Entry, EntryKind, Intake},
    workflow::Role,
    worktime::{FirstDay, Hours, WorkTime, Zone, zone_of_agency},
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn workflow() -> &'static Workflow {
    Workflow::built_in()
}

fn work_time() -> WorkTime {
    WorkTime::new(
        Calendar::built_in(),
        Hours::usual(zone_of_agency("3271")),
        FirstDay::default(),
    )
}

fn intake(class: &str, channel: Channel, unit: &str) -> Intake {
    Intake {
        class: class.into(),
        category: String::new(),
        channel,
        sp4n: channel == Channel::Integrated,
        anonymous: false,
        confidential: false,
        agency: "3271".into(),
        unit: unit.into(),
    }
}

fn received(class: &str, at: DateTime<Utc>) -> Case {
    let intake = intake(class, Channel::Web, "dpmptsp");
    Case::receive(workflow(), &work_time(), None, intake, at)
        .unwrap()
        .0
}

fn act(case: &mut Case, action: &Action, role: Role, time: &str) {
    case.act(workflow(), &work_time(), None, action, role, at(time))
        .unwrap();
}

fn disposition(class: &str) -> Action {
    Action::Disposition {
        unit: "dpmptsp".into(),
        class: class.into(),
        category: String::new(),
    }
}

fn counted(case: &Case) -> Vec<(&'static str, i64)> {
    let cells = cells(case, workflow());
    cells.iter().map(|c| (c.measure.key(), c.bucket)).collect()
}

/// A report received on Monday, 2 February 2026, 10:00 in Jakarta, verified on Tuesday, answered on Friday at 10:30 and
/// closed on Wednesday.
fn closed(class: &str) -> Case {
    let mut case = received(class, at("2026-02-02T03:00:00Z"));
    act(
        &mut case,
        &disposition(class),
        Role::CoordinatorAdmin,
        "2026-02-03T03:00:00Z",
    );
    act(
        &mut case,
        &Action::Respond,
        Role::LiaisonOfficer,
        "2026-02-06T03:30:00Z",
    );
    act(&mut case, &Action::Close, Role::Reporter, "2026-02-11T03:00:00Z");
    case
}

const CLOSED: [(&str, i64); 8] = [
    ("received", 0),
    ("verified", 0),
    ("verified_in_time", 0),
    ("resolved", 0),
    ("resolved_in_time", 0),
    ("days", 6),
    ("response_days", 3),
    ("response_hours", 97),
];

#[test]
fn a_report_is_counted_by_its_outcome() {
    let mut case = received("complaint_regular", at("2026-01-31T18:00:00Z"));
    assert_eq!(counted(&case), [("received", 0), ("open", 0)]);
    let cell = &cells(&case, workflow())[0];
    // The first hour of February in Jakarta.
    assert_eq!(
        (cell.month, cell.agency.as_str(), cell.unit.as_str()),
        (202_602, "3271", "dpmptsp")
    );
    // 00:30 of the new year in Jayapura (WIT) is still the old one in Jakarta.
    let midnight = at("2025-12-31T15:30:00Z");
    assert_eq!(
        (month_of("9171", midnight), month_of("3271", midnight)),
        (202_601, 202_512)
    );
    assert_eq!(
        (
            month_of("6471", at("2025-12-31T16:00:00Z")),
            month_of("kemenkes", midnight)
        ),
        (202_601, 202_512)
    );
    let reject = Action::Reject {
        reason: "out_of_scope".into(),
    };
    act(&mut case, &reject, Role::CoordinatorAdmin, "2026-02-03T03:00:00Z");
    let archived = [
        ("received", 0),
        ("archived", 0),
        ("verified", 0),
        ("verified_in_time", 0),
    ];
    assert_eq!(counted(&case), archived);

    let mut case = closed("complaint_regular");
    assert_eq!(counted(&case), CLOSED);
    case.rate(workflow(), &work_time(), 4, at("2026-02-12T03:00:00Z"))
        .unwrap();
    assert!(counted(&case).contains(&("rating", 4)));
    act(&mut case, &Action::Reopen, Role::Reporter, "2026-02-13T03:00:00Z");
    let reopened = [
        ("received", 0),
        ("verified", 0),
        ("verified_in_time", 0),
        ("open", 0),
        ("reopened", 0),
        ("rating", 4),
        ("response_hours", 97),
    ];
    assert_eq!(counted(&case), reopened);
    // Without a deadline a report is always in time.
    assert_eq!(counted(&closed("aspiration")), CLOSED);
}

#[test]
fn a_merged_report_counts_only_as_merged_and_one_without_unit_not_at_all() {
    let mut case = received("complaint_regular", at("2026-02-02T03:00:00Z"));
    let into = Action::Merge { into: "other".into() };
    act(&mut case, &into, Role::CoordinatorAdmin, "2026-02-03T03:00:00Z");
    assert_eq!(counted(&case), [("merged", 0)]);
    case.unit.clear();
    assert_eq!(counted(&case), []);
}

#[test]
fn a_report_is_overdue_from_its_escalation_until_it_is_verified_or_closed() {
    let overdue = ("overdue", 0);
    let mut case = received("complaint_normative", at("2026-02-02T03:00:00Z"));
    // The deadline is Monday and three working days: Thursday at 16:00. The report is overdue until it is verified.
    case.due(workflow(), &work_time(), at("2026-02-05T08:59:59Z"));
    assert!(!counted(&case).contains(&overdue));
    case.due(workflow(), &work_time(), at("2026-02-05T09:00:00Z"));
    assert!(counted(&case).contains(&overdue));
    case.due(workflow(), &work_time(), at("2026-02-20T03:00:00Z"));
    act(
        &mut case,
        &disposition("complaint_normative"),
        Role::CoordinatorAdmin,
        "2026-02-20T03:00:00Z",
    );
    assert!(!counted(&case).contains(&overdue));
    // The deadline is Friday and five working days: the next Friday at 16:00, with a reminder the day before.
    case.due(workflow(), &work_time(), at("2026-02-27T08:59:59Z"));
    assert_eq!(case.fired.get("resolution"), Some(&0));
    assert!(!counted(&case).contains(&overdue));
    case.due(workflow(), &work_time(), at("2026-02-27T09:00:00Z"));
    assert!(counted(&case).contains(&overdue));
    act(
        &mut case,
        &Action::Respond,
        Role::LiaisonOfficer,
        "2026-03-02T03:00:00Z",
    );
    assert!(counted(&case).contains(&overdue));
    act(&mut case, &Action::Close, Role::Reporter, "2026-03-03T03:00:00Z");
    let now = counted(&case);
    assert!(now.contains(&("resolved", 0)) && !now.contains(&overdue));
    assert!(!now.contains(&("resolved_in_time", 0)) && !now.contains(&("verified_in_time", 0)));
    act(&mut case, &Action::Reopen, Role::Reporter, "2026-03-04T03:00:00Z");
    assert!(!counted(&case).contains(&overdue));
}

#[test]
fn an_agency_that_receives_an_overdue_report_is_not_overdue_yet() {
    let overdue = ("overdue", 0);
    let mut case = received("complaint_normative", at("2026-02-02T03:00:00Z"));
    act(
        &mut case,
        &disposition("complaint_normative"),
        Role::CoordinatorAdmin,
        "2026-02-03T03:00:00Z",
    );
    case.due(workflow(), &work_time(), at("2026-02-20T03:00:00Z"));
    assert!(counted(&case).contains(&overdue));
    let forward = Action::Forward {
        agency: "3271".into(),
        unit: "rsud".into(),
    };
    act(
        &mut case,
        &forward,
        Role::CoordinatorAdmin,
        "2026-02-20T03:00:00Z",
    );
    // The level stays recorded for the stopped clock.
    assert!(case.fired.get("resolution").is_some_and(|level| *level > 0));
    assert_eq!(counted(&case), [("received", 0), ("open", 0)]);
    assert!(cells(&case, workflow()).iter().all(|cell| cell.unit == "rsud"));
    let at_rsud = |case: &Case| {
        held(case)
            .into_iter()
            .filter(|(holder, _)| holder == "3271/rsud")
            .count()
    };
    assert_eq!(at_rsud(&case), 0);
    // From now on the receiving agency has to verify it.
    case.due(workflow(), &work_time(), at("2026-03-10T03:00:00Z"));
    assert!(counted(&case).contains(&overdue));
    assert_eq!(at_rsud(&case), 1);
}

#[test]
fn days_are_broken_down_by_class_and_channel_and_hours_are_not() {
    let mut case = closed("complaint_regular");
    case.sp4n = true;
    for cell in cells(&case, workflow()) {
        let whole = cell.measure == Measure::ResponseHours;
        let parts = (cell.class.is_empty(), cell.channel.is_none(), !cell.sp4n);
        assert_eq!(parts, (whole, whole, whole), "{cell:?}");
    }
    let sums = figures(&[case, closed("aspiration")]);
    assert_eq!(sums.response_hours.highest(), Some(97));
    assert!(sums.by_class.keys().eq(["aspiration", "complaint_regular"]));
    assert!(sums.by_channel.keys().eq(["web"].iter()));
    assert_eq!(sums.by_class["aspiration"].days.total(), 6);
    assert_eq!(sums.by_channel["web"].days.count(), 2);
}

/// The figures of all agencies together.
fn figures(cases: &[Case]) -> Figures {
    let all = cases.iter().flat_map(|case| {
        let held = held_cells(case, workflow()).into_iter();
        cells(case, workflow())
            .into_iter()
            .chain(held.filter(|cell| cell.unit.is_empty()))
    });
    all.map(|cell| (cell, 1)).collect()
}

#[test]
fn mean_and_median_are_exact() {
    let histogram = |values: &[i64]| {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.add(*value, 1);
        }
        histogram
    };
    for (values, mean, median, highest) in [
        (&[][..], "", "", None),
        (&[0], "0.00", "0.0", Some(0)),
        (&[4, 1], "2.50", "2.5", Some(4)),
        (&[1, 9, 1], "3.67", "1.0", Some(9)),
        (&[2, 2, 3, 90], "24.25", "2.5", Some(90)),
    ] {
        let distribution = histogram(values);
        let text = |value: Option<Rational>, places| value.map(|v| decimal(&v, places)).unwrap_or_default();
        assert_eq!(text(distribution.mean(), 2), mean);
        assert_eq!(text(distribution.median(), 1), median);
        assert_eq!(distribution.highest(), highest);
    }
}

#[test]
fn the_score_is_the_share_in_time_of_what_is_resolved_in_time_or_late() {
    assert_eq!(score(&Figures::default()), None);
    let open = received("complaint_regular", at("2026-02-02T03:00:00Z"));
    assert_eq!(score(&figures(std::slice::from_ref(&open))), None);
    let mut late = received("complaint_normative", at("2026-02-02T03:00:00Z"));
    act(
        &mut late,
        &disposition("complaint_normative"),
        Role::CoordinatorAdmin,
        "2026-02-03T03:00:00Z",
    );
    late.due(workflow(), &work_time(), at("2026-02-27T03:00:00Z"));
    let mut rated = closed("complaint_regular");
    rated
        .rate(workflow(), &work_time(), 3, at("2026-02-12T03:00:00Z"))
        .unwrap();
    let sums = figures(&[late, rated, closed("aspiration"), open]);
    let score = score(&sums).unwrap();
    assert_eq!((score.sample, decimal(&score.value, 2)), (3, "66.67".to_owned()));
    let parts: Vec<(&str, String)> = score
        .components
        .iter()
        .map(|(k, v)| (*k, decimal(v, 4)))
        .collect();
    let expected = [
        ("verified_in_time", "100.0000"),
        ("resolved", "50.0000"),
        ("rating", "3.0000"),
    ];
    assert_eq!(parts, expected.map(|(k, v)| (k, v.to_owned())));
    assert_eq!(sums.by_class["aspiration"].counts.resolved, 1);
    assert_eq!(sums.by_channel["web"].counts.received, 4);
    assert_eq!(definition().id, "prima-penyelesaian-2");
    assert_eq!(definition().metric, "complaint-resolution");
    assert!(definition().sample_minimum > 0 && definition().confidence.starts_with("INFERRED"));
}

#[test]
fn measures_have_unique_keys() {
    let keys: BTreeSet<&str> = Measure::ALL.iter().map(|m| m.key()).collect();
    assert_eq!(keys.len(), Measure::ALL.len());
    assert!(Measure::ALL.iter().all(|m| Measure::parse(m.key()) == Some(*m)));
    assert_eq!(Measure::parse("other"), None);
}

mod held;
mod properties;
