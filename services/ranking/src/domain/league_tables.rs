//! All league tables: every score is placed by the directory's entry of its subject.

mod arrange;
mod counted;
mod defined;
mod definitions;
mod estimates;
mod expected;
mod labels;
mod places;
mod read;
mod scorecard;
mod uncounted;

use std::sync::Arc;

use hashbrown::HashMap;
use prima_proto::name::{self, Subject};
use smallvec::SmallVec;

use super::definition::{Definition, Ties};
use super::facts::{AgencyFacts, Aggregate, Score, UnitFacts};
use super::member::{DirectoryEntry, Member, UnitEntry};
use super::member_score::{Content, MemberScore, ParsedScore};
use super::table::{MemberId, Sought, TableKey, subject_of, subject_parts};
use super::table_map::{Series, TableIds, TableMap};
use super::texts::{self, Texts};

use counted::{Change, Expected};
use defined::Definitions;

pub use super::member_score::{BadScore, Units, Unranked};
pub use super::row::Row;

/// The tables that an update changed, each once; empty when no shown row changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    is_newer: bool,
    keys: SmallVec<[Arc<TableKey>; 4]>,
}

impl Changed {
    /// True when no shown row changed.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether the state was newer than the last one of its aggregate; otherwise it changed nothing.
    pub fn is_newer(&self) -> bool {
        self.is_newer
    }

    /// The keys of the tables.
    pub fn iter(&self) -> impl Iterator<Item = &TableKey> {
        self.keys.iter().map(Arc::as_ref)
    }
}

impl IntoIterator for Changed {
    type Item = Arc<TableKey>;
    type IntoIter = smallvec::IntoIter<[Arc<TableKey>; 4]>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
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
///
/// Subjects, tables, and every text that repeats have numbers, so that the scores of all units of the nation fit into
/// memory and an update follows no texts.
#[derive(Debug, Default)]
pub struct LeagueTables {
    /// The subjects: their numbers are the positions of the members.
    subjects: Texts,
    members: Vec<Member>,
    /// The announced units of each agency, which are placed again when the entry of the agency changes.
    units: HashMap<MemberId, Vec<MemberId>>,
    tables: TableMap,
    unplaced: usize,
    /// Metrics with periods.
    series: Texts,
    /// Services, categories and unit types.
    names: Texts,
    definitions: Definitions,
    expected: Expected,
}

impl LeagueTables {
    /// Applies the directory's entry of an agency, and places its units again.
    pub fn agency(&mut self, name: name::Agency, version: i64, facts: AgencyFacts) -> Changed {
        let entry = DirectoryEntry::Agency(version, Box::new(facts));
        self.announce(&Subject::Agency(name), version, |_| entry)
    }

    /// Applies the directory's entry of a unit.
    pub fn unit(&mut self, name: name::Unit, version: i64, facts: UnitFacts) -> Changed {
        self.announce(&Subject::Unit(name), version, |names| {
            DirectoryEntry::Unit(version, UnitEntry::new(facts, names))
        })
    }

    /// Applies a score that the service `source` published. Fails without a change when the value is not a decimal,
    /// or when metric or period cannot be part of the name of a table.
    pub fn score(&mut self, source: &str, version: i64, score: Score) -> Result<Changed, BadScore> {
        let Score {
            metric,
            period,
            subject,
            figures,
            withdrawn,
        } = score;
        let series = self.series(&metric, &period)?;
        let content = if withdrawn {
            Content::Withdrawn
        } else {
            let definition = self.definitions.get(series);
            Content::Figures(ParsedScore::parse(
                &subject,
                figures,
                definition,
                &mut self.names,
            )?)
        };
        let id = self.number(&subject);
        Ok(self.apply_score(source, version, series, id, content))
    }

    /// Applies a state that cannot be read: the older state of the aggregate no longer counts.
    pub fn unreadable(&mut self, aggregate: Aggregate, version: i64) -> Changed {
        let entry = |_: &mut Texts| DirectoryEntry::Unreadable(version);
        match aggregate {
            Aggregate::Agency(name) => self.announce(&Subject::Agency(name), version, entry),
            Aggregate::Unit(name) => self.announce(&Subject::Unit(name), version, entry),
            Aggregate::Score(key) => match self.series(&key.metric, &key.period) {
                Ok(series) => {
                    let id = self.number(&key.subject);
                    self.apply_score(&key.service, version, series, id, Content::Unreadable)
                }
                // It is in no table, whatever its version.
                Err(_) => Changed {
                    is_newer: true,
                    ..Changed::default()
                },
            },
            Aggregate::Definition(metric) => self.unreadable_definition(&metric, version),
        }
    }

    /// Number of a metric and period; fails when they cannot be part of the name of a table.
    fn series(&mut self, metric: &str, period: &str) -> Result<u32, BadScore> {
        if let Some(series) = self.series.find(&[metric, period]) {
            return Ok(series);
        }
        BadScore::check_names(metric, period)?;
        self.definitions.add_series(metric);
        Ok(self.series.number(&[metric, period]))
    }

