//! What tells a figure of a survey apart from every earlier one. Any two figures differ by several people or not at all,
//! however many are between them: a void can take back those who were added in between, so it is not enough to compare
//! each figure with the last one.

use std::collections::BTreeSet;

use super::entry::{Change, Entry};
use super::steps::people;

/// Most ids that are kept of those who were added.
const KEPT: usize = 12;
/// Separates the parts of the text; no part contains it.
const PART: char = ';';
/// Separates ids.
const ID: char = ' ';

/// The figures since several people were last added together. Those people were in no figure before, so every figure that
/// still has enough of them differs from all that are older; and a person of the first of these figures who is voided now was
/// in each of them.
///
/// The default knows of nobody, so that the next figure needs several new people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Era {
    /// Whether no figure is older.
    pub first: bool,
    /// Whether it began with many at a time, as with the rows of an import.
    pub many: bool,
    /// Ids of some of those who were added, each of another sender, without those who were voided.
    pub fresh: Vec<String>,
    /// Number of those who were added many at a time, without those who were voided.
    pub bulk: i64,
    /// The responses of those were stored under a higher version of the survey than this one.
    pub since: i64,
    /// Version of the survey with the last figure.
    pub last: i64,
    /// Ids of those who were added since.
    pub later: BTreeSet<String>,
    /// The responses of those who were added many at a time since were stored under a higher version than this one.
    pub later_from: Option<i64>,
    /// The end of the import with which it began, if that has come.
    pub end: Option<End>,
    /// Number of all who were added by the step or import with which it began.
    pub size: i64,
    /// Number of those who were voided.
    pub undone: i64,
    /// Whether there were other changes since, or voids in that step.
    pub mixed: bool,
}

/// The figures since the last rows of an import were added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct End {
    /// Ids of those rows.
    pub added: BTreeSet<String>,
    /// Number of them that were not voided.
    pub left: usize,
    /// Ids of those who were added since.
    pub later: BTreeSet<String>,
}

impl Era {
    /// The first figure of a survey, at this version, of `many` at a time or not.
    pub fn first(version: i64, many: bool) -> Self {
        Self {
            first: true,
            many,
            last: version,
            ..Self::default()
        }
    }

