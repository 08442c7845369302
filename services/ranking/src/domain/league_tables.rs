//! All league tables: every score is placed by the directory's entry of its subject.

mod labels;
mod uncounted;

use std::collections::HashMap;
use std::sync::Arc;

use prima_platform::number::{self, Rational};
use prima_proto::name::{self, Subject};

use super::cohorts;
use super::facts::{AgencyFacts, Aggregate, Figures, Score, UnitFacts};
use super::member_score::{Content, Interner, MemberScore, ParsedScore};
use super::table::{Table, TableKey};
use super::table_map::TableMap;

pub use super::member_score::{BadScore, Units, Unranked};

/// The tables that an update changed, each once; empty when no shown row changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    keys: Vec<Arc<TableKey>>,
}

impl Changed {
    /// True when no shown row changed.
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
    /// Standard competition rank from 1; `None` when the subject is listed without a rank.
    pub rank: Option<usize>,
    /// The unit or agency.
    pub subject: Subject,
    /// Its official name.
    pub display_name: String,
    /// Official name of a unit's agency; empty for an agency, and while the agency is unknown.
    pub agency_display_name: String,
    /// The published figures.
    pub score: Figures,
    /// Why it has no rank; `None` when it has one.
    pub unranked: Option<Unranked>,
    /// The units of an agency in this metric and period; zeros for a unit.
    pub units: Units,
    /// Version of the score.
    pub version: i64,
}

/// The directory's entry of a subject, with its version.
#[derive(Debug, PartialEq, Eq)]
enum DirectoryEntry {
    /// The directory has not announced the subject; only scores arrived.
    Unknown,
    /// The newest state cannot be read by this release.
    Unreadable(i64),
    Unit(i64, UnitFacts),
    Agency(i64, AgencyFacts),
}

impl DirectoryEntry {
    fn version(&self) -> Option<i64> {
        match self {
            Self::Unknown => None,
            Self::Unreadable(version) | Self::Unit(version, _) | Self::Agency(version, _) => Some(*version),
        }
    }

    /// Whether the directory has announced the subject in a form that this release can read.
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

    /// Official name of the unit type, when the agency of the unit has defined it.
    fn type_display_name(&self) -> Option<&str> {
        match self {
            Self::Unit(_, facts) => Some(&facts.agency_type.as_ref()?.display_name),
            Self::Unknown | Self::Unreadable(_) | Self::Agency(..) => None,
        }
    }
}

/// A subject with its directory entry and its scores.
#[derive(Debug)]
struct Member {
    subject: Arc<Subject>,
    entry: DirectoryEntry,
    /// The cohorts in which its scores are ranked.
    cohorts: Vec<String>,
    /// Its scores, ordered by metric and period.
    scores: Vec<MemberScore>,
}

impl Member {
    fn new(subject: Arc<Subject>) -> Self {
        Self {
            subject,
            entry: DirectoryEntry::Unknown,
            cohorts: Vec::new(),
            scores: Vec::new(),
        }
    }

    fn find(&self, metric: &str, period: &str) -> Result<usize, usize> {
        self.scores
            .binary_search_by(|score| (&*score.metric, &*score.period).cmp(&(metric, period)))
    }

    fn score(&self, metric: &str, period: &str) -> Option<&MemberScore> {
        self.find(metric, period).ok().and_then(|at| self.scores.get(at))
    }
}

/// All league tables.
///
/// Every state carries the version of its subject. An older or equal version is ignored, so the order of arrival does
/// not matter. The newest version replaces the one before even when it cannot be read, because the older one is no
/// longer true.
///
/// Several services may publish the score of the same metric, period and subject; their versions are compared per
/// service. Of the states that are not withdrawn the one with the newest version is shown; of equal versions, the one
/// whose service comes first by name. So a metric can move to another service: when the old service withdraws its
/// scores, those of the new one stay. When the newest state cannot be read, no row is shown, and the older state of
/// another service does not replace it.
#[derive(Debug, Default)]
pub struct LeagueTables {
    members: HashMap<Arc<Subject>, Member>,
    /// The announced units of each agency id, which are placed again when the entry of the agency changes.
    units: HashMap<String, Vec<Arc<Subject>>>,
    tables: TableMap,
    unplaced: usize,
    interner: Interner,
}

impl LeagueTables {
    /// Applies the directory's entry of an agency, and places its units again.
    pub fn agency(&mut self, name: name::Agency, version: i64, facts: AgencyFacts) -> Changed {
        self.announce(Subject::Agency(name), DirectoryEntry::Agency(version, facts))
    }

    /// Applies the directory's entry of a unit.
    pub fn unit(&mut self, name: name::Unit, version: i64, facts: UnitFacts) -> Changed {
        self.announce(Subject::Unit(name), DirectoryEntry::Unit(version, facts))
    }

