//! An attacker who reads every public figure at every moment, knows in which order people answered, and sends responses
//! through the open link from networks of his own. Of a figure, and of the difference of two of which one has everyone of the
//! other, he knows whom it covers, and what all of them answered except for the person and four strangers among them. No such
//! figure is of the person and fewer strangers, and he guesses the person's answers no better than those of a stranger.
//!
//! Somebody who knows the answers of all others of a figure computes the last one's from it; no step can prevent that. Nor is it
//! a leak that a sum of five people who all gave the lowest or the highest score tells each one's: how often that happens is
//! counted, and is what chance makes of any five people.
//!
//! Whom a figure covers is read from the database, and each figure is compared with the sums of those people. So the attacker is
//! never wrong about it, and a person counts as solved for only when the figures reveal the answers. Two figures of which each
//! has somebody that the other has not are not compared (`services/decisions/disclosure-in-steps.md`, what it costs).

#![expect(clippy::indexing_slicing, reason = "a wrong index fails the test")]

mod figures;
mod moves;

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use figures::{Figure, figures};
use prima_platform::db::sql;
use prima_survey::store::survey::survey_get;
use sea_orm::ConnectionTrait;

use crate::{analysis::Dice, fixture::*};

const PEOPLE: usize = 40;
const STEP: usize = 5;
/// Strangers whose answers the attacker does not know.
const STRANGERS: usize = 4;
const RUNS: u64 = 200;
/// Runs on a database after the first one.
const FEWER: u64 = 12;

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
}

const PLAYS: [Play; 13] = [
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
    sex: &'static str,
    way: Way,
    /// Whether it is a response of the attacker himself.
    attacker: bool,
    /// Id of the response, once it is stored.
    id: String,
}

/// What the figures of the runs reveal.
#[derive(Debug, Default)]
struct Found {
    /// Persons who are in a figure or difference with fewer than [`STRANGERS`] others, the attacker's own not counted.
    solved: i64,
    /// Persons who are in a figure at all.
    seen: i64,
    /// Answers that were guessed right of the person, of a stranger of the same figure, and of someone who did not answer.
    hits: [i64; 3],
    /// Answers that a sum tells because all five gave the lowest or the highest score, and how many of the same statements were
    /// right of someone who did not answer.
    alike: [i64; 2],
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
}

impl Run {
    /// The people in the total, by what is stored.
    async fn released(&self, t: &World) -> BTreeSet<usize> {
        let reader = t.db.reader();
        let stored = survey_get(reader, &self.survey).await.unwrap().unwrap();
        let text =
            "SELECT response_id FROM response WHERE survey_id = $1 AND voided IS NULL AND quarantine IS NULL";
        let rows = reader.query_all_raw(sql(reader, text, [stored.id.into()])).await;
        let rows = rows.unwrap();
        let mut ids: BTreeSet<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        ids.retain(|id| !stored.pending.added().contains(&id.as_str()));
        ids.extend(stored.pending.voided().into_iter().map(str::to_owned));
        let people = (0..self.people.len()).filter(|at| ids.contains(&self.people[*at].id));
        people.collect()
    }

    /// The people of a group, of those in the total: while a survey is open, the first ones of those who can send one response.
    fn group(&self, sex: &str, size: i64, all: &BTreeSet<usize>, open: bool) -> BTreeSet<usize> {
        let in_group = |at: &usize| self.people[*at].sex == sex && all.contains(at);
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

    /// Reads every figure, and compares each with what the people whom it covers answered.
    async fn read(&mut self, t: &mut World) {
        let read = figures(t, &self.survey, &self.unit).await;
        if read == self.last {
            return;
        }
        let (open, figures) = &read;
        let all = match figures["all"].people {
            0 => BTreeSet::new(),
            _ => self.released(t).await,
        };
        let mut rest = all.clone();
        for (key, figure) in figures {
            let people = match key.strip_prefix("sex ") {
                Some(sex) => {
                    let group = self.group(sex, figure.people, &all, *open && t.in_steps());
                    rest = rest.difference(&group).copied().collect();
                    group
                }
                None if key == "rest" => continue,
                None => all.clone(),
            };
            self.check(key, people, figure);
        }
        if let Some(figure) = figures.get("rest") {
            self.check("rest", rest, figure);
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

    /// The figures and differences that have the person; with each those of its people whose answers the attacker has not given
    /// himself.
    fn covers(&self) -> Vec<Vec<usize>> {
        let none = (
            BTreeSet::new(),
            Figure {
                people: 0,
                sums: vec![0; 9],
            },
        );
        let mut covers = Vec::new();
        for (larger, _) in &self.seen {
            for (smaller, _) in self.seen.iter().chain([&none]) {
                let people = || larger.difference(smaller).copied();
                if smaller.is_subset(larger) && people().any(|at| at == self.victim) {
                    covers.push(people().filter(|at| !self.people[*at].attacker).collect());
                }
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
        let mut strangers: Vec<usize> = least.iter().copied().filter(|at| *at != self.victim).collect();
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
        let five: BTreeSet<usize> = strangers.into_iter().chain([self.victim]).collect();
        let size = five.len() as i64;
        for (element, sum) in self.sums(&five).into_iter().enumerate() {
            let guess = (sum as f64 / size as f64).round() as i32;
            let told = [
                self.people[self.victim].answers[element],
                self.people[stranger].answers[element],
                absent[element],
            ];
            let right = told.map(|answer| i64::from(answer == guess));
            found
                .hits
                .iter_mut()
                .zip(right)
                .for_each(|(hits, right)| *hits += right);
            if sum == size || sum == 4 * size {
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

/// Attacks `runs` surveys.
async fn attacked(t: &mut World, runs: u64) -> Found {
    let (mut dice, mut found) = (Dice(17), Found::default());
    for n in 0..runs {
        let mut run = Run::start(t, n, &mut dice).await;
        run.play(t, &mut dice).await;
        run.attack(&mut dice, &mut found);
    }
    println!("{runs} runs: {found:?}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_answers_are_guessed_no_better_than_a_strangers() {
    let runs = Cell::new(RUNS);
    in_steps(async |mut t| {
        let runs = runs.replace(FEWER) as i64;
        let found = attacked(&mut t, runs as u64).await;
        assert_eq!(found.solved, 0);
        assert!(
            found.seen * 10 > runs * 9,
            "the persons are in no figure: the test would prove nothing"
        );
        // Four standard deviations of the difference of two numbers of hits, at most.
        let chance = 4.0 * (2.0 * 9.0 * runs as f64 / 4.0).sqrt();
        let [person, stranger, _] = found.hits;
        assert!(((person - stranger) as f64) < chance, "{found:?}");
        // Of five people who answer by chance, all give the lowest or the highest score twice in 4^5 times.
        let alike = 9.0 * runs as f64 * 2.0 / 1024.0;
        assert!((found.alike[0] as f64) < alike + 4.0 * alike.sqrt(), "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attacker_succeeds_where_figures_follow_each_response() {
    on_each_database(async |mut t| {
        let found = attacked(&mut t, PLAYS.len() as u64).await;
        assert!(
            found.solved >= PLAYS.len() as i64 - 1,
            "the attack is too weak to prove anything: {found:?}"
        );
    })
    .await;
}
