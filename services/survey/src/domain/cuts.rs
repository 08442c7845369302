//! Figures per group while a survey is open: each has the first members of its group, up to a cut. Which cuts may be shown beside
//! the totals is decided once, when the group is large enough, by what came before. So a cut that was shown stays.
//!
//! Figures are equations: between two totals (or before one) other people came than between two cuts of the groups. When these
//! are few, whoever knows all of them but one computes the last one. So no difference of two totals may differ from any sum of
//! differences of cuts by fewer people than the minimum, unless both have the same people.

use super::people::{self, DIMENSIONS, People};
use super::release::Total;

/// How far cuts are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distances {
    /// People between two cuts of a group, at least.
    pub step: usize,
    /// Members of a group who are left behind its last cut, so that closing the survey adds no fewer.
    pub lag: usize,
    /// People by whom any two figures differ, at least, when they differ.
    pub minimum: usize,
}

/// A group of a dimension.
#[derive(Debug, Clone, Default)]
struct Group {
    /// The places of its members in the order of all, in order.
    members: Vec<usize>,
    /// Number of members at each of its cuts; the first one is 0.
    cuts: Vec<usize>,
    /// Members of whom it was decided whether the cut after each is shown.
    decided: usize,
}

impl Group {
    /// Its members among the first `people`.
    fn among(&self, people: usize) -> usize {
        self.members.partition_point(|place| *place < people)
    }

    /// The distance of a number of members to the nearest cut.
    fn off(&self, members: usize) -> usize {
        let next = self.cuts.partition_point(|cut| *cut < members);
        let around = self
            .cuts
            .get(next.saturating_sub(1)..(next + 1).min(self.cuts.len()));
        let around = around.into_iter().flatten();
        around.map(|cut| cut.abs_diff(members)).min().unwrap_or(members)
    }
}

/// The people in the figures of groups that may be shown beside these totals, which are in order: each with the groups that have
/// the person.
pub fn within(
    people: &People,
    totals: &[Total],
    distances: &Distances,
) -> Vec<(usize, [people::Group; DIMENSIONS])> {
    let table = Table::of(people, totals, distances).filled();
    let mut left: [Vec<usize>; DIMENSIONS] = Default::default();
    for (left, groups) in left.iter_mut().zip(&table.groups) {
        left.extend(
            groups
                .iter()
                .map(|group| group.cuts.last().copied().unwrap_or_default()),
        );
    }
    let order = people.order(false).into_iter();
    let within = order.map(|place| {
        let mut groups = people.groups(place);
        for (group, left) in groups.iter_mut().zip(&mut left) {
            let left = group.and_then(|group| left.get_mut(usize::try_from(group).ok()?));
            match left.filter(|left| **left > 0) {
                Some(left) => *left -= 1,
                None => *group = None,
            }
        }
        (place, groups)
    });
    within.collect()
}

struct Table<'a> {
    totals: Vec<Total>,
    distances: &'a Distances,
    groups: [Vec<Group>; DIMENSIONS],
    /// Groups by the order of their codes, which does not depend on who comes later.
    order: [Vec<usize>; DIMENSIONS],
    /// Of each person in order the group, and the number of its members up to that person.
    ranks: [Vec<Option<(usize, usize)>>; DIMENSIONS],
    /// The places of those who are in no group.
    strangers: Vec<usize>,
    /// Most people who are missing in a total, nobody knows who.
    missing: usize,
}

impl<'a> Table<'a> {
    fn of(people: &People, totals: &[Total], distances: &'a Distances) -> Self {
        let order = people.order(false);
        let mut groups: [Vec<Group>; DIMENSIONS] = Default::default();
        let mut ranks: [Vec<Option<(usize, usize)>>; DIMENSIONS] = Default::default();
        let mut codes: [Vec<usize>; DIMENSIONS] = Default::default();
        for (dimension, (groups, codes)) in groups.iter_mut().zip(&mut codes).enumerate() {
            let known = people.codes(dimension);
            let none = Group {
                cuts: vec![0],
                ..Group::default()
            };
            groups.resize(known.len(), none);
            codes.extend(
                known
                    .into_iter()
                    .filter_map(|(_, group)| usize::try_from(group).ok()),
            );
        }
        let mut strangers = Vec::new();
        for (at, place) in order.iter().enumerate() {
            let of = people.groups(*place);
            if of.iter().all(Option::is_none) {
                strangers.push(at);
            }
            for ((groups, ranks), group) in groups.iter_mut().zip(&mut ranks).zip(of) {
                let group = group.and_then(|group| usize::try_from(group).ok());
                let members = group.and_then(|group| groups.get_mut(group)).map(|group| {
                    group.members.push(at);
                    group.members.len()
                });
                ranks.push(group.zip(members));
            }
        }
        let known = totals.iter().filter(|total| total.own <= order.len());
        let totals: Vec<Total> = known.copied().collect();
        let missing = totals.iter().map(|total| total.missing).max();
        Self {
            missing: missing.unwrap_or_default(),
            totals,
            distances,
            groups,
            order: codes,
            ranks,
            strangers,
        }
    }

    fn group(&self, dimension: usize, group: usize) -> Option<&Group> {
        self.groups.get(dimension)?.get(group)
    }

