//! Which changes of a survey's responses are in its published figures, and which still wait: figures move in steps of
//! several people, no step can be filled by one sender, and closing adds several people or none. So the difference of two
//! figures never shows the answers of one person.

use std::collections::VecDeque;

/// How figures are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Changes by which the figures of an open survey move; each is of another person. 1 releases everything at once.
    pub step: usize,
    /// The same for responses through the open link, of which one sender can give many.
    pub link_step: usize,
    /// Least number of people that a figure shows, and that move a figure of a closed survey.
    pub minimum: i64,
    /// Day of the month, 1 to 28, on which the figures of closed surveys move however few have gathered.
    pub correction_day: u32,
}

/// Who can send a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Someone who can send one response: the holder of a token, a visitor at a kiosk, a respondent of an agent.
    Own,
    /// Anyone who has the open link, any number of times.
    Link,
}

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A response is added.
    Add,
    /// A response that was released is voided.
    Void,
}

/// A change of one person's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who sent it; the operator who voids is [`Sender::Own`].
    pub sender: Sender,
    /// What changes.
    pub change: Change,
    /// Id of the response.
    pub id: String,
    /// Its answers as stored.
    pub answers: String,
    /// When it was accepted or voided, unix milliseconds.
    pub at: i64,
    /// The first digits of the digest of the device's identifier, in hex; empty when the device is not known.
    pub device: String,
}

/// Separates the parts of an entry; no part contains it.
const PART: char = ';';
/// Separates entries.
const ENTRY: char = ',';

impl Entry {
    /// The text that is stored; it begins with the answers.
    pub fn text(&self) -> String {
        let kind = match (self.change, self.sender) {
            (Change::Add, Sender::Own) => "o",
            (Change::Add, Sender::Link) => "l",
            (Change::Void, _) => "v",
        };
        let Self {
            answers,
            at,
            device,
            id,
            ..
        } = self;
        format!("{answers}{PART}{kind}{PART}{at}{PART}{device}{PART}{id}")
    }

    /// Parses a text of [`Self::text`].
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, PART);
        let answers = parts.next()?;
        let (change, sender) = match parts.next()? {
            "o" => (Change::Add, Sender::Own),
            "l" => (Change::Add, Sender::Link),
            "v" => (Change::Void, Sender::Own),
            _ => return None,
        };
        let (at, device, id) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            sender,
            change,
            id: id.to_owned(),
            answers: answers.to_owned(),
            at: at.parse().ok()?,
            device: device.to_owned(),
        })
    }
}

/// The changes that one count or one operation brings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Added responses of one person each, in any order.
    pub added: Vec<Entry>,
    /// Voided responses.
    pub voided: Vec<Entry>,
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
}

/// Why a result has no figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// The survey is closed with fewer people than the minimum.
    TooFew,
    /// The survey is open, and its first step is not full.
    FirstStep,
}

/// Number of entries that a step releases: whole steps, such that at least one step stays. Closing then adds no fewer.
fn due(waiting: usize, step: usize) -> usize {
    if step <= 1 {
        return waiting;
    }
    step * (waiting.saturating_sub(step) / step)
}

