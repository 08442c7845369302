//! An attacker who reads every public figure at every moment, and each state that is published, knows in which order people
//! answered, and sends responses through the open link from networks of his own. Of a figure, and of the difference of any two, he
//! knows whom only the one has and whom only the other, and what all of these answered except for the person and four strangers
//! among them. No such difference is of the person and fewer strangers, and he guesses the person's answers no better than those of
//! a stranger.
//!
//! Somebody who knows the answers of all others of a figure computes the last one's from it; no step can prevent that. Nor is it
//! a leak that a sum of five people who all gave the lowest or the highest score tells each one's: how often that happens is
//! counted, and is what chance makes of any five people.
//!
//! Whom a figure covers is read from the database, and each figure is compared with the sums of those people. So the attacker is
//! never wrong about it, and a person counts as solved for only when the figures reveal the answers.

#![expect(clippy::indexing_slicing, reason = "a wrong index fails the test")]

mod figures;
mod moves;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use figures::{DIMENSIONS, Figure, figures, published};
use prima_platform::{
    bus::{Follow, Step},
    config,
    testing::served::Place,
};

use crate::{analysis::Dice, fixture::*};

const PEOPLE: usize = 40;
const STEP: usize = 5;
/// Strangers whose answers the attacker does not know.
const STRANGERS: usize = 4;
const RUNS: u64 = 200;
/// Runs on a database after the first one: one of each play.
const FEWER: u64 = PLAYS.len() as u64;
/// Parts of the runs that are played at the same time.
const PARTS: u64 = 2;

/// How the attacker provokes a change of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Play {
    /// Reads after each response.
    Poll,
    /// Reads before and after the survey is closed, soon after the person's response.
    Close,
    /// Reads before and after the person's response is voided in a closed survey.
    Void,
    /// Surrounds the person's response with responses of his own through the open link.
    Pad,
    /// The person is the only one of a group.
    SmallCell,
    /// The person is one of few in a group, and figures of all groups are subtracted from the total.
    Margins,
    /// The person answers after the end.
    Late,
    /// One network fills all but one place of a step of the open link around the person, and the next step.
    OneNetwork,
    /// The same from two networks in turn.
    TwoNetworks,
    /// Responses from two networks between those of the people.
    Interleaved,
    /// The person is voided with others after the closing, and others follow.
    VoidMany,
    /// Six are imported right after the person's response, and voided when the survey is closed.
    Import,
    /// One of the others is voided alone and moves on the day of corrections; then the person is voided.
    Day,
    /// Groups of two dimensions have the same people but for the person and another one.
    TwoDimensions,
    /// Nearly all are in one group, and the person is the one who fills its first step.
    Dominant,
    /// Reads every published state of the result.
    History,
    /// Polls the row of the league table, which is the published score, after each response.
    Table,
}

const PLAYS: [Play; 17] = [
    Play::Poll,
    Play::Close,
    Play::Void,
    Play::Pad,
    Play::SmallCell,
    Play::Margins,
    Play::Late,
    Play::OneNetwork,
    Play::TwoNetworks,
    Play::Interleaved,
    Play::VoidMany,
    Play::Import,
    Play::Day,
    Play::TwoDimensions,
    Play::Dominant,
    Play::History,
    Play::Table,
];

/// How someone sends a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As one who can send one.
    Own,
    /// Through the open link from the network with this number, if it is known.
    Link(Option<usize>),
    /// As a row of an import.
    Imported,
}