    fn filled(mut self) -> Self {
        for now in 0..self.totals.len() {
            for dimension in 0..DIMENSIONS {
                let order = self.order.get(dimension).cloned().unwrap_or_default();
                for group in order {
                    self.decide(now, dimension, group);
                }
            }
        }
        self
    }

    /// Decides which cut of a group is shown from this total on.
    fn decide(&mut self, now: usize, dimension: usize, at: usize) {
        let Some((group, total)) = self.group(dimension, at).zip(self.totals.get(now)) else {
            return;
        };
        let due = group.among(total.own).saturating_sub(self.distances.lag);
        let last = group.cuts.last().copied().unwrap_or_default();
        let from = (last + self.distances.step).max(group.decided + 1);
        let cut = (from..=due).rev().find(|cut| {
            self.is_apart_from_totals(now, (dimension, at), *cut)
                && self.is_apart_from_groups((dimension, at), *cut)
        });
        let group = self
            .groups
            .get_mut(dimension)
            .and_then(|groups| groups.get_mut(at));
        if let Some(group) = group {
            group.decided = group.decided.max(due);
            group.cuts.extend(cut);
        }
    }

    /// Whether the figures with this cut are no sum of groups that is near to a difference of two of the totals up to `now`.
    fn is_apart_from_totals(&self, now: usize, (dimension, at): (usize, usize), cut: usize) -> bool {
        let Some(group) = self.group(dimension, at) else {
            return false;
        };
        let near = self.distances.minimum + self.missing;
        // Only totals at which the group had about as many members.
        let first = match cut.checked_sub(near).and_then(|n| group.members.get(n)) {
            Some(place) => self.totals.partition_point(|total| total.own <= *place),
            None => 0,
        };
        let mut ends = self.totals.iter().enumerate().take(now + 1).skip(first);
        let past = |total: &Total| {
            group
                .members
                .get(cut + near)
                .is_some_and(|place| total.own > *place)
        };
        !ends
            .by_ref()
            .take_while(|(_, end)| !past(end))
            .any(|(number, end)| self.is_near_at(number, end, (dimension, at), cut))
    }

    /// Whether the figures with this cut are near to what came between any total before and this one, the `end`.
    fn is_near_at(&self, number: usize, end: &Total, (dimension, at): (usize, usize), cut: usize) -> bool {
        let groups = self.groups.get(dimension).into_iter().flatten();
        let Some(group) = self.group(dimension, at) else {
            return false;
        };
        let least = self.distances.minimum + end.missing;
        let off = group.among(end.own).abs_diff(cut);
        let others: Vec<(&Group, usize, usize)> = groups
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, other)| {
                let members = other.among(end.own);
                (other, members, other.off(members))
            })
            .collect();
        let strangers = self.strangers(end.own);
        let all = off + end.link + strangers + others.iter().map(|(_, _, off)| off).sum::<usize>();
        if all < least {
            // With everyone in the end it is near, or the same. If it is the same, every total before is apart as the cuts are.
            return all > 0 || !end.is_exact();
        }
        let before = self.totals.iter().take(number).rev();
        for begin in before {
            let fixed = off + end.link.saturating_sub(begin.link) + strangers - self.strangers(begin.own);
            // The people in whom both differ; and as many at least, the longer ago it began.
            let (mut differ, mut bound) = (fixed, fixed);
            for (other, members, off) in &others {
                let before = other.among(begin.own);
                let came = members - before;
                bound += came.min(*off);
                differ += came.min(*off + other.off(before));
            }
            if bound >= least + self.missing {
                return false;
            }
            let apart = differ + group.off(group.among(begin.own));
            let exact = end.is_exact() && begin.is_exact();
            if apart < least + begin.missing && !(apart == 0 && exact) {
                return true;
            }
        }
        false
    }

    /// Number of the first `people` who are in no group.
    fn strangers(&self, people: usize) -> usize {
        self.strangers.partition_point(|place| *place < people)
    }

    /// Whether no figure of a group of another dimension is of nearly the same people.
    fn is_apart_from_groups(&self, (dimension, at): (usize, usize), cut: usize) -> bool {
        let least = self.distances.minimum;
        let others = self
            .groups
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != dimension);
        for (other, groups) in others {
            for (number, group) in groups.iter().enumerate() {
                let near = group
                    .cuts
                    .iter()
                    .filter(|near| **near > 0 && near.abs_diff(cut) < least);
                for near in near {
                    let apart = self.apart((dimension, at, cut), (other, number, *near));
                    if apart > 0 && apart < least {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Number of people in whom two figures of groups of two dimensions differ, or the minimum if there are no fewer.
    fn apart(
        &self,
        (dimension, at, cut): (usize, usize, usize),
        (other, number, near): (usize, usize, usize),
    ) -> usize {
        let Some((group, ranks)) = self.group(dimension, at).zip(self.ranks.get(other)) else {
            return self.distances.minimum;
        };
        let members = group.members.iter().take(cut);
        let is_in_both = |place: &&usize| {
            let rank = ranks.get(**place).copied().flatten();
            rank.is_some_and(|(group, rank)| group == number && rank <= near)
        };
        let only = members
            .filter(|place| !is_in_both(place))
            .take(self.distances.minimum)
            .count();
        // Those in both are all members but these.
        only + near.abs_diff(cut - only.min(cut))
    }
}

#[cfg(test)]
#[path = "cuts_tests.rs"]
mod tests;