    fn find(&self, subject: &Subject) -> Option<MemberId> {
        let (parts, count) = subject_parts(subject);
        self.subjects.find(parts.get(..count)?)
    }

    fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.get(id as usize)
    }

    /// Number of a subject, which becomes a member if it is none. The agency of a unit is one too.
    fn number(&mut self, subject: &Subject) -> MemberId {
        if let Some(known) = self.find(subject) {
            return known;
        }
        let mut add = |parts: &[&str], agency: Option<MemberId>| {
            let id = self.subjects.number(parts);
            if id as usize == self.members.len() {
                self.members.push(Member::new(agency.unwrap_or(id)));
            }
            id
        };
        let agency = add(&[subject.agency_id()], None);
        match subject.unit_id() {
            Some(unit) => add(&[subject.agency_id(), unit], Some(agency)),
            None => agency,
        }
    }

    fn apply_score(
        &mut self,
        source: &str,
        version: i64,
        series: u32,
        id: MemberId,
        content: Content,
    ) -> Changed {
        let source = self.names.number(&[source]);
        let mut changed = Changed::default();
        let mut is_newer = false;
        let counted = self.change_score(id, series, &mut changed, |score, names| {
            let shown;
            (is_newer, shown) = score.apply(names, source, version, content);
            shown
        });
        changed.is_newer = is_newer;
        self.count_unit(id, series, counted, &mut changed);
        changed
    }

    /// Counts the score of a unit for its agency as it is now instead of as it was.
    fn count_unit(&mut self, id: MemberId, series: u32, [before, after]: [Units; 2], changed: &mut Changed) {
        let agency = self.member(id).map(|member| member.agency);
        if let Some(agency) = agency.filter(|agency| *agency != id && before != after) {
            self.change_score(agency, series, changed, |score, _| {
                score.count_unit(before, after);
                score.shown().is_some()
            });
        }
    }

    /// Changes one score of a subject, moves it in its tables, and adds these to `changed` when `change` returns that
    /// the shown row may have changed. Returns how it counts for its agency before and after.
    fn change_score(
        &mut self,
        id: MemberId,
        series: u32,
        changed: &mut Changed,
        change: impl FnOnce(&mut MemberScore, &Texts) -> bool,
    ) -> [Units; 2] {
        let at = match self.member(id).map(|member| member.find(series)) {
            Some(Ok(at)) => at,
            Some(Err(at)) => {
                let definition = self.definitions.of_series(series);
                let score = MemberScore::new(series, self.tables_of_new(id, series, &definition));
                if let Some(member) = self.members.get_mut(id as usize) {
                    // Without room for more: most subjects have few scores, and there are many subjects.
                    member.scores.reserve_exact(1);
                    member.scores.insert(at, score);
                }
                at
            }
            None => return Default::default(),
        };
        let member = self.members.get_mut(id as usize);
        let Some((score, entry)) = member.and_then(|m| Some((m.scores.get_mut(at)?, &m.entry))) else {
            return Default::default();
        };
        let (before, counted) = (score.sort_key(), score.as_unit());
        let shown = change(score, &self.names);
        let after = score.sort_key();
        if !entry.is_known() {
            self.unplaced = self.unplaced + usize::from(after.is_some()) - usize::from(before.is_some());
        }
        let counts = [counted, score.as_unit()];
        if shown && self.definitions.get(series).cohorts_depend_on_score() {
            let definition = self.definitions.of_series(series);
            let tables = self.tables_of(id, series, &definition);
            self.move_score(id, series, before, tables, &mut changed.keys);
        } else if shown {
            let sought = Sought::new(&self.subjects, id);
            for table in &score.tables {
                self.tables.shift(*table, &self.subjects, sought, before, after);
                changed.keys.extend(self.tables.key(*table).cloned());
            }
        }
        counts
    }

    /// The tables of a metric and period in these cohorts.
    fn tables_in(&mut self, series: u32, cohorts: &[String], ties: Ties) -> TableIds {
        self.tables.ids(&numbered(&self.series, series), cohorts, ties)
    }

    /// The tables of a score that a subject did not have: those of its score of another metric, when both are in the same
    /// cohorts, since it takes longer to find these by their names.
    fn tables_of_new(&mut self, id: MemberId, series: u32, definition: &Definition) -> TableIds {
        let metric = self.metric_and_period(series).0;
        let is_alike = |other: &&MemberScore| {
            // The scores of a metric are placed one after the other when its definition changes.
            self.definitions.get(other.series).has_cohorts_of(definition)
                && self.metric_and_period(other.series).0 != metric
        };
        let first = self.member(id).and_then(|member| member.scores.first());
        let alike = first.filter(is_alike).map(|other| other.tables.clone());
        match alike {
            Some(others) => {
                let series = numbered(&self.series, series);
                self.tables.alike(&others, &series, definition.ties)
            }
            None => self.tables_of(id, series, definition),
        }
    }

