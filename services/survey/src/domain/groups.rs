//! Figures by group of respondents: what one dimension of the profile shows, and what it withholds.

use std::collections::BTreeMap;

use super::suppression;
use super::tally::Tally;

/// Sums of a group of responses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// Responses.
    pub respondents: i64,
    /// Answers per element asked, in the survey's order.
    pub elements: Vec<Tally>,
}

impl Sums {
    /// The sums of nobody, in a survey that asks this many elements.
    pub fn none(elements: usize) -> Self {
        Self {
            respondents: 0,
            elements: vec![Tally::default(); elements],
        }
    }

    /// Adds one response: one digit per element, any other character where there is no answer.
    pub fn add(&mut self, answers: &str) {
        self.respondents += 1;
        self.each(answers, Tally::add);
    }

    /// Takes away a response that was added.
    pub fn remove(&mut self, answers: &str) {
        self.respondents -= 1;
        self.each(answers, Tally::subtract);
    }

    /// Takes away the responses of other sums.
    pub fn subtract(&mut self, other: &Self) {
        self.respondents -= other.respondents;
        for (tally, less) in self.elements.iter_mut().zip(&other.elements) {
            tally.subtract(less);
        }
    }

    fn each(&mut self, answers: &str, apply: impl Fn(&mut Tally, &Tally)) {
        for (tally, answer) in self.elements.iter_mut().zip(answers.bytes()) {
            if answer.is_ascii_digit() {
                apply(tally, &Tally::of(answer - b'0'));
            }
        }
    }
}

/// Sums that move in steps: with n responses they have the first `step` times `n / step` of them, in order of arrival.
/// A step of 1 has all.
#[derive(Debug, Clone)]
pub struct Stepped {
    step: i64,
    sums: Sums,
    /// The last arrivals, fewer than a step: by version of the survey and id.
    latest: BTreeMap<(i64, String), String>,
}

impl Stepped {
    /// Nobody yet; `step` is at least 1.
    pub fn none(elements: usize, step: i64) -> Self {
        Self {
            step: step.max(1),
            sums: Sums::none(elements),
            latest: BTreeMap::new(),
        }
    }

    /// Adds a response that arrived with this version of the survey.
    pub fn add(&mut self, version: i64, id: &str, answers: &str) {
        self.sums.add(answers);
        let room = usize::try_from(self.step - 1).unwrap_or(usize::MAX);
        let full = self.latest.len() >= room;
        let later = |((v, i), _): (&(i64, String), &String)| (*v, i.as_str()) < (version, id);
        if room > 0 && (!full || self.latest.first_key_value().is_some_and(later)) {
            if full {
                self.latest.pop_first();
            }
            self.latest.insert((version, id.to_owned()), answers.to_owned());
        }
    }

    /// The sums of whole steps.
    pub fn sums(&self) -> Sums {
        let waiting = usize::try_from(self.sums.respondents % self.step).unwrap_or(0);
        let mut sums = self.sums.clone();
        for answers in self.latest.values().rev().take(waiting) {
            sums.remove(answers);
        }
        sums
    }
}

/// One group of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Code; empty for those who did not say.
    pub key: String,
    /// Its sums; none when they are withheld.
    pub sums: Option<Sums>,
    /// Elements that are withheld, in the survey's order; all when the sums are.
    pub withheld: Vec<bool>,
}

/// What a dimension shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// Groups with respondents, in the order of their codes, those who did not say last. Which there are is told only
    /// where one of them is shown, and while a survey is open only of those that are.
    pub groups: Vec<Group>,
    /// Whether there are respondents whom no group shown covers.
    pub incomplete: bool,
}

