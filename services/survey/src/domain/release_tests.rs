use std::collections::BTreeSet;

use prima_platform::disclosure::group_step;
use proptest::prelude::*;

use super::*;

const RULES: Rules = Rules {
    step: 5,
    link_step: 20,
    minimum: 5,
    correction_day: 1,
};

fn entry(sender: Sender, change: Change, id: usize) -> Entry {
    Entry {
        sender,
        change,
        id: format!("r-{id:04}"),
        answers: "444".into(),
        at: 1,
        device: String::new(),
    }
}

/// The people whose responses are counted, with what waits of them.
#[derive(Debug, Clone, Default)]
struct Model {
    counted: BTreeSet<usize>,
    next: usize,
    pending: Pending,
}

impl Model {
    fn total(&self) -> i64 {
        i64::try_from(self.counted.len()).unwrap()
    }

    fn add(&mut self, sender: Sender, count: usize, bulk: usize) {
        let new = self.next..self.next + count + bulk;
        self.next = new.end;
        self.counted.extend(new.clone());
        let added = new.take(count).map(|id| entry(sender, Change::Add, id));
        let changes = Changes {
            added: added.collect(),
            bulk,
            ..Changes::default()
        };
        self.pending.apply(changes, &RULES);
    }

    fn import_ends(&mut self) {
        let changes = Changes {
            import_ended: true,
            ..Changes::default()
        };
        self.pending.apply(changes, &RULES);
    }

    /// Voids these people, each given by a number of any size.
    fn void(&mut self, some: &[usize]) {
        let mut voided = Vec::new();
        for n in some {
            let id = self.counted.iter().nth(n % self.counted.len().max(1)).copied();
            if let Some(id) = id {
                self.counted.remove(&id);
                voided.push(entry(Sender::Own, Change::Void, id));
            }
        }
        let changes = Changes {
            voided,
            ..Changes::default()
        };
        self.pending.apply(changes, &RULES);
    }

    fn close(&mut self) {
        self.pending.close(&RULES);
    }

    /// The people in the figures; `None` when these are withheld.
    fn shown(&self) -> Option<BTreeSet<usize>> {
        let number = |id: &&str| id.trim_start_matches("r-").parse::<usize>().unwrap();
        let mut released = self.counted.clone();
        for id in self.pending.added() {
            assert!(released.remove(&number(&id)), "{id} waits and is not counted");
        }
        for id in self.pending.voided() {
            assert!(released.insert(number(&id)), "{id} is void and counted");
        }
        assert_eq!(
            self.pending.released(self.total()),
            i64::try_from(released.len()).unwrap()
        );
        (released.len() >= 5).then_some(released)
    }
}

#[derive(Debug, Clone)]
enum Edit {
    Single(Sender),
    Batch(Sender, usize),
    /// An import, of which so many rows are not told apart and so many are.
    Import(usize, usize),
    Void(Vec<usize>),
}

fn edit(voids: bool) -> impl Strategy<Value = Edit> {
    let sender = || prop_oneof![Just(Sender::Own), Just(Sender::Link)];
    prop_oneof![
        6 => sender().prop_map(Edit::Single),
        3 => (sender(), 1..30_usize).prop_map(|(sender, n)| Edit::Batch(sender, n)),
        1 => (prop_oneof![Just(0_usize), 5..40_usize], 1..6_usize).prop_map(|(bulk, n)| Edit::Import(bulk, n)),
        3 => prop::collection::vec(0..1000_usize, 1..5).prop_map(move |some| match voids {
            true => Edit::Void(some),
            false => Edit::Single(Sender::Own),
        }),
    ]
}

fn apply(model: &mut Model, edit: &Edit) {
    match edit {
        Edit::Single(sender) => model.add(*sender, 1, 0),
        Edit::Batch(sender, n) => model.add(*sender, *n, 0),
        Edit::Import(bulk, n) => {
            let rows = if *bulk > 0 { 5 } else { *n };
            model.add(Sender::Own, rows, *bulk);
            if bulk + rows >= RULES.step {
                model.import_ends();
            }
        }
        Edit::Void(some) => model.void(some),
    }
}

