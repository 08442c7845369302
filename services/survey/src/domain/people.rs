//! The people behind the figures of a survey in the order in which they came into its totals, and their groups.

use std::collections::{BTreeMap, HashMap};

use super::groups::Sums;

/// Number of dimensions: the fields of the profile, and the public service.
pub const DIMENSIONS: usize = 7;

/// In which order someone came into the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// With those who can send one response.
    Own,
    /// With these, after an operator accepted the response, which came through the open link.
    Accepted,
    /// With those who came through the open link.
    Link,
}

/// A group of a dimension, as the place of its code among those that occur; `None` of someone who is in no group.
pub type Group = Option<u32>;

#[derive(Debug, Clone)]
struct Person {
    /// Version of the survey under which the response was stored.
    batch: i64,
    queue: Queue,
    groups: [Group; DIMENSIONS],
}

/// The people of a survey. A response takes about 80 bytes and one for each element.
#[derive(Debug, Clone, Default)]
pub struct People {
    elements: usize,
    /// In the order of their ids.
    people: Vec<Person>,
    /// One character for each element of each.
    answers: String,
    codes: [HashMap<String, u32>; DIMENSIONS],
}

impl People {
    /// Nobody, in a survey that asks this many elements.
    pub fn none(elements: usize) -> Self {
        Self {
            elements,
            ..Self::default()
        }
    }

    /// Adds the next one in the order of ids, whose response was stored under this version of the survey, with the code of each
    /// dimension, and answers of one character per element.
    pub fn add(&mut self, (batch, queue): (i64, Queue), codes: [&str; DIMENSIONS], answers: &str) {
        let mut groups = [None; DIMENSIONS];
        for ((group, known), code) in groups.iter_mut().zip(&mut self.codes).zip(codes) {
            *group = known.get(code).copied().or_else(|| {
                let place = u32::try_from(known.len()).ok()?;
                known.insert(code.to_owned(), place);
                Some(place)
            });
        }
        self.push(batch, queue, groups, answers);
    }

    /// Adds the next one, who is in the totals and in no group.
    pub fn add_stranger(&mut self, (batch, queue): (i64, Queue)) {
        self.push(batch, queue, [None; DIMENSIONS], "");
    }

    fn push(&mut self, batch: i64, queue: Queue, groups: [Group; DIMENSIONS], answers: &str) {
        self.people.push(Person { batch, queue, groups });
        let given = answers.chars().filter(char::is_ascii);
        self.answers
            .extend(given.chain(std::iter::repeat('-')).take(self.elements));
    }

    /// Those of one queue, as places, in the order in which they came into the totals. Those whom an operator accepted are in
    /// that of their own.
    pub fn order(&self, link: bool) -> Vec<usize> {
        let of = |person: &Person| (person.queue == Queue::Link) == link;
        let places = self.people.iter().enumerate();
        let places = places.filter(|(_, person)| of(person));
        let mut order: Vec<(i64, Queue, usize)> = places
            .map(|(place, person)| (person.batch, person.queue, place))
            .collect();
        order.sort_unstable();
        order.into_iter().map(|(_, _, place)| place).collect()
    }

    /// The groups of the one at a place.
    pub fn groups(&self, place: usize) -> [Group; DIMENSIONS] {
        self.people
            .get(place)
            .map_or([None; DIMENSIONS], |person| person.groups)
    }

    /// The codes of a dimension that occur, in alphabetical order, with their groups.
    pub fn codes(&self, dimension: usize) -> Vec<(&str, u32)> {
        let codes = self.codes.get(dimension).into_iter().flatten();
        let mut codes: Vec<(&str, u32)> = codes.map(|(code, group)| (code.as_str(), *group)).collect();
        codes.sort_unstable();
        codes
    }

    /// The sums of these people by group of each dimension.
    pub fn sums(
        &self,
        people: impl Iterator<Item = (usize, [Group; DIMENSIONS])>,
    ) -> [BTreeMap<String, Sums>; DIMENSIONS] {
        let mut sums = self
            .codes
            .each_ref()
            .map(|codes| vec![Sums::none(self.elements); codes.len()]);
        for (place, groups) in people {
            let from = place * self.elements;
            let answers = self.answers.get(from..from + self.elements).unwrap_or_default();
            for (sums, group) in sums.iter_mut().zip(groups) {
                let group = group.and_then(|group| usize::try_from(group).ok());
                if let Some(sums) = group.and_then(|group| sums.get_mut(group)) {
                    sums.add(answers);
                }
            }
        }
        let mut named: [BTreeMap<String, Sums>; DIMENSIONS] = Default::default();
        for ((named, codes), sums) in named.iter_mut().zip(&self.codes).zip(sums) {
            for (code, group) in codes {
                let sums = usize::try_from(*group).ok().and_then(|group| sums.get(group));
                if let Some(sums) = sums.filter(|sums| sums.respondents > 0) {
                    named.insert(code.clone(), sums.clone());
                }
            }
        }
        named
    }

    /// Everyone with the groups of each.
    pub fn all(&self) -> impl Iterator<Item = (usize, [Group; DIMENSIONS])> {
        let people = self.people.iter().enumerate();
        people.map(|(place, person)| (place, person.groups))
    }
}
