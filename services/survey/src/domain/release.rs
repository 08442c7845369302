//! Which changes of a survey's responses are in its published figures, and which still wait: figures move in steps of
//! several people, no step can be filled by one sender, and any two figures differ by several people or not at all, until the
//! day of corrections. So the difference of two figures never shows the answers of one person.

mod entry;
mod era;
mod steps;
mod totals;

use std::collections::VecDeque;

use entry::PART;
pub use entry::{Change, Entry, Rules, Sender};
use era::Era;
use steps::{balance, due, filled};
use totals::Moving;
pub use totals::{Total, Totals};

/// Separates entries.
const ENTRY: char = ',';
/// Separates the head, the entries, the era and the totals.
const SECTION: char = '|';

/// A response that is voided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// The change.
    pub entry: Entry,
    /// Version of the survey under which it was stored.
    pub batch: i64,
}

/// The changes that one count or one operation brings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Added responses of one person each, in any order.
    pub added: Vec<Entry>,
    /// Voided responses.
    pub voided: Vec<Voided>,
    /// Number of responses that were added many at a time and are released at once.
    pub bulk: usize,
    /// Whether an import of at least a step has ended: what waits of it is released at once.
    pub import_ended: bool,
}

impl Changes {
    /// Adds a response: that of one person, or one of many when there is no entry.
    pub fn add(&mut self, entry: Option<Entry>) {
        match entry {
            Some(entry) => self.added.push(entry),
            None => self.bulk += 1,
        }
    }
}

/// How often the figures of a survey moved since it was first closed and its groups were shown whole; what the closing leaves to
/// wait counts as a move.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Moved {
    /// Not at all.
    #[default]
    Not,
    /// Once, so that those who were added or voided since the closing are those who moved.
    Once,
    /// More often, or it was opened again: those who were added or voided since may have moved a few at a time.
    Again,
}

/// The changes that are in the sums of a survey and not yet in its figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pending {
    /// Changes of people who can send one response, the oldest first.
    pub own: VecDeque<Entry>,
    /// Responses through the open link, the oldest first.
    pub link: VecDeque<Entry>,
    /// Whether a void was released while the survey was open.
    pub voids_released: bool,
    /// Whether the closing of the survey was applied.
    pub closed: bool,
    /// How often the figures moved since it was first applied.
    pub moved: Moved,
    /// What tells the next figure apart from the earlier ones; `None` before the first one, and without steps.
    pub era: Option<Era>,
    /// The totals that were shown while the survey was open; `None` without steps, of a survey that an earlier release closed, and
    /// when no groups will be shown any more.
    pub totals: Option<Totals>,
}

/// Why a result has no figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// The survey is closed with fewer people than the minimum.
    TooFew,
    /// The survey is open, and its first step is not full.
    FirstStep,
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn in_steps(rules: &Rules) -> bool {
    rules.step > 1 || rules.link_step > 1
}

