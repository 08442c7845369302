//! One league table: its members in the order of their ranks.

use std::cmp::Ordering;

use hashbrown::HashMap;
use prima_proto::name::{self, Subject};

use super::blocks::Blocks;
use super::definition::Ties;
use super::sort_key::{Compact, KeptKey, SortKey};
use super::texts::{self, Texts};

/// Name of a table: metric, period and cohort.
pub type TableKey = name::LeagueTable;

/// A block takes two kilobytes, so that a move within it costs less than finding it.
const BLOCK: usize = 128;

/// Number of a subject in the texts of all subjects.
pub(super) type MemberId = u32;

/// The text of a subject: its agency, and its unit if it is one. Texts are in the order of their subjects.
pub(super) fn subject_parts(subject: &Subject) -> ([&str; 2], usize) {
    match subject {
        Subject::Agency(agency) => ([&agency.agency, ""], 1),
        Subject::Unit(unit) => ([&unit.agency, &unit.unit], 2),
    }
}

/// The subject with this text.
pub(super) fn subject_of(text: &str) -> Subject {
    let mut parts = texts::parts(text).map(str::to_owned);
    let agency = parts.next().unwrap_or_default();
    match parts.next() {
        Some(unit) => Subject::Unit(name::Unit { agency, unit }),
        None => Subject::Agency(name::Agency { agency }),
    }
}

/// One member of a table.
#[derive(Debug, Clone, Copy)]
struct Entry {
    compact: Compact,
    /// First characters of the subject. They settle nearly all ties without reading its text, which costs a cache miss
    /// for each comparison.
    prefix: u32,
    id: MemberId,
}

impl Entry {
    /// What settles nearly all comparisons, as one number: a search in a large table compares thirty times.
    fn first(&self) -> u128 {
        first(self.compact, self.prefix)
    }
}

fn first(compact: Compact, prefix: u32) -> u128 {
    (u128::from(compact.bits()) << 32) | u128::from(prefix)
}

/// A member whose place in tables is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'a> {
    prefix: u32,
    /// `None` for a subject that is no member of any table.
    id: Option<MemberId>,
    text: &'a str,
}

impl<'a> Sought<'a> {
    pub(super) fn new(subjects: &'a Texts, id: MemberId) -> Self {
        let text = subjects.get(id);
        Self {
            prefix: prefix(text),
            id: Some(id),
            text,
        }
    }
}

/// The first five characters of the text of a subject, six bits each, in the order of the texts.
fn prefix(text: &str) -> u32 {
    const CHARACTERS: u32 = 5;
    let mut prefix = 0;
    let mut bytes = text.bytes();
    for n in 1..=CHARACTERS {
        let Some(byte) = bytes.next() else { break };
        // An id has `-`, digits and letters. All other characters between two of these share one code, after which the
        // prefix ends, since it can't tell them apart.
        let (code, is_alone) = match byte {
            0 => (0, true),
            1..=b',' => (1, false),
            b'-' => (2, true),
            b'.' | b'/' => (3, false),
            b'0'..=b'9' => (4 + u32::from(byte - b'0'), true),
            b':'..=b'`' => (14, false),
            b'a'..=b'z' => (15 + u32::from(byte - b'a'), true),
            _ => (41, false),
        };
        prefix |= code << (6 * (CHARACTERS - n));
        if !is_alone {
            break;
        }
    }
    prefix
}

/// The sort keys of the members whose entries do not hold them exactly; most tables have none.
type Inexact = Option<Box<HashMap<MemberId, SortKey>>>;

fn exact_key(inexact: &Inexact, entry: &Entry) -> Option<SortKey> {
    inexact.as_ref()?.get(&entry.id).copied()
}

/// Compares a member with a sort key.
fn by_key(inexact: &Inexact, entry: &Entry, sort_key: SortKey) -> Ordering {
    let compact = sort_key.compact();
    entry.compact.cmp(&compact).then_with(|| {
        let own = if compact.is_exact() {
            None
        } else {
            exact_key(inexact, entry)
        };
        own.map_or(Ordering::Equal, |own| own.cmp(&sort_key))
    })
}

