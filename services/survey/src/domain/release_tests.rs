use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[path = "release/undone_tests.rs"]
mod undone;

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
        source: match sender {
            Sender::Own => String::new(),
            Sender::Link => format!("{id:08x}"),
        },
    }
}

/// The people whose responses are counted, with what waits of them.
#[derive(Debug, Clone, Default)]
struct Model {
    counted: BTreeSet<usize>,
    next: usize,
    version: i64,
    /// Version under which each response was stored.
    batches: Vec<i64>,
    pending: Pending,
}

impl Model {
    fn total(&self) -> i64 {
        i64::try_from(self.counted.len()).unwrap()
    }

    fn add(&mut self, sender: Sender, count: usize, bulk: usize) {
        let new: Vec<Entry> = (0..count)
            .map(|n| entry(sender, Change::Add, self.next + n))
            .collect();
        self.add_entries(new, bulk);
    }

    /// Adds responses through the open link, each of the network with this number.
    fn link(&mut self, sources: &[usize]) {
        let new = sources.iter().zip(self.next..).map(|(source, id)| Entry {
            source: format!("{source:08x}"),
            ..entry(Sender::Link, Change::Add, id)
        });
        let new = new.collect();
        self.add_entries(new, 0);
    }

    fn add_entries(&mut self, added: Vec<Entry>, bulk: usize) {
        let new = self.next..self.next + added.len() + bulk;
        self.batches.extend(new.clone().map(|_| self.version + 1));
        self.next = new.end;
        self.apply(
            Changes {
                added,
                bulk,
                ..Changes::default()
            },
            new.collect(),
            BTreeSet::new(),
        );
    }

    fn apply(&mut self, changes: Changes, added: BTreeSet<usize>, gone: BTreeSet<usize>) {
        self.version += 1;
        self.pending.begin(self.total(), &RULES);
        self.counted.extend(added);
        self.counted.retain(|id| !gone.contains(id));
        let total = self.total();
        self.pending.apply(changes, total, self.version, &RULES);
    }

    fn import_ends(&mut self) {
        let changes = Changes {
            import_ended: true,
            ..Changes::default()
        };
        self.apply(changes, BTreeSet::new(), BTreeSet::new());
    }

    /// Voids these people, each given by a number of any size.
    fn void(&mut self, some: &[usize]) {
        let mut gone = BTreeSet::new();
        for n in some {
            let left: Vec<usize> = self
                .counted
                .iter()
                .filter(|id| !gone.contains(*id))
                .copied()
                .collect();
            gone.extend(left.get(n % left.len().max(1)));
        }
        let void = |id: &usize| Voided {
            entry: entry(Sender::Own, Change::Void, *id),
            batch: self.batches[*id],
        };
        let changes = Changes {
            voided: gone.iter().map(void).collect(),
            ..Changes::default()
        };
        self.apply(changes, BTreeSet::new(), gone);
    }

