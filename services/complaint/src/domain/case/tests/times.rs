use serde_json::json;

use super::*;

#[test]
fn reminders_and_levels_are_reached_one_by_one_and_once() {
    let mut life = Life::begin("2025-03-26 10:00");
    let expected = [
        ("2025-04-08 16:00", 0, LIAISON, EntryKind::Reminder),
        ("2025-04-09 16:00", 1, COORDINATOR, EntryKind::Escalation),
        ("2025-04-14 16:00", 2, COORDINATOR, EntryKind::Escalation),
        ("2025-04-21 16:00", 3, Role::NationalAdmin, EntryKind::Escalation),
    ];
    let mut at_once = life.clone();
    for (at, level, role, kind) in expected {
        assert_eq!(life.wake(), Some(wib(at)));
        assert_eq!(life.due(wib(at) - TimeDelta::microseconds(1)), []);
        let entries = life.due(wib(at));
        assert_eq!(entries.len(), 1);
        let entry = &entries[0];
        assert_eq!(
            (entry.at, entry.level, entry.role, entry.kind),
            (wib(at), Some(level), Some(role), kind)
        );
        assert_eq!(entry.clock.as_deref(), Some("verification"));
        assert_eq!(entry.after, Some(wib("2025-04-09 16:00")));
        assert_eq!(life.case.level, level);
    }
    assert_eq!(life.wake(), None);
    assert_eq!(life.due(wib("2030-01-01 00:00")), []);
    // A late run has the same result.
    at_once.due(wib("2025-12-31 00:00"));
    assert_eq!(at_once.entries, life.entries);
    assert_eq!(at_once.case, life.case);
}

#[test]
fn a_restarted_deadline_is_escalated_again() {
    let mut life = Life::begin("2025-03-26 10:00");
    life.due(wib("2025-04-15 09:00"));
    assert_eq!(life.case.level, 2);
    life.act(forward(), COORDINATOR, "2025-04-15 10:00");
    assert_eq!(life.case.level, 0);
    let reached = life.due(wib("2025-04-21 16:00"));
    let reached: Vec<_> = reached.iter().map(|e| (e.level, e.at)).collect();
    assert_eq!(
        reached,
        [
            (Some(0), wib("2025-04-17 16:00")),
            (Some(1), wib("2025-04-21 16:00"))
        ]
    );
}

#[test]
fn an_officer_can_raise_the_level_up_to_the_highest() {
    let mut life = Life::begin("2025-04-08 10:00");
    let at = wib("2025-04-08 11:00");
    let (workflow, office) = (life.workflow.clone(), office());
    for role in [REPORTER, LIAISON, Role::System] {
        assert_eq!(
            life.case.escalate(&workflow, &office, role, at),
            Err(Refusal::WrongRole {
                needs: vec![COORDINATOR]
            })
        );
    }
    for level in 1..=3 {
        let entries = life
            .case
            .escalate(&workflow, &office, Role::NationalAdmin, at)
            .unwrap();
        assert_eq!(
            (entries[0].kind, entries[0].level),
            (EntryKind::EscalatedByHand, Some(level))
        );
    }
    assert_eq!(
        life.case.escalate(&workflow, &office, COORDINATOR, at),
        Err(Refusal::TopLevel)
    );
    // The levels of the deadline itself are still reached, and do not lower the level.
    assert_eq!(life.due(wib("2025-04-11 16:00")).len(), 2);
    assert_eq!(life.case.level, 3);
    life.act(disposition(), COORDINATOR, "2025-04-12 10:00");
    assert_eq!(life.case.level, 0);
    life.act(Action::Respond, LIAISON, "2025-04-14 10:00");
    life.act(Action::Close, REPORTER, "2025-04-14 11:00");
    assert_eq!(
        life.case
            .escalate(&workflow, &office, COORDINATOR, wib("2025-04-14 12:00")),
        Err(Refusal::Settled)
    );
}