    fn announce(
        &mut self,
        subject: &Subject,
        version: i64,
        entry: impl FnOnce(&mut Texts) -> DirectoryEntry,
    ) -> Changed {
        let id = self.number(subject);
        if self
            .member(id)
            .is_some_and(|member| member.entry.version() >= Some(version))
        {
            return Changed::default();
        }
        self.count_expected(id, Change::Leaves);
        let entry = entry(&mut self.names);
        let Some(member) = self.members.get_mut(id as usize) else {
            return Changed::default();
        };
        let shown = member.scores.iter().filter(|score| score.shown().is_some());
        match (member.entry.is_known(), entry.is_known()) {
            (false, true) => self.unplaced -= shown.count(),
            (true, false) => self.unplaced += shown.count(),
            (true, true) | (false, false) => {}
        }
        let agency = member.agency;
        let is_first = member.entry.version().is_none();
        let renamed = member.entry.display_name() != entry.display_name()
            || member.entry.type_display_name() != entry.type_display_name();
        member.entry = entry;
        if is_first && agency != id {
            self.units.entry(agency).or_default().push(id);
        }
        self.count_expected(id, Change::Enters);
        let mut keys = Vec::new();
        self.place_scores(id, renamed, &mut keys);
        // Taken out meanwhile, since placing a score changes the tables.
        let units = self.units.remove(&id).unwrap_or_default();
        for unit in &units {
            self.place_scores(*unit, renamed, &mut keys);
        }
        if !units.is_empty() {
            self.units.insert(id, units);
        }
        keys.sort();
        keys.dedup();
        Changed {
            is_newer: true,
            keys: keys.into(),
        }
    }

    /// Moves the scores of a subject to the tables of its current cohorts. With `renamed`, the tables in which it
    /// stays are reported as changed too, because its rows show another name.
    fn place_scores(&mut self, id: MemberId, renamed: bool, changed: &mut Vec<Arc<TableKey>>) {
        let Some(member) = self.members.get_mut(id as usize) else {
            return;
        };
        // Taken out meanwhile, since placing a score needs the entries of other members.
        let mut scores = std::mem::take(&mut member.scores);
        // The scores of a metric follow each other, and most metrics have the same cohorts.
        let mut last: Option<(Arc<Definition>, Vec<String>)> = None;
        for score in &mut scores {
            let definition = self.definitions.of_series(score.series);
            let known = last
                .filter(|(other, _)| Arc::ptr_eq(other, &definition) || other.has_cohorts_of(&definition));
            let cohorts = match known {
                Some((_, cohorts)) => cohorts,
                None => {
                    let figures = score
                        .shown()
                        .map(|(_, parsed)| parsed.figures.figures(&self.names));
                    self.cohorts(id, &definition, figures.as_ref())
                }
            };
            self.place_score(id, score, &cohorts, definition.ties, renamed, changed);
            last = (!definition.cohorts_depend_on_score()).then_some((definition, cohorts));
        }
        if let Some(member) = self.members.get_mut(id as usize) {
            member.scores = scores;
        }
    }

    /// Moves a score to the tables of these cohorts.
    fn place_score(
        &mut self,
        id: MemberId,
        score: &mut MemberScore,
        cohorts: &[String],
        ties: Ties,
        renamed: bool,
        changed: &mut Vec<Arc<TableKey>>,
    ) {
        let tables = self.tables_in(score.series, cohorts, ties);
        let left = std::mem::replace(&mut score.tables, tables);
        let Some(sort_key) = score.sort_key() else {
            return;
        };
        let sought = Sought::new(&self.subjects, id);
        for table in left.iter().filter(|table| !score.tables.contains(table)) {
            self.tables
                .shift(*table, &self.subjects, sought, Some(sort_key), None);
            changed.extend(self.tables.key(*table).cloned());
        }
        for table in &score.tables {
            let stays = left.contains(table);
            if !stays {
                self.tables
                    .shift(*table, &self.subjects, sought, None, Some(sort_key));
            }
            if !stays || renamed {
                changed.extend(self.tables.key(*table).cloned());
            }
        }
    }

    fn subject(&self, id: MemberId) -> Subject {
        subject_of(self.subjects.get(id))
    }

    /// The directory's entry of the agency of a member; of an agency, its own.
    fn agency_of(&self, member: &Member) -> Option<&AgencyFacts> {
        match &self.member(member.agency)?.entry {
            DirectoryEntry::Agency(_, facts) => Some(facts),
            DirectoryEntry::Unknown | DirectoryEntry::Unreadable(_) | DirectoryEntry::Unit(..) => None,
        }
    }
}

/// A metric and period with its number.
fn numbered(series: &Texts, number: u32) -> Series<'_> {
    let mut parts = texts::parts(series.get(number));
    Series {
        number,
        metric: parts.next().unwrap_or_default(),
        period: parts.next().unwrap_or_default(),
    }
}