    /// Applies a score that the service `source` published. Fails without a change when the value is not a decimal,
    /// or when metric or period cannot be part of the name of a table.
    pub fn score(&mut self, source: &str, version: i64, score: Score) -> Result<Changed, BadScore> {
        BadScore::check_names(&score.metric, &score.period)?;
        let content = if score.withdrawn {
            Content::Withdrawn
        } else {
            Content::Figures(ParsedScore::parse(&score.subject, score.figures)?)
        };
        Ok(self.apply_score(
            source,
            version,
            &score.metric,
            &score.period,
            score.subject,
            content,
        ))
    }

    /// Applies a state that cannot be read: the older state of the aggregate no longer counts.
    pub fn unreadable(&mut self, aggregate: Aggregate, version: i64) -> Changed {
        match aggregate {
            Aggregate::Agency(name) => {
                self.announce(Subject::Agency(name), DirectoryEntry::Unreadable(version))
            }
            Aggregate::Unit(name) => self.announce(Subject::Unit(name), DirectoryEntry::Unreadable(version)),
            Aggregate::Score(key) if BadScore::check_names(&key.metric, &key.period).is_err() => {
                Changed::default()
            }
            Aggregate::Score(key) => {
                let content = Content::Unreadable;
                self.apply_score(
                    &key.service,
                    version,
                    &key.metric,
                    &key.period,
                    key.subject,
                    content,
                )
            }
        }
    }

    fn apply_score(
        &mut self,
        source: &str,
        version: i64,
        metric: &str,
        period: &str,
        subject: Subject,
        content: Content,
    ) -> Changed {
        let agency = match &subject {
            Subject::Unit(unit) => Some(Subject::Agency(unit.agency_name())),
            Subject::Agency(_) => None,
        };
        let mut changed = Changed::default();
        let before_and_after = self.change_score(subject, metric, period, &mut changed, |score, interner| {
            score.apply(interner, source, version, content)
        });
        let [before, after] = before_and_after;
        if let Some(agency) = agency
            && before != after
        {
            self.change_score(agency, metric, period, &mut changed, |score, _| {
                score.count_unit(before, after);
                score.shown().is_some()
            });
        }
        changed
    }

