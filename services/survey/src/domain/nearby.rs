//! Figures per group of a closed survey, which has everyone in them: groups are withheld when a sum of them is nearly a total that
//! was shown while the survey was open, or nearly a sum of groups of another dimension. The difference would be an equation
//! between few people, of whom those who know all but one compute the last one.

use super::people::{DIMENSIONS, People};
use super::release::Total;

/// The cells of a dimension: the groups that are shown, and last everyone else in the total, whom a reader computes.
struct Cells {
    /// Groups that are shown, by cell.
    shown: Vec<u32>,
    /// The cell of each person; `None` of someone who is not in the total any more.
    of: Vec<Option<usize>>,
    /// People of each.
    sizes: Vec<usize>,
    /// The places of its people in both orders.
    orders: [Vec<Vec<usize>>; 2],
    /// The places of those who are not in the total any more.
    strangers: [Vec<usize>; 2],
}

fn among(places: &[usize], people: usize) -> usize {
    places.partition_point(|place| *place < people)
}

impl Cells {
    fn of(people: &People, in_order: &[Vec<usize>; 2], dimension: usize, shown: Vec<u32>) -> Self {
        let cell = |place: usize| {
            let group = people.groups(place).get(dimension).copied().flatten()?;
            Some(
                shown
                    .iter()
                    .position(|shown| *shown == group)
                    .unwrap_or(shown.len()),
            )
        };
        let count = shown.len() + 1;
        let mut cells = Self {
            of: people.all().map(|(place, _)| cell(place)).collect(),
            sizes: vec![0; count],
            orders: [vec![Vec::new(); count], vec![Vec::new(); count]],
            strangers: Default::default(),
            shown,
        };
        let orders = cells.orders.iter_mut().zip(&mut cells.strangers);
        for (places, (order, strangers)) in in_order.iter().zip(orders) {
            for (at, place) in places.iter().enumerate() {
                let cell = cells.of.get(*place).copied().flatten();
                match cell.and_then(|cell| order.get_mut(cell)) {
                    Some(places) => places.push(at),
                    None => strangers.push(at),
                }
                if let Some(size) = cell.and_then(|cell| cells.sizes.get_mut(cell)) {
                    *size += 1;
                }
            }
        }
        cells
    }

    /// For each cell, how many of its people are surely in a total, and how many are surely not.
    fn split(&self, total: &Total) -> Vec<(usize, usize)> {
        let counts = [total.own, total.link];
        let cells = 0..self.sizes.len();
        let split = cells.map(|cell| {
            let (mut inside, mut outside) = (0, 0);
            for (order, count) in self.orders.iter().zip(counts) {
                let places = order.get(cell).map(Vec::as_slice).unwrap_or_default();
                inside += among(places, count.saturating_sub(total.fewer));
                outside += places.len() - among(places, count);
            }
            (inside, outside)
        });
        split.collect()
    }

    /// Which of these groups to withhold: that in `parts` which is shown, or the smallest one that is shown.
    fn choose(&self, parts: impl Iterator<Item = usize>) -> Option<u32> {
        let size = |cell: &usize| self.sizes.get(*cell).copied();
        let smallest = || (0..self.shown.len()).min_by_key(size);
        let part = parts.filter(|cell| *cell < self.shown.len()).min_by_key(size);
        part.or_else(smallest)
            .and_then(|cell| self.shown.get(cell).copied())
    }

    /// The least number of people in whom a sum of cells and this total differ, with the cells of which each has a part.
    fn apart(&self, total: &Total) -> (usize, Vec<usize>) {
        let split = self.split(total);
        let cells = || {
            split
                .iter()
                .zip(&self.sizes)
                .enumerate()
                .filter(|(_, (_, size))| **size > 0)
        };
        let mut parts: Vec<usize> = cells()
            .filter(|(_, ((inside, outside), _))| *inside > 0 && *outside > 0)
            .map(|(cell, _)| cell)
            .collect();
        let strangers = self.strangers.iter().zip([total.own, total.link]);
        let strangers = strangers.map(|(places, count)| among(places, count.saturating_sub(total.fewer)));
        let mut apart: usize = strangers.sum();
        apart += split
            .iter()
            .map(|(inside, outside)| inside.min(outside))
            .sum::<usize>();
        // The sum of no cells is no figure, and that of all is the total itself.
        let is_in = |(inside, outside): &(usize, usize)| inside > outside;
        let is_out = |(inside, outside): &(usize, usize)| inside < outside;
        if cells().all(|(_, (split, _))| is_in(split)) || cells().all(|(_, (split, _))| is_out(split)) {
            let flips = cells().map(|(cell, ((inside, outside), _))| (inside.abs_diff(*outside), cell));
            let (flip, cell) = flips.min().unwrap_or_default();
            apart += flip;
            parts.push(cell);
        }
        (apart, parts)
    }

    /// A group to withhold, because a sum of cells is near to one of these totals.
    fn near_total(&self, totals: &[Total], minimum: usize) -> Option<u32> {
        let missing = totals.iter().map(|total| total.missing).max().unwrap_or_default();
        // A total that differs from one by few people is no nearer than that less these people.
        let mut apart_at: Option<(Total, usize)> = None;
        for total in totals {
            if let Some((last, apart)) = apart_at {
                let moved = total.own.abs_diff(last.own)
                    + total.link.abs_diff(last.link)
                    + 2 * total.fewer.abs_diff(last.fewer);
                if apart >= minimum + missing + moved {
                    continue;
                }
            }
            let (apart, parts) = self.apart(total);
            if apart < minimum + total.missing && !(apart == 0 && total.is_exact()) {
                return self.choose(parts.into_iter());
            }
            apart_at = Some((*total, apart));
        }
        None
    }

