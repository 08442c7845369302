//! Who answers for a report.

use super::*;

/// Who holds or held a report, and how it counts for them.
pub(super) fn held(case: &Case) -> Vec<(String, &'static str)> {
    let cells = held_cells(case, workflow()).into_iter();
    let holder = |cell: &Cell| match cell.unit.as_str() {
        "" => cell.agency.clone(),
        unit => format!("{}/{unit}", cell.agency),
    };
    let mut held: Vec<_> = cells.map(|cell| (holder(&cell), cell.measure.key())).collect();
    held.sort();
    held
}

fn unassigned(class: &str, at: DateTime<Utc>) -> Case {
    let intake = intake(class, Channel::Web, "");
    Case::receive(workflow(), &work_time(), None, intake, at)
        .unwrap()
        .0
}

fn of(pairs: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    pairs
        .iter()
        .map(|(holder, measure)| ((*holder).to_owned(), *measure))
        .collect()
}

#[test]
fn a_report_closed_in_time_counts_for_its_unit_and_once_for_its_agency() {
    assert_eq!(
        held(&closed("complaint_regular")),
        of(&[("3271", "in_time"), ("3271/dpmptsp", "in_time")])
    );
}

#[test]
fn a_missed_deadline_counts_against_who_held_the_report_whatever_happens_later() {
    // Never verified, and no unit has it: it counts against the agency.
    let mut case = unassigned("complaint_regular", at("2026-02-02T03:00:00Z"));
    assert_eq!(held(&case), of(&[("3271", "open"), ("3271", "received")]));
    case.due(workflow(), &work_time(), at("2026-02-27T03:00:00Z"));
    assert!(held(&case).contains(&("3271".to_owned(), "late")));

    // Assigned then, answered and closed within the deadline of its class: the unit was in time, the agency was not.
    let mut answered = case.clone();
    act(
        &mut answered,
        &disposition("complaint_regular"),
        Role::CoordinatorAdmin,
        "2026-02-27T03:00:00Z",
    );
    act(
        &mut answered,
        &Action::Respond,
        Role::LiaisonOfficer,
        "2026-03-02T03:00:00Z",
    );
    act(
        &mut answered,
        &Action::Close,
        Role::Reporter,
        "2026-03-03T03:00:00Z",
    );
    assert_eq!(
        held(&answered),
        of(&[("3271", "late"), ("3271/dpmptsp", "in_time")])
    );

    // Archiving, merging and forwarding do not wash it.
    let reject = Action::Reject {
        reason: "out_of_scope".into(),
    };
    for action in [reject, Action::Merge { into: "other".into() }] {
        let mut archived = case.clone();
        act(
            &mut archived,
            &action,
            Role::CoordinatorAdmin,
            "2026-02-27T03:00:00Z",
        );
        assert!(
            held(&archived).contains(&("3271".to_owned(), "late")),
            "{action:?}"
        );
    }
    let mut forwarded = case;
    let forward = Action::Forward {
        agency: "3273".into(),
        unit: "rsud".into(),
    };
    act(
        &mut forwarded,
        &forward,
        Role::CoordinatorAdmin,
        "2026-02-27T03:00:00Z",
    );
    assert_eq!(held(&forwarded), of(&[("3271", "late")]));
}

#[test]
fn a_late_answer_counts_before_and_after_the_report_is_closed_or_reopened() {
    let mut case = received("complaint_normative", at("2026-02-02T03:00:00Z"));
    act(
        &mut case,
        &disposition("complaint_normative"),
        Role::CoordinatorAdmin,
        "2026-02-03T03:00:00Z",
    );
    let late = of(&[("3271", "late"), ("3271/dpmptsp", "late")]);
    for (action, role, time) in [
        (Action::Respond, Role::LiaisonOfficer, "2026-02-20T03:30:00Z"),
        (Action::Close, Role::Reporter, "2026-02-23T03:00:00Z"),
        (Action::Reopen, Role::Reporter, "2026-02-24T03:00:00Z"),
        (Action::Respond, Role::LiaisonOfficer, "2026-02-24T04:00:00Z"),
        (Action::Close, Role::Reporter, "2026-02-24T05:00:00Z"),
    ] {
        act(&mut case, &action, role, time);
        assert_eq!(held(&case), late, "{action:?}");
    }
}

#[test]
fn a_deadline_that_moves_to_a_later_time_is_not_missed_any_more() {
    let mut case = received("complaint_regular", at("2026-02-02T03:00:00Z"));
    case.due(workflow(), &work_time(), at("2026-02-06T03:00:00Z"));
    assert_eq!(case.missed.len(), 1);
    let holidays = (3..7).map(|day| Holiday {
        date: chrono::NaiveDate::from_ymd_opt(2026, 2, day).unwrap(),
        kind: HolidayKind::LiburNasional,
        name: "Libur".into(),
    });
    let moved = WorkTime::new(
        Arc::new(Calendar::new(holidays, [2026], 2)),
        Hours::usual(zone_of_agency("3271")),
        FirstDay::default(),
    );
    case.reschedule(workflow(), &moved, at("2026-02-06T04:00:00Z"));
    assert_eq!(case.missed, []);
}

#[test]
fn what_an_earlier_release_did_not_record_is_recalled_from_the_facts() {
    let mut late = received("complaint_normative", at("2026-02-02T03:00:00Z"));
    late.due(workflow(), &work_time(), at("2026-02-27T03:00:00Z"));
    let mut archived = late.clone();
    let reject = Action::Reject {
        reason: "out_of_scope".into(),
    };
    act(
        &mut archived,
        &reject,
        Role::CoordinatorAdmin,
        "2026-02-27T03:00:00Z",
    );
    for case in [late, archived] {
        let mut old = case.clone();
        old.missed.clear();
        old.recall_missed();
        assert_eq!(held(&old), held(&case));
    }
    let mut in_time = closed("complaint_regular");
    in_time.recall_missed();
    assert_eq!(in_time.missed, []);
}