/// Number of those who are added less that of those who are voided. A step in which it is not below 0 keeps any two states
/// of an open survey at least a step apart, however many are between them: a void can take back one of those who were added
/// in between, and another is added for it.
fn balance<'a>(entries: impl Iterator<Item = &'a Entry>) -> i64 {
    let each = entries.map(|entry| match entry.change {
        Change::Add => 1,
        Change::Void => -1,
    });
    each.sum()
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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

    /// Applies changes that are in the sums already. A void of a response that waits takes it out of the queue.
    pub fn apply(&mut self, mut changes: Changes, rules: &Rules) {
        changes.added.sort_by(|a, b| a.id.cmp(&b.id));
        let mut voided = Vec::new();
        for void in changes.voided {
            if !self.take(&void.id) {
                voided.push(void);
            }
        }
        let many_voids = voided.len() >= rules.step;
        let many = changes.bulk > 0 || many_voids;
        // What waits moves with the many, unless its voids outweigh all that is added.
        if many && (many_voids || self.closed || balance(self.own.iter()) + signed(changes.bulk) >= 0) {
            self.release_own(self.own.len(), rules);
        }
        if many_voids {
            self.voids_released |= !self.closed && rules.step > 1;
        } else {
            self.own.extend(voided);
        }
        let (own, link): (Vec<_>, Vec<_>) = changes
            .added
            .into_iter()
            .partition(|entry| entry.sender == Sender::Own);
        self.own.extend(own);
        self.link.extend(link);
        if self.closed {
            self.correct(many, rules);
        } else {
            self.step(changes.import_ended, rules);
        }
    }

    /// Removes a response that waits; returns whether there was one.
    fn take(&mut self, id: &str) -> bool {
        let waits = |entry: &Entry| entry.change == Change::Add && entry.id == id;
        for queue in [&mut self.own, &mut self.link] {
            if let Some(place) = queue.iter().position(waits) {
                queue.remove(place);
                return true;
            }
        }
        false
    }

    /// Releases the oldest entries of people who can send one response.
    fn release_own(&mut self, count: usize, rules: &Rules) {
        let void = self.own.drain(..count).any(|entry| entry.change == Change::Void);
        self.voids_released |= void && !self.closed && rules.step > 1;
    }

    /// Releases the steps of an open survey that are full.
    fn step(&mut self, import_ended: bool, rules: &Rules) {
        if import_ended && self.own.len() >= rules.step && balance(self.own.iter()) >= 0 {
            self.release_own(self.own.len(), rules);
        }
        let mut count = due(self.own.len(), rules.step);
        while rules.step > 1 && count > 0 && balance(self.own.iter().take(count)) < 0 {
            count -= rules.step;
        }
        self.release_own(count, rules);
        self.link.drain(..due(self.link.len(), rules.link_step));
    }

    /// Moves the figures of a closed survey when enough people have gathered.
    fn correct(&mut self, many: bool, rules: &Rules) {
        if many || self.people() >= rules.minimum {
            self.release();
        }
    }

    /// Applies the closing of the survey: everything is released, unless that would add fewer people than the minimum.
    pub fn close(&mut self, rules: &Rules) {
        self.closed = true;
        self.correct(false, rules);
    }

    /// Releases everything that waits, such as on the day of corrections.
    pub fn release(&mut self) {
        self.own.clear();
        self.link.clear();
    }

    /// The text that is stored; empty when nothing is to be kept. `voided` is the number of voided responses of the survey.
    pub fn text(&self, voided: i64) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let flag = |set: bool| char::from(b'0' + u8::from(set));
        let entries: Vec<String> = self.entries().map(Entry::text).collect();
        format!(
            "{}{PART}{}{PART}{voided}{PART}{}{PART}{}|{}",
            flag(self.closed),
            flag(self.voids_released),
            self.ids(Change::Add).len(),
            self.ids(Change::Void).len(),
            entries.join(&ENTRY.to_string())
        )
    }

    /// Parses a text of [`Self::text`]. When the number of voided responses is another than with which it was stored, a
    /// process of an earlier release has voided since; nothing waits any more then, because one of those may be void.
    pub fn parse(text: &str, voided: i64) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let (head, entries) = text.split_once('|')?;
        let mut parts = head.split(PART);
        let mut pending = Self {
            closed: parts.next()? == "1",
            voids_released: parts.next()? == "1",
            ..Self::default()
        };
        if parts.next()?.parse::<i64>().ok()? != voided {
            pending.voids_released = !pending.closed;
            return Some(pending);
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
    let head = head.split('|').next().unwrap_or_default();
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
#[path = "release_tests.rs"]
mod tests;
