//! The released sums of a survey: its sums without the changes that wait.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        moments::Moments,
        release::{Change, Pending, Rules, Withheld},
        survey::State,
        tally::Tally,
    },
    store::{survey::Stored, tally::Tallies},
};

/// Sums of a survey that may be shown.
#[derive(Debug, Clone)]
pub struct Released {
    /// Number of responses in them; 0 when they are withheld.
    pub counted: i64,
    /// Number of people whose response or void is not in them.
    pub pending: i64,
    /// Why they are withheld.
    pub withheld: Option<Withheld>,
    /// Whether the survey is closed and its sums will still change.
    pub in_correction: bool,
    /// Tallies, in the survey's order.
    pub tallies: Vec<Tally>,
    /// Moments.
    pub moments: Moments,
    /// Number of responses in question, which are in none of these sums.
    pub in_question: i64,
    /// Tallies with what is in question; `None` when that is of too few people.
    pub questioned: Option<Vec<Tally>>,
}

/// The changes that wait at `now`: from the closing time on those that closing leaves, even before the survey is stored as
/// closed.
pub fn pending<'a>(stored: &'a Stored, rules: &Rules, now: DateTime<Utc>) -> Cow<'a, Pending> {
    let pending = counted(stored, rules);
    if pending.closed || stored.survey.state(now) != State::Closed {
        return pending;
    }
    let mut closed = pending.into_owned();
    closed.close(stored.respondents, stored.version, rules);
    Cow::Owned(closed)
}

/// The changes that wait since the last count; none without steps, also when an earlier configuration had some.
pub fn counted<'a>(stored: &'a Stored, rules: &Rules) -> Cow<'a, Pending> {
    if rules.step > 1 || rules.link_step > 1 || stored.pending.closed {
        return Cow::Borrowed(&stored.pending);
    }
    Cow::Owned(Pending::default())
}

impl Released {
    /// The sums of a survey without these changes; none when they are of fewer people than the minimum.
    pub fn of(stored: &Stored, tallies: &Tallies, pending: &Pending, rules: &Rules) -> Self {
        let respondents = stored.respondents;
        let exact = Self::exact(stored, tallies);
        let withheld = pending.withheld(respondents, rules);
        let released = Self {
            withheld,
            in_correction: withheld.is_none() && pending.in_correction(respondents, rules),
            ..exact
        };
        if withheld.is_some() {
            let released = Self {
                counted: 0,
                pending: respondents,
                tallies: vec![Tally::default(); released.tallies.len()],
                moments: Moments::none(released.tallies.len()),
                ..released
            };
            return released.questioned(stored, rules);
        }
        released.without(respondents, pending).questioned(stored, rules)
    }

    /// Adds what is in question.
    fn questioned(mut self, stored: &Stored, rules: &Rules) -> Self {
        self.in_question = stored.questioned.responses;
        self.questioned = stored.questioned.shown(rules.minimum).map(|shown| {
            let mut all = self.tallies.clone();
            all.iter_mut()
                .zip(shown)
                .for_each(|(tally, more)| tally.add(more));
            all
        });
        self
    }

    /// The sums of every counted response.
    pub fn exact(stored: &Stored, tallies: &Tallies) -> Self {
        let tally = |key: &str| tallies.get(key).copied().unwrap_or_default();
        Self {
            counted: stored.respondents,
            pending: 0,
            withheld: None,
            in_correction: false,
            tallies: stored.survey.asked.iter().map(|a| tally(&a.key)).collect(),
            moments: stored.moments.clone(),
            in_question: stored.questioned.responses,
            questioned: None,
        }
    }

    fn without(mut self, respondents: i64, pending: &Pending) -> Self {
        self.counted = pending.released(respondents);
        self.pending = pending.people();
        for entry in pending.entries() {
            let answers = entry.answers.bytes();
            for (tally, answer) in self.tallies.iter_mut().zip(answers) {
                if answer.is_ascii_digit() {
                    let one = Tally::of(answer - b'0');
                    match entry.change {
                        Change::Add => tally.subtract(&one),
                        Change::Void => tally.add(&one),
                    }
                }
            }
            match entry.change {
                Change::Add => self.moments.remove(&entry.answers),
                Change::Void => self.moments.add(&entry.answers),
            }
        }
        self
    }
}