/// Chooses what to show of `groups`, by code. `codes` has every code that can occur, in order; others come after.
/// `total` has the sums of all respondents, which the reader is taken to know; `minimum` is the least cell. While the
/// survey is `open`, groups may lag behind the total, and what they lag by is a cell that can be read from the rest.
pub fn publish(
    codes: &[&str],
    groups: &BTreeMap<String, Sums>,
    total: &Sums,
    minimum: i64,
    open: bool,
) -> Dimension {
    let nobody = Sums::none(total.elements.len());
    let further = groups
        .keys()
        .map(String::as_str)
        .filter(|k| !k.is_empty() && !codes.contains(k));
    let keys: Vec<&str> = codes.iter().copied().chain(further).chain([""]).collect();
    let mut cells: Vec<&Sums> = keys
        .iter()
        .map(|key| groups.get(*key).unwrap_or(&nobody))
        .collect();
    let mut waiting = total.clone();
    for sums in &cells {
        waiting.subtract(sums);
    }
    if open {
        cells.push(&waiting);
    }
    let people: Vec<i64> = cells.iter().map(|sums| sums.respondents).collect();
    let hidden = suppression::cells(&people, minimum);
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
    let anything = people.iter().zip(&hidden).any(|(n, hidden)| *n > 0 && !hidden);
    let groups = keys.iter().zip(&cells).zip(hidden).zip(elements);
    let shown = groups
        .filter(|(((_, sums), hidden), _)| anything && sums.respondents > 0 && !(open && *hidden))
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
    fn groups_come_in_the_order_of_their_codes_and_those_who_did_not_say_last() {
        let (groups, total) = table(&[
            ("", sums(&["44"; 6])),
            ("P", sums(&["44"; 7])),
            ("X", sums(&["44"; 5])),
            ("L", sums(&["4-"; 9])),
        ]);
        let dimension = publish(&["L", "P"], &groups, &total, 5, false);
        assert_eq!(shown(&dimension), [("L", 9), ("P", 7), ("X", 5), ("", 6)]);
        assert!(!dimension.incomplete);
    }

    #[test]
    fn a_closed_survey_names_what_is_withheld_while_something_is_shown() {
        let (groups, total) = table(&[
            ("L", sums(&["44"; 90])),
            ("P", sums(&["44"; 7])),
            ("", sums(&["44"; 2])),
        ]);
        let dimension = publish(&["L", "P"], &groups, &total, 5, false);
        assert_eq!(shown(&dimension), [("L", 90), ("P", -1), ("", -1)]);
        assert!(dimension.incomplete);
        let (groups, total) = table(&[("L", sums(&["44"; 90])), ("", sums(&["44"; 2]))]);
        let dimension = publish(&["L", "P"], &groups, &total, 5, false);
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
        let dimension = publish(&["L", "P"], &groups, &total, 5, false);
        let withheld: Vec<&[bool]> = dimension.groups.iter().map(|g| g.withheld.as_slice()).collect();
        assert_eq!(withheld, [[false, false], [false, true], [false, true]]);
    }

    #[test]
    fn what_an_open_survey_keeps_back_is_a_cell_of_its_own() {
        let (groups, mut total) = table(&[("L", sums(&["44"; 90])), ("P", sums(&["44"; 20]))]);
        total.add("11");
        let dimension = publish(&["L", "P"], &groups, &total, 5, true);
        assert_eq!(
            shown(&dimension),
            [("L", 90)],
            "one person alone is what all others leave over"
        );
        (0..4).for_each(|_| total.add("11"));
        let dimension = publish(&["L", "P"], &groups, &total, 5, true);
        assert_eq!(shown(&dimension), [("L", 90), ("P", 20)]);
        assert!(dimension.incomplete);
    }

    proptest! {
        #[test]
        fn a_group_moves_by_whole_steps_whatever_the_order_read(
            (rows, shuffled) in prop::collection::vec((0..9i64, "[1-4]{2}"), 0..40)
                .prop_map(|rows| rows.into_iter().enumerate().collect::<Vec<_>>())
                .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
            step in 1..7i64,
        ) {
            let fold = |rows: &[(usize, (i64, String))]| {
                let mut stepped = Stepped::none(2, step);
                for (id, (version, answers)) in rows {
                    stepped.add(*version, &format!("{id:02}"), answers);
                }
                stepped.sums()
            };
            let mut ordered = rows;
            ordered.sort_by_key(|(id, (version, _))| (*version, *id));
            let whole = ordered.len() - ordered.len() % step as usize;
            let mut expected = Sums::none(2);
            ordered.iter().take(whole).for_each(|(_, (_, answers))| expected.add(answers));
            prop_assert_eq!(fold(&shuffled), expected);
        }

        #[test]
        fn groups_and_what_is_withheld_make_the_total(
            people in prop::collection::vec((prop::sample::select(vec!["L", "P", ""]), "[1-4-]{2}"), 0..80),
            minimum in 1..8i64,
        ) {
            let mut groups: BTreeMap<String, Sums> = BTreeMap::new();
            let mut total = Sums::none(2);
            for (key, answers) in &people {
                groups.entry((*key).to_owned()).or_insert_with(|| Sums::none(2)).add(answers);
                total.add(answers);
            }
            let dimension = publish(&["L", "P"], &groups, &total, minimum, false);
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
