//! Properties of the figures over random lives of reports.

use super::*;

/// One step in the life of a report.
#[derive(Debug, Clone)]
struct Step {
    what: usize,
    hours: i64,
    unit: usize,
    class: usize,
    stars: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..15usize, 0..240i64, 0..3usize, 0..5usize, 1..=5u8);
    let step = step.prop_map(|(what, hours, unit, class, stars)| Step {
        what,
        hours,
        unit,
        class,
        stars,
    });
    prop::collection::vec(step, 0..14)
}

/// A working time whose calendar was changed arbitrarily.
fn moved(off: &BTreeSet<i64>) -> WorkTime {
    let first = at("2026-01-01T00:00:00Z").date_naive();
    let holiday = |day: &i64| Holiday {
        date: first + TimeDelta::days(*day),
        kind: HolidayKind::CutiBersama,
        name: "Libur".into(),
    };
    let calendar = Calendar::new(off.iter().map(holiday), 2026..=2027, 2);
    WorkTime::new(Arc::new(calendar), Hours::usual(Zone::Wib), FirstDay::default())
}

/// Takes a step; returns the new lines of the timeline.
fn take(case: &mut Case, step: &Step, now: DateTime<Utc>, work_time: &WorkTime) -> Vec<Entry> {
    let class = workflow().classes[step.class].key.clone();
    let unit = ["dpmptsp", "rsud", ""][step.unit].to_owned();
    let action = match step.what {
        0 => Action::StartVerification,
        1 | 2 => Action::Disposition {
            unit,
            class,
            category: String::new(),
        },
        3 => Action::Hold,
        4 => Action::Reject {
            reason: "duplicate".into(),
        },
        5 => Action::Forward {
            agency: ["3271", "3273", "kemenkes"][step.class % 3].into(),
            unit,
        },
        6 => Action::Merge { into: "x".into() },
        7 => Action::StartFollowUp,
        8 | 9 => Action::Respond,
        10 => Action::Reply,
        11 => Action::Close,
        12 => Action::Reopen,
        13 => {
            return case
                .rate(workflow(), work_time, step.stars, now)
                .unwrap_or_default();
        }
        _ => {
            case.reschedule(workflow(), work_time, now);
            return case.due(workflow(), work_time, now);
        }
    };
    // A refused action leaves the report unchanged.
    for role in Role::ALL {
        if let Ok(entries) = case.act(workflow(), work_time, None, &action, role, now) {
            return entries;
        }
    }
    Vec::new()
}

