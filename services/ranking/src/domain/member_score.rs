//! The score of one metric, period and subject, as one or more services have published it.

use prima_proto::name::Subject;
use smallvec::SmallVec;

use super::definition::Definition;
use super::facts::Figures;
use super::sort_key::{KeptKey, SortKey};
use super::stored_figures::StoredFigures;
use super::table_map::TableIds;
use super::texts::Texts;
pub use super::unranked::{BadScore, Unranked};

/// Numbers of units of an agency, by their scores of one metric and period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    /// Those with a rank of their own.
    pub fit: i64,
    /// Those whose score was recorded from an earlier publication.
    pub recorded: i64,
}

/// What one published state of a score contains.
#[derive(Debug)]
pub(super) enum Content {
    /// Figures that this release can read.
    Figures(ParsedScore),
    /// The score was withdrawn.
    Withdrawn,
    /// The state cannot be read by this release.
    Unreadable,
}

/// The figures of a score with what follows from them and the definition of the metric.
#[derive(Debug)]
pub(super) struct ParsedScore {
    pub(super) figures: StoredFigures,
    /// Where it is sorted when it has a rank.
    value: KeptKey,
    /// Why these figures give no rank, whatever the units of an agency are.
    unranked: Option<Unranked>,
    /// How many units of an agency must have a rank of their own; 0 for a unit.
    pub(super) units_required: i64,
}

impl ParsedScore {
    /// Parses the value; fails when it is not a decimal. A category without a value, and a value that is withheld, is listed
    /// only.
    pub(super) fn parse(
        subject: &Subject,
        figures: Figures,
        definition: &Definition,
        names: &mut Texts,
    ) -> Result<Self, BadScore> {
        Ok(Self {
            value: definition.sort_key(&figures)?.into(),
            unranked: definition.unranked(subject, &figures),
            units_required: definition.units_required(subject, &figures),
            figures: StoredFigures::new(figures, names),
        })
    }

    /// Derives from the figures what follows from them by another definition.
    fn redefine(&mut self, subject: &Subject, definition: &Definition, names: &Texts) {
        let figures = self.figures.figures(names);
        // The value was a decimal when it was parsed, which does not depend on the definition.
        if let Ok(sort_key) = definition.sort_key(&figures) {
            self.value = sort_key.into();
        }
        self.unranked = definition.unranked(subject, &figures);
        self.units_required = definition.units_required(subject, &figures);
    }
}

/// The newest state of a score that one service has published.
#[derive(Debug)]
struct Publication {
    version: i64,
    /// The version of a withdrawn score is kept, so that an older state cannot bring it back.
    content: Content,
    /// Number of the name of the service.
    source: u32,
}

/// One score of a subject.
#[derive(Debug)]
pub(super) struct MemberScore {
    /// Number of its metric and period.
    pub(super) series: u32,
    /// The tables that it belongs to.
    pub(super) tables: TableIds,
    /// Of an agency: its units in this metric and period.
    pub(super) units: Units,
    /// One for each service that published this score, nearly always one; ordered by the names of the services.
    publications: SmallVec<[Publication; 1]>,
}

impl MemberScore {
    pub(super) fn new(series: u32, tables: TableIds) -> Self {
        Self {
            series,
            tables,
            units: Units::default(),
            publications: SmallVec::new(),
        }
    }

    /// The version of the newest state that the service `source` has published, and whether that is a withdrawal.
    pub(super) fn published(&self, source: u32) -> Option<(i64, bool)> {
        let of_source = |publication: &&Publication| publication.source == source;
        let publication = self.publications.iter().find(of_source)?;
        Some((
            publication.version,
            matches!(publication.content, Content::Withdrawn),
        ))
    }

    /// Applies a state that a service published. Returns whether it is newer than the last one of this service, without
    /// which it changes nothing, and whether the row that is shown may have changed.
    pub(super) fn apply(
        &mut self,
        names: &Texts,
        source: u32,
        version: i64,
        content: Content,
    ) -> (bool, bool) {
        let is_shown = |score: &Self| score.newest().is_some_and(|newest| newest.source == source);
        let was_shown = is_shown(self);
        match self
            .publications
            .iter_mut()
            .find(|publication| publication.source == source)
        {
            Some(publication) if version <= publication.version => return (false, false),
            Some(publication) => {
                publication.version = version;
                publication.content = content;
            }
            None => {
                let before = |other: &&Publication| names.get(other.source) < names.get(source);
                let at = self.publications.iter().take_while(before).count();
                let publication = Publication {
                    version,
                    content,
                    source,
                };
                self.publications.insert(at, publication);
            }
        }
        (true, was_shown || is_shown(self))
    }