    /// Whether a figure with these changes differs from every earlier one by `least` people. `waiting` is the number of all
    /// voids that wait.
    pub fn apart<'a>(
        &self,
        changes: impl Iterator<Item = &'a Entry> + Clone,
        waiting: usize,
        least: usize,
    ) -> bool {
        let added = people(changes.clone());
        if added >= least {
            return true;
        }
        if added == 0 && self.undone_by(changes.clone(), waiting) {
            return true;
        }
        let voids = || {
            let voids = changes.clone().filter(|entry| entry.change == Change::Void);
            voids.map(|entry| &entry.id)
        };
        let bulk = usize::try_from(self.bulk).unwrap_or_default();
        let left = self.end.as_ref().map_or(0, |end| end.left);
        let older = self.first || added + self.fresh.len() + bulk + left >= least;
        let end_has = |id: &String| {
            let end = self.end.as_ref();
            end.is_some_and(|end| end.added.contains(id) || end.later.contains(id))
        };
        let lost = voids()
            .filter(|id| !self.later.contains(*id) && !end_has(id))
            .count();
        let own = added + left + lost >= least;
        let ended = self.end.as_ref().is_none_or(|end| {
            let lost = voids().filter(|id| !end.later.contains(*id)).count();
            added + lost >= least
        });
        older && own && ended
    }

    /// Whether these voids take back all that was added by the step or import with which the era began, or by its end, and
    /// nothing else: then the figure is one that was shown before. Those who are counted as undone wait, so these are they when
    /// no other void waits.
    fn undone_by<'a>(&self, voids: impl Iterator<Item = &'a Entry> + Clone, waiting: usize) -> bool {
        let count = voids.clone().count();
        let whole = !self.first && i64::try_from(count) == Ok(self.size) && self.undone == self.size;
        let end = self.end.as_ref().is_some_and(|end| {
            let mut voids = voids.clone();
            count == end.added.len() && voids.all(|entry| end.added.contains(&entry.id))
        });
        count > 0 && count == waiting && !self.mixed && (whole || end)
    }

    /// A response that was stored under version `batch` of the survey is voided.
    pub fn voided(&mut self, id: &str, batch: i64) {
        if batch > self.since || self.fresh.iter().any(|fresh| fresh == id) {
            self.undone += 1;
        }
        self.fresh.retain(|fresh| fresh != id);
        if batch > self.since {
            self.bulk = (self.bulk - 1).max(0);
        }
        if self.later_from.is_some_and(|from| batch > from) {
            self.later.insert(id.to_owned());
        }
        if let Some(end) = &mut self.end
            && end.added.contains(id)
        {
            end.left = end.left.saturating_sub(1);
        }
    }

    /// A figure with these changes, and with `bulk` more responses, is released at this version of the survey; `import` when it
    /// is the end of an import.
    pub fn advance(&mut self, changes: &[Entry], (bulk, import): (usize, bool), version: i64, least: usize) {
        let of = |change: Change| changes.iter().filter(move |entry| entry.change == change);
        let added = || of(Change::Add).map(|entry| entry.id.clone());
        // What an operator accepts has the version of the figure itself.
        let since = self.last.min(version.saturating_sub(1));
        let size = i64::try_from(of(Change::Add).count() + bulk).unwrap_or(i64::MAX);
        let void = of(Change::Void).next().is_some();
        let several = people(changes.iter()) + bulk >= least;
        // The rest of an import begins no other era, so that the import can be undone as a whole.
        let rest = self.many && self.end.is_none() && (bulk > 0 || import);
        self.last = version;
        for entry in of(Change::Void) {
            self.later.remove(&entry.id);
        }
        let begins = several && !rest;
        self.mixed = void || !begins && (self.mixed || !several);
        if several && rest && bulk == 0 {
            self.size = self.size.saturating_add(size);
            self.end = Some(End {
                added: added().collect(),
                left: people(changes.iter()),
                later: BTreeSet::new(),
            });
        } else if !begins {
            self.size = self.size.saturating_add(size);
            let later = self.end.as_mut().map_or(&mut self.later, |end| &mut end.later);
            later.extend(added());
            if bulk > 0 {
                self.later_from = Some(self.later_from.map_or(since, |from| from.min(since)));
            }
        } else {
            *self = Self {
                many: bulk > 0,
                fresh: some(of(Change::Add)),
                bulk: i64::try_from(bulk).unwrap_or(i64::MAX),
                since,
                last: version,
                size,
                mixed: self.mixed,
                ..Self::default()
            };
        }
    }

    /// The text that is stored.
    pub fn text(&self) -> String {
        let (first, many) = (u8::from(self.first), u8::from(self.many));
        let number = |number: Option<i64>| number.map(|n| n.to_string()).unwrap_or_default();
        let left = self.end.as_ref().map(|end| end.left.to_string());
        let none = BTreeSet::new();
        let end = self.end.as_ref();
        [
            format!("{first}{many}"),
            self.bulk.to_string(),
            self.since.to_string(),
            self.last.to_string(),
            number(self.later_from),
            ids(&self.fresh),
            ids(&self.later),
            left.unwrap_or_default(),
            ids(end.map_or(&none, |end| &end.added)),
            ids(end.map_or(&none, |end| &end.later)),
            self.size.to_string(),
            self.undone.to_string(),
            u8::from(self.mixed).to_string(),
        ]
        .join(&PART.to_string())
    }

    /// Parses a text of [`Self::text`].
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(PART).collect();
        let [
            kind,
            bulk,
            since,
            last,
            from,
            fresh,
            later,
            left,
            end_added,
            end_later,
            size,
            undone,
            mixed,
        ] = parts.try_into().ok()?;
        let ids = |text: &str| -> Vec<String> {
            let ids = text.split(ID).filter(|id| !id.is_empty());
            ids.map(str::to_owned).collect()
        };
        let later_from = match from {
            "" => None,
            from => Some(from.parse().ok()?),
        };
        let end = match left {
            "" => None,
            left => Some(End {
                added: ids(end_added).into_iter().collect(),
                left: left.parse().ok()?,
                later: ids(end_later).into_iter().collect(),
            }),
        };
        Some(Self {
            first: kind.starts_with('1'),
            many: kind.ends_with('1'),
            fresh: ids(fresh),
            bulk: bulk.parse().ok()?,
            since: since.parse().ok()?,
            last: last.parse().ok()?,
            later: ids(later).into_iter().collect(),
            later_from,
            end,
            size: size.parse().ok()?,
            undone: undone.parse().ok()?,
            mixed: mixed == "1",
        })
    }
}

/// Ids of some of these, each of another sender.
fn some<'a>(added: impl Iterator<Item = &'a Entry>) -> Vec<String> {
    let mut some: Vec<&Entry> = Vec::new();
    for entry in added {
        if some.len() == KEPT {
            break;
        }
        if people(some.iter().copied().chain([entry])) > some.len() {
            some.push(entry);
        }
    }
    some.into_iter().map(|entry| entry.id.clone()).collect()
}

fn ids<'a>(ids: impl IntoIterator<Item = &'a String>) -> String {
    let ids: Vec<&str> = ids.into_iter().map(String::as_str).collect();
    ids.join(&ID.to_string())
}