/// Compares a member with one that is looked for.
fn order(
    inexact: &Inexact,
    subjects: &Texts,
    entry: &Entry,
    (sought, sort_key): (Sought<'_>, SortKey),
) -> Ordering {
    by_key(inexact, entry, sort_key)
        .then_with(|| entry.prefix.cmp(&sought.prefix))
        .then_with(|| match Some(entry.id) == sought.id {
            true => Ordering::Equal,
            false => subjects.get(entry.id).cmp(sought.text),
        })
}

/// Whether a member comes before one that is looked for.
fn before<'a>(
    inexact: &'a Inexact,
    subjects: &'a Texts,
    of: (Sought<'a>, SortKey),
) -> impl Fn(&Entry) -> bool + 'a {
    let (sought, sort_key) = of;
    let first = first(sort_key.compact(), sought.prefix);
    let is_exact = sort_key.compact().is_exact();
    move |entry| match entry.first() != first && is_exact {
        true => entry.first() < first,
        false => order(inexact, subjects, entry, of).is_lt(),
    }
}

/// Members in the order of the table: ranked by value, ties by subject; then those without a rank.
///
/// The caller supplies the current sort key of a member that it moves: `LeagueTables` keeps it, so a table needs no
/// map of its own.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    entries: Blocks<Entry, BLOCK>,
    inexact: Inexact,
    /// Which rank equal members share.
    pub(super) ties: Ties,
}

impl Ranks {
    pub(super) fn new(ties: Ties) -> Self {
        Self {
            ties,
            ..Self::default()
        }
    }

    /// The table of these members, each once.
    pub(super) fn of(ties: Ties, subjects: &Texts, members: &[(MemberId, KeptKey)]) -> Self {
        let mut entries = Vec::with_capacity(members.len());
        let mut inexact = Inexact::None;
        for (id, sort_key) in members {
            let (id, sort_key) = (*id, sort_key.key());
            let compact = sort_key.compact();
            if !compact.is_exact() {
                inexact.get_or_insert_default().insert(id, sort_key);
            }
            let prefix = prefix(subjects.get(id));
            entries.push(Entry { compact, prefix, id });
        }
        entries.sort_unstable_by(|a, b| {
            let by_rest = || exact_key(&inexact, a).cmp(&exact_key(&inexact, b));
            let by_text = || subjects.get(a.id).cmp(subjects.get(b.id));
            let by_key = a.compact.cmp(&b.compact).then_with(by_rest);
            by_key.then(a.prefix.cmp(&b.prefix)).then_with(by_text)
        });
        Self {
            entries: Blocks::from_sorted(&entries),
            inexact,
            ties,
        }
    }