#[derive(Debug, Clone)]
struct Person {
    answers: [i32; 9],
    /// The code of each of [`DIMENSIONS`].
    groups: [&'static str; 2],
    way: Way,
    /// Whether it is a response of the attacker himself.
    attacker: bool,
    /// Id of the response, once it is stored.
    id: String,
}

/// What the figures of the runs reveal.
#[derive(Debug, Default)]
struct Found {
    /// Persons who are in a difference with fewer than [`STRANGERS`] others, the attacker's own not counted.
    solved: i64,
    /// Persons who are in a figure at all.
    seen: i64,
    /// Answers that were guessed right of the person, of a stranger of the same figure, and of someone who did not answer.
    hits: [i64; 3],
    /// Answers that a sum tells because all five gave the lowest or the highest score, and how many of the same statements were
    /// right of someone who did not answer.
    alike: [i64; 2],
}

impl Found {
    fn with(mut self, other: Self) -> Self {
        self.solved += other.solved;
        self.seen += other.seen;
        self.hits.iter_mut().zip(other.hits).for_each(|(a, b)| *a += b);
        self.alike.iter_mut().zip(other.alike).for_each(|(a, b)| *a += b);
        self
    }
}

/// The figures of one moment, each with the people whom it covers.
type Seen = Vec<(BTreeSet<usize>, Figure)>;

/// One survey of [`PEOPLE`] people, attacked.
struct Run {
    play: Play,
    people: Vec<Person>,
    victim: usize,
    survey: String,
    unit: String,
    link: String,
    /// Those who have answered, in order.
    arrived: Vec<usize>,
    seen: Seen,
    /// What was read last.
    last: (bool, BTreeMap<String, Figure>),
    /// Every published state of the result and of the score, in order.
    stream: Box<dyn Follow>,
    /// Number of these states that had figures.
    states: usize,
}

impl Run {
    /// The people in the total, by what is stored.
    async fn released(&self, t: &World) -> BTreeSet<usize> {
        let ids = t.released(&self.survey).await;
        let people = (0..self.people.len()).filter(|at| ids.contains(&self.people[*at].id));
        people.collect()
    }

    /// The people of a group of a dimension, of those in the total: while a survey is open, the first ones of those who can send
    /// one response.
    fn group(
        &self,
        (of, code): (usize, &str),
        size: i64,
        all: &BTreeSet<usize>,
        open: bool,
    ) -> BTreeSet<usize> {
        let in_group = |at: &usize| self.people[*at].groups[of] == code && all.contains(at);
        if !open {
            return all.iter().copied().filter(in_group).collect();
        }
        let own = self.arrived.iter().copied().filter(in_group);
        let own = own.filter(|at| !matches!(self.people[*at].way, Way::Link(_)));
        own.take(usize::try_from(size).unwrap()).collect()
    }

    /// What these people answered.
    fn sums(&self, people: &BTreeSet<usize>) -> Vec<i64> {
        let sum = |at: usize| {
            people
                .iter()
                .map(|of| i64::from(self.people[*of].answers[at]))
                .sum()
        };
        (0..9).map(sum).collect()
    }

    /// Reads every figure, and every state that was published since it last did.
    async fn read(&mut self, t: &mut World) {
        self.look(t).await;
        if matches!(self.play, Play::History | Play::Table) {
            let followed = tokio::time::timeout(DEADLINE, self.follow(t));
            assert!(followed.await.is_ok(), "the state of each change is published");
        }
    }

    /// Reads every figure, and compares each with what the people whom it covers answered.
    async fn look(&mut self, t: &mut World) {
        let read = figures(t, &self.survey, &self.unit).await;
        if read == self.last {
            return;
        }
        let (open, figures) = &read;
        let all = match figures["all"].people {
            0 => BTreeSet::new(),
            _ => self.released(t).await,
        };
        for (of, dimension) in DIMENSIONS.into_iter().enumerate() {
            let mut rest = all.clone();
            let keys = figures.iter().filter_map(|(key, figure)| {
                let code = key.strip_prefix(dimension)?.strip_prefix(' ')?;
                (code != "rest").then_some((key, code, figure))
            });
            for (key, code, figure) in keys {
                let group = self.group((of, code), figure.people, &all, *open && t.in_steps());
                rest = rest.difference(&group).copied().collect();
                self.check(key, group, figure);
            }
            self.check("rest", rest, &figures[&format!("{dimension} rest")]);
        }
        for key in ["all", "index", "unit"] {
            if let Some(figure) = figures.get(key) {
                self.check(key, all.clone(), figure);
            }
        }
        self.last = read;
    }

