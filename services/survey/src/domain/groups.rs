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

/// What limits which groups are shown.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// The smallest cell that is shown.
    pub minimum: i64,
    /// While the survey is open, groups may lag behind the total; readers can compute the difference, so it is a cell as well.
    pub open: bool,
    /// The number of people of each group who were added or voided since the survey was closed; a reader who has seen both
    /// figures can compute theirs, so they are cells too.
    pub changed: &'a BTreeMap<String, i64>,
    /// Those are shown with so many people or none.
    pub changed_minimum: i64,
    /// Groups that are not shown beside other figures.
    pub withheld: &'a BTreeSet<String>,
}

/// Chooses which of the `groups` (by code) to show. `codes` has every expected code in order; other codes come after them.
/// `total` has the sums of all respondents, which readers are assumed to know.
pub fn publish(
    codes: &[&str],
    groups: &BTreeMap<String, Sums>,
    total: &Sums,
    limits: Limits<'_>,
) -> Dimension {
    let Limits {
        minimum,
        open,
        changed,
        changed_minimum,
        withheld,
    } = limits;
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
    let mut hidden: Vec<bool> = hidden.iter().zip(moved).map(|(a, b)| *a || b).collect();
    if !withheld.is_empty() {
        let is_withheld = |key: &&str| withheld.contains(*key);
        let keys = keys.iter().map(is_withheld);
        hidden
            .iter_mut()
            .zip(keys)
            .for_each(|(hidden, withheld)| *hidden |= withheld);
        // With others, so that they can't be computed from the total.
        hidden = suppression::answers(&people, &hidden, minimum);
    }
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

    const CLOSED: Limits<'static> = Limits {
        minimum: 5,
        open: false,
        changed: &BTreeMap::new(),
        changed_minimum: 5,
        withheld: &BTreeSet::new(),
    };
    const OPEN: Limits<'static> = Limits { open: true, ..CLOSED };

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
        let dimension = publish(&["L", "P"], &groups, &total, CLOSED);
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
        let dimension = publish(&["L", "P"], &groups, &total, CLOSED);
        assert_eq!(shown(&dimension), [("L", 90), ("P", -1), ("", -1)]);
        assert!(dimension.incomplete);
        let (groups, total) = table(&[("L", sums(&["44"; 90])), ("", sums(&["44"; 2]))]);
        let dimension = publish(&["L", "P"], &groups, &total, CLOSED);
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
        let dimension = publish(&["L", "P"], &groups, &total, CLOSED);
        let withheld: Vec<&[bool]> = dimension.groups.iter().map(|g| g.withheld.as_slice()).collect();
        assert_eq!(withheld, [[false, false], [false, true], [false, true]]);
    }

    #[test]
    fn undisclosed_responses_of_an_open_survey_are_a_cell_of_their_own() {
        let (groups, mut total) = table(&[("L", sums(&["44"; 90])), ("P", sums(&["44"; 20]))]);
        total.add("11");
        let dimension = publish(&["L", "P"], &groups, &total, OPEN);
        assert_eq!(
            shown(&dimension),
            [("L", 90)],
            "the answers of one person would be the total less all groups"
        );
        (0..4).for_each(|_| total.add("11"));
        let dimension = publish(&["L", "P"], &groups, &total, OPEN);
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
            let limits = Limits {
                changed: &changed,
                ..CLOSED
            };
            publish(&["L", "P"], &groups, &total, limits)
        };
        // Six people changed together: two women, whose answers would be the new figures less the old ones.
        assert_eq!(shown(&of(&[("L", 0), ("P", 2), ("", 4)])), []);
        assert_eq!(
            shown(&of(&[("L", 7), ("P", 2), ("", 4)])),
            [("L", 90), ("P", -1), ("", -1)]
        );
        assert_eq!(shown(&of(&[("P", 5)])), [("L", 90), ("P", 40), ("", 20)]);
    }

    #[test]
    fn a_group_that_is_not_shown_beside_other_figures_is_withheld_with_the_smallest_other() {
        let (groups, total) = table(&[
            ("L", sums(&["44"; 90])),
            ("P", sums(&["44"; 40])),
            ("", sums(&["44"; 20])),
        ]);
        let withheld = BTreeSet::from(["L".to_owned()]);
        let limits = Limits {
            withheld: &withheld,
            ..CLOSED
        };
        let dimension = publish(&["L", "P"], &groups, &total, limits);
        assert_eq!(shown(&dimension), [("L", -1), ("P", 40), ("", -1)]);
        assert!(dimension.incomplete);
    }

    proptest! {
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
            let dimension = publish(&["L", "P"], &groups, &total, Limits { minimum, ..CLOSED });
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