proptest! {
    #[test]
    fn incremental_tallies_equal_the_final_counts(
        lives in prop::collection::vec((0..5usize, 0..9usize, 0..3usize, steps()), 1..8),
        off in prop::collection::btree_set(0..300i64, 0..60),
    ) {
        let calendars = [work_time(), moved(&off)];
        let mut table: BTreeMap<Cell, i64> = BTreeMap::new();
        let mut cases = Vec::new();
        for (n, (class, channel, unit, steps)) in lives.iter().enumerate() {
            let mut now = at("2026-01-20T20:00:00Z") + TimeDelta::hours(77 * i64::try_from(n).unwrap());
            let unit = ["dpmptsp", "rsud", ""][*unit];
            let intake = intake(&workflow().classes[*class].key, Channel::ALL[*channel], unit);
            let (mut case, _) = Case::receive(workflow(), &calendars[0], None, intake, now).unwrap();
            let mut change = |before: Vec<Cell>, after: &Case| {
                for (cell, by) in difference(before, cells(after, workflow())) {
                    *table.entry(cell).or_default() += by;
                }
            };
            change(Vec::new(), &case);
            for (m, step) in steps.iter().enumerate() {
                now += TimeDelta::hours(step.hours);
                // The case is read back as it would be from the database.
                let before: Case = serde_json::from_str(&serde_json::to_string(&case).unwrap()).unwrap();
                take(&mut case, step, now, &calendars[(n + m) % 2]);
                change(cells(&before, workflow()), &case);
            }
            cases.push(case);
        }
        prop_assert!(table.values().all(|count| *count >= 0));
        table.retain(|_, count| *count != 0);
        let mut rebuilt = BTreeMap::new();
        for cell in cases.iter().flat_map(|case| cells(case, workflow())) {
            *rebuilt.entry(cell).or_insert(0) += 1;
        }
        prop_assert_eq!(table, rebuilt);
    }

    #[test]
    fn every_holder_is_scored_by_the_escalations_of_its_timelines(
        lives in prop::collection::vec((0..5usize, 0..3usize, steps()), 1..12),
    ) {
        let mut counted: BTreeMap<(String, String), Figures> = BTreeMap::new();
        // Of each holder: the reports in time, and those late. An agency counts each report once.
        let mut expected: BTreeMap<(String, String), [i64; 2]> = BTreeMap::new();
        for (class, unit, steps) in &lives {
            let mut now = at("2026-02-02T03:00:00Z");
            let intake = intake(&workflow().classes[*class].key, Channel::Web, ["dpmptsp", "rsud", ""][*unit]);
            let (mut case, _) = Case::receive(workflow(), &work_time(), None, intake, now).unwrap();
            let mut late = BTreeSet::new();
            for step in steps {
                now += TimeDelta::hours(step.hours);
                let lines = take(&mut case, step, now, &work_time());
                let passed = lines.iter().filter(|line| line.kind == EntryKind::Escalation);
                late.extend(passed.map(|line| (line.to_agency.clone(), line.to_unit.clone())));
            }
            let agencies: Vec<_> = late.iter().map(|(agency, _)| (agency.clone(), String::new())).collect();
            late.extend(agencies);
            for holder in &late {
                expected.entry(holder.clone()).or_default()[1] += 1;
            }
            if case.state_by == Some(ActionKind::Close) {
                let own = BTreeSet::from([
                    (case.agency.clone(), case.unit.clone()),
                    (case.agency.clone(), String::new()),
                ]);
                for holder in own.difference(&late) {
                    expected.entry(holder.clone()).or_default()[0] += 1;
                }
            }
            for cell in held_cells(&case, workflow()) {
                counted.entry((cell.agency.clone(), cell.unit.clone())).or_default().add(&cell, 1);
            }
        }
        for holder in counted.keys().chain(expected.keys()) {
            let [in_time, late] = expected.get(holder).copied().unwrap_or_default();
            let score = counted.get(holder).and_then(score);
            prop_assert_eq!(score.as_ref().map(|s| s.sample).unwrap_or_default(), in_time + late, "{:?}", holder);
            let exact = (in_time + late > 0).then(|| whole(100 * in_time) / whole(in_time + late));
            prop_assert_eq!(score.map(|s| s.value), exact);
        }
    }

    #[test]
    fn figures_are_consistent_with_each_other(lives in prop::collection::vec(steps(), 0..12)) {
        let all = figures(&lived(&lives)).all;
        prop_assert_eq!(all.received, all.archived + all.resolved + all.open);
        prop_assert!(all.resolved_in_time <= all.resolved && all.overdue <= all.open);
        prop_assert!(all.verified_in_time <= all.verified && all.verified <= all.received);
    }

    #[test]
    fn duplicated_reports_and_open_ones_in_time_do_not_change_the_score(
        lives in prop::collection::vec(steps(), 0..12),
    ) {
        let cases = lived(&lives);
        let once = score(&figures(&cases));
        let twice = score(&figures(&[cases.clone(), cases.clone()].concat()));
        prop_assert_eq!(once.as_ref().map(|s| 2 * s.sample), twice.as_ref().map(|s| s.sample));
        let parts = |s: &Option<Score>| s.clone().map(|s| (s.value, s.components));
        prop_assert_eq!(parts(&once), parts(&twice));
        let in_hand = received("complaint_regular", at("2026-02-02T03:00:00Z"));
        let more = score(&figures(&[cases, vec![in_hand; 7]].concat()));
        prop_assert_eq!(once.map(|s| (s.value, s.sample)), more.map(|s| (s.value, s.sample)));
    }
}

fn lived(lives: &[Vec<Step>]) -> Vec<Case> {
    let live = |steps: &Vec<Step>| {
        let mut now = at("2026-02-02T03:00:00Z");
        let mut case = received("complaint_normative", now);
        for step in steps {
            now += TimeDelta::hours(step.hours);
            take(&mut case, step, now, &work_time());
        }
        case
    };
    lives.iter().map(live).collect()
}