    fn check(&mut self, key: &str, people: BTreeSet<usize>, figure: &Figure) {
        let (play, told) = (self.play, self.sums(&people));
        assert_eq!(people.len() as i64, figure.people, "{play:?}: people of {key}");
        if figure.sums.len() == 1 {
            assert_eq!(figure.sums, [told.iter().sum::<i64>()], "{play:?}: {key}");
            return;
        }
        assert_eq!(figure.sums, told, "{play:?}: {key}");
        let figure = (people, figure.clone());
        if !self.seen.contains(&figure) {
            self.seen.push(figure);
        }
    }

    /// Reads every state up to the last change. Each has figures of a total that was read.
    async fn follow(&mut self, t: &mut World) {
        let result = t.result(&self.survey).await;
        let part = if self.play == Play::History {
            ".result."
        } else {
            ".score."
        };
        if result.counted == 0 {
            // Before there are figures, there is no score.
            return;
        }
        loop {
            let Step::Event(delivery) = self.stream.next().await.unwrap() else {
                continue;
            };
            if !delivery.event.subject.contains(part) {
                continue;
            }
            let (standing, figure) = published(&delivery.event);
            if figure.people > 0 {
                let known = self.seen.iter().any(|(_, known)| *known == figure);
                assert!(known, "{:?}: {figure:?} was published and never read", self.play);
                self.states += 1;
            }
            if standing == (result.counted, result.pending) {
                return;
            }
        }
    }

    /// The differences of two figures, or of one and none, that have the person: with each those of its people whose answers the
    /// attacker has not given himself, and whether they are in the first figure.
    fn covers(&self) -> Vec<Vec<(usize, bool)>> {
        let none = BTreeSet::new();
        let figures = || self.seen.iter().map(|(people, _)| people);
        let mut covers = Vec::new();
        for first in figures().filter(|people| people.contains(&self.victim)) {
            for second in figures()
                .chain([&none])
                .filter(|people| !people.contains(&self.victim))
            {
                let people = first.symmetric_difference(second).copied();
                let unknown = people.filter(|at| !self.people[*at].attacker);
                covers.push(unknown.map(|at| (at, first.contains(&at))).collect());
            }
        }
        covers
    }