    /// A group to withhold, because it, or everyone else, is nearly a sum of cells of another dimension.
    fn near_cells(&self, other: &Self, minimum: usize) -> Option<u32> {
        let width = other.sizes.len();
        let mut both = vec![0_usize; self.sizes.len() * width];
        for (cell, of_other) in self.of.iter().zip(&other.of) {
            let cell = cell
                .zip(*of_other)
                .map(|(cell, of_other)| cell * width + of_other);
            if let Some(count) = cell.and_then(|cell| both.get_mut(cell)) {
                *count += 1;
            }
        }
        let near = both.chunks(width).position(|row| {
            let each = row.iter().zip(&other.sizes);
            let apart: usize = each.map(|(both, size)| (*both).min(size - both)).sum();
            apart > 0 && apart < minimum
        });
        near.and_then(|cell| self.choose(std::iter::once(cell)))
    }
}

/// The next group to withhold, with its dimension; `None` when the groups that are `shown` in each dimension can be shown together,
/// beside these totals of before.
pub fn next_withheld(
    people: &People,
    totals: &[Total],
    shown: &[Vec<u32>; DIMENSIONS],
    minimum: usize,
) -> Option<(usize, u32)> {
    let in_order = [false, true].map(|link| people.order(link));
    let shown = shown.iter().enumerate().filter(|(_, groups)| !groups.is_empty());
    let cells: Vec<(usize, Cells)> = shown
        .map(|(dimension, groups)| (dimension, Cells::of(people, &in_order, dimension, groups.clone())))
        .collect();
    for (dimension, own) in &cells {
        let others = || cells.iter().filter(|(other, _)| other != dimension);
        let near_cells = || others().find_map(|(_, other)| own.near_cells(other, minimum));
        if let Some(group) = own.near_total(totals, minimum).or_else(near_cells) {
            return Some((*dimension, group));
        }
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::{
        groups::{Limits, Sums, publish},
        people::Queue,
    };

    /// The codes of the groups of each dimension that are shown of these people of a closed survey, beside these totals.
    pub fn shown_beside(people: &People, totals: &[Total]) -> [BTreeSet<String>; DIMENSIONS] {
        let sums = people.sums(people.all());
        let mut withheld: [BTreeSet<String>; DIMENSIONS] = Default::default();
        let present = people
            .all()
            .filter(|(_, groups)| groups.iter().any(Option::is_some));
        let all = Sums {
            respondents: i64::try_from(present.count()).unwrap(),
            ..Sums::none(1)
        };
        loop {
            let shown: [BTreeSet<String>; DIMENSIONS] = std::array::from_fn(|at| {
                let limits = Limits {
                    minimum: 5,
                    open: false,
                    changed: &BTreeMap::new(),
                    changed_minimum: 5,
                    withheld: &withheld[at],
                };
                let groups = publish(&[], &sums[at], &all, limits).groups.into_iter();
                groups
                    .filter(|group| group.sums.is_some())
                    .map(|group| group.key)
                    .collect()
            });
            let groups: [Vec<u32>; DIMENSIONS] = std::array::from_fn(|at| {
                let codes = people
                    .codes(at)
                    .into_iter()
                    .filter(|(code, _)| shown[at].contains(*code));
                codes.map(|(_, group)| group).collect()
            });
            let Some((at, group)) = next_withheld(people, totals, &groups, 5) else {
                return shown;
            };
            let code = people
                .codes(at)
                .into_iter()
                .find(|(_, known)| *known == group)
                .unwrap()
                .0;
            assert!(
                withheld[at].insert(code.to_owned()),
                "{code} was withheld already"
            );
        }
    }

    /// People in order, each with a code of two dimensions.
    fn people(codes: impl Iterator<Item = [&'static str; 2]>) -> People {
        let mut people = People::none(1);
        for (at, [one, two]) in (0..).zip(codes) {
            people.add((at, Queue::Own), [one, two, "", "", "", "", ""], "4");
        }
        people
    }

    fn total(own: usize) -> Total {
        Total {
            own,
            link: 0,
            missing: 0,
            fewer: 0,
        }
    }

    fn codes(shown: &BTreeSet<String>) -> Vec<&str> {
        shown.iter().map(String::as_str).collect()
    }

    #[test]
    fn groups_that_are_nearly_the_people_of_a_total_are_withheld() {
        // Of the first thirty all but one are of A, and then all but one are of B.
        let blocks = |at: usize| if (at < 30) == (at % 20 == 7) { "B" } else { "A" };
        let all = people((0..60).map(|at| [blocks(at), "A"]));
        assert_eq!(codes(&shown_beside(&all, &[total(20), total(40)])[0]), ["A", "B"]);
        assert_eq!(codes(&shown_beside(&all, &[total(30)])[0]), [] as [&str; 0]);
        let exact = people((0..60).map(|at| [if at < 30 { "A" } else { "B" }, "A"]));
        assert_eq!(codes(&shown_beside(&exact, &[total(30)])[0]), ["A", "B"]);
    }

    #[test]
    fn groups_that_are_nearly_the_same_people_are_shown_of_one_dimension() {
        let nearly = |at: usize| match at {
            4 => ["A", "B"],
            5 => ["B", "A"],
            _ => [["A", "A"], ["B", "B"]][at % 2],
        };
        let shown = shown_beside(&people((0..60).map(nearly)), &[]);
        assert_eq!((codes(&shown[0]), codes(&shown[1])), (vec![], vec!["A", "B"]));
        let same = people((0..60).map(|at| [["A", "A"], ["B", "B"]][at % 2]));
        let shown = shown_beside(&same, &[]);
        assert_eq!(
            (codes(&shown[0]), codes(&shown[1])),
            (vec!["A", "B"], vec!["A", "B"])
        );
    }
}
