//! What of a survey is in question: the responses of quarantines that are not decided. They are in no figure; the index
//! with them is shown beside the index.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{
    burst::{Arrival, Open, Pattern, bursts},
    flags,
    release::Entry,
    tally::Tally,
};

/// The responses in quarantines that are not decided, and the quarantines that later responses may join.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Questioned {
    /// Number of the last quarantine of the survey; 0 when it had none.
    pub numbered: i64,
    /// Number of responses.
    pub responses: i64,
    /// Tally of their answers per element asked, in the survey's order; empty when there are none.
    pub tallies: Vec<Tally>,
    /// Number of responses of which the index with them is shown.
    pub shown_responses: i64,
    /// Tallies of those.
    pub shown: Vec<Tally>,
    /// Number of responses that were added or removed since then.
    pub moved: i64,
    /// Quarantines that responses may join.
    pub open: Vec<Open>,
}

/// A response that is taken into a quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The response.
    pub entry: Entry,
    /// Number of the quarantine.
    pub number: i64,
    /// Pattern of the quarantine.
    pub pattern: Pattern,
}

/// As stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    numbered: i64,
    responses: i64,
    tallies: Vec<[i64; 6]>,
    shown_responses: i64,
    shown: Vec<[i64; 6]>,
    moved: i64,
    open: Vec<(i64, String, String, i64)>,
}

impl Questioned {
    /// The text to store; empty when the survey never had a quarantine.
    pub fn text(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let counts = |tallies: &[Tally]| tallies.iter().map(|tally| tally.counts).collect();
        let stored = Stored {
            numbered: self.numbered,
            responses: self.responses,
            tallies: counts(&self.tallies),
            shown_responses: self.shown_responses,
            shown: counts(&self.shown),
            moved: self.moved,
            open: self
                .open
                .iter()
                .map(|o| (o.number, o.pattern.as_str().to_owned(), o.key.clone(), o.last))
                .collect(),
        };
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// The stored text; `None` when it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let stored: Stored = serde_json::from_str(text).ok()?;
        let open = stored.open.into_iter().map(|(number, pattern, key, last)| {
            Some(Open {
                number,
                pattern: Pattern::parse(&pattern)?,
                key,
                last,
            })
        });
        let tallies = |counts: Vec<[i64; 6]>| counts.into_iter().map(|counts| Tally { counts }).collect();
        Some(Self {
            numbered: stored.numbered,
            responses: stored.responses,
            tallies: tallies(stored.tallies),
            shown_responses: stored.shown_responses,
            shown: tallies(stored.shown),
            moved: stored.moved,
            open: open.collect::<Option<_>>()?,
        })
    }

    /// Adds one response, its answers as stored.
    pub fn add(&mut self, answers: &str) {
        self.responses += 1;
        self.moved += 1;
        self.each(answers, Tally::add);
    }

    /// Subtracts one response that was decided or voided, its answers as stored.
    pub fn remove(&mut self, answers: &str) {
        self.responses -= 1;
        self.moved += 1;
        self.each(answers, Tally::subtract);
        if self.responses == 0 {
            self.tallies.clear();
        }
    }

    fn each(&mut self, answers: &str, apply: impl Fn(&mut Tally, &Tally)) {
        if self.tallies.len() < answers.len() {
            self.tallies.resize(answers.len(), Tally::default());
        }
        for (tally, answer) in self.tallies.iter_mut().zip(answers.bytes()) {
            if answer.is_ascii_digit() {
                apply(tally, &Tally::of(answer - b'0'));
            }
        }
    }

    /// No response joins this quarantine any more.
    pub fn close(&mut self, number: i64) {
        self.open.retain(|open| open.number != number);
    }

    /// Divides the responses through an open link that are in no disclosed figure yet: into those that stay, in their
    /// order, and those that are taken into quarantines and are in question from now on.
    pub fn take(
        &mut self,
        queue: VecDeque<Entry>,
        rule: &flags::Quarantine,
    ) -> (VecDeque<Entry>, Vec<Taken>) {
        if queue.is_empty() {
            return (queue, Vec::new());
        }
        let mut order: Vec<usize> = (0..queue.len()).collect();
        order.sort_by_key(|n| queue.get(*n).map(|entry| (entry.at, &entry.id)));
        let arrival = |n: &usize| {
            let entry = queue.get(*n)?;
            Some(Arrival {
                at: entry.at,
                device: &entry.device,
                answers: &entry.answers,
                source: &entry.source,
            })
        };
        let arrivals: Vec<Arrival<'_>> = order.iter().filter_map(arrival).collect();
        let newest = arrivals.last().map_or(i64::MIN, |arrival| arrival.at);
        let found = bursts(&arrivals, &mut self.open, self.numbered + 1, rule);
        let mut burst_of = vec![None; queue.len()];
        for (n, burst) in order.into_iter().zip(found) {
            let burst = burst.and_then(|at| self.open.get(at));
            if let Some(slot) = burst_of.get_mut(n) {
                *slot = burst.map(|open| (open.number, open.pattern));
            }
        }
        self.numbered = self
            .open
            .iter()
            .map(|open| open.number)
            .fold(self.numbered, i64::max);
        self.open.retain(|open| {
            let within = open.pattern.limit(rule).within_seconds.saturating_mul(1000);
            newest.saturating_sub(open.last) < within
        });
        let (mut kept, mut taken) = (VecDeque::new(), Vec::new());
        for (entry, burst) in queue.into_iter().zip(burst_of) {
            match burst {
                None => kept.push_back(entry),
                Some((number, pattern)) => {
                    self.add(&entry.answers);
                    taken.push(Taken {
                        entry,
                        number,
                        pattern,
                    });
                }
            }
        }
        (kept, taken)
    }

