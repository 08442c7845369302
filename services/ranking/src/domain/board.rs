//! All league tables: places every score by what the directory says of its subject.

use std::collections::HashMap;
use std::sync::Arc;

use prima_proto::name::{self, Subject};

use super::facts::{AgencyFacts, Aggregate, Figures, Kind, Score, UnitFacts};
use super::held::{Held, Live, Said, Words};
use super::table::{Table, TableKey};
use super::tables::Tables;

pub use super::held::{BadScore, Unranked};

/// The tables that an update changed, each once; empty when it changed nothing that is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    keys: Vec<Arc<TableKey>>,
}

impl Changed {
    /// True when nothing that is shown has changed.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys of the tables.
    pub fn iter(&self) -> impl Iterator<Item = &TableKey> {
        self.keys.iter().map(Arc::as_ref)
    }
}

impl IntoIterator for Changed {
    type Item = Arc<TableKey>;
    type IntoIter = std::vec::IntoIter<Arc<TableKey>>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
    }
}

/// One subject of a table, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Standard competition rank from 1; `None` when the subject is only listed.
    pub rank: Option<usize>,
    /// The unit or agency.
    pub subject: Subject,
    /// Its official name.
    pub display_name: String,
    /// Official name of a unit's agency; empty for an agency, and while the agency is unknown.
    pub agency_display_name: String,
    /// What was published.
    pub score: Figures,
    /// Why it has no rank.
    pub unranked: Option<Unranked>,
    /// Version of the score.
    pub version: i64,
}

/// What the directory has said of a subject, with its version.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    /// Nothing yet; there are only scores.
    Unknown,
    /// Nothing that this release can read.
    Unreadable(i64),
    Unit(i64, UnitFacts),
    Agency(i64, AgencyFacts),
}

impl Entry {
    fn version(&self) -> Option<i64> {
        match self {
            Self::Unknown => None,
            Self::Unreadable(version) | Self::Unit(version, _) | Self::Agency(version, _) => Some(*version),
        }
    }

    /// Whether the subject is announced.
    fn is_known(&self) -> bool {
        match self {
            Self::Unknown | Self::Unreadable(_) => false,
            Self::Unit(..) | Self::Agency(..) => true,
        }
    }

    fn display_name(&self) -> &str {
        match self {
            Self::Unknown | Self::Unreadable(_) => "",
            Self::Unit(_, facts) => &facts.display_name,
            Self::Agency(_, facts) => &facts.display_name,
        }
    }
}

/// A subject with all that is known of it.
#[derive(Debug)]
struct Member {
    subject: Arc<Subject>,
    entry: Entry,
    /// The cohorts its scores are placed in.
    cohorts: Vec<String>,
    /// Its scores, ordered by metric and period.
    scores: Vec<Held>,
}

impl Member {
    fn new(subject: Arc<Subject>) -> Self {
        Self {
            subject,
            entry: Entry::Unknown,
            cohorts: Vec::new(),
            scores: Vec::new(),
        }
    }

    fn find(&self, metric: &str, period: &str) -> Result<usize, usize> {
        self.scores
            .binary_search_by(|held| (&*held.metric, &*held.period).cmp(&(metric, period)))
    }

    fn held(&self, metric: &str, period: &str) -> Option<&Held> {
        self.find(metric, period).ok().and_then(|at| self.scores.get(at))
    }
}

/// All league tables.
///
/// Every fact carries the version of its subject. An older or equal version is ignored, so the order in which facts
/// arrive does not matter. The newest counts also when it can't be read: what was said before is not true any more.
///
/// A score of a metric, period and subject may come from several publishing services, whose versions are kept
/// apart. Of those not withdrawn, the one with the newest version is shown; of equal versions, the one whose
/// service comes first by name. So a metric may move to another service: what the old one withdraws leaves the
/// score of the new one in place. A score whose newest state can't be read is not shown; the older one of another
/// service does not stand in for it.
#[derive(Debug, Default)]
pub struct Board {
    members: HashMap<Arc<Subject>, Member>,
    /// The announced units of each agency id, placed anew when the agency changes.
    units: HashMap<String, Vec<Arc<Subject>>>,
    tables: Tables,
    unplaced: usize,
    words: Words,
}

impl Board {
    /// Takes in what the directory says of an agency. Its units are placed anew too.
    pub fn agency(&mut self, name: name::Agency, version: i64, facts: AgencyFacts) -> Changed {
        self.announce(Subject::Agency(name), Entry::Agency(version, facts))
    }

    /// Takes in what the directory says of a unit.
    pub fn unit(&mut self, name: name::Unit, version: i64, facts: UnitFacts) -> Changed {
        self.announce(Subject::Unit(name), Entry::Unit(version, facts))
    }