fn distance(a: &BTreeSet<usize>, b: &BTreeSet<usize>) -> usize {
    a.symmetric_difference(b).count()
}

fn far_apart(states: &[BTreeSet<usize>]) -> Result<(), TestCaseError> {
    for (at, state) in states.iter().enumerate() {
        for before in states.iter().take(at) {
            let people = distance(before, state);
            prop_assert!(
                people == 0 || people >= 5,
                "two states differ by {} people",
                people
            );
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_two_figures_of_an_open_survey_differ_by_a_step_or_not_at_all(
        edits in prop::collection::vec(edit(true), 0..80),
    ) {
        let mut model = Model::default();
        let mut states: Vec<BTreeSet<usize>> = Vec::new();
        for edit in &edits {
            apply(&mut model, edit);
            states.extend(model.shown());
        }
        far_apart(&states)?;
    }

    #[test]
    fn closing_adds_a_step_or_nothing_to_any_figure_before(
        edits in prop::collection::vec(edit(false), 0..80),
    ) {
        let mut model = Model::default();
        let mut states: Vec<BTreeSet<usize>> = Vec::new();
        for edit in &edits {
            apply(&mut model, edit);
            states.extend(model.shown());
        }
        model.close();
        states.extend(model.shown());
        far_apart(&states)?;
        // Everyone is in the figures, unless a few came after an import, or all are few.
        let left = model.pending.people();
        prop_assert!(left < 5);
        if left == 0 && model.counted.len() >= 5 {
            prop_assert_eq!(model.shown(), Some(model.counted));
        }
    }

    #[test]
    fn a_closed_figure_moves_by_several_people_until_the_day_of_corrections(
        edits in prop::collection::vec(edit(true), 0..30),
        later in prop::collection::vec(edit(true), 0..30),
    ) {
        let mut model = Model::default();
        edits.iter().for_each(|edit| apply(&mut model, edit));
        let open = model.shown();
        model.close();
        let mut last = model.shown();
        if let Some((open, closed)) = open.as_ref().zip(last.as_ref()) {
            let people = distance(open, closed);
            prop_assert!(people == 0 || people >= 5);
        }
        for edit in &later {
            apply(&mut model, edit);
            let now = model.shown();
            if let Some((last, now)) = last.as_ref().zip(now.as_ref()) {
                let people = distance(last, now);
                prop_assert!(people == 0 || people >= 5, "a closed figure moved by {} people", people);
            }
            let figures = model.shown().is_some() || model.counted.len() >= 5;
            prop_assert_eq!(
                model.pending.in_correction(model.total(), &RULES),
                model.pending.people() > 0 && figures
            );
            last = now.or(last);
        }
        model.pending.release();
        prop_assert_eq!(model.shown().unwrap_or_else(|| model.counted.clone()), model.counted);
    }

    #[test]
    fn what_waits_is_stored_and_read_again(edits in prop::collection::vec(edit(true), 0..30), voided in 0..9_i64) {
        let mut model = Model::default();
        edits.iter().for_each(|edit| apply(&mut model, edit));
        let text = model.pending.text(voided);
        prop_assert_eq!(Pending::parse(&text, voided), Some(model.pending.clone()));
        let (added, gone) = (model.pending.added().len() as i64, model.pending.voided().len() as i64);
        prop_assert_eq!(waiting(&text), (added, gone));
        let other = Pending::parse(&text, voided + 1).unwrap();
        prop_assert_eq!(other.people(), 0);
    }

    #[test]
    fn without_steps_everything_is_released_at_once(edits in prop::collection::vec(edit(true), 0..30)) {
        let rules = Rules { step: 1, link_step: 1, minimum: 1, ..RULES };
        let mut pending = Pending::default();
        for (n, edit) in edits.iter().enumerate() {
            let mut changes = Changes::default();
            match edit {
                Edit::Single(sender) | Edit::Batch(sender, _) => changes.added.push(entry(*sender, Change::Add, n)),
                Edit::Import(bulk, _) => changes.bulk = *bulk,
                Edit::Void(_) => changes.voided.push(entry(Sender::Own, Change::Void, n)),
            }
            pending.apply(changes, &rules);
            prop_assert_eq!((pending.people(), pending.voids_released), (0, false));
        }
    }
}

#[test]
fn single_responses_are_released_in_steps_and_the_last_step_stays() {
    let mut model = Model::default();
    let mut seen = Vec::new();
    for _ in 0..29 {
        model.add(Sender::Own, 1, 0);
        seen.push(model.pending.released(model.total()));
    }
    let expected: Vec<i64> = (1..=29)
        .map(|n| if n < 10 { 0 } else { (n - 5) / 5 * 5 })
        .collect();
    assert_eq!(seen, expected);
    assert_eq!((seen[28], model.pending.people()), (20, 9));
    model.close();
    assert_eq!((model.pending.released(29), model.pending.people()), (29, 0));
}

#[test]
fn the_open_link_is_released_in_larger_steps() {
    let mut model = Model::default();
    let mut seen = Vec::new();
    for _ in 0..60 {
        model.add(Sender::Link, 1, 0);
        seen.push(model.pending.released(model.total()));
    }
    assert_eq!((seen[38], seen[39], seen[58], seen[59]), (0, 20, 20, 40));
    // One sender's padding of the link does not move what someone else waits with.
    model.add(Sender::Own, 1, 0);
    model.add(Sender::Link, 19, 0);
    assert_eq!(model.pending.released(80), 40);
    assert_eq!(model.pending.own.len(), 1);
}

#[test]
fn an_import_leaves_nothing_and_a_small_one_is_like_single_responses() {
    let mut model = Model::default();
    model.add(Sender::Own, 3, 0);
    assert_eq!(model.pending.people(), 3);
    model.add(Sender::Own, 5, 995);
    assert_eq!((model.pending.released(1003), model.pending.people()), (998, 5));
    // Its last rows come in a transaction of their own.
    model.add(Sender::Own, 2, 0);
    model.import_ends();
    assert_eq!((model.pending.released(1005), model.pending.people()), (1005, 0));
    model.add(Sender::Own, 4, 0);
    model.import_ends();
    assert_eq!(model.pending.people(), 4);
}

#[test]
fn closing_after_an_import_adds_nobody_alone() {
    let mut model = Model::default();
    model.add(Sender::Own, 5, 20);
    model.import_ends();
    model.add(Sender::Own, 2, 0);
    model.close();
    assert_eq!((model.pending.released(27), model.pending.people()), (25, 2));
    assert!(model.pending.in_correction(27, &RULES));
    assert_eq!(model.pending.withheld(27, &RULES), None);
    model.void(&[0, 1]);
    assert_eq!((model.pending.released(25), model.pending.people()), (25, 4));
    model.add(Sender::Own, 1, 0);
    assert_eq!((model.pending.released(26), model.pending.people()), (26, 0));
    assert!(!model.pending.in_correction(26, &RULES));
}

#[test]
fn fewer_than_the_minimum_are_withheld() {
    let mut model = Model::default();
    assert_eq!(model.pending.withheld(0, &RULES), None);
    model.add(Sender::Own, 4, 0);
    assert_eq!(model.pending.withheld(4, &RULES), Some(Withheld::FirstStep));
    model.close();
    assert_eq!(model.pending.withheld(4, &RULES), Some(Withheld::TooFew));
    assert!(!model.pending.in_correction(4, &RULES));
    model.add(Sender::Own, 1, 0);
    assert_eq!(
        (model.pending.withheld(5, &RULES), model.pending.released(5)),
        (None, 5)
    );
}

#[test]
fn a_void_takes_out_a_response_that_waits_and_waits_itself_otherwise() {
    let mut model = Model::default();
    model.add(Sender::Own, 12, 0);
    assert_eq!(model.pending.released(12), 5);
    model.void(&[11]);
    assert_eq!((model.pending.released(11), model.pending.people()), (5, 6));
    model.void(&[0]);
    assert_eq!((model.pending.released(10), model.pending.people()), (5, 7));
    assert_eq!(model.pending.voided(), ["r-0000"]);
    assert!(!model.pending.voids_released);
    model.add(Sender::Own, 3, 0);
    assert_eq!((model.pending.people(), model.pending.voids_released), (5, false));
    model.add(Sender::Own, 5, 0);
    assert!(model.pending.voids_released);
    // Many at once are applied at once, with what waits.
    model.void(&[0, 1, 2, 3, 4]);
    assert_eq!(model.pending.people(), 0);
}

const PRIME: i128 = (1 << 61) - 1;

fn inverse(n: i128) -> i128 {
    let (mut base, mut exponent, mut power) = (n, PRIME - 2, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = power * base % PRIME;
        }
        base = base * base % PRIME;
        exponent >>= 1;
    }
    power
}

/// The number of people whose own answers are a linear combination of these figures; a figure is given as the people whom
/// it covers.
fn solved(figures: &[Vec<bool>]) -> usize {
    let mut reduced: Vec<(usize, Vec<i128>)> = Vec::new();
    let subtract_multiple = |row: &mut Vec<i128>, by: &[i128], at: usize| {
        let factor = row[at];
        if factor != 0 {
            row.iter_mut()
                .zip(by)
                .for_each(|(x, y)| *x = (*x - factor * y % PRIME + PRIME) % PRIME);
        }
    };
    for figure in figures {
        let mut row: Vec<i128> = figure.iter().map(|is| i128::from(*is)).collect();
        reduced
            .iter()
            .for_each(|(at, by)| subtract_multiple(&mut row, by, *at));
        let Some(at) = row.iter().position(|x| *x != 0) else {
            continue;
        };
        let by = inverse(row[at]);
        row.iter_mut().for_each(|x| *x = *x * by % PRIME);
        reduced
            .iter_mut()
            .for_each(|(_, other)| subtract_multiple(other, &row, at));
        reduced.push((at, row));
    }
    let alone = |row: &[i128]| row.iter().filter(|x| **x != 0).count() == 1;
    reduced.iter().filter(|(_, row)| alone(row)).count()
}

/// Every figure of an open survey that may ever be published of these people, who responded in this order.
fn figures(people: &[[u8; 7]], step: i64, group_step: i64) -> Vec<Vec<bool>> {
    let mut figures = Vec::new();
    let mut publish = |members: &[usize], step: i64| {
        for n in (1..=members.len()).filter(|n| *n as i64 % step == 0) {
            figures.push((0..people.len()).map(|at| members[..n].contains(&at)).collect());
        }
    };
    publish(&(0..people.len()).collect::<Vec<_>>(), step);
    for dimension in 0..7 {
        for group in 0..5 {
            let in_group = |at: &usize| people[*at][dimension] == group;
            publish(
                &(0..people.len()).filter(in_group).collect::<Vec<_>>(),
                group_step,
            );
        }
    }
    figures
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn one_persons_answers_cannot_be_solved_for_even_when_all_groups_are_known(
        people in prop::collection::vec(prop::array::uniform7(0..5_u8), 20..90),
        step in 4..7_i64,
    ) {
        prop_assert_eq!(solved(&figures(&people, step, group_step(step))), 0);
    }
}

#[test]
fn with_one_step_for_groups_and_total_answers_could_be_solved_for() {
    let people: Vec<[u8; 7]> = (0..90_u64)
        .map(|n| [3, 5, 7, 11, 13, 17, 19].map(|by| (n.wrapping_mul(2_654_435_761 * by) >> 9) as u8 % 4))
        .collect();
    assert!(solved(&figures(&people, 5, 5)) > 40);
    assert_eq!(solved(&figures(&people, 5, group_step(5))), 0);
}