    fn attack(&self, dice: &mut Dice, found: &mut Found) {
        let covers = self.covers();
        let Some(least) = covers.iter().min_by_key(|people| people.len()) else {
            println!("{:?}: {} is in no figure", self.play, self.victim);
            return;
        };
        found.seen += 1;
        let mut strangers: Vec<(usize, bool)> = least
            .iter()
            .copied()
            .filter(|(at, _)| *at != self.victim)
            .collect();
        if strangers.len() < STRANGERS {
            println!("{:?}: {} is with {strangers:?} only", self.play, self.victim);
            found.solved += 1;
            return;
        }
        while strangers.len() > STRANGERS {
            strangers.remove(dice.below(strangers.len() as u64) as usize);
        }
        let stranger = strangers[dice.below(STRANGERS as u64) as usize];
        let absent = scores(dice);
        let five = [strangers, vec![(self.victim, true)]].concat();
        let side = |first: bool| -> BTreeSet<usize> {
            let of = five.iter().filter(|(_, of)| *of == first);
            of.map(|(at, _)| *at).collect()
        };
        let (first, second) = (side(true), side(false));
        let (sums, others) = (self.sums(&first), self.sums(&second));
        let expected = 2.5 * (first.len() as f64 - second.len() as f64);
        for element in 0..9 {
            let sum = sums[element] - others[element];
            // How far the sum is from what is expected, in equal parts.
            let off = (sum as f64 - expected) / five.len() as f64;
            let guess = |first: bool| (2.5 + if first { off } else { -off }).round() as i32;
            let told = [
                (self.people[self.victim].answers[element], guess(true)),
                (self.people[stranger.0].answers[element], guess(stranger.1)),
                (absent[element], guess(true)),
            ];
            let right = told.map(|(answer, guess)| i64::from(answer == guess));
            found
                .hits
                .iter_mut()
                .zip(right)
                .for_each(|(hits, right)| *hits += right);
            let size = first.len() as i64;
            if second.is_empty() && (sum == size || sum == 4 * size) {
                found.alike[0] += right[0];
                found.alike[1] += right[2];
            }
        }
    }
}

/// Answers by chance.
fn scores(dice: &mut Dice) -> [i32; 9] {
    [0; 9].map(|_| 1 + dice.below(4) as i32)
}

impl World {
    /// Whether figures move in steps.
    fn in_steps(&self) -> bool {
        self.config.disclosure_step > 1
    }
}

/// Attacks the surveys with these numbers.
async fn attacked(t: &mut World, runs: Range<u64>) -> Found {
    let (mut dice, mut found) = (Dice(17 + runs.start), Found::default());
    for n in runs {
        let mut run = Run::start(t, n, &mut dice).await;
        run.play(t, &mut dice).await;
        run.attack(&mut dice, &mut found);
        assert_eq!(
            run.states > 0,
            matches!(run.play, Play::History | Play::Table),
            "{:?}",
            run.play
        );
    }
    found
}

/// Attacks so many surveys, a part of them on each core.
fn attacked_together(place: fn() -> Arc<Place>, config: &config::Survey, runs: u64) -> Found {
    let part = runs.div_ceil(PARTS);
    let found = std::thread::scope(|scope| {
        let attack = |first: u64| {
            let config = config.clone();
            scope.spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async {
                    let mut t = World::at(place(), config).await;
                    attacked(&mut t, first..(first + part).min(runs)).await
                })
            })
        };
        let parts: Vec<_> = (0..PARTS).map(|n| attack(n * part)).collect();
        let found = parts.into_iter().map(|part| part.join().unwrap());
        found.fold(Found::default(), Found::with)
    });
    println!("{runs} runs: {found:?}");
    found
}

fn guessed_no_better(place: fn() -> Arc<Place>, runs: u64) {
    let found = attacked_together(place, &config::Survey::default(), runs);
    let runs = runs as i64;
    assert_eq!(found.solved, 0);
    assert!(
        found.seen * 10 > runs * 9,
        "the persons are in no figure: the test would prove nothing"
    );
    // Of 9 answers of each run one is guessed right of the person and another one of a stranger. If both are as likely, the
    // difference of these numbers has a variance of at most 2 · 9 · runs · 1/4; four standard deviations are passed by chance once in
    // 30,000 times.
    let chance = 4.0 * (2.0 * 9.0 * runs as f64 / 4.0).sqrt();
    let [person, stranger, _] = found.hits;
    assert!(((person - stranger) as f64) < chance, "{found:?}");
    // Of five people who answer by chance, all give the lowest or the highest score twice in 4^5 times.
    let alike = 9.0 * runs as f64 * 2.0 / 1024.0;
    assert!((found.alike[0] as f64) < alike + 4.0 * alike.sqrt(), "{found:?}");
}

#[test]
fn a_persons_answers_are_guessed_no_better_than_a_strangers() {
    guessed_no_better(Place::sqlite, RUNS);
}

#[test]
fn nor_are_they_on_another_database() {
    if Place::each().len() > 1 {
        guessed_no_better(|| Place::each().remove(1), FEWER);
    }
}

#[test]
fn the_attacker_succeeds_where_figures_follow_each_response() {
    let plays = PLAYS.len() as u64;
    let found = attacked_together(Place::sqlite, &at_once(), plays);
    assert!(
        found.solved >= PLAYS.len() as i64 - 1,
        "the attack is too weak to prove anything: {found:?}"
    );
}