    /// Takes in a score published by the service `source`. Fails, changing nothing, when the value is no decimal or
    /// when metric or period can't stand in the name of a table.
    pub fn score(&mut self, source: &str, version: i64, score: Score) -> Result<Changed, BadScore> {
        BadScore::check_names(&score.metric, &score.period)?;
        let said = if score.withdrawn {
            Said::Withdrawn
        } else {
            Said::Figure(Live::read(&score.subject, score.figures)?)
        };
        Ok(self.say(source, version, &score.metric, &score.period, score.subject, said))
    }

    /// Takes in that a state can't be read: what an older one said of `about` counts no longer.
    pub fn unreadable(&mut self, about: Aggregate, version: i64) -> Changed {
        match about {
            Aggregate::Agency(name) => self.announce(Subject::Agency(name), Entry::Unreadable(version)),
            Aggregate::Unit(name) => self.announce(Subject::Unit(name), Entry::Unreadable(version)),
            Aggregate::Score(key) if BadScore::check_names(&key.metric, &key.period).is_err() => {
                Changed::default()
            }
            Aggregate::Score(key) => {
                let said = Said::Unreadable;
                self.say(&key.service, version, &key.metric, &key.period, key.subject, said)
            }
        }
    }

    fn say(
        &mut self,
        source: &str,
        version: i64,
        metric: &str,
        period: &str,
        subject: Subject,
        said: Said,
    ) -> Changed {
        let member = match self.members.get_mut(&subject) {
            Some(member) => member,
            None => {
                let subject = Arc::new(subject);
                self.members
                    .entry(Arc::clone(&subject))
                    .or_insert_with(|| Member::new(subject))
            }
        };
        let at = match member.find(metric, period) {
            Ok(at) => at,
            Err(at) => {
                let mut held = Held::new(self.words.get(metric), self.words.get(period));
                held.tables = self.tables.keys(metric, period, &member.cohorts);
                member.scores.insert(at, held);
                at
            }
        };
        let Some(held) = member.scores.get_mut(at) else {
            return Changed::default();
        };
        let before = held.seat;
        let shown = held.claim(&mut self.words, source, version, said);
        if !member.entry.is_known() {
            self.unplaced = self.unplaced + usize::from(held.seat.is_some()) - usize::from(before.is_some());
        }
        if !shown {
            return Changed::default();
        }
        for key in &held.tables {
            self.tables.shift(key, &member.subject, before, held.seat);
        }
        Changed {
            keys: held.tables.clone(),
        }
    }

    /// The table of this name, `None` when it has no member.
    pub fn table(&self, key: &TableKey) -> Option<&Table> {
        self.tables.get(key)
    }

    /// All tables, ordered by metric, period and cohort.
    pub fn tables(&self) -> impl Iterator<Item = (&TableKey, &Table)> {
        self.tables.iter()
    }

    /// The row of a subject in every table of a metric and period that it is in, by cohort.
    pub fn standings(&self, subject: &Subject, metric: &str, period: &str) -> Vec<(TableKey, Row)> {
        let Some(member) = self.members.get(subject) else {
            return Vec::new();
        };
        let Some(held) = member.held(metric, period) else {
            return Vec::new();
        };
        let row = |key: &Arc<TableKey>| {
            let rank = self.table(key)?.rank(held.seat?);
            Some((TableKey::clone(key), self.row(member, held, rank)?))
        };
        let mut standings: Vec<_> = held.tables.iter().filter_map(row).collect();
        standings.sort_by(|(a, _), (b, _)| a.cmp(b));
        standings
    }

    /// Up to `limit` rows from position `offset` (from 0) on; `None` when there is no such table.
    pub fn rows(&self, key: &TableKey, offset: usize, limit: usize) -> Option<Vec<Row>> {
        let row = |(rank, subject): (Option<usize>, &Arc<Subject>)| {
            let member = self.members.get(subject)?;
            self.row(member, member.held(&key.metric, &key.period)?, rank)
        };
        Some(
            self.table(key)?
                .iter_from(offset)
                .take(limit)
                .filter_map(row)
                .collect(),
        )
    }

    /// Rank of a subject in a table without making its row; `None` when it has none there.
    pub fn rank(&self, key: &TableKey, subject: &Subject) -> Option<usize> {
        let held = self.members.get(subject)?.held(&key.metric, &key.period)?;
        let seat = held
            .seat
            .filter(|_| held.tables.iter().any(|own| **own == *key))?;
        self.table(key)?.rank(seat)
    }

    /// Number of scores that could be shown, of subjects that the directory has not announced. They are kept, and
    /// placed when it does.
    pub fn unplaced(&self) -> usize {
        self.unplaced
    }