    /// Shows the index with what is in question now, when at least `step` responses were added or removed since it was
    /// last shown. The difference of two such figures is then never that of one person.
    pub fn show(&mut self, step: i64) {
        if self.responses == 0 || self.moved >= step {
            (self.shown_responses, self.moved) = (self.responses, 0);
            self.shown.clone_from(&self.tallies);
        }
    }

    /// The tallies of what is in question, as they are shown; `None` when they are of fewer than `minimum` responses.
    pub fn shown(&self, minimum: i64) -> Option<&[Tally]> {
        (self.shown_responses >= minimum.max(1)).then_some(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::release::{Change, Sender};
    use proptest::prelude::*;

    fn open() -> Open {
        Open {
            number: 2,
            pattern: Pattern::Answers,
            key: "1-1".to_owned(),
            last: 5_000,
        }
    }

    #[test]
    fn a_survey_without_a_quarantine_stores_nothing() {
        assert_eq!(Questioned::default().text(), "");
        assert_eq!(Questioned::parse(""), Some(Questioned::default()));
        assert_eq!(Questioned::parse("{}"), None);
    }

    fn entry(at: i64) -> Entry {
        Entry {
            sender: Sender::Link,
            change: Change::Add,
            id: format!("r-{at}"),
            answers: (1000 + at).to_string(),
            at: at * 1000,
            device: String::new(),
            source: String::new(),
        }
    }

    #[test]
    fn a_burst_is_taken_from_the_queue_in_any_order_and_the_rest_keeps_its_order() {
        let rule = &flags::rule().unwrap().quarantine;
        let mut questioned = Questioned::default();
        let times = [900, 20, 0, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 400];
        let (kept, taken) = questioned.take(times.into_iter().map(entry).collect(), rule);
        assert_eq!(kept, [entry(900), entry(400)]);
        assert_eq!(
            (taken.len(), questioned.responses, questioned.numbered),
            (12, 12, 1)
        );
        assert!(taken.iter().all(|t| (t.number, t.pattern) == (1, Pattern::Rate)));
        // What comes later than the limit of time joins nothing, and the next burst has the next number.
        assert!(questioned.open.is_empty());
        let (kept, taken) = questioned.take((0..11).map(|n| entry(2000 + n)).collect(), rule);
        assert!(kept.is_empty() && taken.iter().all(|t| t.number == 2));
        assert_eq!((questioned.numbered, questioned.responses), (2, 23));
        let (_, taken) = questioned.take([entry(2060)].into(), rule);
        assert_eq!(taken.len(), 1, "it joins the burst before");
    }

    #[test]
    fn nothing_happens_to_an_empty_queue() {
        let rule = &flags::rule().unwrap().quarantine;
        let mut questioned = Questioned {
            open: vec![open()],
            ..Questioned::default()
        };
        let before = questioned.clone();
        assert_eq!(
            questioned.take(VecDeque::new(), rule),
            (VecDeque::new(), Vec::new())
        );
        assert_eq!(questioned, before);
    }

    #[test]
    fn what_is_in_question_is_shown_in_steps_of_several_people() {
        let mut questioned = Questioned::default();
        let add = |questioned: &mut Questioned, count: usize| {
            (0..count).for_each(|_| questioned.add("1"));
            questioned.show(5);
        };
        add(&mut questioned, 4);
        assert_eq!(questioned.shown(5), None);
        add(&mut questioned, 3);
        assert_eq!(questioned.shown(5).map(|shown| shown[0].answers()), Some(7));
        assert_eq!(questioned.shown(8), None);
        add(&mut questioned, 4);
        questioned.remove("1");
        assert_eq!(questioned.shown(5).map(|shown| shown[0].answers()), Some(7));
        questioned.show(5);
        assert_eq!(questioned.shown(5).map(|shown| shown[0].answers()), Some(10));
        (0..10).for_each(|_| questioned.remove("1"));
        questioned.show(50);
        assert_eq!((questioned.shown(1), questioned.responses), (None, 0));
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_and_what_is_added_can_be_removed(
            answers in prop::collection::vec("[1-4-]{3}", 0..20), numbered in 1..9_i64,
        ) {
            let before = Questioned { numbered, open: vec![open()], ..Questioned::default() };
            let mut questioned = before.clone();
            answers.iter().for_each(|answers| questioned.add(answers));
            prop_assert_eq!(questioned.responses, answers.len() as i64);
            prop_assert_eq!(Questioned::parse(&questioned.text()), Some(questioned.clone()));
            answers.iter().rev().for_each(|answers| questioned.remove(answers));
            questioned.show(1);
            prop_assert_eq!(questioned, before);
        }
    }
}
