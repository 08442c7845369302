//! Properties that hold for every sequence of actions at any times.

use proptest::prelude::*;

use super::{matrix::with_data, *};
use crate::domain::workflow::OnDue;

#[derive(Debug, Clone)]
enum Op {
    Act(ActionKind, Role, Option<&'static str>),
    /// Takes an action that the state allows to some role, but none that archives the report, so that cases live long.
    Allowed(usize),
    Due,
    Rate(u8),
    Escalate(Role),
    Reschedule(bool, Zone),
}

fn op() -> impl Strategy<Value = Op> {
    let role = || prop::sample::select(Role::ALL.to_vec());
    let class = prop::sample::select(vec![
        None,
        Some("aspiration"),
        Some("complaint_oversight"),
        Some("none"),
    ]);
    prop_oneof![
        2 => (prop::sample::select(ActionKind::ALL.to_vec()), role(), class).prop_map(|(a, r, c)| Op::Act(a, r, c)),
        8 => any::<usize>().prop_map(Op::Allowed),
        2 => Just(Op::Due),
        1 => (0..7u8).prop_map(Op::Rate),
        1 => role().prop_map(Op::Escalate),
        1 => (any::<bool>(), prop::sample::select(Zone::ALL.to_vec())).prop_map(|(h, z)| Op::Reschedule(h, z)),
    ]
}

/// Minutes until the next step: mostly hours, sometimes weeks, sometimes negative.
fn pause() -> impl Strategy<Value = i64> {
    prop_oneof![5 => 0..600i64, 2 => 0..40_000i64, 1 => -600..0i64, 1 => Just(0)]
}

fn data(kind: ActionKind, class: Option<&str>, hops: u32) -> Action {
    match (with_data(kind), class) {
        (Action::Forward { .. }, _) => Action::Forward {
            agency: format!("32{:02}", hops % 7),
            unit: String::new(),
        },
        (Action::Disposition { unit, category, .. }, Some(class)) => Action::Disposition {
            unit,
            class: class.into(),
            category,
        },
        (action, _) => action,
    }
}

fn apply(life: &mut Life, op: &Op, at: DateTime<Utc>) {
    let before = life.case.clone();
    let (workflow, office) = (life.workflow.clone(), life.office.clone());
    let result = match op {
        Op::Act(kind, role, class) => {
            let action = data(*kind, *class, life.case.hops);
            life.case.act(&workflow, &office, None, &action, *role, at)
        }
        Op::Allowed(n) => {
            let allowed: Vec<(ActionKind, Role)> = Role::ALL
                .into_iter()
                .flat_map(|role| {
                    life.case
                        .allowed(&workflow, role)
                        .into_iter()
                        .map(move |kind| (kind, role))
                })
                .filter(|(kind, _)| !kind.archives())
                .collect();
            let Some((kind, role)) = allowed.get(n % allowed.len().max(1)) else {
                return;
            };
            let action = data(*kind, None, life.case.hops);
            life.case.act(&workflow, &office, None, &action, *role, at)
        }
        Op::Due => Ok(life.case.due(&workflow, &office, at)),
        Op::Rate(stars) => life.case.rate(&workflow, &office, *stars, at),
        Op::Escalate(role) => life.case.escalate(&workflow, &office, *role, at),
        Op::Reschedule(holiday, zone) => {
            let calendar = if *holiday {
                calendar_with("2025-04-09")
            } else {
                Calendar::built_in()
            };
            life.office = office_in(*zone, calendar);
            Ok(life.case.reschedule(&workflow, &life.office, at))
        }
    };
    match result {
        Ok(entries) => life.entries.extend(entries),
        Err(_) => assert_eq!(life.case, before),
    }
}

fn check_clocks(life: &Life) {
    let case = &life.case;
    for (key, clock) in &case.clocks {
        assert!(clock.started_at <= case.changed_at, "{key}");
        let mut last = clock.started_at;
        for (at, pause) in clock.pauses.iter().enumerate() {
            assert!(last <= pause.from, "{key}: {clock:?}");
            let open = pause.to.is_none();
            assert!(!open || at + 1 == clock.pauses.len(), "{key}: {clock:?}");
            assert!(pause.to.is_none_or(|to| to > pause.from), "{key}: {clock:?}");
            last = pause.to.unwrap_or(pause.from);
        }
        assert!(clock.stopped_at.is_none_or(|at| last <= at), "{key}: {clock:?}");
        if clock.stopped_at.is_none() {
            assert_eq!(
                clock.due.map(|d| d.at),
                life.office.due(clock).map(|d| d.at),
                "{key}"
            );
        }
    }
    assert!(case.is_open() || case.next_due(&life.workflow).is_none());
    assert!((0..=3).contains(&case.level));
}

fn check_timeline(life: &Life) {
    for pair in life.entries.windows(2) {
        assert!(pair[0].at <= pair[1].at, "{pair:?}");
        assert_eq!(pair[0].to, pair[1].from);
        assert_eq!(pair[0].to_agency, pair[1].from_agency);
        assert_eq!(pair[0].to_unit, pair[1].from_unit);
    }
    let last = life.entries.last().unwrap();
    assert_eq!(
        (&last.to, &last.to_agency, &last.to_unit, last.at),
        (
            &life.case.state,
            &life.case.agency,
            &life.case.unit,
            life.case.changed_at
        )
    );
    for rule in life
        .workflow
        .clocks
        .iter()
        .filter(|r| r.on_due == OnDue::Escalate)
    {
        let mut highest = -1;
        for entry in &life.entries {
            let changed = matches!(entry.kind, EntryKind::Transition | EntryKind::Received);
            let moved = entry.kind == EntryKind::Rescheduled;
            if (changed && rule.starts(&entry.to)) || (moved && entry.clock.as_ref() == Some(&rule.key)) {
                // Levels that moved to a later time are reached again, also when their deadline moved to an earlier one: their
                // days of work are counted from it in the same new calendar.
                highest = -1;
            } else if entry.clock.as_ref() == Some(&rule.key)
                && let Some(level) = entry.level
            {
                assert!(level > highest, "{} twice: {:?}", rule.key, life.entries);
                highest = level;
            }
        }
    }
}

/// The result does not depend on how often the system looks for what is due.
fn check_due(life: &Life, now: DateTime<Utc>) {
    let mut whole = life.clone();
    whole.due(now + TimeDelta::days(20));
    let mut life = life.clone();
    life.due(now);
    let count = life.entries.len();
    assert_eq!(life.due(now), []);
    if let Some(wake) = life.wake() {
        assert!(wake > now);
        assert_eq!(life.due(wake - TimeDelta::nanoseconds(1)), []);
        assert!(!life.clone().due(wake).is_empty());
    } else {
        assert_eq!(life.due(now + TimeDelta::days(3000)), []);
    }
    assert_eq!(life.entries.len(), count);
    life.due(now + TimeDelta::days(20));
    assert_eq!((life.case, life.entries), (whole.case, whole.entries));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_case_stays_consistent_under_any_sequence_of_actions(
        class in prop::sample::select(vec!["complaint_regular", "information_request", "aspiration"]),
        ops in prop::collection::vec((op(), pause()), 1..40),
    ) {
        let mut now = wib("2025-03-20 10:00");
        let mut life = Life::begin_with(workflow().clone(), class, now);
        for (op, minutes) in &ops {
            now += TimeDelta::minutes(*minutes);
            apply(&mut life, op, now);
            check_clocks(&life);
            check_timeline(&life);
            check_due(&life, now.max(life.case.changed_at));
        }
        let json = serde_json::to_string(&life.case).unwrap();
        // Missed deadlines are stored beside the facts.
        let read = Case {
            missed: life.case.missed.clone(),
            ..serde_json::from_str::<Case>(&json).unwrap()
        };
        prop_assert_eq!(read, life.case);
        let json = serde_json::to_string(&life.entries).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Entry>>(&json).unwrap(), life.entries);
    }
}