    fn close(&mut self) {
        self.version += 1;
        self.pending.close(self.total(), self.version, &RULES);
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
    /// Responses through the link, each of one of a few networks.
    Linked(Vec<usize>),
    Void(Vec<usize>),
    /// Voids the last ones who came.
    Undo(usize),
}

fn edit(voids: bool) -> impl Strategy<Value = Edit> {
    let sender = || prop_oneof![Just(Sender::Own), Just(Sender::Link)];
    prop_oneof![
        6 => sender().prop_map(Edit::Single),
        3 => (sender(), 1..30_usize).prop_map(|(sender, n)| Edit::Batch(sender, n)),
        1 => (prop_oneof![Just(0_usize), 5..40_usize], 1..6_usize).prop_map(|(bulk, n)| Edit::Import(bulk, n)),
        1 => prop::collection::vec(0..7_usize, 1..30).prop_map(Edit::Linked),
        3 => prop::collection::vec(0..1000_usize, 1..12).prop_map(move |some| match voids {
            true => Edit::Void(some),
            false => Edit::Single(Sender::Own),
        }),
        2 => (1..30_usize).prop_map(move |count| match voids {
            true => Edit::Undo(count),
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
        Edit::Linked(sources) => model.link(sources),
        Edit::Void(some) => model.void(some),
        Edit::Undo(count) => {
            let (counted, last) = (model.counted.len(), model.counted.len().min(*count));
            model.void(&vec![counted - last; last]);
        }
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
    fn any_two_figures_of_a_survey_differ_by_several_people_or_not_at_all(
        edits in prop::collection::vec(edit(true), 0..80),
        later in prop::collection::vec(edit(true), 0..40),
    ) {
        let mut model = Model::default();
        let mut states: Vec<BTreeSet<usize>> = Vec::new();
        for edit in &edits {
            apply(&mut model, edit);
            states.extend(model.shown());
        }
        model.close();
        states.extend(model.shown());
        for edit in &later {
            apply(&mut model, edit);
            states.extend(model.shown());
        }
        far_apart(&states)?;
    }

    #[test]
    fn after_the_day_of_corrections_figures_differ_by_several_people_again(
        edits in prop::collection::vec(edit(true), 0..40),
        later in prop::collection::vec(edit(true), 0..30),
    ) {
        let mut model = Model::default();
        let mut states: Vec<BTreeSet<usize>> = Vec::new();
        for edit in &edits {
            apply(&mut model, edit);
            states.extend(model.shown());
        }
        model.close();
        states.extend(model.shown());
        model.version += 1;
        model.pending.release(model.version, &RULES);
        prop_assert_eq!(model.pending.people(), 0);
        let corrected = model.shown();
        for edit in &later {
            apply(&mut model, edit);
            if let Some(now) = model.shown() {
                for before in states.iter().chain(&corrected).filter(|before| **before != now) {
                    if Some(&now) != corrected.as_ref() {
                        prop_assert!(distance(before, &now) >= 5);
                    }
                }
                states.push(now);
            }
            states.retain(|state| Some(state) != corrected.as_ref());
        }
    }

    #[test]
    fn one_sender_fills_no_step_of_the_open_link(
        sources in prop::collection::vec(prop_oneof![3 => Just(0_usize), 1 => 1..9_usize], 0..160),
    ) {
        let mut model = Model::default();
        for source in &sources {
            let before = model.pending.released(model.total());
            model.link(&[*source]);
            let after = model.pending.released(model.total());
            let (from, to) = (usize::try_from(before).unwrap(), usize::try_from(after).unwrap());
            for part in [&sources[from..to], &sources[to..model.next]] {
                let different: BTreeSet<&usize> = part.iter().collect();
                prop_assert!(from == to || part.len() >= 20 && different.len() >= 5);
            }
        }
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
    fn a_closed_figure_waits_until_the_day_of_corrections_at_most(
        edits in prop::collection::vec(edit(true), 0..30),
        later in prop::collection::vec(edit(true), 0..30),
    ) {
        let mut model = Model::default();
        edits.iter().for_each(|edit| apply(&mut model, edit));
        model.close();
        for edit in &later {
            apply(&mut model, edit);
            let figures = model.shown().is_some() || model.counted.len() >= 5;
            prop_assert_eq!(
                model.pending.in_correction(model.total(), &RULES),
                model.pending.people() > 0 && figures
            );
        }
        model.pending.release(model.version + 1, &RULES);
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
                Edit::Linked(_) => changes.added.push(entry(Sender::Link, Change::Add, n)),
                Edit::Import(bulk, _) => changes.bulk = *bulk,
                Edit::Void(_) | Edit::Undo(_) => changes.voided.push(Voided {
                    entry: entry(Sender::Own, Change::Void, n),
                    batch: 1,
                }),
            }
            pending.begin(100, &rules);
            pending.apply(changes, 100, 1, &rules);
            prop_assert_eq!(&pending, &Pending::default());
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