    fn announce(&mut self, subject: Subject, entry: Entry) -> Changed {
        let subject = Arc::new(subject);
        let member = self
            .members
            .entry(Arc::clone(&subject))
            .or_insert_with(|| Member::new(Arc::clone(&subject)));
        if member.entry.version() >= entry.version() {
            return Changed::default();
        }
        let placeable = member.scores.iter().filter(|held| held.seat.is_some()).count();
        match (member.entry.is_known(), entry.is_known()) {
            (false, true) => self.unplaced -= placeable,
            (true, false) => self.unplaced += placeable,
            (false, false) | (true, true) => {}
        }
        if member.entry == Entry::Unknown && subject.unit_id().is_some() {
            self.units
                .entry(subject.agency_id().to_owned())
                .or_default()
                .push(Arc::clone(&member.subject));
        }
        let renamed = member.entry.display_name() != entry.display_name();
        member.entry = entry;
        let mut keys = Vec::new();
        self.place(&subject, renamed, &mut keys);
        if subject.unit_id().is_none() {
            let units = self.units.remove(subject.agency_id()).unwrap_or_default();
            for unit in &units {
                self.place(unit, renamed, &mut keys);
            }
            if !units.is_empty() {
                self.units.insert(subject.agency_id().to_owned(), units);
            }
        }
        keys.sort();
        keys.dedup();
        Changed { keys }
    }

    /// Moves the scores of a subject to the tables where they now belong. `renamed` tells that its rows look
    /// different even where it stays.
    fn place(&mut self, subject: &Subject, renamed: bool, changed: &mut Vec<Arc<TableKey>>) {
        let Some(member) = self.members.get(subject) else {
            return;
        };
        let cohorts = self.cohorts(member);
        if !renamed && member.cohorts == cohorts {
            return;
        }
        let Some(member) = self.members.get_mut(subject) else {
            return;
        };
        member.cohorts = cohorts;
        for held in &mut member.scores {
            let tables = self.tables.keys(&held.metric, &held.period, &member.cohorts);
            let left = std::mem::replace(&mut held.tables, tables);
            if held.seat.is_none() {
                continue;
            }
            for key in left.iter().filter(|key| !held.tables.contains(key)) {
                self.tables.shift(key, &member.subject, held.seat, None);
                changed.push(Arc::clone(key));
            }
            for key in &held.tables {
                let stays = left.contains(key);
                if !stays {
                    self.tables.shift(key, &member.subject, None, held.seat);
                }
                if !stays || renamed {
                    changed.push(Arc::clone(key));
                }
            }
        }
    }

    /// The cohorts that a subject belongs to by what the directory says.
    fn cohorts(&self, member: &Member) -> Vec<String> {
        match &member.entry {
            Entry::Unit(_, unit) if !unit.withdrawn && is_cohort(&unit.unit_type) => {
                let province = match self.agency_of(&member.subject) {
                    Some(agency) => agency.province(member.subject.agency_id()),
                    None => None,
                };
                let regional = province.map(|province| format!("{}.{province}", unit.unit_type));
                std::iter::once(unit.unit_type.clone()).chain(regional).collect()
            }
            Entry::Agency(_, agency) if !agency.withdrawn => {
                agency.kind.iter().map(|kind| kind.as_str().to_owned()).collect()
            }
            Entry::Unknown | Entry::Unreadable(_) | Entry::Unit(..) | Entry::Agency(..) => Vec::new(),
        }
    }

    /// What the directory says of a unit's agency.
    fn agency_of(&self, subject: &Subject) -> Option<&AgencyFacts> {
        let Subject::Unit(unit) = subject else { return None };
        match &self.members.get(&Subject::Agency(unit.agency_name()))?.entry {
            Entry::Agency(_, facts) => Some(facts),
            Entry::Unknown | Entry::Unreadable(_) | Entry::Unit(..) => None,
        }
    }

    fn row(&self, member: &Member, held: &Held, rank: Option<usize>) -> Option<Row> {
        let (version, live) = held.shown()?;
        Some(Row {
            rank,
            subject: Subject::clone(&member.subject),
            display_name: member.entry.display_name().to_owned(),
            agency_display_name: self
                .agency_of(&member.subject)
                .map_or_else(String::new, |a| a.display_name.clone()),
            score: live.figures.clone(),
            unranked: live.unranked,
            version,
        })
    }
}

/// Whether a unit type can name a cohort. One that is called like a kind of agency would mix units with agencies.
fn is_cohort(unit_type: &str) -> bool {
    name::token(unit_type, name::TOKEN_MAX).is_ok() && Kind::parse(unit_type).is_none()
}
