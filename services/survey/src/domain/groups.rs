//! Figures by group of respondents: which figures of a dimension of the profile are shown and which are withheld.

use std::collections::{BTreeMap, BTreeSet};

use super::suppression;
use super::tally::Tally;

/// Sums of a group of responses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// Number of responses.
    pub respondents: i64,
    /// Tally of each element asked, in the survey's order.
    pub elements: Vec<Tally>,
}

impl Sums {
    /// The sums of no responses, in a survey that asks this many elements.
    pub fn none(elements: usize) -> Self {
        Self {
            respondents: 0,
            elements: vec![Tally::default(); elements],
        }
    }

    /// Adds one response, which has a digit per element and any other character where there is no answer.
    pub fn add(&mut self, answers: &str) {
        self.respondents += 1;
        self.for_each_answer(answers, Tally::add);
    }

    /// Removes a response that was added.
    pub fn remove(&mut self, answers: &str) {
        self.respondents -= 1;
        self.for_each_answer(answers, Tally::subtract);
    }

    /// Adds the responses of other sums.
    pub fn merge(&mut self, other: &Self) {
        self.respondents += other.respondents;
        for (tally, more) in self.elements.iter_mut().zip(&other.elements) {
            tally.add(more);
        }
    }

    /// Removes the responses of other sums.
    pub fn subtract(&mut self, other: &Self) {
        self.respondents -= other.respondents;
        for (tally, less) in self.elements.iter_mut().zip(&other.elements) {
            tally.subtract(less);
        }
    }

    fn for_each_answer(&mut self, answers: &str, apply: impl Fn(&mut Tally, &Tally)) {
        for (tally, answer) in self.elements.iter_mut().zip(answers.bytes()) {
            if answer.is_ascii_digit() {
                apply(tally, &Tally::of(answer - b'0'));
            }
        }
    }
}

/// Sums that change in steps: of n responses they contain the first `step * ((n - lag) / step)` in the order of arrival, so
/// that at least `lag` stay for the closing of the survey. With a step of 1 they contain all responses.
#[derive(Debug, Clone)]
pub struct Stepped {
    step: i64,
    lag: i64,
    sums: Sums,
    /// The latest responses, as many as can stay, by version of the survey and id.
    latest: BTreeMap<(i64, String), String>,
}

impl Stepped {
    /// The sums of no responses; `step` is at least 1.
    pub fn none(elements: usize, step: i64, lag: i64) -> Self {
        let step = step.max(1);
        Self {
            step,
            lag: if step == 1 { 0 } else { lag },
            sums: Sums::none(elements),
            latest: BTreeMap::new(),
        }
    }

    /// Adds a response that was stored under this version of the survey.
    pub fn add(&mut self, version: i64, id: &str, answers: &str) {
        self.sums.add(answers);
        let room = usize::try_from(self.step - 1 + self.lag).unwrap_or(usize::MAX);
        let full = self.latest.len() >= room;
        let later = |((v, i), _): (&(i64, String), &String)| (*v, i.as_str()) < (version, id);
        if room > 0 && (!full || self.latest.first_key_value().is_some_and(later)) {
            if full {
                self.latest.pop_first();
            }
            self.latest.insert((version, id.to_owned()), answers.to_owned());
        }
    }

    /// The sums of all whole steps.
    pub fn sums(&self) -> Sums {
        let n = self.sums.respondents;
        let stay = if n < self.lag {
            n
        } else {
            self.lag + (n - self.lag) % self.step
        };
        let stay = usize::try_from(stay).unwrap_or(0);
        let mut sums = self.sums.clone();
        for answers in self.latest.values().rev().take(stay) {
            sums.remove(answers);
        }
        sums
    }
}

/// One group of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Code; empty for respondents who did not state it.
    pub key: String,
    /// Its sums; `None` when they are withheld.
    pub sums: Option<Sums>,
    /// Whether each element is withheld, in the survey's order; all are when the sums are withheld.
    pub withheld: Vec<bool>,
}

/// The published groups of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// Groups with respondents in the order of their codes, those without a code last. The list is empty when no group is
    /// shown, and while a survey is open it has only the groups that are shown.
    pub groups: Vec<Group>,
    /// Whether some respondents are in no group that is shown.
    pub incomplete: bool,
}