    /// Changes one score of a subject, moves it in its tables, and adds these to `changed` when `change` returns that
    /// the shown row may have changed. Returns how it counts for its agency before and after.
    fn change_score(
        &mut self,
        subject: Subject,
        metric: &str,
        period: &str,
        changed: &mut Changed,
        change: impl FnOnce(&mut MemberScore, &mut Interner) -> bool,
    ) -> [Units; 2] {
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
                let mut score = MemberScore::new(self.interner.intern(metric), self.interner.intern(period));
                score.tables = self.tables.keys(metric, period, &member.cohorts);
                member.scores.insert(at, score);
                at
            }
        };
        let Some(score) = member.scores.get_mut(at) else {
            return Default::default();
        };
        let (before, counted) = (score.sort_key, score.as_unit());
        let shown = change(score, &mut self.interner);
        let after = score.sort_key;
        if !member.entry.is_known() {
            self.unplaced = self.unplaced + usize::from(after.is_some()) - usize::from(before.is_some());
        }
        if shown {
            for key in &score.tables {
                self.tables.shift(key, &member.subject, before, after);
            }
            changed.keys.extend(score.tables.iter().cloned());
        }
        [counted, score.as_unit()]
    }

    /// The table of this name; `None` when it has no member.
    pub fn table(&self, key: &TableKey) -> Option<&Table> {
        self.tables.get(key)
    }

    /// All tables, ordered by metric, period and cohort.
    pub fn tables(&self) -> impl Iterator<Item = (&TableKey, &Table)> {
        self.tables.iter()
    }

    /// The mean of the published values of the ranked subjects of a table; only of agencies, of which there are few, so
    /// that it is computed when it is read.
    pub fn mean(&self, key: &TableKey) -> Option<Rational> {
        if !cohorts::is_of_agencies(&key.cohort) {
            return None;
        }
        let value = |subject: &Arc<Subject>| {
            let (_, parsed) = self
                .members
                .get(subject)?
                .score(&key.metric, &key.period)?
                .shown()?;
            number::parse_decimal(&parsed.figures.value)
        };
        let ranked = self
            .table(key)?
            .iter_from(0)
            .take_while(|(rank, _)| rank.is_some());
        let values: Vec<Rational> = ranked.filter_map(|(_, subject)| value(subject)).collect();
        number::mean(&values)
    }

    /// The row of a subject in every table of a metric and period that it is in, ordered by cohort.
    pub fn standings(&self, subject: &Subject, metric: &str, period: &str) -> Vec<(TableKey, Row)> {
        let Some(member) = self.members.get(subject) else {
            return Vec::new();
        };
        let Some(score) = member.score(metric, period) else {
            return Vec::new();
        };
        let row = |key: &Arc<TableKey>| {
            let rank = self.table(key)?.rank(score.sort_key?);
            Some((TableKey::clone(key), self.row(member, score, rank)?))
        };
        let mut standings: Vec<_> = score.tables.iter().filter_map(row).collect();
        standings.sort_by(|(a, _), (b, _)| a.cmp(b));
        standings
    }

    /// Up to `limit` rows from position `offset` (counted from 0); `None` when there is no such table.
    pub fn rows(&self, key: &TableKey, offset: usize, limit: usize) -> Option<Vec<Row>> {
        let row = |(rank, subject): (Option<usize>, &Arc<Subject>)| {
            let member = self.members.get(subject)?;
            self.row(member, member.score(&key.metric, &key.period)?, rank)
        };
        Some(
            self.table(key)?
                .iter_from(offset)
                .take(limit)
                .filter_map(row)
                .collect(),
        )
    }

    /// Rank of a subject in a table, without building its row; `None` when it has no rank there.
    pub fn rank(&self, key: &TableKey, subject: &Subject) -> Option<usize> {
        let score = self.members.get(subject)?.score(&key.metric, &key.period)?;
        let sort_key = score
            .sort_key
            .filter(|_| score.tables.iter().any(|own| **own == *key))?;
        self.table(key)?.rank(sort_key)
    }

    /// Number of scores that could be shown, but whose subject the directory has not announced. They are kept, and
    /// placed once it is announced.
    pub fn unplaced(&self) -> usize {
        self.unplaced
    }

    fn announce(&mut self, subject: Subject, entry: DirectoryEntry) -> Changed {
        let subject = Arc::new(subject);
        let member = self
            .members
            .entry(Arc::clone(&subject))
            .or_insert_with(|| Member::new(Arc::clone(&subject)));
        if member.entry.version() >= entry.version() {
            return Changed::default();
        }
        let placeable = member
            .scores
            .iter()
            .filter(|score| score.sort_key.is_some())
            .count();
        match (member.entry.is_known(), entry.is_known()) {
            (false, true) => self.unplaced -= placeable,
            (true, false) => self.unplaced += placeable,
            (false, false) | (true, true) => {}
        }
        if member.entry == DirectoryEntry::Unknown && subject.unit_id().is_some() {
            self.units
                .entry(subject.agency_id().to_owned())
                .or_default()
                .push(Arc::clone(&member.subject));
        }
        let renamed = member.entry.display_name() != entry.display_name()
            || member.entry.type_display_name() != entry.type_display_name();
        member.entry = entry;
        let mut keys = Vec::new();
        self.place_scores(&subject, renamed, &mut keys);
        if subject.unit_id().is_none() {
            let units = self.units.remove(subject.agency_id()).unwrap_or_default();
            for unit in &units {
                self.place_scores(unit, renamed, &mut keys);
            }
            if !units.is_empty() {
                self.units.insert(subject.agency_id().to_owned(), units);
            }
        }
        keys.sort();
        keys.dedup();
        Changed { keys }
    }

    /// Moves the scores of a subject to the tables of its current cohorts. With `renamed`, the tables in which it
    /// stays are reported as changed too, because its rows show another name.
    fn place_scores(&mut self, subject: &Subject, renamed: bool, changed: &mut Vec<Arc<TableKey>>) {
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
        for score in &mut member.scores {
            let tables = self.tables.keys(&score.metric, &score.period, &member.cohorts);
            let left = std::mem::replace(&mut score.tables, tables);
            if score.sort_key.is_none() {
                continue;
            }
            for key in left.iter().filter(|key| !score.tables.contains(key)) {
                self.tables.shift(key, &member.subject, score.sort_key, None);
                changed.push(Arc::clone(key));
            }
            for key in &score.tables {
                let stays = left.contains(key);
                if !stays {
                    self.tables.shift(key, &member.subject, None, score.sort_key);
                }
                if !stays || renamed {
                    changed.push(Arc::clone(key));
                }
            }
        }
    }

    /// The cohorts of a subject by its directory entry.
    fn cohorts(&self, member: &Member) -> Vec<String> {
        match &member.entry {
            DirectoryEntry::Unit(_, unit) => {
                cohorts::of_unit(&member.subject, unit, self.agency_of(&member.subject))
            }
            DirectoryEntry::Agency(_, agency) => cohorts::of_agency(agency),
            DirectoryEntry::Unknown | DirectoryEntry::Unreadable(_) => Vec::new(),
        }
    }

    /// The directory's entry of the agency of a unit.
    fn agency_of(&self, subject: &Subject) -> Option<&AgencyFacts> {
        let Subject::Unit(unit) = subject else { return None };
        match &self.members.get(&Subject::Agency(unit.agency_name()))?.entry {
            DirectoryEntry::Agency(_, facts) => Some(facts),
            DirectoryEntry::Unknown | DirectoryEntry::Unreadable(_) | DirectoryEntry::Unit(..) => None,
        }
    }

    fn row(&self, member: &Member, score: &MemberScore, rank: Option<usize>) -> Option<Row> {
        let (version, parsed) = score.shown()?;
        Some(Row {
            rank,
            subject: Subject::clone(&member.subject),
            display_name: member.entry.display_name().to_owned(),
            agency_display_name: self
                .agency_of(&member.subject)
                .map_or_else(String::new, |a| a.display_name.clone()),
            score: parsed.figures.clone(),
            unranked: score.unranked(parsed),
            units: score.units,
            version,
        })
    }
}
