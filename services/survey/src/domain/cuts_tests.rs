//! Every figure that was ever shown of a survey is compared with every other one, with the people whom both have.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use sets::{MOST, Set};

#[path = "cuts/sets.rs"]
mod sets;

use crate::domain::{
    nearby::tests::shown_beside,
    people::Queue,
    release::{Change, Changes, Entry, Moved, Pending, Rules, Sender, Voided},
};

const RULES: Rules = Rules {
    step: 5,
    link_step: 20,
    minimum: 5,
    correction_day: 1,
};
const DISTANCES: Distances = Distances {
    step: 20,
    lag: 5,
    minimum: 5,
};

#[derive(Debug, Clone)]
struct Person {
    id: String,
    codes: [&'static str; DIMENSIONS],
    link: bool,
    batch: i64,
    voided: bool,
}

/// A survey, and what was shown of it.
#[derive(Debug, Default)]
struct Run {
    people: Vec<Person>,
    version: i64,
    pending: Pending,
    closed: bool,
    totals: BTreeSet<Set>,
    /// By dimension and code.
    groups: BTreeMap<(usize, &'static str), BTreeSet<Set>>,
    /// The same once it was closed.
    last: BTreeMap<(usize, &'static str), Set>,
    shown_open: usize,
}

impl Run {
    fn counted(&self) -> i64 {
        let counted = self.people.iter().filter(|person| !person.voided);
        i64::try_from(counted.count()).unwrap()
    }

    fn entry(&self, at: usize, change: Change) -> Entry {
        let person = &self.people[at];
        let link = person.link && change == Change::Add;
        Entry {
            sender: if link { Sender::Link } else { Sender::Own },
            change,
            id: person.id.clone(),
            answers: "4".into(),
            at: 1,
            device: String::new(),
            source: if link {
                format!("{:08x}", at % 11)
            } else {
                String::new()
            },
        }
    }

    /// Adds people, whose ids are in the order of these numbers within one count.
    fn add(
        &mut self,
        new: &[[&'static str; DIMENSIONS]],
        link: bool,
        ids: impl Fn(usize) -> usize,
    ) -> Vec<usize> {
        let first = self.people.len();
        for (at, codes) in new.iter().enumerate().take(MOST - first) {
            self.people.push(Person {
                id: format!("r-{:05}-{:05}", first, ids(at)),
                codes: *codes,
                link,
                batch: self.version + 1,
                voided: false,
            });
        }
        (first..self.people.len()).collect()
    }

    fn apply(&mut self, changes: Changes, before: i64) {
        self.version += 1;
        self.pending.begin(before, &RULES);
        self.pending.apply(changes, self.counted(), self.version, &RULES);
        self.look();
    }

    fn singles(&mut self, new: &[[&'static str; DIMENSIONS]], link: bool) {
        let before = self.counted();
        let added = self.add(new, link, |at| at);
        let added = added.into_iter().map(|at| self.entry(at, Change::Add)).collect();
        let changes = Changes {
            added,
            ..Changes::default()
        };
        self.apply(changes, before);
    }

    /// An import in two transactions, of each of which the last rows wait, that are counted together; or without its end.
    fn import(&mut self, new: &[[&'static str; DIMENSIONS]], ends: bool) {
        let before = self.counted();
        // The transactions have every second row each.
        let rows = self.add(new, false, |at| at);
        let (even, odd): (Vec<usize>, Vec<usize>) = rows.into_iter().partition(|at| at % 2 == 0);
        let mut changes = Changes::default();
        for rows in [even, odd] {
            let many = if rows.len() >= 10 { rows.len() - 5 } else { 0 };
            changes.bulk += many;
            let last = rows[many..].iter();
            changes.added.extend(last.map(|at| self.entry(*at, Change::Add)));
        }
        self.apply(changes, before);
        if ends {
            let changes = Changes {
                import_ended: true,
                ..Changes::default()
            };
            self.apply(changes, self.counted());
        }
    }

    fn void(&mut self, some: &[usize]) {
        let before = self.counted();
        let gone: BTreeSet<usize> = some.iter().map(|n| n % self.people.len().max(1)).collect();
        let gone = gone
            .into_iter()
            .filter(|at| self.people.get(*at).is_some_and(|p| !p.voided));
        let gone: Vec<usize> = gone.collect();
        let void = |at: &usize| Voided {
            entry: self.entry(*at, Change::Void),
            batch: self.people[*at].batch,
        };
        let changes = Changes {
            voided: gone.iter().map(void).collect(),
            ..Changes::default()
        };
        gone.iter().for_each(|at| self.people[*at].voided = true);
        self.apply(changes, before);
    }

    fn close(&mut self) {
        self.version += 1;
        self.closed = true;
        self.pending.close(self.counted(), self.version, &RULES);
        self.look();
    }

    fn released(&self, at: usize) -> bool {
        let person = &self.people[at];
        let waits = self.pending.entries().find(|entry| entry.id == person.id);
        match waits.map(|entry| entry.change) {
            Some(change) => change == Change::Void,
            None => !person.voided,
        }
    }

    /// The people whom the service reads, in the order of ids.
    fn read(&self) -> (People, Vec<usize>) {
        let waits = |at: &usize| !self.people[*at].voided && !self.released(*at) && !self.people[*at].link;
        let oldest = (0..self.people.len())
            .filter(waits)
            .map(|at| self.people[at].batch)
            .min();
        let below = oldest.unwrap_or(i64::MAX);
        let mut read: Vec<usize> = (0..self.people.len()).filter(|at| self.released(*at)).collect();
        if !self.closed {
            read.retain(|at| !self.people[*at].link && self.people[*at].batch < below);
        }
        read.sort_by_key(|at| self.people[*at].id.clone());
        let mut people = People::none(1);
        for at in &read {
            let person = &self.people[*at];
            let queue = if person.link { Queue::Link } else { Queue::Own };
            people.add((person.batch, queue), person.codes, "4");
        }
        (people, read)
    }

    /// Reads all figures, as the service shows them.
    fn look(&mut self) {
        let total = Set::of((0..self.people.len()).filter(|at| self.released(*at)));
        if self.pending.withheld(self.counted(), &RULES).is_some() || total.len() == 0 {
            return;
        }
        if !self.totals.insert(total) && !self.closed {
            return;
        }
        let totals = self.pending.totals.clone();
        let coarse = totals.as_ref().is_some_and(|totals| totals.coarse);
        if self.pending.moved == Moved::Again || !self.closed && (self.pending.voids_released || coarse) {
            self.last.clear();
            return;
        }
        let (people, read) = self.read();
        if self.closed {
            let known = totals.filter(|totals| !totals.unknown);
            let totals = known.map(|totals| totals.list(0)).unwrap_or_default();
            for (dimension, codes) in shown_beside(&people, &totals).into_iter().enumerate() {
                for code in codes {
                    let code = CODES.into_iter().find(|known| *known == code).unwrap();
                    let members = read
                        .iter()
                        .filter(|at| self.people[**at].codes[dimension] == code);
                    self.last.insert((dimension, code), Set::of(members.copied()));
                }
            }
            return;
        }
        let totals = totals.map(|totals| totals.list(read.len())).unwrap_or_default();
        let mut groups: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
        for (place, within) in super::within(&people, &totals, &DISTANCES) {
            for (dimension, group) in within.iter().enumerate().filter(|(_, group)| group.is_some()) {
                let at = read[place];
                let code = self.people[at].codes[dimension];
                assert!(people.codes(dimension).contains(&(code, group.unwrap())));
                groups.entry((dimension, code)).or_default().push(at);
            }
        }
        for (key, members) in groups {
            assert!(members.len() >= 20);
            self.shown_open += 1;
            self.groups.entry(key).or_default().insert(Set::of(members));
        }
    }

    /// The shown figures of a group of a dimension, and that of nobody.
    fn of(&self, dimension: usize) -> impl Iterator<Item = Vec<Set>> {
        let groups = self.groups.iter().filter(move |((of, _), _)| *of == dimension);
        groups.map(|(_, sets)| {
            std::iter::once(Set::default())
                .chain(sets.iter().copied())
                .collect()
        })
    }

    /// The least number of people in whom what came between two totals, and any sum of what came between two figures of each
    /// group, differ.
    fn apart(&self, dimension: usize, came: &Set) -> usize {
        let mut rest = *came;
        let mut apart = 0;
        for sets in self.of(dimension) {
            let everyone = sets
                .iter()
                .max_by_key(|set| set.len())
                .copied()
                .unwrap_or_default();
            let members = rest.and(&everyone);
            rest = rest.without(&everyone);
            let pairs = sets
                .iter()
                .flat_map(|larger| sets.iter().map(move |smaller| (larger, smaller)));
            let pairs = pairs.filter(|(larger, smaller)| smaller.len() <= larger.len());
            let nearest = pairs.map(|(larger, smaller)| larger.without(smaller).apart(&members));
            apart += nearest.min().unwrap_or_default();
        }
        apart + rest.len()
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let enough = |apart: usize| apart == 0 || apart >= 5;
        let totals: Vec<Set> = std::iter::once(Set::default())
            .chain(self.totals.iter().copied())
            .collect();
        // Voids make no differences of totals that one can be sure of.
        for dimension in 0..DIMENSIONS {
            for (at, end) in totals.iter().enumerate() {
                for begin in &totals[..at] {
                    let (larger, smaller) = if begin.len() > end.len() {
                        (begin, end)
                    } else {
                        (end, begin)
                    };
                    if smaller.without(larger).len() > 0 {
                        continue;
                    }
                    let apart = self.apart(dimension, &larger.without(smaller));
                    prop_assert!(enough(apart), "dimension {}: {} apart", dimension, apart);
                }
            }
        }
        for ((dimension, code), sets) in &self.groups {
            for ((other, of), others) in &self.groups {
                for (one, two) in sets
                    .iter()
                    .flat_map(|one| others.iter().map(move |two| (one, two)))
                {
                    let apart = one.apart(two);
                    prop_assert!(
                        enough(apart),
                        "{dimension} {code} and {other} {of} are {apart} apart"
                    );
                }
            }
        }
        self.check_closed(&totals)
    }

    /// The groups of the closed survey, and everyone else, against all totals and those of other dimensions.
    fn check_closed(&self, totals: &[Set]) -> Result<(), TestCaseError> {
        let all = Set::of((0..self.people.len()).filter(|at| self.released(*at)));
        let cells = |dimension: usize| -> Vec<Set> {
            let shown = self.last.iter().filter(|((of, _), _)| *of == dimension);
            let shown: Vec<Set> = shown.map(|(_, set)| *set).collect();
            let rest = shown.iter().fold(all, |rest, set| rest.without(set));
            if shown.is_empty() {
                shown
            } else {
                [shown, vec![rest]].concat()
            }
        };
        for dimension in 0..DIMENSIONS {
            let own = cells(dimension);
            prop_assert!(own.len() <= 8);
            for which in 1..(1_usize << own.len()) {
                let chosen = own.iter().enumerate().filter(|(at, _)| which >> at & 1 == 1);
                let sum = chosen.fold(Set::default(), |sum, (_, set)| sum.with(set, |a, b| a | b));
                for total in totals.iter().filter(|_| sum != all && sum.len() > 0) {
                    let apart = sum.apart(total);
                    prop_assert!(
                        apart == 0 || apart >= 5,
                        "closed: {dimension} is {apart} from a total"
                    );
                }
                for (other, cell) in
                    (0..DIMENSIONS).flat_map(|other| cells(other).into_iter().map(move |c| (other, c)))
                {
                    let apart = sum.apart(&cell);
                    prop_assert!(
                        other == dimension || apart == 0 || apart >= 5,
                        "closed: {dimension} is {apart} from {other}"
                    );
                }
            }
        }
        Ok(())
    }
}

const CODES: [&str; 4] = ["A", "B", "C", ""];

/// Codes of one person, of which 100 numbers decide: a group of nearly everyone, one that is nearly the same, one of a half, one
/// in blocks of time, one of services.
fn codes(n: usize, at: usize) -> [&'static str; DIMENSIONS] {
    let most = if n % 100 < 95 { "A" } else { "B" };
    let same = if n == 7 { "C" } else { most };
    let half = ["A", "B"][n % 2];
    let block = if n % 100 == 3 {
        "C"
    } else {
        ["A", "B"][at / 30 % 2]
    };
    let service = ["A", "A", "A", "B", "B", "C", ""][n / 3 % 7];
    [most, same, half, block, service, "", ""]
}

#[derive(Debug, Clone)]
enum Edit {
    Singles(Vec<usize>),
    Linked(Vec<usize>),
    Import(Vec<usize>, bool),
    Void(Vec<usize>),
}

fn edit(voids: bool) -> impl Strategy<Value = Edit> {
    let some = |most| prop::collection::vec(0..1000_usize, 1..most);
    prop_oneof![
        20 => some(2).prop_map(Edit::Singles),
        4 => some(12).prop_map(Edit::Singles),
        1 => (some(60), any::<bool>()).prop_map(|(rows, ends)| Edit::Import(rows, ends)),
        1 => some(30).prop_map(move |new| if voids { Edit::Linked(new) } else { Edit::Singles(new) }),
        1 => some(4).prop_map(move |some| if voids { Edit::Void(some) } else { Edit::Singles(some) }),
    ]
}

fn run(edits: &[Edit]) -> Run {
    let mut run = Run::default();
    for edit in edits {
        let first = run.people.len();
        let new = |numbers: &[usize]| -> Vec<[&'static str; DIMENSIONS]> {
            let numbers = numbers.iter().enumerate();
            numbers.map(|(at, n)| codes(*n, first + at)).collect()
        };
        match edit {
            Edit::Singles(some) => run.singles(&new(some), false),
            Edit::Linked(some) => run.singles(&new(some), true),
            Edit::Import(some, ends) => run.import(&new(some), *ends),
            Edit::Void(some) => run.void(some),
        }
    }
    run.close();
    run
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_two_figures_differ_by_several_people_or_not_at_all(
        edits in prop::collection::vec(edit(false), 30..180),
    ) {
        run(&edits).check()?;
    }

    #[test]
    fn so_they_do_with_the_open_link_and_voids(edits in prop::collection::vec(edit(true), 30..150)) {
        run(&edits).check()?;
    }
}

/// Members of the figure of each group.
type Sizes = BTreeMap<&'static str, usize>;

/// A survey of single responses; each has the code of a number in the first dimension.
fn singles(people: usize, code: impl Fn(usize) -> &'static str) -> (Run, Vec<(usize, Sizes)>) {
    let (mut run, mut seen) = (Run::default(), Vec::new());
    for at in 0..people {
        run.singles(&[[code(at), "", "", "", "", "", ""]], false);
        let sizes = run.groups.iter().filter(|((dimension, _), _)| *dimension == 0);
        let size = |sets: &BTreeSet<Set>| sets.iter().map(Set::len).max().unwrap_or_default();
        seen.push((
            at + 1,
            sizes.map(|((_, code), sets)| (*code, size(sets))).collect(),
        ));
    }
    (run, seen)
}

#[test]
fn a_group_of_nearly_everyone_is_shown_once_enough_others_have_come() {
    let (run, seen) = singles(300, |at| if at % 20 == 19 { "B" } else { "A" });
    run.check().unwrap();
    assert!(run.shown_open > 0);
    let first = seen.iter().find(|(_, shown)| shown.contains_key("A")).unwrap();
    assert_eq!((first.0, first.1["A"]), (75, 60));
    // 285 of the 300 are in it.
    assert_eq!(seen.last().unwrap().1, BTreeMap::from([("A", 246)]));
}

#[test]
fn groups_of_everyone_and_of_halves_are_shown_in_their_steps() {
    let (run, seen) = singles(120, |_| "A");
    run.check().unwrap();
    let sizes: Vec<usize> = seen
        .iter()
        .filter_map(|(_, shown)| shown.get("A"))
        .copied()
        .collect();
    assert_eq!(BTreeSet::from_iter(sizes), BTreeSet::from([20, 40, 60, 80, 100]));
    let (run, seen) = singles(120, |at| ["A", "B"][at % 2]);
    run.check().unwrap();
    assert_eq!(seen.last().unwrap().1, BTreeMap::from([("A", 40), ("B", 40)]));
}