    /// The rank of members that compare with the others as `order` says: by how many are better, or better and equal.
    fn rank(&self, order: impl Fn(&Entry) -> Ordering) -> usize {
        match self.ties {
            Ties::Competition => self.entries.position(|entry| order(entry).is_lt()) + 1,
            Ties::Modified => self.entries.position(|entry| order(entry).is_le()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a member of the subjects; false when it was there with this sort key.
    pub(super) fn insert(&mut self, subjects: &Texts, sought: Sought<'_>, sort_key: SortKey) -> bool {
        let Some(id) = sought.id else { return false };
        let entry = Entry {
            compact: sort_key.compact(),
            prefix: sought.prefix,
            id,
        };
        let Self { entries, inexact, .. } = self;
        let added = entries.insert(entry, before(inexact, subjects, (sought, sort_key)), |other| {
            other.id == id && by_key(inexact, other, sort_key).is_eq()
        });
        if added && !entry.compact.is_exact() {
            inexact.get_or_insert_default().insert(id, sort_key);
        }
        added
    }

    /// Removes a member; false when it was not there with this sort key.
    pub(super) fn remove(&mut self, subjects: &Texts, sought: Sought<'_>, sort_key: SortKey) -> bool {
        let Some(id) = sought.id else { return false };
        let Self { entries, inexact, .. } = self;
        let removed = entries.remove(before(inexact, subjects, (sought, sort_key)), |other| {
            other.id == id && by_key(inexact, other, sort_key).is_eq()
        });
        if removed && let Some(inexact) = inexact {
            inexact.remove(&id);
        }
        removed
    }
}

/// A table as it is read.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    ranks: &'a Ranks,
    subjects: &'a Texts,
}

impl<'a> Table<'a> {
    pub(super) fn new(ranks: &'a Ranks, subjects: &'a Texts) -> Self {
        Self { ranks, subjects }
    }

    /// Number of members, with and without a rank.
    pub fn len(self) -> usize {
        self.ranks.len()
    }

    /// True when the table has no members.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Number of members with a rank.
    pub fn ranked(self) -> usize {
        self.ranks.entries.position(|entry| entry.compact.is_ranked())
    }

    /// Number of members listed without a rank.
    pub fn unranked(self) -> usize {
        self.len() - self.ranked()
    }

    /// Rank of a value in this table: standard competition rank (1, 2, 2, 4), one more than the number of members with a
    /// better one, unless the definition of the metric says otherwise. `None` for the sort key of members without a rank.
    pub fn rank(self, sort_key: SortKey) -> Option<usize> {
        let order = |entry: &Entry| by_key(&self.ranks.inexact, entry, sort_key);
        sort_key.is_ranked().then(|| self.ranks.rank(order))
    }

    /// Number of members up to and including this subject with this sort key, whether it is still there or not.
    pub fn up_to(self, subject: &Subject, sort_key: SortKey) -> usize {
        let (parts, count) = subject_parts(subject);
        let text = texts::joined(parts.get(..count).unwrap_or_default());
        let last = Sought {
            prefix: prefix(&text),
            id: None,
            text: &text,
        };
        let up_to =
            |entry: &Entry| order(&self.ranks.inexact, self.subjects, entry, (last, sort_key)).is_le();
        self.ranks.entries.position(up_to)
    }

    /// Members from position `offset` (counted from 0), each with its rank.
    pub fn iter_from(self, offset: usize) -> impl Iterator<Item = (Option<usize>, Subject)> + 'a {
        self.ids_from(offset)
            .map(move |(rank, id)| (rank, subject_of(self.subjects.get(id))))
    }

    /// The numbers of the members from position `offset` (counted from 0), each with its rank.
    pub(super) fn ids_from(self, offset: usize) -> impl Iterator<Item = (Option<usize>, MemberId)> + 'a {
        let ranks = self.ranks;
        let mut above: Option<(SortKeyOf, Option<usize>)> = None;
        ranks
            .entries
            .iter_from(offset)
            .enumerate()
            .map(move |(i, entry)| {
                let own = SortKeyOf::new(ranks, entry);
                let rank = match above {
                    // The first row of a page may be tied with the last row of the page before.
                    None => own.rank(ranks),
                    Some((other, rank)) if other == own => rank,
                    Some(_) if ranks.ties == Ties::Competition => {
                        entry.compact.is_ranked().then_some(offset + i + 1)
                    }
                    Some(_) => own.rank(ranks),
                };
                above = Some((own, rank));
                (rank, entry.id)
            })
    }
}

/// The sort key of an entry: its first integer when that is exact.
#[derive(Clone, Copy, PartialEq)]
struct SortKeyOf(Compact, Option<SortKey>);

impl SortKeyOf {
    fn new(ranks: &Ranks, entry: &Entry) -> Self {
        let inexact = match entry.compact.is_exact() {
            true => None,
            false => exact_key(&ranks.inexact, entry),
        };
        Self(entry.compact, inexact)
    }

    fn rank(self, ranks: &Ranks) -> Option<usize> {
        let Self(compact, inexact) = self;
        let order = |entry: &Entry| match inexact {
            Some(sort_key) => by_key(&ranks.inexact, entry, sort_key),
            None => entry.compact.cmp(&compact),
        };
        compact.is_ranked().then(|| ranks.rank(order))
    }
}

#[cfg(test)]
mod tests;