#[test]
fn a_new_holiday_moves_running_deadlines_and_adds_lines() {
    let mut life = Life::begin("2025-03-26 10:00");
    life.due(wib("2025-04-08 17:00"));
    life.office = office_in(Zone::default(), calendar_with("2025-04-09"));
    let moved = life
        .case
        .reschedule(&life.workflow, &life.office, wib("2025-04-08 18:00"));
    assert_eq!(moved.len(), 1);
    assert_eq!(
        (moved[0].clock.as_deref(), moved[0].before, moved[0].after),
        (
            Some("verification"),
            Some(wib("2025-04-09 16:00")),
            Some(wib("2025-04-10 16:00"))
        )
    );
    assert_eq!(
        life.case
            .reschedule(&life.workflow, &life.office, wib("2025-04-08 19:00")),
        []
    );
    // The reminder was sent; the deadline itself comes next.
    assert_eq!(life.wake(), Some(wib("2025-04-10 16:00")));
}

#[test]
fn a_reached_level_is_retracted_and_reached_again_when_its_time_moves() {
    let mut life = Life::begin("2025-03-26 10:00");
    life.due(wib("2025-04-09 17:00"));
    assert_eq!(life.case.level, 1);
    life.office = office_in(Zone::default(), calendar_with("2025-04-09"));
    life.case
        .reschedule(&life.workflow, &life.office, wib("2025-04-09 18:00"));
    assert_eq!(life.case.level, 0);
    let again = life.due(wib("2025-04-10 17:00"));
    let reached: Vec<_> = again.iter().map(|e| (e.at, e.level)).collect();
    assert_eq!(reached, [(wib("2025-04-10 16:00"), Some(1))]);
    assert_eq!(life.case.level, 1);
    assert_eq!(life.due(wib("2025-04-15 16:00"))[0].level, Some(2));
}

#[test]
fn a_withdrawn_holiday_makes_a_report_overdue_at_once_but_never_in_the_past() {
    let mut life = Life::begin("2025-03-26 10:00");
    life.office = office_in(Zone::default(), calendar_with("2025-04-09"));
    life.case
        .reschedule(&life.workflow, &life.office, wib("2025-03-26 11:00"));
    assert_eq!(life.due(wib("2025-04-09 18:00")).len(), 1);
    life.office = office();
    let taken_back = wib("2025-04-09 19:00");
    life.case.reschedule(&life.workflow, &life.office, taken_back);
    assert_eq!(life.wake(), Some(taken_back));
    let late = life.due(taken_back);
    assert_eq!((late[0].at, late[0].level), (taken_back, Some(1)));
    assert_eq!(late[0].after, Some(wib("2025-04-09 16:00")));
}

#[test]
fn a_holiday_added_during_a_pause_counts_when_the_clock_resumes() {
    let mut life = Life::begin("2025-04-08 10:00");
    life.act(Action::Hold, COORDINATOR, "2025-04-08 16:00");
    life.office = office_in(Zone::default(), calendar_with("2025-04-10"));
    assert_eq!(
        life.case
            .reschedule(&life.workflow, &life.office, wib("2025-04-08 17:00")),
        []
    );
    // No working time passed at night, but the 10th was dropped as a working day.
    life.act(Action::Reply, REPORTER, "2025-04-09 08:00");
    assert_eq!(life.due_of("verification"), Some(wib("2025-04-14 16:00")));
}

#[test]
fn a_window_of_length_zero_ends_at_once() {
    let workflow = changed("/clocks/3/length", json!({"days": 0}));
    let mut life = Life::begin_with(workflow, "complaint_regular", wib("2025-04-08 10:00"));
    life.act(disposition(), COORDINATOR, "2025-04-08 11:00");
    life.act(Action::Respond, LIAISON, "2025-04-08 12:00");
    assert_eq!(life.wake(), Some(wib("2025-04-08 12:00")));
    assert_eq!(life.due(wib("2025-04-08 12:00"))[0].to, "closed");
}

#[test]
fn a_deadline_of_length_zero_is_overdue_at_once_without_reminder() {
    let workflow = changed("/clocks/0/length", json!({"days": 0}));
    let mut life = Life::begin_with(workflow, "complaint_regular", wib("2025-04-08 10:00"));
    let entries = life.due(wib("2025-04-08 10:00"));
    assert_eq!(entries.iter().map(|e| e.level).collect::<Vec<_>>(), [Some(1)]);
}

#[test]
fn an_earlier_time_does_not_reorder_the_timeline() {
    let mut life = Life::begin("2025-04-08 10:00");
    life.act(Action::StartVerification, COORDINATOR, "2025-04-08 09:00");
    assert_eq!(life.case.state_since, wib("2025-04-08 10:00"));
    assert_eq!(life.entries[1].at, wib("2025-04-08 10:00"));
}