    /// Sorts it by another definition.
    pub(super) fn redefine(&mut self, subject: &Subject, definition: &Definition, names: &Texts) {
        for publication in &mut self.publications {
            if let Content::Figures(parsed) = &mut publication.content {
                parsed.redefine(subject, definition, names);
            }
        }
    }

    /// How the score of a unit counts for its agency.
    pub(super) fn as_unit(&self) -> Units {
        let recorded = self.shown().is_some_and(|(_, parsed)| parsed.figures.recorded());
        Units {
            fit: self.sort_key().is_some_and(SortKey::is_ranked).into(),
            recorded: recorded.into(),
        }
    }

    /// Counts a unit of the agency as it is now instead of as it was.
    pub(super) fn count_unit(&mut self, before: Units, after: Units) {
        self.units.fit += after.fit - before.fit;
        self.units.recorded += after.recorded - before.recorded;
    }

    /// Its sort key, the same in each of its tables; `None` while there is nothing to show.
    pub(super) fn sort_key(&self) -> Option<SortKey> {
        let (_, parsed) = self.shown()?;
        Some(match self.unranked(parsed) {
            None => parsed.value.key(),
            Some(reason) => parsed.value.key().without_rank(reason.number()),
        })
    }

    /// Why it has no rank; `None` when it has one.
    pub(super) fn unranked(&self, parsed: &ParsedScore) -> Option<Unranked> {
        let unfit = self.units.fit < parsed.units_required;
        parsed.unranked.or(unfit.then_some(Unranked::UnitsUnfit))
    }

    /// Version and figures of the state that is shown; `None` when all services withdrew the score, or the newest
    /// state cannot be read.
    pub(super) fn shown(&self) -> Option<(i64, &ParsedScore)> {
        let newest = self.newest()?;
        match &newest.content {
            Content::Figures(parsed) => Some((newest.version, parsed)),
            Content::Withdrawn | Content::Unreadable => None,
        }
    }

    /// The newest of the states that are not withdrawn; of equal versions, the one of the service that comes first by
    /// name.
    fn newest(&self) -> Option<&Publication> {
        let mut newest: Option<&Publication> = None;
        for publication in &self.publications {
            let is_newer = newest.is_none_or(|newest| newest.version < publication.version);
            if is_newer && !matches!(publication.content, Content::Withdrawn) {
                newest = Some(publication);
            }
        }
        newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{tests::score, unranked::decimal};

    #[test]
    fn a_value_that_is_withheld_is_listed_and_not_ranked() {
        let mut few = score("1/a", "");
        few.figures.category.clear();
        let mut names = Texts::default();
        let definition = Definition::fallback();
        let without_reason = ParsedScore::parse(&few.subject, few.figures.clone(), definition, &mut names);
        assert!(without_reason.is_err(), "an empty value is refused as before");
        few.figures.too_few = true;
        let parsed = ParsedScore::parse(&few.subject, few.figures, definition, &mut names).unwrap();
        assert_eq!(parsed.unranked, Some(Unranked::TooFew));
        assert_eq!(parsed.value.key(), SortKey::UNRANKED);
    }

    #[test]
    fn a_value_is_a_plain_decimal() {
        for (text, value) in [
            ("91.40", "91.4"),
            ("-3", "-3"),
            ("0", "0"),
            ("007.5", "7.5"),
            ("-0", "0"),
        ] {
            assert_eq!(decimal(text).unwrap(), value.parse().unwrap(), "{text}");
        }
        let long = format!("0.{}", "1".repeat(40));
        for text in [
            "", "-", ".", "5.", ".5", "+1", "1_000", "1e3", "1,5", " 1", "NaN", "1.2.3", "--1", "٣", &long,
        ] {
            assert!(matches!(decimal(text), Err(BadScore::Value { .. })), "{text}");
        }
    }
}