/// Chooses which of the `groups` (by code) to show. `codes` has every expected code in order; other codes come after them.
/// `total` has the sums of all respondents, which readers are assumed to know; `minimum` is the smallest cell that is shown.
/// While the survey is `open`, groups may lag behind the total; readers can compute the difference, so it is a cell as well.
/// `changed` has the number of people of each group who were added or voided since the survey was closed; a reader who has
/// seen both figures can compute theirs, so they are cells too, which are shown with `changed_minimum` people or none.
pub fn publish(
    codes: &[&str],
    groups: &BTreeMap<String, Sums>,
    total: &Sums,
    minimum: i64,
    open: bool,
    (changed, changed_minimum): (&BTreeMap<String, i64>, i64),
) -> Dimension {
    let empty = Sums::none(total.elements.len());
    let further = groups.keys().chain(changed.keys());
    let further: BTreeSet<&str> = further.map(String::as_str).collect();
    let further = further
        .into_iter()
        .filter(|k| !k.is_empty() && !codes.contains(k));
    let keys: Vec<&str> = codes.iter().copied().chain(further).chain([""]).collect();
    let mut cells: Vec<&Sums> = keys
        .iter()
        .map(|key| groups.get(*key).unwrap_or(&empty))
        .collect();
    let mut pending = total.clone();
    for sums in &cells {
        pending.subtract(sums);
    }
    if open {
        cells.push(&pending);
    }
    let people: Vec<i64> = cells.iter().map(|sums| sums.respondents).collect();
    let changed: Vec<i64> = keys
        .iter()
        .map(|key| changed.get(*key).copied().unwrap_or_default())
        .chain(cells.iter().skip(keys.len()).map(|_| 0))
        .collect();
    let hidden = suppression::cells(&people, minimum);
    let moved = suppression::cells(&changed, changed_minimum);
    let hidden: Vec<bool> = hidden.iter().zip(moved).map(|(a, b)| *a || b).collect();
    let mut elements: Vec<Vec<bool>> = vec![Vec::new(); cells.len()];
    for at in 0..total.elements.len() {
        let answers: Vec<i64> = cells
            .iter()
            .map(|sums| sums.elements.get(at).map(Tally::answers).unwrap_or_default())
            .collect();
        let withheld = suppression::answers(&answers, &hidden, minimum);
        for (own, withheld) in elements.iter_mut().zip(withheld) {
            own.push(withheld);
        }
    }
    let any_shown = people.iter().zip(&hidden).any(|(n, hidden)| *n > 0 && !hidden);
    let groups = keys.iter().zip(&cells).zip(hidden).zip(elements);
    let shown = groups
        .filter(|(((_, sums), hidden), _)| any_shown && sums.respondents > 0 && !(open && *hidden))
        .map(|(((key, sums), hidden), withheld)| Group {
            key: (*key).to_owned(),
            sums: (!hidden).then(|| (*sums).clone()),
            withheld,
        });
    let groups: Vec<Group> = shown.collect();
    let covered: i64 = groups
        .iter()
        .filter_map(|g| g.sums.as_ref())
        .map(|s| s.respondents)
        .sum();
    Dimension {
        incomplete: covered < total.respondents,
        groups,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sums(respondents: &[&str]) -> Sums {
        let mut sums = Sums::none(2);
        respondents.iter().for_each(|answers| sums.add(answers));
        sums
    }

    fn table(cells: &[(&str, Sums)]) -> (BTreeMap<String, Sums>, Sums) {
        let mut all = Sums::none(2);
        for (_, sums) in cells {
            all.respondents += sums.respondents;
            for (tally, more) in all.elements.iter_mut().zip(&sums.elements) {
                tally.add(more);
            }
        }
        (
            cells.iter().map(|(k, s)| ((*k).to_owned(), s.clone())).collect(),
            all,
        )
    }

    fn shown(dimension: &Dimension) -> Vec<(&str, i64)> {
        let people = |g: &Group| g.sums.as_ref().map_or(-1, |s| s.respondents);
        dimension
            .groups
            .iter()
            .map(|g| (g.key.as_str(), people(g)))
            .collect()
    }

    #[test]
    fn groups_are_in_the_order_of_their_codes_and_the_one_without_a_code_is_last() {
        let (groups, total) = table(&[
            ("", sums(&["44"; 6])),
            ("P", sums(&["44"; 7])),
            ("X", sums(&["44"; 5])),
            ("L", sums(&["4-"; 9])),
        ]);
        let dimension = publish(&["L", "P"], &groups, &total, 5, false, (&BTreeMap::new(), 5));
        assert_eq!(shown(&dimension), [("L", 9), ("P", 7), ("X", 5), ("", 6)]);
        assert!(!dimension.incomplete);
    }

    #[test]
    fn a_closed_survey_lists_withheld_groups_while_another_group_is_shown() {
        let (groups, total) = table(&[
            ("L", sums(&["44"; 90])),
            ("P", sums(&["44"; 7])),
            ("", sums(&["44"; 2])),
        ]);
        let dimension = publish(&["L", "P"], &groups, &total, 5, false, (&BTreeMap::new(), 5));
        assert_eq!(shown(&dimension), [("L", 90), ("P", -1), ("", -1)]);
        assert!(dimension.incomplete);
        let (groups, total) = table(&[("L", sums(&["44"; 90])), ("", sums(&["44"; 2]))]);
        let dimension = publish(&["L", "P"], &groups, &total, 5, false, (&BTreeMap::new(), 5));
        assert_eq!(shown(&dimension), []);
        assert!(dimension.incomplete);
    }

    #[test]
    fn an_element_that_few_of_a_group_answered_is_withheld_there_and_in_another() {
        let few: Vec<&str> = [vec!["4-"; 8], vec!["41"; 2]].concat();
        let (groups, total) = table(&[
            ("L", sums(&["44"; 90])),
            ("P", sums(&few)),
            ("", sums(&["44"; 20])),
        ]);
        let dimension = publish(&["L", "P"], &groups, &total, 5, false, (&BTreeMap::new(), 5));
        let withheld: Vec<&[bool]> = dimension.groups.iter().map(|g| g.withheld.as_slice()).collect();
        assert_eq!(withheld, [[false, false], [false, true], [false, true]]);
    }

    #[test]
    fn undisclosed_responses_of_an_open_survey_are_a_cell_of_their_own() {
        let (groups, mut total) = table(&[("L", sums(&["44"; 90])), ("P", sums(&["44"; 20]))]);
        total.add("11");
        let dimension = publish(&["L", "P"], &groups, &total, 5, true, (&BTreeMap::new(), 5));
        assert_eq!(
            shown(&dimension),
            [("L", 90)],
            "the answers of one person would be the total less all groups"
        );
        (0..4).for_each(|_| total.add("11"));
        let dimension = publish(&["L", "P"], &groups, &total, 5, true, (&BTreeMap::new(), 5));
        assert_eq!(shown(&dimension), [("L", 90), ("P", 20)]);
        assert!(dimension.incomplete);
    }

    #[test]
    fn a_group_that_a_few_people_changed_after_closing_is_withheld_with_another() {
        let (groups, total) = table(&[
            ("L", sums(&["44"; 90])),
            ("P", sums(&["44"; 40])),
            ("", sums(&["44"; 20])),
        ]);
        let of = |changed: &[(&str, i64)]| {
            let changed = changed.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect();
            publish(&["L", "P"], &groups, &total, 5, false, (&changed, 5))
        };
        // Six people changed together: two women, whose answers would be the new figures less the old ones.
        assert_eq!(shown(&of(&[("L", 0), ("P", 2), ("", 4)])), []);
        assert_eq!(
            shown(&of(&[("L", 7), ("P", 2), ("", 4)])),
            [("L", 90), ("P", -1), ("", -1)]
        );
        assert_eq!(shown(&of(&[("P", 5)])), [("L", 90), ("P", 40), ("", 20)]);
    }

    proptest! {
        #[test]
        fn a_group_changes_by_whole_steps_in_any_reading_order(
            (rows, shuffled) in prop::collection::vec((0..9i64, "[1-4]{2}"), 0..40)
                .prop_map(|rows| rows.into_iter().enumerate().collect::<Vec<_>>())
                .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
            step in 1..7i64,
            lag in 0..6i64,
        ) {
            let fold = |rows: &[(usize, (i64, String))]| {
                let mut stepped = Stepped::none(2, step, lag);
                for (id, (version, answers)) in rows {
                    stepped.add(*version, &format!("{id:02}"), answers);
                }
                stepped.sums()
            };
            let mut ordered = rows;
            ordered.sort_by_key(|(id, (version, _))| (*version, *id));
            let lag = if step == 1 { 0 } else { lag as usize };
            let step = step as usize;
            let whole = ordered.len().saturating_sub(lag) / step * step;
            let mut expected = Sums::none(2);
            ordered.iter().take(whole).for_each(|(_, (_, answers))| expected.add(answers));
            prop_assert_eq!(fold(&shuffled), expected);
        }

        #[test]
        fn shown_and_withheld_groups_add_up_to_the_total(
            people in prop::collection::vec((prop::sample::select(vec!["L", "P", ""]), "[1-4-]{2}"), 0..80),
            minimum in 1..8i64,
        ) {
            let mut groups: BTreeMap<String, Sums> = BTreeMap::new();
            let mut total = Sums::none(2);
            for (key, answers) in &people {
                groups.entry((*key).to_owned()).or_insert_with(|| Sums::none(2)).add(answers);
                total.add(answers);
            }
            let dimension = publish(&["L", "P"], &groups, &total, minimum, false, (&BTreeMap::new(), 5));
            let mut rest = total.clone();
            for group in &dimension.groups {
                if let Some(sums) = &group.sums {
                    prop_assert_eq!(Some(sums), groups.get(&group.key));
                    prop_assert!(sums.respondents >= minimum);
                    rest.subtract(sums);
                }
            }
            prop_assert_eq!(dimension.incomplete, rest.respondents > 0);
            prop_assert!(rest.respondents == 0 || rest.respondents >= minimum || dimension.groups.is_empty());
        }
    }
}