impl Pending {
    /// Every entry.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.own.iter().chain(&self.link)
    }

    /// Number of people whose change waits.
    pub fn people(&self) -> i64 {
        signed(self.own.len() + self.link.len())
    }

    fn ids(&self, change: Change) -> Vec<&str> {
        let entries = self.entries().filter(|entry| entry.change == change);
        entries.map(|entry| entry.id.as_str()).collect()
    }

    /// Ids of the responses that are counted and not yet released.
    pub fn added(&self) -> Vec<&str> {
        self.ids(Change::Add)
    }

    /// Ids of the responses that are voided and still in the figures.
    pub fn voided(&self) -> Vec<&str> {
        self.ids(Change::Void)
    }

    /// Number of released responses, of `total` counted ones.
    pub fn released(&self, total: i64) -> i64 {
        total - balance(self.entries())
    }

    /// Why there are no figures of `total` counted responses; `None` when there are some, and when there are no responses.
    pub fn withheld(&self, total: i64, rules: &Rules) -> Option<Withheld> {
        let released = self.released(total);
        if released >= rules.minimum || (total, released) == (0, 0) {
            return None;
        }
        Some(if self.closed {
            Withheld::TooFew
        } else {
            Withheld::FirstStep
        })
    }

    /// Whether the figures of a closed survey will still change.
    pub fn in_correction(&self, total: i64, rules: &Rules) -> bool {
        self.closed && self.people() > 0 && self.released(total).max(total) >= rules.minimum
    }

    /// Before changes of a survey of `total` counted responses: what was disclosed by a release that kept no `Era` and no totals,
    /// or without steps, is not known.
    pub fn begin(&mut self, total: i64, rules: &Rules) {
        let released = self.released(total);
        match &mut self.totals {
            None if !self.closed && in_steps(rules) => self.totals = Some(Totals::begin(released, total)),
            Some(totals) if !self.closed && totals.counted_elsewhere(total) => {
                *totals = Totals::begin(released, total);
                self.era = Some(Era::default());
            }
            _ => {}
        }
        if self.era.is_none() && self.discloses(total, rules) {
            self.era = Some(Era::default());
        }
    }

    /// After changes, at this version of the survey, these may be the first figures; of `many` responses at a time or not.
    fn end(&mut self, total: i64, version: i64, many: bool, rules: &Rules) {
        let shown = self.released(total) >= rules.minimum;
        if let Some(totals) = self.totals.as_mut().filter(|_| !self.closed) {
            totals.end(total, shown);
        }
        if self.era.is_none() && self.discloses(total, rules) {
            self.era = Some(Era::first(version, many));
        }
    }

    fn discloses(&self, total: i64, rules: &Rules) -> bool {
        in_steps(rules) && self.released(total) >= rules.minimum
    }

    /// Least number of people that move the figures.
    fn least(&self, rules: &Rules) -> usize {
        if self.closed {
            usize::try_from(rules.minimum).unwrap_or_default()
        } else {
            rules.step
        }
    }

    /// Applies changes that are in the sums already, of a survey of `total` counted responses at this version. A void of a
    /// response that waits takes it out of the queue.
    pub fn apply(&mut self, mut changes: Changes, total: i64, version: i64, rules: &Rules) {
        changes.added.sort_by(|a, b| a.id.cmp(&b.id));
        for void in changes.voided {
            if !self.take(&void.entry.id) {
                if let Some(era) = &mut self.era {
                    era.voided(&void.entry.id, void.batch);
                }
                self.own.push_back(void.entry);
            }
        }
        if changes.bulk > 0 && !self.closed {
            // What waits moves with the many.
            self.move_oldest((self.own.len(), 0), (changes.bulk, false), version, rules);
        }
        let (own, link): (Vec<_>, Vec<_>) = changes
            .added
            .into_iter()
            .partition(|entry| entry.sender == Sender::Own);
        self.own.extend(own);
        self.link.extend(link);
        if let Some(totals) = self.totals.as_mut().filter(|_| changes.bulk > 0) {
            totals.left_behind(self.own.len());
        }
        if self.closed {
            self.correct(changes.bulk, version, rules);
        } else {
            self.step(changes.import_ended, version, rules);
        }
        self.end(total, version, changes.bulk > 0, rules);
    }

    /// Removes a response that waits; returns whether there was one.
    fn take(&mut self, id: &str) -> bool {
        let waits = |entry: &Entry| entry.change == Change::Add && entry.id == id;
        let mut added = self.own.iter().filter(|entry| entry.change == Change::Add);
        if let (Some(totals), Some(place)) = (&mut self.totals, added.position(waits)) {
            totals.taken(place);
        }
        for queue in [&mut self.own, &mut self.link] {
            if let Some(place) = queue.iter().position(waits) {
                queue.remove(place);
                return true;
            }
        }
        false
    }

    /// Number of voids that wait.
    fn voids(&self) -> usize {
        let voids = self.own.iter().filter(|entry| entry.change == Change::Void);
        voids.count()
    }

    /// Whether the figures with so many of the oldest entries would differ from every earlier ones by enough people.
    fn apart(&self, own: usize, link: usize, rules: &Rules) -> bool {
        let (least, changes) = (self.least(rules), self.own.iter().take(own));
        let changes = changes.chain(self.link.iter().take(link));
        let apart = |era: &Era| era.apart(changes, self.voids(), least);
        least <= 1 || self.era.as_ref().is_none_or(apart)
    }

    /// Moves the figures by so many of the oldest entries of each queue, and by `bulk` responses that are in the sums and did not
    /// wait; `import` when it is the end of an import.
    fn move_oldest(
        &mut self,
        (own, link): (usize, usize),
        (bulk, import): (usize, bool),
        version: i64,
        rules: &Rules,
    ) {
        if own + link + bulk == 0 {
            return;
        }
        let least = self.least(rules);
        let moved: Vec<Entry> = self.own.drain(..own).chain(self.link.drain(..link)).collect();
        let voids = moved.iter().filter(|entry| entry.change == Change::Void).count();
        let void = voids > 0;
        if let Some(totals) = self.totals.as_mut().filter(|_| !self.closed) {
            totals.advance(Moving {
                own: own - voids + bulk,
                link,
                voided: voids,
            });
        }
        self.voids_released |= void && !self.closed && rules.step > 1;
        if self.closed {
            self.moved = match self.moved {
                Moved::Not => Moved::Once,
                Moved::Once | Moved::Again => Moved::Again,
            };
            if self.moved == Moved::Again {
                self.totals = None;
            }
        }
        if let Some(era) = &mut self.era {
            era.advance(&moved, (bulk, import), version, least);
        }
    }

    /// Releases the steps of an open survey that are full.
    fn step(&mut self, import_ended: bool, version: i64, rules: &Rules) {
        let many_voids = self.voids() >= rules.step;
        if many_voids || import_ended && self.own.len() >= rules.step {
            if self.apart(self.own.len(), 0, rules) {
                self.move_oldest((self.own.len(), 0), (0, import_ended), version, rules);
            } else if many_voids && self.apart(self.own.len(), self.link.len(), rules) {
                self.move_oldest((self.own.len(), self.link.len()), (0, false), version, rules);
            }
        }
        // If these do not differ by enough people, fewer of them do not either.
        let own = due(self.own.len(), rules.step);
        if self.apart(own, 0, rules) {
            self.move_oldest((own, 0), (0, false), version, rules);
        }
        self.move_oldest((0, self.link_due(rules)), (0, false), version, rules);
    }

    /// Number of entries of the open link that full steps release, such that a full step stays.
    fn link_due(&self, rules: &Rules) -> usize {
        if rules.link_step <= 1 {
            return self.link.len();
        }
        let mut due = 0;
        while let Some(size) = filled(self.link.iter().skip(due), rules) {
            if filled(self.link.iter().skip(due + size), rules).is_none() {
                break;
            }
            due += size;
        }
        due
    }

    /// Moves the figures of a closed survey when enough people have gathered, or when `bulk` more are added.
    fn correct(&mut self, bulk: usize, version: i64, rules: &Rules) {
        let (own, link) = (self.own.len(), self.link.len());
        if bulk > 0 || self.apart(own, link, rules) {
            self.move_oldest((own, link), (bulk, false), version, rules);
        }
    }

    /// Applies the closing of a survey of `total` counted responses at this version: everything is released, unless that would
    /// add fewer people than the minimum to figures that were disclosed.
    pub fn close(&mut self, total: i64, version: i64, rules: &Rules) {
        self.begin(total, rules);
        self.closed = true;
        let (moved, voids) = (self.moved, self.voids());
        self.correct(0, version, rules);
        self.moved = moved;
        let voided = voids - self.voids();
        if let Some(totals) = &mut self.totals {
            totals.advance(Moving {
                voided,
                ..Moving::default()
            });
        }
        if self.moved == Moved::Not && self.people() > 0 {
            // They are in no figure of the closing, but came before it.
            self.moved = Moved::Once;
        }
        self.end(total, version, false, rules);
    }

    /// What waits is released by the rules of an open survey again.
    pub fn reopen(&mut self) {
        if self.closed {
            (self.closed, self.moved) = (false, Moved::Again);
            self.totals = None;
        }
    }

    /// Releases everything that waits, on the day of corrections.
    pub fn release(&mut self, version: i64, rules: &Rules) {
        self.move_oldest((self.own.len(), self.link.len()), (0, false), version, rules);
    }

    /// The text that is stored; empty when nothing is to be kept. `voided` is the number of voided responses of the survey.
    pub fn text(&self, voided: i64) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let flag = |set: bool| char::from(b'0' + u8::from(set));
        let entries: Vec<String> = self.entries().map(Entry::text).collect();
        format!(
            "{}{PART}{}{PART}{voided}{PART}{}{PART}{}{PART}{}{SECTION}{}{SECTION}{}{SECTION}{}",
            flag(self.closed),
            flag(self.voids_released),
            self.ids(Change::Add).len(),
            self.ids(Change::Void).len(),
            self.moved as u8,
            entries.join(&ENTRY.to_string()),
            self.era.as_ref().map(Era::text).unwrap_or_default(),
            self.totals.as_ref().map(Totals::text).unwrap_or_default()
        )
    }

    /// Parses a text of [`Self::text`]. When the number of voided responses is another than with which it was stored, a
    /// process of an earlier release has voided since; nothing waits any more then, because one of those may be void.
    pub fn parse(text: &str, voided: i64) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let mut sections = text.split(SECTION);
        let (head, entries) = (sections.next()?, sections.next()?);
        let mut section = || sections.next().filter(|section| !section.is_empty());
        let (era, totals) = (section(), section());
        let mut parts = head.split(PART);
        let mut pending = Self {
            closed: parts.next()? == "1",
            voids_released: parts.next()? == "1",
            ..Self::default()
        };
        if parts.next()?.parse::<i64>().ok()? != voided {
            pending.voids_released = !pending.closed;
            pending.moved = Moved::Again;
            pending.era = Some(Era::default());
            return Some(pending);
        }
        pending.moved = match parts.nth(2) {
            None | Some("0") => Moved::Not,
            Some("1") => Moved::Once,
            Some(_) => Moved::Again,
        };
        if let Some(era) = era {
            pending.era = Some(Era::parse(era)?);
        }
        if let Some(totals) = totals {
            pending.totals = Some(Totals::parse(totals)?);
        }
        for entry in entries.split(ENTRY).filter(|entry| !entry.is_empty()) {
            let entry = Entry::parse(entry)?;
            match entry.sender {
                Sender::Own => pending.own.push_back(entry),
                Sender::Link => pending.link.push_back(entry),
            }
        }
        Some(pending)
    }
}

/// Of a text of [`Pending::text`] or its beginning: the number of responses that wait, and of voids.
pub fn waiting(head: &str) -> (i64, i64) {
    let head = head.split(SECTION).next().unwrap_or_default();
    let mut counts = head
        .split(PART)
        .skip(3)
        .map(|part| part.parse().unwrap_or_default());
    (
        counts.next().unwrap_or_default(),
        counts.next().unwrap_or_default(),
    )
}

#[cfg(test)]
#[path = "release/equations_tests.rs"]
mod equations;
#[cfg(test)]
#[path = "release_tests.rs"]
mod tests;
